/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer of kustomize's YAML; see flux_text.h. go-yaml v2: encode.go, emitterc.go; sorter.go is flux_order.c
 */
#include "flux_text.h"

#include "flux_order.h"
#include "place.h"

#include "base/text.h"
#include "doc/yaml_class.h"
#include "doc/yaml_style.h"

enum {
	STEP = 2,
	WIDTH = 80,           /* behind this column a blank becomes a line break */
	SIMPLE_KEY_MAX = 128, /* bytes of a key that needs no `?`, if it has no line break either */
};

struct writer {
	struct buf *out;
	struct arena arena; /* sorted lists of keys */
	struct buf scratch;
};

static void writer_release(struct writer *w)
{
	arena_release(&w->arena);
	buf_release(&w->scratch);
}

static size_t column_of(const struct buf *out)
{
	const uint8_t *line = out->len ? memrchr(out->data, '\n', out->len) : NULL;
	size_t i = line ? (size_t)(line - out->data) + 1 : 0, column = 0;

	for (; i < out->len; i++)
		column += (out->data[i] & 0xc0) != 0x80;
	return column;
}

/* A scalar on one line with a line break for the first of a run of blanks behind the width. In double quotes a blank that then begins the line is
 * escaped. */
static void add_folded(struct span text, size_t indent, struct buf *out)
{
	const uint8_t quote =
		text.len && (text.data[0] == '\'' || text.data[0] == '"') ? text.data[0] : 0;
	size_t column = column_of(out), first = quote ? 1 : 0, i;
	bool after_space = false;

	for (i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		bool space = c == ' ', next_space = i + 1 < text.len && text.data[i + 1] == ' ';

		if (space && !after_space && column > WIDTH && i > first &&
		    i + 1 + first < text.len && (quote == '"' || !next_space)) {
			buf_add_char(out, '\n');
			buf_add_fill(out, ' ', indent);
			column = indent;
			if (quote == '"' && next_space) {
				buf_add_char(out, '\\');
				column++;
			}
		} else {
			buf_add_char(out, c);
			column += (c & 0xc0) != 0x80;
		}
		after_space = space;
	}
}

/* The scalar at the end of what is written; a literal block without its last line break. */
static int add_scalar(struct writer *w, const struct doc_node *node, enum yaml_place place,
		      size_t column, struct err *err)
{
	bool string = node->kind == DOC_STRING;
	int r;

	/* Version 2 sees no need for quotes there. */
	if (string && (span_is(node->str, "=") || span_is(node->str, "<<"))) {
		buf_add_span(w->out, node->str);
		return 0;
	}
	buf_reset(&w->scratch);
	/* Version 2 knows no way to write a TAB but in double quotes. */
	if (string && span_find(node->str, 0, '\t') < node->str.len)
		r = yaml_scalar_add_line(node, &w->scratch, err);
	else
		r = yaml_scalar_add(node, place, (int)column, STEP, &w->scratch, err);
	if (r < 0)
		return -1;
	if (span_starts(buf_span(&w->scratch), SPAN("|")))
		buf_add_span(w->out, buf_span(&w->scratch));
	else
		add_folded(buf_span(&w->scratch), column + STEP, w->out);
	return 0;
}

static bool has_break(struct span key)
{
	size_t i;

	for (i = 0; i < key.len; i++) {
		if (yaml_break_at(key, i))
			return true;
	}
	return false;
}

/* 1: it is a long one, behind a `?`. */
static int add_key(struct writer *w, struct span key, size_t column, struct err *err)
{
	const struct doc_node node = {.kind = DOC_STRING, .str = key};
	bool simple = key.len <= SIMPLE_KEY_MAX && !has_break(key);

	if (span_find(key, 0, '\n') < key.len)
		return err_set(err, ERR_UNSUPPORTED, "a key with a line break in it");
	if (!simple) {
		buf_add_str(w->out, "? ");
		if (add_scalar(w, &node, YAML_IN_MAP, column, err) < 0)
			return -1;
		buf_add_char(w->out, '\n');
		buf_add_fill(w->out, ' ', column);
		buf_add_char(w->out, ':');
		return 1;
	}
	buf_reset(&w->scratch);
	if (span_is(key, "="))
		buf_add_char(&w->scratch, '=');
	else if (yaml_scalar_add(&node, YAML_IN_MAP, (int)column, STEP, &w->scratch, err) < 0)
		return -1;
	buf_add_span(w->out, buf_span(&w->scratch));
	buf_add_char(w->out, ':');
	return 0;
}

