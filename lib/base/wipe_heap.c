/* SPDX-License-Identifier: Apache-2.0
 *
 * Heap blocks that know their size, so that they can be wiped when they go; see wipe_heap.h.
 */
#include "base/wipe_heap.h"

#include "base/wipe.h"

#include <stdlib.h>
#include <string.h>

/* In front of each block; as large as malloc's alignment. */
struct head {
	_Alignas(max_align_t) size_t size;
};

void *wipe_heap_alloc(size_t size)
{
	struct head *head;
	size_t whole;

	if (__builtin_add_overflow(size, sizeof(*head), &whole))
		return NULL;
	head = malloc(whole);
	if (!head)
		return NULL;
	head->size = size;
	return head + 1;
}

void *wipe_heap_zeroed(size_t count, size_t size)
{
	size_t whole;
	void *block;

	if (__builtin_mul_overflow(count, size, &whole))
		return NULL;
	block = wipe_heap_alloc(whole);
	if (block)
		memset(block, 0, whole);
	return block;
}

void *wipe_heap_resize(void *block, size_t size)
{
	size_t before = block ? ((struct head *)block - 1)->size : 0;
	void *larger;

	if (block && size <= before && size >= before / 2)
		return block;
	larger = wipe_heap_alloc(size);
	if (!larger)
		return NULL;
	if (block)
		memcpy(larger, block, size < before ? size : before);
	wipe_heap_free(block);
	return larger;
}

char *wipe_heap_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = wipe_heap_alloc(size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void wipe_heap_free(void *block)
{
	struct head *head = block ? (struct head *)block - 1 : NULL;

	if (head)
		wipe_free(head, sizeof(*head) + head->size);
}
