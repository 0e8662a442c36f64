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

struct emitter {
	struct span source;
	struct buf *out;
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

static int emit_kids(const struct emitter *to, const struct doc_node *node, const struct place *up,
		     size_t indent, struct err *err);

/* A number, time, bool or null, in its author's words where they are at hand: `0x1F`, `2020-01-02`. */
static int emit_plain(const struct emitter *to, const struct doc_node *node, struct err *err)
{
	struct span words = SPAN_NULL;

	if (!(node->flags & DOC_ALIASED) && node->start < node->end && node->end <= to->source.len)
		words = span_sub(to->source, node->start, node->end - node->start);
	if (!words.len || words.data[0] == '!' || words.data[0] == '&')
		return yaml_scalar_add_line(node, to->out, err);
	buf_add_span(to->out, words);
	return 0;
}

static int emit_value(const struct emitter *to, const struct place *place, size_t indent,
		      struct err *err)
{
	const struct doc_node *node = place->node;
	struct buf *out = to->out;

	if (node->kind == DOC_MAP || node->kind == DOC_LIST) {
		if (!first_entry(node->kids.first)) {
			buf_add_str(out, node->kind == DOC_MAP ? " {}\n" : " []\n");
			return 0;
		}
		buf_add_char(out, '\n');
		return emit_kids(to, node, place, indent + STEP, err);
	}
	buf_add_char(out, ' ');
	if (node->kind == DOC_STRING && json_text_add(node->str, out) < 0)
		return fail(place, "a text that is not UTF-8", err);
	if (node->kind != DOC_STRING && emit_plain(to, node, err) < 0)
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

static int emit_kids(const struct emitter *to, const struct doc_node *node, const struct place *up,
		     size_t indent, struct err *err)
{
	struct place place = {.up = up, .node = first_entry(node->kids.first)};

	for (; place.node; place.node = first_entry(place.node->next), place.index++) {
		buf_add_fill(to->out, ' ', indent);
		if (node->kind == DOC_LIST)
			buf_add_char(to->out, '-');
		else if (emit_key(&place, indent, to->out, err) < 0)
			return -1;
		if (emit_value(to, &place, indent, err) < 0)
			return -1;
	}
	return 0;
}

int emit_object(const struct doc_node *object, struct span source, struct buf *out, struct err *err)
{
	const struct emitter to = {source, out};

	if (emit_kids(&to, object, NULL, 0, err) < 0)
		return -1;
	return buf_check(out, err);
}
