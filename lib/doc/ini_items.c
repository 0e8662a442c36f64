/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of one INI section; see ini_items.h. go-ini: section.go (NewKey)
 */
#include "doc/ini_items.h"

#include <stdlib.h>

enum { ITEMS_FIRST = 16 /* items that a section has room for at first; most have fewer keys */ };

struct ini_item *ini_items_add(struct ini_items *items, struct arena *arena,
			       const struct doc_node *entry, struct err *err)
{
	struct ini_item *item;

	if (items->count == items->room) {
		size_t room = items->room ? items->room * 2 : ITEMS_FIRST;
		struct ini_item *all = arena_alloc(arena, room * sizeof(*all), err);

		if (!all)
			return NULL;
		if (items->count)
			memcpy(all, items->all, items->count * sizeof(*all));
		items->all = all;
		items->room = room;
	}
	item = &items->all[items->count];
	*item = (struct ini_item){.entry = entry, .order = (uint32_t)items->count};
	items->count++;
	return item;
}

static int by_name(const void *a, const void *b)
{
	const struct ini_item *x = *(struct ini_item *const *)a, *y = *(struct ini_item *const *)b;
	struct span m = x->entry->key, n = y->entry->key;
	int order = memcmp(m.data, n.data, m.len < n.len ? m.len : n.len);

	if (order)
		return order;
	if (m.len != n.len)
		return m.len < n.len ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int ini_items_merge(struct ini_items *items, struct arena *arena, struct err *err)
{
	struct ini_item **sorted;
	size_t i;

	if (items->count < 2)
		return 0;
	sorted = arena_alloc(arena, items->count * sizeof(struct ini_item *), err);
	if (!sorted)
		return -1;
	for (i = 0; i < items->count; i++)
		sorted[i] = &items->all[i];
	qsort(sorted, items->count, sizeof(struct ini_item *), by_name);
	/* From behind: each gives what it has to the equal one before it, down to the first. */
	for (i = items->count - 1; i > 0; i--) {
		struct ini_item *later = sorted[i], *before = sorted[i - 1];

		if (!span_eq(later->entry->key, before->entry->key))
			continue;
		later->dropped = true;
		before->entry = later->entry;
		if (later->commented) {
			before->comment = later->comment;
			before->commented = true;
		}
	}
	return 0;
}
