/* SPDX-License-Identifier: Apache-2.0
 *
 * The envelope, in and out; see resource_list.h.
 */
#include "resource_list.h"

#include "item.h"
#include "splice.h"

#include "base/text.h"

static int no_list(const struct doc_node *root, struct err *err)
{
	struct span kind = doc_get_str(root, "kind");

	(void)err_set(err, ERR_FORMAT, "stdin: expected a ResourceList, found %s%s%s",
		      kind.data ? "'" : "no 'kind'", kind.data ? text_quote(kind).text : "",
		      kind.data ? "'" : "");
	if (span_is(kind, "ksops") || span_is(kind, "SopsSecretGenerator"))
		return err_hint(err, "a config is named as a file: ksops FILE");
	return err_hint(err, "`krm-sops filter` reads plain manifests, `krm-sops decrypt` one "
			     "encrypted file");
}

static int collect_items(struct resource_list *list, struct err *err)
{
	struct doc_node *items = doc_get(list->root, "items"), *item;
	size_t n = 0, index = 0;

	if (!items || items->kind == DOC_NULL)
		return 0;
	if (items->kind != DOC_LIST)
		return err_set(err, ERR_FORMAT, "stdin: 'items' is not a list");
	doc_each (item, items)
		n++;
	if (n > RESOURCE_LIST_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "stdin: more than %d items",
			       RESOURCE_LIST_ITEMS_MAX);
	list->items = arena_alloc(&list->doc.arena, n * sizeof(*list->items), err);
	if (!list->items)
		return -1;
	doc_each (item, items) {
		if (item->kind == DOC_COMMENT)
			continue;
		/* kustomize takes null for no item. */
		if (item->kind == DOC_MAP)
			list->items[list->count++] = item;
		else if (item->kind != DOC_NULL)
			return err_set(err, ERR_FORMAT, "stdin: items[%zu] is not an object",
				       index);
		index++;
	}
	return 0;
}

int resource_list_read(struct span text, struct resource_list *ret_list, struct err *err)
{
	struct resource_list *list = ret_list;
	struct doc_node *config;

	list->text = text;
	if (text.len == 0)
		return err_set(err, ERR_FORMAT, "stdin: empty, expected a ResourceList");
	if (splice_read(text, &list->doc, err) < 0)
		return err_wrap(err, "stdin");
	if (!list->doc.first || list->doc.first != list->doc.last)
		return err_set(err, ERR_FORMAT, "stdin: expected one document, a ResourceList");
	list->root = list->doc.first;
	if (!span_is(doc_get_str(list->root, "kind"), "ResourceList"))
		return no_list(list->root, err);
	config = doc_get(list->root, "functionConfig");
	if (config && config->kind != DOC_NULL)
		list->config = config;
	return collect_items(list, err);
}

bool resource_list_is_generator(const struct resource_list *list)
{
	const struct doc_node *item;

	if (list->count != 1 || !list->config)
		return false;
	item = list->items[0];
	return span_eq(doc_get_str(item, "apiVersion"), doc_get_str(list->config, "apiVersion")) &&
	       span_eq(doc_get_str(item, "kind"), doc_get_str(list->config, "kind")) &&
	       span_eq(item_name(item), item_name(list->config)) &&
	       span_eq(item_namespace(item), item_namespace(list->config));
}

void resource_list_begin(struct buf *out)
{
	buf_add_str(out, "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n");
}

void resource_list_empty(struct buf *out)
{
	buf_add_str(out, "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n");
}

void resource_list_add(struct span text, struct buf *out)
{
	const char *before = "- ";
	size_t at = 0, end;

	for (; at < text.len; at = end) {
		end = span_find(text, at, '\n');
		end = end < text.len ? end + 1 : end;
		/* A line of a literal block that is empty stays so. */
		if (text.data[at] != '\n')
			buf_add_str(out, before);
		buf_add_span(out, span_sub(text, at, end - at));
		before = "  ";
	}
	if (text.len && text.data[text.len - 1] != '\n')
		buf_add_char(out, '\n');
}

int resource_list_write_results(const struct resource_list *list, const struct report *report,
				struct buf *out, struct err *err)
{
	CLEAN_SPLICE struct splice splice = SPLICE_INIT(list->text);
	const struct doc_node *old = doc_get(list->root, "results"), *first;
	bool flow = list->root->flags & DOC_FLOW;
	size_t begin, line;

	if (old && splice_remove(&splice, list->root, &old, 1, err) < 0)
		return -1;
	/* In front of the first field that stays: it has a place and a column of its own, and `kind` is always there. */
	doc_each (first, list->root) {
		if (first->kind != DOC_COMMENT && first != old)
			break;
	}
	begin = splice_begin(&splice);
	buf_add_str(&splice.text, flow ? "\"results\": " : "results: ");
	report_results(report, &splice.text);
	if (flow) {
		buf_add_str(&splice.text, ", ");
	} else {
		line = splice_line_start(list->text, first->key_start);
		buf_add_char(&splice.text, '\n');
		buf_add_span(&splice.text, span_sub(list->text, line, first->key_start - line));
	}
	if (splice_end(&splice, first->key_start, first->key_start, begin, err) < 0)
		return -1;
	return splice_apply(&splice, out, err);
}

void resource_list_release(struct resource_list *list)
{
	if (!list)
		return;
	doc_release(&list->doc);
	list->root = list->config = NULL;
	list->items = NULL;
	list->count = 0;
}
