/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a text that is to be spliced: YAML, and JSON where its strings have escapes that YAML does not know (`\/`, pairs of surrogates);
 * see splice.h.
 */
#include "splice.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
	const struct doc_node *x = *(const struct doc_node *const *)a;
	const struct doc_node *y = *(const struct doc_node *const *)b;
	size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
	int r = len ? memcmp(x->key.data, y->key.data, len) : 0;

	return r ? r : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* JSON readers differ in which of two equal keys counts, so neither does. */
static int check_keys(const struct doc_node *map, struct arena *arena, struct err *err)
{
	const struct doc_node **list, *kid;
	size_t n = 0, i = 0;

	doc_each (kid, map)
		n++;
	list = arena_alloc(arena, n * sizeof(*list), err);
	if (!list)
		return -1;
	doc_each (kid, map)
		list[i++] = kid;
	if (n)
		qsort(list, n, sizeof(*list), by_key);
	for (i = 1; i < n; i++) {
		if (span_eq(list[i - 1]->key, list[i]->key))
			return err_set(err, ERR_FORMAT, "line %u: a key that is there twice",
				       (unsigned)list[i]->line);
	}
	return 0;
}

static int check_tree(const struct doc_node *node, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_ARENA_MAX);
	const struct doc_node *kid;

	if (node->kind == DOC_MAP && check_keys(node, &arena, err) < 0)
		return -1;
	arena_release(&arena);
	doc_each (kid, node) {
		if ((kid->kind == DOC_MAP || kid->kind == DOC_LIST) && check_tree(kid, err) < 0)
			return -1;
	}
	return 0;
}

static int read_json(struct span text, struct doc *ret_doc, struct err *err)
{
	size_t at;

	if (doc_read(DOC_JSON, text, ret_doc, err) < 0)
		return -1;
	for (at = ret_doc->first->end; at < text.len; at++) {
		if (!strchr(" \t\r\n", text.data[at]) || !text.data[at]) {
			doc_release(ret_doc);
			return err_set(err, ERR_FORMAT, "something behind the JSON object");
		}
	}
	if (check_tree(ret_doc->first, err) < 0) {
		doc_release(ret_doc);
		return -1;
	}
	return 0;
}

int splice_read(struct span text, struct doc *ret_doc, struct err *err)
{
	struct err own = ERR_INIT;
	size_t at = 0;

	if (span_starts(text, SPAN("\xff\xfe")) || span_starts(text, SPAN("\xfe\xff")))
		return err_set(err, ERR_UNSUPPORTED, "UTF-16 can not be changed in place");
	if (doc_read(DOC_YAML, text, ret_doc, err) == 0)
		return 0;
	while (at < text.len && text.data[at] && strchr(" \t\r\n", text.data[at]))
		at++;
	if (err->code != ERR_FORMAT || at == text.len || text.data[at] != '{')
		return -1;
	return read_json(text, ret_doc, &own);
}
