/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that lives with one document; see arena.h.
 */
#include "base/arena.h"

#include "base/wipe.h"

#include <stdlib.h>

enum {
	BLOCK_FIRST = 4096, /* bytes; a small document fits in one */
	BLOCK_MAX = 1024 *
		    1024, /* blocks double up to here, so that waste stays small beside the whole */
	LIST_FIRST = 16,  /* entries that a list begins with */
	ALIGN = _Alignof(max_align_t),
};

struct arena_block {
	struct arena_block *next;
	size_t size, used; /* bytes of data[] */
	_Alignas(max_align_t) uint8_t data[];
};

static struct arena_block *add_block(struct arena *arena, size_t need, struct err *err)
{
	/* One large piece gets a block of its size behind the head, so that the head's room is not lost. */
	bool apart = arena->head && need > BLOCK_MAX / 2;
	size_t size = arena->head ? arena->head->size * 2 : BLOCK_FIRST;
	struct arena_block *block;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (apart || size < need)
		size = need;
	block = calloc(1, sizeof(*block) + size);
	if (!block) {
		(void)err_nomem(err);
		return NULL;
	}
	block->size = size;
	if (apart) {
		block->next = arena->head->next;
		arena->head->next = block;
	} else {
		block->next = arena->head;
		arena->head = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size, struct err *err)
{
	struct arena_block *block = arena->head;
	size_t need = (size + ALIGN - 1) / ALIGN * ALIGN;
	void *piece;

	if (need < size || need > arena->limit || arena->used > arena->limit - need) {
		(void)err_set(err, ERR_LIMIT, "a document needs more than %zu bytes of memory",
			      arena->limit);
		return NULL;
	}
	if (!block || need > block->size - block->used) {
		block = add_block(arena, need, err);
		if (!block)
			return NULL;
	}
	piece = block->data + block->used;
	block->used += need;
	arena->used += need;
	return piece;
}

int arena_dup(struct arena *arena, struct span s, struct span *ret_copy, struct err *err)
{
	uint8_t *copy = arena_alloc(arena, s.len, err);

	if (!copy)
		return -1;
	if (s.len)
		memcpy(copy, s.data, s.len);
	*ret_copy = span_of(copy, s.len);
	return 0;
}

char *arena_str(struct arena *arena, struct span s, struct err *err)
{
	char *copy = arena_alloc(arena, s.len + 1, err);

	if (copy && s.len)
		memcpy(copy, s.data, s.len);
	return copy;
}

void *arena_grow(struct arena *arena, void *list, size_t count, size_t *cap, size_t size,
		 struct err *err)
{
	size_t more = *cap ? *cap * 2 : LIST_FIRST;
	void *grown;

	if (count < *cap)
		return list;
	grown = arena_alloc(arena, more * size, err);
	if (!grown)
		return NULL;
	if (count)
		memcpy(grown, list, count * size);
	*cap = more;
	return grown;
}

void arena_release(struct arena *arena)
{
	struct arena_block *block, *next;

	if (!arena)
		return;
	for (block = arena->head; block; block = next) {
		next = block->next;
		wipe_free(block, sizeof(*block) + block->size);
	}
	arena->head = NULL;
	arena->used = 0;
}
