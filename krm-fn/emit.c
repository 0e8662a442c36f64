/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects to YAML; see emit.h.
 */
#include "emit.h"

#include "json_text.h"
#include "place.h"

#include "doc/yaml_style.h"

enum {
	STEP = 2,
	SIMPLE_KEY_MAX =
		120, /* bytes of a key that stands before its colon; YAML allows 1024 characters of text */
};

static int fail(const struct place *place, const char *what, struct err *err)
{
	return err_set(err, ERR_EMIT, "%s: %s", place_text(place).text, what);
}

static const struct doc_node *first_entry(const struct doc_node *node)
{
	while (node && node->kind == DOC_COMMENT)
		node = node->next;
	return node;
}

static int emit_kids(const struct doc_node *node, const struct place *up, size_t indent,
		     struct buf *out, struct err *err);

static int emit_value(const struct place *place, size_t indent, struct buf *out, struct err *err)
{
	const struct doc_node *node = place->node;

	if (node->kind == DOC_MAP || node->kind == DOC_LIST) {
		if (!first_entry(node->kids.first)) {
			buf_add_str(out, node->kind == DOC_MAP ? " {}\n" : " []\n");
			return 0;
		}
		buf_add_char(out, '\n');
		return emit_kids(node, place, indent + STEP, out, err);
	}
	buf_add_char(out, ' ');
	if (node->kind == DOC_STRING && json_text_add(node->str, out) < 0)
		return fail(place, "a text that is not UTF-8", err);
	if (node->kind != DOC_STRING && yaml_scalar_add_line(node, out, err) < 0)
		return err_wrap(err, "%s", place_text(place).text);
	buf_add_char(out, '\n');
	return 0;
}

static int emit_key(const struct place *place, size_t indent, struct buf *out, struct err *err)
{
	struct span key = place->node->key;

	if (place->node->flags & DOC_KEY_BAD)
		return fail(place, "a key that is not a string", err);
	if (span_is(key, "<<")) {
		buf_add_str(out, "!!merge <<:");
		return 0;
	}
	if (key.len > SIMPLE_KEY_MAX)
		buf_add_str(out, "? ");
	if (json_text_add(key, out) < 0)
		return fail(place, "a key that is not UTF-8", err);
	if (key.len > SIMPLE_KEY_MAX) {
		buf_add_char(out, '\n');
		buf_add_fill(out, ' ', indent);
	}
	buf_add_char(out, ':');
	return 0;
}

static int emit_kids(const struct doc_node *node, const struct place *up, size_t indent,
		     struct buf *out, struct err *err)
{
	struct place place = {.up = up, .node = first_entry(node->kids.first)};

	for (; place.node; place.node = first_entry(place.node->next), place.index++) {
		buf_add_fill(out, ' ', indent);
		if (node->kind == DOC_LIST)
			buf_add_char(out, '-');
		else if (emit_key(&place, indent, out, err) < 0)
			return -1;
		if (emit_value(&place, indent, out, err) < 0)
			return -1;
	}
	return 0;
}

int emit_object(const struct doc_node *object, struct buf *out, struct err *err)
{
	if (emit_kids(object, NULL, 0, out, err) < 0)
		return -1;
	return buf_check(out, err);
}
