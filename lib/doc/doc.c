/* SPDX-License-Identifier: Apache-2.0
 *
 * The document tree; see doc.h.
 */
#include "doc/doc.h"

void doc_release(struct doc *doc)
{
	if (!doc)
		return;
	arena_release(&doc->arena);
	doc->first = doc->last = NULL;
}

struct doc_node *doc_new(struct doc *doc, enum doc_kind kind, struct err *err)
{
	struct doc_node *node = arena_alloc(&doc->arena, sizeof(*node), err);

	if (node)
		node->kind = kind;
	return node;
}

void doc_append(struct doc_node *parent, struct doc_node *kid)
{
	kid->next = NULL;
	if (parent->kids.last)
		parent->kids.last->next = kid;
	else
		parent->kids.first = kid;
	parent->kids.last = kid;
}

void doc_add_branch(struct doc *doc, struct doc_node *branch)
{
	branch->next = NULL;
	if (doc->last)
		doc->last->next = branch;
	else
		doc->first = branch;
	doc->last = branch;
}

struct doc_node *doc_get(const struct doc_node *map, const char *key)
{
	struct span want = span_str(key);
	struct doc_node *kid;

	if (!map || map->kind != DOC_MAP)
		return NULL;
	doc_each (kid, map) {
		if (kid->key.data && !(kid->flags & DOC_KEY_BAD) && span_eq(kid->key, want))
			return kid;
	}
	return NULL;
}

struct span doc_get_str(const struct doc_node *map, const char *key)
{
	const struct doc_node *node = doc_get(map, key);

	return node && node->kind == DOC_STRING ? node->str : SPAN_NULL;
}

void doc_remove(struct doc_node *parent, struct doc_node *kid)
{
	struct doc_node *prev = NULL, *at;

	doc_each (at, parent) {
		if (at == kid)
			break;
		prev = at;
	}
	if (!at)
		return;
	if (prev)
		prev->next = kid->next;
	else
		parent->kids.first = kid->next;
	if (parent->kids.last == kid)
		parent->kids.last = prev;
	kid->next = NULL;
}
