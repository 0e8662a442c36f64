/* SPDX-License-Identifier: Apache-2.0
 *
 * An encrypted item as the SOPS document that it was; see item_view.h.
 */
#include "item_view.h"

#include "base/text.h"

enum {
	LINE_MAX_BYTES =
		4 * 1024 * 1024 /* bytes of one decoded value: etcd takes 1 MiB an object */
};

static int add_line(struct doc *doc, struct doc_node *lines, struct span key, struct span value,
		    struct err *err)
{
	struct doc_node *line = doc_new(doc, DOC_STRING, err);

	if (!line)
		return -1;
	line->key = key;
	line->str = value;
	doc_append(lines, line);
	return 0;
}

/* Values that are not base64 are no dotenv lines: passed over, as Flux passes over them. */
static int add_data(struct doc *doc, struct doc_node *lines, const struct doc_node *data,
		    struct err *err)
{
	const struct doc_node *kid;

	doc_each (kid, data) {
		CLEAN_BUF struct buf plain = BUF_INIT(LINE_MAX_BYTES);
		struct span copy;

		if (!kid->key.data || kid->kind != DOC_STRING)
			continue;
		if (base64_decode(BASE64_GO, kid->str, &plain) < 0)
			continue;
		if (buf_check(&plain, err) < 0 ||
		    arena_dup(&doc->arena, buf_span(&plain), &copy, err) < 0 ||
		    add_line(doc, lines, kid->key, copy, err) < 0)
			return -1;
	}
	return 0;
}

static int view_lines(struct doc_node *item, struct item_view *view, struct err *err)
{
	const struct doc_node *data = doc_get(item, "data"), *plain = doc_get(item, "stringData"),
			      *kid;
	struct doc_node *lines = doc_new(&view->doc, DOC_MAP, err);

	if (!lines)
		return -1;
	doc_add_branch(&view->doc, lines);
	if (data && data->kind == DOC_MAP && add_data(&view->doc, lines, data, err) < 0)
		return -1;
	if (plain && plain->kind == DOC_MAP) {
		doc_each (kid, plain) {
			if (kid->key.data && kid->kind == DOC_STRING &&
			    add_line(&view->doc, lines, kid->key, kid->str, err) < 0)
				return -1;
		}
	}
	if (sops_meta_take(&view->doc, DOC_DOTENV, &view->meta, err) < 0)
		return -1;
	view->dotenv = true;
	view->branch = view->doc.first;
	return 0;
}

int item_view(struct doc_node *item, struct item_view *ret_view, struct err *err)
{
	struct doc_node *block = doc_get(item, "sops");

	if (!block)
		return view_lines(item, ret_view, err);
	if (sops_meta_parse(&ret_view->doc, block, &ret_view->meta, err) < 0)
		return -1;
	ret_view->dotenv = false;
	ret_view->branch = item;
	return 0;
}

bool item_view_is_metadata(const struct item_view *view, struct span path)
{
	return !view->dotenv && (span_is(path, "sops") || span_starts(path, SPAN("sops.")));
}

void item_view_release(struct item_view *view)
{
	if (!view)
		return;
	doc_release(&view->doc);
	view->branch = NULL;
}
