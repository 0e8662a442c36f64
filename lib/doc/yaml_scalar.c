/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain and quoted scalars: where they end and what they say. A scalar on one line without escapes, which is what nearly all of a
 * document is, stays a span of the input. Rules: YAML 1.1 as sops reads it (go.yaml.in/yaml/v3: scannerc.go); `\/` is no escape there.
 */
#include "doc/yaml_fetch.h"

#include "base/text.h"
#include "doc/yaml_chars.h"

/* Why a byte can not be passed over unseen. */
enum {
	BLANK = 1 << 0,
	BREAK = 1 << 1, /* a line break, or the first byte of what may be one */
	COLON = 1 << 2,
	FLOW = 1 << 3,   /* ends a plain scalar in flow text */
	SINGLE = 1 << 4, /* ' */
	DOUBLE = 1 << 5, /* " and \ */
	WIDE = 1 << 6,   /* not the first byte of its character */
};

static const uint8_t byte_class[256] = {
	[' '] = BLANK,   ['\t'] = BLANK,         ['\n'] = BREAK, ['\r'] = BREAK,  [0xC2] = BREAK,
	[0xE2] = BREAK,  [':'] = COLON,          [','] = FLOW,   ['?'] = FLOW,    ['['] = FLOW,
	[']'] = FLOW,    ['{'] = FLOW,           ['}'] = FLOW,   ['\''] = SINGLE, ['"'] = DOUBLE,
	['\\'] = DOUBLE, [0x80 ... 0xBF] = WIDE,
};

/* Passes over bytes that are in none of the classes of `stop`; a BREAK byte that begins no line break is passed over too. */
static void pass(struct yaml_scan *s, uint8_t stop)
{
	size_t from = s->pos, wide = 0;
	const uint8_t *in = s->in.data;
	uint8_t class;

	for (; s->pos < s->in.len; s->pos++) {
		class = byte_class[in[s->pos]];
		if (!class)
			continue;
		if (class == WIDE)
			wide++;
		else if (class == BREAK ? yaml_break(s, 0) : class & stop)
			break;
	}
	s->wide += wide;
	if (s->pos > from)
		s->newlines = 0;
}

/* The line breaks of a gap inside a scalar: the first one alone is a blank, more of them are themselves less the first. LS and PS
 * always stay. Behind an escaped line break all of them stay. */
static void add_folded(struct buf *out, struct span gap, bool escaped)
{
	bool fold = false, seen = escaped;
	size_t i, width;

	for (i = 0; i < gap.len; i += width) {
		width = yaml_break_at(gap, i);
		if (!width) {
			width = 1;
		} else if (width == 3) {
			buf_add_span(out, span_sub(gap, i, width));
			seen = true;
			fold = false;
		} else if (!seen) {
			seen = fold = true;
		} else {
			buf_add_char(out, '\n');
			fold = false;
		}
	}
	if (fold)
		buf_add_char(out, ' ');
}

/* What is in scratch becomes the token's text. */
static int take_scratch(struct yaml_scan *s, struct yaml_token *token, struct err *err)
{
	if (buf_check(&s->scratch, err) < 0 ||
	    arena_dup(&s->doc->arena, buf_span(&s->scratch), &token->text, err) < 0)
		return -1;
	buf_reset(&s->scratch);
	return 0;
}

/* ---- plain ---- */

/* The characters of a plain scalar up to the next blank, line break or end. */
static void pass_plain(struct yaml_scan *s)
{
	uint8_t stop = BLANK | COLON | (s->flow ? FLOW : 0);

	for (;;) {
		pass(s, stop);
		if (yaml_at(s, 0) != ':' || yaml_blankz(s, 1))
			return;
		yaml_skip(s);
	}
}

int yaml_fetch_plain(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	struct yaml_mark start = ret_token->start;
	int32_t indent = s->indent + 1;
	size_t end = s->pos, gap = s->pos, from;
	bool leading = false, changed = false;

	while (!yaml_document_mark(s) && yaml_at(s, 0) != '#') {
		from = s->pos;
		pass_plain(s);
		if (s->pos > from) {
			if (leading && !changed) {
				changed = true;
				buf_reset(&s->scratch);
				buf_add_span(&s->scratch,
					     span_sub(s->in, start.at, end - start.at));
			}
			if (leading)
				add_folded(&s->scratch, span_sub(s->in, gap, from - gap), false);
			else if (changed)
				buf_add_span(&s->scratch, span_sub(s->in, gap, from - gap));
			if (changed)
				buf_add_span(&s->scratch, span_sub(s->in, from, s->pos - from));
			leading = false;
			end = s->pos;
		}
		if (!yaml_blank(yaml_at(s, 0)) && !yaml_break(s, 0))
			break;
		gap = s->pos;
		for (;;) {
			if (yaml_break(s, 0)) {
				yaml_skip_break(s);
				leading = true;
			} else if (yaml_blank(yaml_at(s, 0))) {
				if (leading && yaml_column(s) < indent && yaml_at(s, 0) == '\t')
					return yaml_fail(yaml_mark(s), "a TAB can not indent", err);
				s->pos++;
			} else {
				break;
			}
		}
		if (!s->flow && yaml_column(s) < indent)
			break;
	}
	/* What follows on a line of its own may be a key. */
	if (leading)
		s->key_allowed = true;
	ret_token->type = TOKEN_SCALAR;
	ret_token->style = STYLE_PLAIN;
	ret_token->end = (uint32_t)end;
	ret_token->text = span_sub(s->in, start.at, end - start.at);
	return changed ? take_scratch(s, ret_token, err) : 0;
}

