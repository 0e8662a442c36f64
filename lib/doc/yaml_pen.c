/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing YAML text; see yaml_pen.h. Text is valid UTF-8 here: other strings were base64 before, other comments refused.
 */
#include "doc/yaml_pen.h"

#include "base/text.h"
#include "doc/yaml_class.h"

struct yaml_pen yaml_pen_at_start(struct buf *out, int step)
{
	return (struct yaml_pen){
		.out = out,
		.indent = -1,
		.step = step < YAML_STEP_MIN || step > YAML_STEP_MAX ? YAML_STEP_FALLBACK : step,
		.foot_indent = -1,
		.spaced = true,
		.fresh = true,
	};
}

int yaml_pen_nested(const struct yaml_pen *pen, enum yaml_spot spot, bool in_line)
{
	if (pen->indent < 0)
		return in_line ? pen->step : 0;
	if (spot == YAML_SPOT_ELEMENT)
		return pen->indent + 2; /* "- " */
	return pen->step * ((pen->indent + pen->step) / pen->step);
}

static void put(struct yaml_pen *pen, const void *data, size_t len)
{
	buf_add(pen->out, data, len);
	pen->column += len;
}

static void put_char(struct yaml_pen *pen, char c)
{
	buf_add_char(pen->out, (uint8_t)c);
	pen->column++;
}

void yaml_pen_break(struct yaml_pen *pen)
{
	buf_add_char(pen->out, '\n');
	pen->column = 0;
	pen->fresh = true;
}

/* A line break of the text itself; those beyond LF stay what they are. */
static void put_own_break(struct yaml_pen *pen, const uint8_t *data, size_t width)
{
	buf_add(pen->out, data, width);
	pen->column = 0;
	pen->fresh = true;
}

void yaml_pen_line(struct yaml_pen *pen)
{
	size_t indent = pen->indent < 0 ? 0 : (size_t)pen->indent;

	if (!pen->fresh || pen->column > indent || (pen->column == indent && !pen->spaced))
		yaml_pen_break(pen);
	if (pen->foot_indent == (int)indent)
		yaml_pen_break(pen);
	if (pen->column < indent) {
		buf_add_fill(pen->out, ' ', indent - pen->column);
		pen->column = indent;
	}
	pen->spaced = true;
	pen->foot_indent = -1;
}

void yaml_pen_mark(struct yaml_pen *pen, const char *text, bool due, bool spaces, bool leads)
{
	if (due && !pen->spaced)
		put_char(pen, ' ');
	put(pen, text, strlen(text));
	pen->spaced = spaces;
	pen->fresh = pen->fresh && leads;
}

/* Bytes from `at` up to the next line break or the end. */
static size_t line_len(struct span text, size_t at)
{
	size_t end = at;

	/* 0xc2 and 0xe2 begin the wide breaks */
	while (end < text.len &&
	       ((text.data[end] > '\r' && text.data[end] != 0xc2 && text.data[end] != 0xe2) ||
		!yaml_break_at(text, end)))
		end++;
	return end - at;
}

static void put_tag(struct yaml_pen *pen, const char *tag)
{
	if (tag)
		yaml_pen_mark(pen, tag, true, false, false);
}

/* The lines of a text, each with its own line break; all but the first (or all, after_break) at the current indentation. */
static void put_lines(struct yaml_pen *pen, struct span text, bool after_break, char doubled)
{
	for (size_t i = 0, len; i < text.len; i += len) {
		len = yaml_break_at(text, i);
		if (len) {
			put_own_break(pen, text.data + i, len);
			after_break = true;
			continue;
		}
		if (after_break)
			yaml_pen_line(pen);
		after_break = false;
		len = line_len(text, i);
		if (doubled && text.data[i] == doubled)
			put_char(pen, doubled);
		if (doubled && len > 1) /* up to the next one */
			len = 1 + span_find(span_sub(text, i + 1, len - 1), 0, (uint8_t)doubled);
		put(pen, text.data + i, len);
		pen->fresh = false;
	}
}

static void put_single_quoted(struct yaml_pen *pen, struct span text)
{
	yaml_pen_mark(pen, "'", true, false, false);
	put_lines(pen, text, false, '\'');
	yaml_pen_mark(pen, "'", false, false, false);
}

