/* SPDX-License-Identifier: Apache-2.0
 *
 * Block scalars: | and >, their header, indentation, folding and the line breaks at their end (go.yaml.in/yaml/v3: scannerc.go).
 */
#include "doc/yaml_fetch.h"

#include "doc/yaml_chars.h"
#include "doc/yaml_comments.h"

struct block {
	struct yaml_scan *s;
	bool literal;
	int chomp;           /* -1 no line break at the end, 0 one, 1 all */
	int32_t indent;      /* column of the text; 0 till known */
	struct span leading; /* the break behind the last line of text: "\n", LS, PS or nothing */
	size_t trailing;     /* offset in the input of the breaks after that one */
	size_t text_end;     /* offset behind the last line of text and its break */
	size_t all_end;      /* likewise, with the empty lines that follow */
};

static const struct span line_feed = {(const uint8_t *)"\n", 1};

/* The line break at the cursor as it reads: LF for all but LS and PS. */
static struct span read_break(struct yaml_scan *s)
{
	size_t width = yaml_break(s, 0);
	struct span text = line_feed;

	if (!width)
		return SPAN_NULL;
	if (width == 3)
		text = span_sub(s->in, s->pos, width);
	yaml_skip_break(s);
	return text;
}

/* Adds the line breaks of a run of blanks and breaks. */
static void add_breaks(struct buf *out, struct span gap)
{
	size_t i, width;

	for (i = 0; i < gap.len; i += width ? width : 1) {
		width = yaml_break_at(gap, i);
		if (width == 3)
			buf_add_span(out, span_sub(gap, i, width));
		else if (width)
			buf_add_char(out, '\n');
	}
}

/* The signs behind | and >, in either order: a digit for the indentation, + or - for the end. */
static int header(struct block *b, int32_t *ret_step, struct err *err)
{
	struct yaml_scan *s = b->s;
	bool chomp = false;
	uint8_t c;

	*ret_step = 0;
	for (;;) {
		c = yaml_at(s, 0);
		if (!chomp && (c == '+' || c == '-')) {
			chomp = true;
			b->chomp = c == '+' ? 1 : -1;
		} else if (!*ret_step && c >= '0' && c <= '9') {
			if (c == '0')
				return yaml_fail(yaml_mark(s), "an indentation of 0", err);
			*ret_step = c - '0';
		} else {
			return 0;
		}
		yaml_skip(s);
	}
}

/* Over indentation and empty lines; finds the indentation where the header did not give it: that of the first line with text, or the
 * deepest of the empty lines before it. */
static int skip_empty(struct block *b, struct yaml_mark start, struct err *err)
{
	struct yaml_scan *s = b->s;
	int32_t deepest = 0;

	b->trailing = b->all_end = s->pos;
	for (;;) {
		while ((!b->indent || yaml_column(s) < b->indent) && yaml_at(s, 0) == ' ')
			s->pos++;
		if (yaml_column(s) > deepest)
			deepest = yaml_column(s);
		if ((!b->indent || yaml_column(s) < b->indent) && yaml_at(s, 0) == '\t')
			return yaml_fail(yaml_mark(s), "a TAB can not indent", err);
		if (!yaml_break(s, 0))
			break;
		yaml_skip_break(s);
		b->all_end = s->pos;
	}
	if (!b->indent) {
		b->indent = deepest;
		if (b->indent < s->indent + 1)
			b->indent = s->indent + 1;
		if (b->indent < 1)
			b->indent = 1;
	}
	return 0;
}

static struct span trailing_breaks(const struct block *b)
{
	return span_sub(b->s->in, b->trailing, b->all_end - b->trailing);
}

static int text_lines(struct block *b, struct yaml_mark start, struct err *err)
{
	struct yaml_scan *s = b->s;
	struct buf *out = &s->scratch;
	bool blank_before = false, blank_now;
	size_t from;

	while (yaml_column(s) == b->indent && !yaml_end(s)) {
		blank_now = yaml_blank(yaml_at(s, 0));
		if (b->literal || blank_before || blank_now || !span_is(b->leading, "\n"))
			buf_add_span(out, b->leading);
		else if (b->trailing == b->all_end)
			buf_add_char(out, ' ');
		add_breaks(out, trailing_breaks(b));
		blank_before = blank_now;
		from = s->pos;
		while (!yaml_breakz(s, 0))
			yaml_skip(s);
		buf_add_span(out, span_sub(s->in, from, s->pos - from));
		b->leading = read_break(s);
		b->text_end = s->pos;
		if (skip_empty(b, start, err) < 0)
			return -1;
	}
	return 0;
}

int yaml_fetch_block(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	struct yaml_mark start = ret_token->start;
	struct block b = {.s = s, .literal = yaml_at(s, 0) == '|'};
	int32_t step;

	yaml_skip(s);
	if (header(&b, &step, err) < 0)
		return -1;
	yaml_skip_blanks(s);
	if (yaml_at(s, 0) == '#' && yaml_comments_line(s, start.at, err) < 0)
		return -1;
	if (!yaml_breakz(s, 0))
		return yaml_fail(yaml_mark(s), "text behind the sign of a block text", err);
	(void)read_break(s);
	b.text_end = s->pos;
	if (step)
		b.indent = (s->indent > 0 ? s->indent : 0) + step;

	buf_reset(&s->scratch);
	if (skip_empty(&b, start, err) < 0 || text_lines(&b, start, err) < 0)
		return -1;
	if (b.chomp != -1)
		buf_add_span(&s->scratch, b.leading);
	if (b.chomp == 1)
		add_breaks(&s->scratch, trailing_breaks(&b));

	ret_token->type = TOKEN_SCALAR;
	ret_token->style = b.literal ? STYLE_LITERAL : STYLE_FOLDED;
	ret_token->end = (uint32_t)(b.chomp == 1 ? b.all_end : b.text_end);
	if (buf_check(&s->scratch, err) < 0 ||
	    arena_dup(&s->doc->arena, buf_span(&s->scratch), &ret_token->text, err) < 0)
		return -1;
	buf_reset(&s->scratch);
	return 0;
}
