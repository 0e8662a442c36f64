/* SPDX-License-Identifier: Apache-2.0
 *
 * A place for a copy of a repository whose files get decrypted: no plaintext reaches a disk, and nothing is left when we end, however we end.
 *
 *   STAGE_NAMESPACE  a file system in memory that only our own mount namespace sees: it goes with the last process in it, and is never swapped out
 *   STAGE_MEMORY     where namespaces are not allowed (most pods): a private folder in /dev/shm or XDG_RUNTIME_DIR, removed by a janitor (janitor.h)
 */
#ifndef STAGE_H
#define STAGE_H

#include "flux_ignore.h"
#include "janitor.h"
#include "stage_index.h"

#include <limits.h>

enum stage_mode { STAGE_AUTO, STAGE_NAMESPACE, STAGE_MEMORY };

enum {
	STAGE_FILES_MAX = 1000 * 1000, /* files of one repository */
};
#define STAGE_BYTES_MAX ((size_t)1024 * 1024 * 1024) /* bytes copied */

struct stage {
	int fd; /* the folder; -1: none */
	char path[PATH_MAX];
	bool own_namespace;
	struct janitor janitor;
	struct stage_index index; /* of what stage_fill() has copied */
	/* told by stage_fill() */
	size_t files, bytes;
	size_t links;        /* symbolic links that are left out */
	char link[PATH_MAX]; /* the first of them */
	size_t skipped;      /* folders that could not be read or lie too deep */
};

#define STAGE_INIT                                                            \
	{                                                                     \
		.fd = -1, .janitor = JANITOR_INIT, .index = STAGE_INDEX_INIT, \
	}
#define CLEAN_STAGE CLEANUP(stage_close)

/* Makes the place, empty. To be called before keys are read: for a moment the process can be looked into by its own user (the kernel wants that of who
 * maps ids). Errors: ERR_POLICY where there is no memory-backed place, ERR_SYSTEM. */
int stage_open(enum stage_mode mode, struct stage *ret_stage, struct err *err) NODISCARD;

struct stage_source {
	const char *root; /* absolute */
	/* What is left out; NULL: nothing but .git. Its `.sourceignore` files are read first: stage_read_ignore(). */
	const struct flux_ignore *ignore;
	bool links; /* links that stay in the tree are kept; else none, as in Flux's artifacts */
};

/* Adds the patterns of all `.sourceignore` files below root, in Flux's order. Errors: those of walk.h and flux_ignore.h. */
int stage_read_ignore(const char *root, struct flux_ignore *ignore, struct err *err) NODISCARD;

/* Copies the files into the place. Nothing of root is changed. Errors: ERR_LIMIT, ERR_SYSTEM, ERR_NOMEM. */
int stage_fill(struct stage *stage, const struct stage_source *source, struct err *err) NODISCARD;

/* Writes a file in the place, new (its folder must be there) or over an old one. Errors: ERR_SYSTEM, ERR_NOT_FOUND. */
int stage_write(const struct stage *stage, const char *path, struct span content, struct err *err)
	NODISCARD;

void stage_close(struct stage *stage);

#endif
