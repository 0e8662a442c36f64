/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths in order, with what was seen of each; see stage_index.h.
 */
#include "stage_index.h"

#include "sops/sops_value.h"

#include <stdlib.h>

struct stage_index_file {
	const char *path;
	enum stage_index_kind kind;
};

int stage_index_start(struct stage_index *index, const char *root, struct err *err)
{
	index->root = arena_str(&index->arena, span_str(root), err);
	return index->root ? 0 : -1;
}

int stage_index_add(struct stage_index *index, const char *path, const struct span *text,
		    struct err *err)
{
	struct stage_index_file file = {.kind = STAGE_INDEX_SEALED}, *list;

	if (text && span_search(*text, SOPS_VALUE_BEGIN) == SIZE_MAX)
		file.kind = STAGE_INDEX_PLAIN;
	file.path = arena_str(&index->arena, span_str(path), err);
	if (!file.path)
		return -1;
	list = arena_grow(&index->arena, index->list, index->count, &index->cap, sizeof(*list),
			  err);
	if (!list)
		return -1;
	index->list = list;
	index->list[index->count++] = file;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct stage_index_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void stage_index_end(struct stage_index *index)
{
	if (index->count)
		qsort(index->list, index->count, sizeof(*index->list), compare);
}

enum stage_index_kind stage_index_find(const struct stage_index *index, const char *path)
{
	const struct stage_index_file key = {.path = path}, *file = NULL;

	if (index->count)
		file = bsearch(&key, index->list, index->count, sizeof(key), compare);
	return file ? file->kind : STAGE_INDEX_UNKNOWN;
}

bool stage_index_covers(const struct stage_index *index, const char *root)
{
	return index && index->root && strcmp(index->root, root) == 0;
}

void stage_index_release(struct stage_index *index)
{
	arena_release(&index->arena);
	*index = (struct stage_index)STAGE_INDEX_INIT;
}
