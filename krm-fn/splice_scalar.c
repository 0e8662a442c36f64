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
		/* Differs: Flux writes U+FFFD for such bytes. */
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

static bool is_break(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* An element of a list that is ciphertext may be a comment, which will go. */
static bool may_go(struct span source, size_t at)
{
	struct span line = span_sub(source, at, splice_line_end(source, at) - at);
	size_t i;

	if (line.len < 2 || line.data[0] != '-' || !is_blank(line.data[1]))
		return false;
	for (i = 1; i < line.len; i++) {
		if (span_starts(span_from(line, i), SPAN("ENC[AES256_GCM,")))
			return true;
	}
	return false;
}

/* What follows on the next lines, once what is to go has gone, must not become part of a literal block: blank lines would, where the value ends
 * in line breaks; and a comment or mere blanks that are indented deeper than the block's parent. */
static bool follows_well(const struct splice *splice, const struct doc_node *node, int column,
			 size_t after)
{
	struct span source = splice->source;
	struct span s = node->kind == DOC_STRING ? node->str : SPAN_NULL;
	bool keeps =
		s.len && is_break(s.data[s.len - 1]) && (s.len == 1 || is_break(s.data[s.len - 2]));
	size_t line;

	for (line = after = splice_skip_removals(splice, after); after < source.len; after++) {
		if (is_break(source.data[after])) {
			if (keeps || after - line > (size_t)column)
				return false;
			line = splice_skip_removals(splice, after + 1);
			after = line - 1;
		} else if (!is_blank(source.data[after])) {
			return !may_go(source, after) &&
			       (source.data[after] != '#' || after - line <= (size_t)column);
		}
	}
	return after - line <= (size_t)column;
}

/* A literal block needs its line for itself: the key or dash on the same line, nothing behind the old value (blanks would be its text), and
 * line ends that it would not mix with others. */
static bool has_line(const struct splice *splice, const struct doc_node *node, int column,
		     size_t from)
{
	struct span source = splice->source;
	size_t end = node->end, i;

	for (i = from; i < node->start; i++) {
		if (is_break(source.data[i]))
			return false;
	}
	if (node->flags & DOC_BLOCK_TEXT) {
		i = splice_line_end(source, node->start);
		return (i < 2 || source.data[i - 2] != '\r') &&
		       follows_well(splice, node, column, end);
	}
	if (end == source.len)
		return true;
	return source.data[end] == '\n' && follows_well(splice, node, column, end + 1);
}

/* On one line. A block scalar may begin on a line of its own in the column of what it belongs to, other scalars may not. */
static int add_line(struct span source, const struct doc_node *node, struct buf *out,
		    struct err *err)
{
	size_t at = node->start, line = splice_line_start(source, at);

	while (at > line && is_blank(source.data[at - 1]))
		at--;
	if ((node->flags & DOC_BLOCK_TEXT) && at == line)
		buf_add_fill(out, ' ', STEP);
	return yaml_scalar_add_line(node, out, err);
}

static int add_block(const struct splice *splice, const struct doc_node *node, struct buf *out,
		     struct err *err)
{
	struct span source = splice->source;
	enum yaml_place place = YAML_IN_MAP;
	size_t from = node->key_start;
	int column;

	if (!node->key.data) {
		place = YAML_IN_LIST;
		for (from = node->start; from > 0 && is_blank(source.data[from - 1]); from--)
			;
		if (from == 0 || source.data[from - 1] != '-')
			return add_line(source, node, out, err);
		from--;
	}
	column = column_of(source, from);
	if (column < 0 || !has_line(splice, node, column, from))
		return add_line(source, node, out, err);
	return yaml_scalar_add(node, place, column, STEP, out, err);
}

/* The line break behind a value that was a block scalar went with it; and one that is now a block scalar needs one at the end of the text. */
static void end_line(struct splice *splice, const struct doc_node *node, size_t begin)
{
	struct span source = splice->source, text = span_from(buf_span(&splice->text), begin);
	bool literal = span_starts(text, SPAN("|"));
	const uint8_t *end = source.data + node->end;
	bool was_block =
		(node->flags & DOC_BLOCK_TEXT) && node->end > node->start && is_break(end[-1]);

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
		r = add_block(splice, node, &splice->text, err);
	if (r < 0)
		return -1;
	end_line(splice, node, begin);
	return splice_end(splice, node->start, node->end, begin, err);
}
