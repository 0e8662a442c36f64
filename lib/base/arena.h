/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that lives and dies with one document: many small pieces, released and wiped all at once. Document trees hold spans into
 * it, so the walk over a tree has no lifetime puzzles.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct arena_block;

struct arena {
	struct arena_block *head; /* the block that is being filled; older ones behind it */
	size_t used;              /* bytes handed out in all */
	size_t limit;             /* bytes; named by the owner */
};

#define ARENA_INIT(max)        \
	{                      \
		.limit = (max) \
	}
#define CLEAN_ARENA CLEANUP(arena_release)

/* size bytes of zeroes, aligned for any type, owned by the arena. NULL with ERR_NOMEM or ERR_LIMIT. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size, struct err *err) NODISCARD;

/* A copy of s. -1 as above. */
int arena_dup(struct arena *arena, struct span s, struct span *ret_copy, struct err *err) NODISCARD;

/* A NUL-terminated copy of s; NULL as above. s may hold NUL, the caller minds. */
char *arena_str(struct arena *arena, struct span s, struct err *err) NODISCARD;

/* Room for one more behind the `count` entries of a list in the arena, of `size` bytes each, that has room for *cap: the list, which may have moved. It
 * doubles; what is left behind is at most as much again. NULL as above; the list is then as it was. */
void *arena_grow(struct arena *arena, void *list, size_t count, size_t *cap, size_t size,
		 struct err *err) NODISCARD;

/* Wipes and frees all; the arena is empty and usable again. NULL is fine. */
void arena_release(struct arena *arena);

#endif