/* ---- quoted ---- */

/* \xHH, \uHHHH, \UHHHHHHHH: the cursor stands at the digits. */
static int add_code(struct yaml_scan *s, unsigned digits, struct err *err)
{
	struct yaml_mark mark = yaml_mark(s);
	uint32_t code = 0;
	int value;

	while (digits--) {
		value = yaml_hex(yaml_at(s, 0));
		if (value < 0)
			return yaml_fail(mark, "an escape needs more hex digits", err);
		code = code << 4 | (uint32_t)value;
		yaml_skip(s);
	}
	if ((code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF)
		return yaml_fail(mark, "an escape names no Unicode character", err);
	utf8_add(code, &s->scratch);
	return 0;
}

/* The cursor stands at a backslash that is not the last character of its line. */
static int add_escape(struct yaml_scan *s, struct err *err)
{
	static const char names[] = "0abt\tnvfre \"'\\";
	static const char values[] = "\0\a\b\t\t\n\v\f\r\x1B \"'\\";
	struct yaml_mark mark = yaml_mark(s);
	uint8_t c = yaml_at(s, 1);
	const char *name = c ? strchr(names, c) : NULL;

	if (!name && (!c || !strchr("N_LPxuU", c)))
		return yaml_fail(mark, "unknown escape", err);
	yaml_skip(s);
	yaml_skip(s);
	if (name) {
		buf_add_char(&s->scratch, (uint8_t)values[name - names]);
		return 0;
	}
	switch (c) {
	case 'N':
		utf8_add(0x85, &s->scratch);
		return 0;
	case '_':
		utf8_add(0xA0, &s->scratch);
		return 0;
	case 'L':
		utf8_add(0x2028, &s->scratch);
		return 0;
	case 'P':
		utf8_add(0x2029, &s->scratch);
		return 0;
	default:
		return add_code(s, c == 'x' ? 2 : c == 'u' ? 4 : 8, err);
	}
}

/* Characters of a quoted scalar up to a blank, a line break or the closing quote. ret_escaped: up to and over an escaped line break. */
static int add_quoted_run(struct yaml_scan *s, uint8_t quote, bool *ret_escaped, struct err *err)
{
	size_t from;

	*ret_escaped = false;
	for (;;) {
		from = s->pos;
		pass(s, BLANK | (quote == '"' ? DOUBLE : SINGLE));
		buf_add_span(&s->scratch, span_sub(s->in, from, s->pos - from));
		if (yaml_at(s, 0) == '\\' && quote == '"') {
			if (yaml_break(s, 1)) {
				yaml_skip(s);
				yaml_skip_break(s);
				*ret_escaped = true;
				return 0;
			}
			if (add_escape(s, err) < 0)
				return -1;
		} else if (quote == '\'' && yaml_at(s, 0) == '\'' && yaml_at(s, 1) == '\'') {
			buf_add_char(&s->scratch, '\'');
			yaml_skip(s);
			yaml_skip(s);
		} else {
			return 0;
		}
	}
}

/* A quoted scalar with escapes, doubled quotes or line breaks; the cursor stands behind the opening quote. */
static int fetch_changed(struct yaml_scan *s, uint8_t quote, struct yaml_token *ret_token,
			 struct err *err)
{
	bool escaped, leading;
	size_t gap;

	buf_reset(&s->scratch);
	for (;;) {
		if (yaml_document_mark(s))
			return yaml_fail(yaml_mark(s), "a document mark inside a quoted text", err);
		if (yaml_end(s))
			return yaml_fail(ret_token->start, "a quote is not closed", err);
		if (add_quoted_run(s, quote, &escaped, err) < 0)
			return -1;
		if (yaml_at(s, 0) == quote)
			break;
		gap = s->pos;
		leading = escaped;
		for (;;) {
			if (yaml_break(s, 0)) {
				yaml_skip_break(s);
				leading = true;
			} else if (yaml_blank(yaml_at(s, 0))) {
				s->pos++;
			} else {
				break;
			}
		}
		if (leading)
			add_folded(&s->scratch, span_sub(s->in, gap, s->pos - gap), escaped);
		else
			buf_add_span(&s->scratch, span_sub(s->in, gap, s->pos - gap));
	}
	yaml_skip(s);
	ret_token->end = (uint32_t)s->pos;
	return take_scratch(s, ret_token, err);
}

int yaml_fetch_quoted(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	uint8_t quote = yaml_at(s, 0);
	size_t from, wide = s->wide;

	ret_token->type = TOKEN_SCALAR;
	ret_token->style = quote == '"' ? STYLE_DOUBLE : STYLE_SINGLE;
	yaml_skip(s);
	from = s->pos;
	pass(s, quote == '"' ? DOUBLE : SINGLE);
	if (yaml_at(s, 0) != quote || (quote == '\'' && yaml_at(s, 1) == '\'')) {
		s->pos = from;
		s->wide = wide;
		return fetch_changed(s, quote, ret_token, err);
	}
	ret_token->text = span_sub(s->in, from, s->pos - from);
	yaml_skip(s);
	ret_token->end = (uint32_t)s->pos;
	return 0;
}
