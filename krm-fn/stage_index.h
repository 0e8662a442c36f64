/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of the files of a copy (stage.h) from having made it: each was opened then, and need not be again only to see that it is no folder
 * or holds no ciphertext.
 *
 * It says what was copied: a regular file with these bytes, at that path, with real folders on the way. Of what is changed later, in the repository or in a
 * copy that others of our user can write to, it knows nothing. So an answer may only spare an open, never stand for one: what is not known here,
 * a name with `..` or a link on the way included, is asked of the file system, within its walls.
 */
#ifndef STAGE_INDEX_H
#define STAGE_INDEX_H

#include "base/arena.h"

#include <limits.h>

enum stage_index_kind {
	STAGE_INDEX_UNKNOWN = 0,
	STAGE_INDEX_PLAIN,  /* a file, without ciphertext */
	STAGE_INDEX_SEALED, /* a file, which holds ciphertext or was not looked into */
};

struct stage_index_file;

struct stage_index {
	struct arena arena; /* owns all */
	const char *root;   /* where the files were copied from, absolute */
	struct stage_index_file *list;
	size_t count, cap;
};

#define STAGE_INDEX_ARENA_MAX \
	((size_t)PATH_MAX * 1024 * 1024) /* the longest paths of more files than STAGE_FILES_MAX */
#define STAGE_INDEX_INIT                                   \
	{                                                  \
		.arena = ARENA_INIT(STAGE_INDEX_ARENA_MAX) \
	}
#define CLEAN_STAGE_INDEX CLEANUP(stage_index_release)

/* Names the root, before files are added. ERR_NOMEM. */
int stage_index_start(struct stage_index *index, const char *root, struct err *err) NODISCARD;

/* Adds a file, of which `text` are all bytes; NULL: it was not looked into. `path` is relative to the root, as walk.h tells it, and new. ERR_NOMEM. */
int stage_index_add(struct stage_index *index, const char *path, const struct span *text,
		    struct err *err) NODISCARD;

/* Ends the adding: what was added is found from now on. */
void stage_index_end(struct stage_index *index);

/* Of exactly that path: what is spelled otherwise is not known. */
enum stage_index_kind stage_index_find(const struct stage_index *index, const char *path);

/* True where paths below that root are those of the index. index may be NULL: nothing is known. */
bool stage_index_covers(const struct stage_index *index, const char *root);

void stage_index_release(struct stage_index *index);

#endif