static const struct doc_node *first_of(const struct doc_node *parent)
{
	const struct doc_node *kid = parent->kids.first;

	while (kid && kid->kind == DOC_COMMENT)
		kid = kid->next;
	return kid;
}

static int add_map(struct writer *w, const struct doc_node *map, size_t column,
		   const struct place *up, struct err *err);
static int add_list(struct writer *w, const struct doc_node *list, size_t column,
		    const struct place *up, struct err *err);

/* Behind a dash: on its line. */
static int add_element(struct writer *w, const struct doc_node *node, size_t column,
		       const struct place *place, struct err *err)
{
	bool map = node->kind == DOC_MAP;

	if ((map || node->kind == DOC_LIST) && first_of(node)) {
		buf_add_str(w->out, "- ");
		return map ? add_map(w, node, column + STEP, place, err)
			   : add_list(w, node, column + STEP, place, err);
	}
	buf_add_str(w->out, "- ");
	if (map || node->kind == DOC_LIST)
		buf_add_str(w->out, map ? "{}" : "[]");
	else if (add_scalar(w, node, YAML_IN_LIST, column, err) < 0)
		return err_wrap(err, "%s", place_text(place).text);
	buf_add_char(w->out, '\n');
	return 0;
}

static int add_list(struct writer *w, const struct doc_node *list, size_t column,
		    const struct place *up, struct err *err)
{
	struct place place = {.up = up};
	const struct doc_node *kid;

	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT)
			continue;
		place.node = kid;
		/* The first stands where the caller has left off. */
		if (place.index)
			buf_add_fill(w->out, ' ', column);
		if (add_element(w, kid, column, &place, err) < 0)
			return -1;
		place.index++;
	}
	return 0;
}

static int add_entry(struct writer *w, const struct doc_node *node, size_t column,
		     const struct place *place, struct err *err)
{
	bool map = node->kind == DOC_MAP;
	int long_key = add_key(w, node->key, column, err);

	if (long_key < 0)
		return err_wrap(err, "%s", place_text(place).text);
	if ((map || node->kind == DOC_LIST) && first_of(node)) {
		/* Behind a `:` of its own, the block begins on the same line. */
		size_t in = long_key || map ? column + STEP : column;

		buf_add_char(w->out, long_key ? ' ' : '\n');
		if (!long_key)
			buf_add_fill(w->out, ' ', in);
		return map ? add_map(w, node, in, place, err) : add_list(w, node, in, place, err);
	}
	buf_add_char(w->out, ' ');
	if (map || node->kind == DOC_LIST)
		buf_add_str(w->out, map ? "{}" : "[]");
	else if (add_scalar(w, node, YAML_IN_MAP, column, err) < 0)
		return err_wrap(err, "%s", place_text(place).text);
	buf_add_char(w->out, '\n');
	return 0;
}

static int add_map(struct writer *w, const struct doc_node *map, size_t column,
		   const struct place *up, struct err *err)
{
	struct place place = {.up = up};
	const struct doc_node **list, *kid;
	size_t n = 0, i;

	doc_each (kid, map)
		n += kid->kind != DOC_COMMENT;
	list = arena_alloc(&w->arena, 2 * n * sizeof(*list), err);
	if (!list)
		return -1;
	n = 0;
	doc_each (kid, map) {
		if (kid->kind != DOC_COMMENT)
			list[n++] = kid;
	}
	flux_order_sort(list, n, list + n);
	for (i = 0; i < n; i++) {
		place.node = list[i];
		if (i)
			buf_add_fill(w->out, ' ', column);
		if (add_entry(w, list[i], column, &place, err) < 0)
			return -1;
	}
	return 0;
}

int flux_text_add(const struct doc_node *object, struct buf *out, struct err *err)
{
	CLEANUP(writer_release)
	struct writer w = {
		.out = out, .arena = ARENA_INIT(DOC_ARENA_MAX), .scratch = BUF_INIT(DOC_INPUT_MAX)};

	if (!first_of(object))
		buf_add_str(out, "{}\n");
	else if (add_map(&w, object, 0, NULL, err) < 0)
		return -1;
	return buf_check(out, err);
}