static void put_escape(struct yaml_pen *pen, uint32_t code)
{
	static const struct {
		uint16_t code;
		char letter;
	} letters[] = {
		{0x00, '0'},  {0x07, 'a'}, {0x08, 'b'}, {0x09, 't'},   {0x0a, 'n'},
		{0x0b, 'v'},  {0x0c, 'f'}, {0x0d, 'r'}, {0x1b, 'e'},   {'"', '"'},
		{'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'},
	};
	int digits = code <= 0xff ? 2 : code <= 0xffff ? 4 : 8;

	put_char(pen, '\\');
	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		if (letters[i].code == code) {
			put_char(pen, letters[i].letter);
			return;
		}
	}
	put_char(pen, digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
	while (digits-- > 0)
		put_char(pen, "0123456789ABCDEF"[code >> (digits * 4) & 0xf]);
}

static void put_double_quoted(struct yaml_pen *pen, struct span text)
{
	/* go-yaml means to ask for a byte order mark at the place where it is, but asks at the start of the text: with one there, every
	 * character is escaped. */
	bool all = span_starts(text, SPAN("\xef\xbb\xbf"));

	yaml_pen_mark(pen, "\"", true, false, false);
	for (size_t i = 0, start = 0, width; i < text.len; i += width) {
		const uint8_t *at = text.data + i;
		uint32_t code = 0;

		width = yaml_width(*at);
		if (all || !yaml_is_printable(at) || yaml_break_at(text, i) || *at == '"' ||
		    *at == '\\') {
			put(pen, text.data + start, i - start);
			(void)utf8_next(text, i, &code);
			put_escape(pen, code);
			start = i + width;
		} else if (i + width == text.len) {
			put(pen, text.data + start, text.len - start);
		}
	}
	yaml_pen_mark(pen, "\"", false, false, false);
}

void yaml_pen_scalar(struct yaml_pen *pen, const struct yaml_scalar *scalar)
{
	put_tag(pen, scalar->tag);
	if (scalar->style == YAML_SINGLE) {
		put_single_quoted(pen, scalar->text);
	} else if (scalar->style == YAML_DOUBLE) {
		put_double_quoted(pen, scalar->text);
	} else {
		if (!pen->spaced)
			put_char(pen, ' ');
		put(pen, scalar->text.data, scalar->text.len);
		pen->spaced = pen->fresh = false;
	}
}

/* Where the last character before `end` begins. */
static size_t last_char(struct span text, size_t end)
{
	size_t at = end - 1;

	while (at > 0 && (text.data[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void yaml_pen_literal_head(struct yaml_pen *pen, const struct yaml_scalar *scalar, int digit)
{
	struct span text = scalar->text;
	size_t last = last_char(text, text.len);

	put_tag(pen, scalar->tag);
	yaml_pen_mark(pen, "|", true, false, false);
	if (text.data[0] == ' ' || yaml_break_at(text, 0))
		put_char(pen, (char)('0' + digit));
	if (!yaml_break_at(text, last))
		put_char(pen, '-');
	else if (last == 0 || yaml_break_at(text, last_char(text, last)))
		put_char(pen, '+');
}

void yaml_pen_literal_body(struct yaml_pen *pen, const struct yaml_scalar *scalar)
{
	pen->spaced = true;
	put_lines(pen, scalar->text, true, 0);
}

void yaml_pen_comment(struct yaml_pen *pen, struct span text)
{
	bool after_break = false, line_begun = false;

	for (size_t i = 0, len; i < text.len; i += len) {
		len = yaml_break_at(text, i);
		if (len) {
			put_own_break(pen, text.data + i, len);
			after_break = true;
			line_begun = false;
			continue;
		}
		if (after_break)
			yaml_pen_line(pen);
		if (!line_begun && text.data[i] != '#')
			put(pen, "# ", 2);
		len = line_len(text, i);
		put(pen, text.data + i, len);
		line_begun = true;
		after_break = false;
	}
	if (!after_break)
		yaml_pen_break(pen);
	pen->spaced = true;
}
