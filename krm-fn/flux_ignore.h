/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files of a repository become part of the artifact that Flux builds from: `.sourceignore` files, the `ignore` of the source object,
 * and what is left out without a word. The patterns are .gitignore's as go-git reads them, which is not quite as Git does.
 * fluxcd/pkg: sourceignore, artifact/storage/archive.go
 */
#ifndef FLUX_IGNORE_H
#define FLUX_IGNORE_H

#include "base/arena.h"

#define FLUX_IGNORE_FILE ".sourceignore"

enum {
	FLUX_IGNORE_MAX = 16 * 1024 * 1024, /* bytes of all patterns together */
};

struct flux_pattern;

struct flux_ignore {
	struct arena arena;
	struct flux_pattern *first, *last;
};

#define FLUX_IGNORE_INIT                             \
	{                                            \
		.arena = ARENA_INIT(FLUX_IGNORE_MAX) \
	}
#define CLEAN_FLUX_IGNORE CLEANUP(flux_ignore_release)

/* Adds the lines of text, which hold for the files below `folder` ("" for the root, else "a/b"). What is added later wins. Errors: ERR_NOMEM,
 * ERR_LIMIT. */
int flux_ignore_add(struct flux_ignore *ignore, struct span text, struct span folder,
		    struct err *err) NODISCARD;

/* Ends the list: Flux's own patterns go before it. All of them where there are no others, else only those of version control. */
int flux_ignore_end(struct flux_ignore *ignore, struct err *err) NODISCARD;

/* True where the file `path` ("a/b/c.yaml") is left out. */
bool flux_ignore_has(const struct flux_ignore *ignore, struct span path);

void flux_ignore_release(struct flux_ignore *ignore);

#endif
