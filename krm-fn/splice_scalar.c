/* SPDX-License-Identifier: Apache-2.0
 *
 * A new value in the place of an old one, in a style that fits there: what kustomize itself would print in block context, JSON strings
 * where the old value was one, one line wherever something else stands on the line; see splice.h.
 */
#include "splice.h"

#include "json_text.h"

#include "doc/scalar.h"
#include "doc/yaml_style.h"

#include <math.h>

enum {
	STEP = 2, /* kustomize's indentation, and the least that YAML has */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static int add_json(const struct doc_node *node, struct buf *out, struct err *err)
{
	switch (node->kind) {
	case DOC_STRING:
		if (json_text_add(node->str, out) < 0)
			return err_set(err, ERR_EMIT, "a text that is not UTF-8");
		return buf_check(out, err);
	case DOC_FLOAT:
		if (!isfinite(node->number))
			return err_set(err, ERR_EMIT, "JSON has no text for this number");
		scalar_add_float(node->number, FLOAT_JSON, out);
		return buf_check(out, err);
	case DOC_TIME:
		buf_add_char(out, '"');
		if (!scalar_add_time(&node->time, TIME_NANO, out))
			return err_set(err, ERR_EMIT, "no text says this time");
		buf_add_char(out, '"');
		return buf_check(out, err);
	default:
		return yaml_scalar_add_line(node, out, err);
	}
}

/* Where a block collection's column is: -1 where what stands before it on its line is not blanks and indicators. */
static int column_of(struct span source, size_t at)
{
	size_t line = splice_line_start(source, at), i;

	for (i = line; i < at; i++) {
		uint8_t c = source.data[i];

		if (c != ' ' &&
		    !((c == '-' || c == '?') && i + 1 < at && is_blank(source.data[i + 1])))
			return -1;
	}
	return at - line > DOC_INPUT_MAX ? -1 : (int)(at - line);
}

/* A literal block needs its line for itself: the key or dash on the same line, nothing behind the old value but a line break (at the end of
 * a text without one the block would lose its last line feed), and line ends that it would not mix with others. */
static bool has_line(struct span source, const struct doc_node *node, size_t from)
{
	size_t end = node->end, i;

	for (i = from; i < node->start; i++) {
		if (source.data[i] == '\n' || source.data[i] == '\r')
			return false;
	}
	if (node->flags & DOC_BLOCK_TEXT) {
		i = splice_line_end(source, node->start);
		return source.data[end - 1] == '\n' && (i < 2 || source.data[i - 2] != '\r');
	}
	while (end < source.len && is_blank(source.data[end]))
		end++;
	return end < source.len && source.data[end] == '\n';
}

static int add_block(struct span source, const struct doc_node *node, struct buf *out,
		     struct err *err)
{
	enum yaml_place place = YAML_IN_MAP;
	size_t from = node->key_start;
	int column;

	if (!node->key.data) {
		place = YAML_IN_LIST;
		for (from = node->start; from > 0 && is_blank(source.data[from - 1]); from--)
			;
		if (from == 0 || source.data[from - 1] != '-')
			return yaml_scalar_add_line(node, out, err);
		from--;
	}
	column = column_of(source, from);
	if (column < 0 || !has_line(source, node, from))
		return yaml_scalar_add_line(node, out, err);
	return yaml_scalar_add(node, place, column, STEP, out, err);
}

/* The line break behind a value that was a block scalar went with it; and one that is now a block scalar needs one at the end of the text. */
static void end_line(struct splice *splice, const struct doc_node *node, size_t begin)
{
	struct span source = splice->source, text = span_from(buf_span(&splice->text), begin);
	bool literal = span_starts(text, SPAN("|"));
	const uint8_t *end = source.data + node->end;
	bool was_block = (node->flags & DOC_BLOCK_TEXT) && node->end > node->start &&
			 (end[-1] == '\n' || end[-1] == '\r');

	if (was_block && node->end - node->start > 1 && end[-2] == '\r')
		buf_add_char(&splice->text, '\r');
	if (was_block || (node->end == source.len && literal))
		buf_add_char(&splice->text, '\n');
}

int splice_scalar(struct splice *splice, const struct doc_node *node, bool flow, struct err *err)
{
	struct span source = splice->source;
	size_t begin = splice_begin(splice);
	int r;

	if (node->flags & DOC_ALIASED)
		return err_set(err, ERR_UNSUPPORTED,
			       "stands under a YAML anchor or alias and can not be replaced there");
	if (node->start > node->end || node->end > source.len)
		return err_set(err, ERR_BUG, "a value lies outside of its source");
	if (flow && node->start < node->end && source.data[node->start] == '"')
		r = add_json(node, &splice->text, err);
	else if (flow)
		r = yaml_scalar_add_line(node, &splice->text, err);
	else
		r = add_block(source, node, &splice->text, err);
	if (r < 0)
		return -1;
	end_line(splice, node, begin);
	return splice_end(splice, node->start, node->end, begin, err);
}
