/* SPDX-License-Identifier: Apache-2.0
 *
 * A report as a JSON list; see json_list.h.
 */
#include "json_list.h"

struct doc_node *json_add(struct doc *doc, struct doc_node *parent, struct span key,
			  enum doc_kind kind, struct err *err)
{
	struct doc_node *node = doc_new(doc, kind, err);

	if (!node)
		return NULL;
	node->key = key;
	doc_append(parent, node);
	return node;
}

int json_add_text(struct doc *doc, struct doc_node *parent, struct span key, struct span text,
		  struct err *err)
{
	struct doc_node *node;

	if (!text.data)
		return 0;
	node = json_add(doc, parent, key, DOC_STRING, err);
	if (!node)
		return -1;
	node->str = text;
	return 0;
}

int json_add_number(struct doc *doc, struct doc_node *parent, struct span key, int64_t number,
		    struct err *err)
{
	struct doc_node *node = json_add(doc, parent, key, DOC_INT, err);

	if (!node)
		return -1;
	node->integer = number;
	return 0;
}

int json_list_add(struct buf *out, const struct doc *entry, struct err *err)
{
	const struct doc_style style = {.json_indent = 2};

	buf_add_str(out, out->len ? ",\n" : "[\n");
	if (doc_write(DOC_JSON, entry, &style, out, err) < 0)
		return -1;
	/* A document ends with a line break; here a comma or the end of the list follows. */
	if (out->len && out->data[out->len - 1] == '\n')
		buf_cut(out, out->len - 1);
	return buf_check(out, err);
}

void json_list_end(struct buf *out)
{
	buf_add_str(out, out->len ? "\n]\n" : "[]\n");
}
