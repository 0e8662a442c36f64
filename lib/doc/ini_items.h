/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of one INI section while it is read or printed: each with its comment, and each name once.
 */
#ifndef DOC_INI_ITEMS_H
#define DOC_INI_ITEMS_H

#include "doc/doc.h"

struct ini_item {
	const struct doc_node *entry;
	struct span comment;
	bool commented; /* comment was set, be it to nothing */
	bool dropped;   /* an earlier item has the same name, and took entry and comment */
	uint32_t order;
};

struct ini_items {
	struct ini_item *all; /* of the arena that it was added with */
	size_t count, room;
};

/* A new last item for entry, which has a key that is not empty. NULL with ERR_NOMEM or ERR_LIMIT. Earlier pointers are void after. */
struct ini_item *ini_items_add(struct ini_items *items, struct arena *arena,
			       const struct doc_node *entry, struct err *err) NODISCARD;

/* A name that came again keeps its first place and gets its last entry, and the last comment that was set. Sorted for that, so that the
 * cost is not quadratic whatever the names are. */
int ini_items_merge(struct ini_items *items, struct arena *arena, struct err *err) NODISCARD;

#endif
