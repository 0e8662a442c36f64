/* SPDX-License-Identifier: Apache-2.0
 *
 * ResourceLists and their splicing: strings of an accepted list get other values and `sops` entries go, in the text; what is then read is the
 * tree with just these changes. Looking for what is encrypted and for what is left never fails on an accepted list but by its own rules.
 */
#include "find.h"
#include "leftover.h"
#include "resource_list.h"
#include "splice.h"

#include <assert.h>

enum { OUT_MAX = 1 << 26 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct span values[] = {
	SPAN("plain"),      SPAN(""),         SPAN("yes"),          SPAN("l1\nl2\n"),
	SPAN(" a: #b\n\n"), SPAN("\"'\\,]}"), SPAN("0123"),         SPAN("\tx\ny"),
	SPAN("a\r\nb"),     SPAN("- x"),      SPAN("\xe2\x80\xa8"), SPAN("\xf0\x9f\x98\x80"),
};

/* -1: some of it can not be spliced. */
static int change_strings(struct splice *splice, struct doc_node *node, bool flow, struct err *err)
{
	struct doc_node *kid;

	doc_each (kid, node) {
		bool here = flow || (kid->flags & DOC_FLOW);

		if ((kid->kind == DOC_MAP || kid->kind == DOC_LIST) &&
		    change_strings(splice, kid, here, err) < 0)
			return -1;
		if (kid->kind != DOC_STRING || kid->start % 3 == 0)
			continue;
		kid->str = values[kid->start % ARRAY_LEN(values)];
		if (splice_scalar(splice, kid, flow, err) < 0)
			return -1;
	}
	return 0;
}

static int change_item(struct splice *splice, struct doc_node *item, struct err *err)
{
	const struct doc_node *sops = doc_get(item, "sops");

	if (sops && splice_remove(splice, item, &sops, 1, err) < 0)
		return -1;
	if (sops)
		doc_remove(item, doc_get(item, "sops"));
	return change_strings(splice, item, item->flags & DOC_FLOW, err);
}

static const struct doc_node *skip_comments(const struct doc_node *node)
{
	while (node && node->kind == DOC_COMMENT)
		node = node->next;
	return node;
}

static void compare(const struct doc_node *a, const struct doc_node *b)
{
	for (a = skip_comments(a), b = skip_comments(b); a && b;
	     a = skip_comments(a->next), b = skip_comments(b->next)) {
		assert(a->kind == b->kind && span_eq(a->key, b->key));
		if (a->kind == DOC_MAP || a->kind == DOC_LIST)
			compare(a->kids.first, b->kids.first);
		else if (a->kind == DOC_STRING)
			assert(span_eq(a->str, b->str));
		else if (a->kind == DOC_INT)
			assert(a->integer == b->integer);
		else if (a->kind == DOC_BOOL)
			assert(a->boolean == b->boolean);
		else if (a->kind == DOC_FLOAT)
			assert(memcmp(&a->number, &b->number, sizeof(a->number)) == 0);
	}
	assert(!a && !b);
}

static void look(const struct resource_list *list, bool flux)
{
	const struct find_options options = {.flux = flux, .string_data = true};
	const struct leftover_scope scope = {.string_data = true};
	CLEAN_FIND struct find find = FIND_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (find_in_item(&find, list->items[i], &options, &err) < 0)
			assert(err.code == ERR_FORMAT || err.code == ERR_UNSUPPORTED);
		assert(leftover_find(list->items[i], true, &scope, &err) >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
	CLEAN_RESOURCE_LIST struct resource_list again = RESOURCE_LIST_INIT;
	CLEAN_SPLICE struct splice splice = SPLICE_INIT(span_of(data, size));
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	size_t i;
	int r;

	if (resource_list_read(span_of(data, size), &list, &err) < 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT ||
		       err.code == ERR_UNSUPPORTED);
		return 0;
	}
	look(&list, false);
	look(&list, true);
	for (i = 0; i < list.count; i++) {
		if (change_item(&splice, list.items[i], &err) < 0) {
			assert(err.code == ERR_UNSUPPORTED);
			return 0;
		}
	}
	r = splice_apply(&splice, &out, &err);
	assert(r == 0);
	r = resource_list_read(buf_span(&out), &again, &err);
	assert(r == 0);
	(void)r;
	compare(list.root->kids.first, again.root->kids.first);
	return 0;
}
