/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces of a pattern; see re2_scan.h. Each function says which of Go's (regexp/syntax/parse.go) it follows.
 */
#include "sops/re2_scan.h"

#include "base/text.h"

enum { NUMBER_MAX = 100000000 /* where a count is only known to be too large */ };

int re2_refuse(const char *why, struct err *err)
{
	return err_set(err, ERR_FORMAT, "%s", why);
}

uint32_t re2_take(struct re2_scan *s)
{
	uint32_t code = 0;

	s->at += utf8_next(s->text, s->at, &code);
	return code;
}

bool re2_is_alnum(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int hex_value(uint32_t c)
{
	return c >= '0' && c <= '9'   ? (int)c - '0'
	       : c >= 'a' && c <= 'f' ? (int)c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? (int)c - 'A' + 10
				      : -1;
}

/* Decimal digits without a leading zero; a number too large for any use is NUMBER_MAX. */
static bool take_number(struct re2_scan *s, int *ret)
{
	int number = 0;

	if (!re2_more(s) || s->text.data[s->at] < '0' || s->text.data[s->at] > '9')
		return false;
	if (s->text.data[s->at] == '0' && s->at + 1 < s->text.len &&
	    s->text.data[s->at + 1] >= '0' && s->text.data[s->at + 1] <= '9')
		return false;
	for (; re2_more(s) && s->text.data[s->at] >= '0' && s->text.data[s->at] <= '9'; s->at++) {
		if (number < NUMBER_MAX)
			number = number * 10 + (s->text.data[s->at] - '0');
	}
	*ret = number;
	return true;
}

/* Go: parseRepeat */
bool re2_take_counts(struct re2_scan *s, int *ret_min, int *ret_max)
{
	size_t start = s->at;
	int min, max;

	s->at++;
	if (!take_number(s, &min))
		goto no;
	max = min;
	if (re2_next_is(s, 0, ',')) {
		s->at++;
		if (re2_next_is(s, 0, '}'))
			max = RE2_INFINITE;
		else if (!take_number(s, &max))
			goto no;
	}
	if (!re2_next_is(s, 0, '}'))
		goto no;
	s->at++;
	*ret_min = min;
	*ret_max = max;
	return true;
no:
	s->at = start;
	return false;
}

/* \x12, \x{10FFFF}; the x is taken. */
static int parse_hex(struct re2_scan *s, uint32_t *ret_code, struct err *err)
{
	uint32_t code = 0;
	size_t digits = 0;
	int high, low;

	if (!re2_next_is(s, 0, '{')) {
		high = re2_more(s) ? hex_value(re2_take(s)) : -1;
		low = re2_more(s) ? hex_value(re2_take(s)) : -1;
		if (high < 0 || low < 0)
			return re2_refuse("invalid escape sequence", err);
		*ret_code = (uint32_t)(high * 16 + low);
		return 0;
	}
	for (s->at++; re2_more(s) && !re2_next_is(s, 0, '}'); digits++) {
		low = hex_value(re2_take(s));
		if (low < 0)
			return re2_refuse("invalid escape sequence", err);
		code = code * 16 + (uint32_t)low;
		if (code > RE2_CODE_MAX)
			return re2_refuse("invalid escape sequence", err);
	}
	if (!re2_more(s) || !digits)
		return re2_refuse("invalid escape sequence", err);
	s->at++;
	*ret_code = code;
	return 0;
}

/* Go: parseEscape */
int re2_take_escape(struct re2_scan *s, uint32_t *ret_code, struct err *err)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	const char *letter;
	uint32_t code;
	size_t i;

	s->at++;
	if (!re2_more(s))
		return re2_refuse("trailing backslash at end of expression", err);
	code = re2_take(s);
	if (code == 'x')
		return parse_hex(s, ret_code, err);
	/* Up to three octal digits; a single one is an octal escape only where it is 0. */
	if (code >= '0' && code <= '7') {
		bool octal =
			re2_more(s) && s->text.data[s->at] >= '0' && s->text.data[s->at] <= '7';

		if (code != '0' && !octal)
			return re2_refuse("invalid escape sequence", err);
		code -= '0';
		for (i = 1; i < 3 && re2_more(s) && s->text.data[s->at] >= '0' &&
			    s->text.data[s->at] <= '7';
		     i++)
			code = code * 8 + (s->text.data[s->at++] - '0');
		*ret_code = code;
		return 0;
	}
	letter = code && code < 0x80 ? strchr(letters, (int)code) : NULL;
	if (letter)
		code = (uint8_t)values[letter - letters];
	else if (code >= 0x80 || re2_is_alnum(code))
		return re2_refuse("invalid escape sequence", err);
	*ret_code = code;
	return 0;
}

/* \pN, \p{Name}, \p{^Name}, \P likewise; the backslash is not yet taken. Go: parseUnicodeClass */
static int parse_property(struct re2_scan *s, struct re2_class *class, struct err *err)
{
	bool negated = re2_next_is(s, 1, 'P');
	size_t start, end;
	struct span name;
	int r;

	s->at += 2;
	if (re2_next_is(s, 0, '{')) {
		start = s->at + 1;
		end = span_find(s->text, start, '}');
		if (end == s->text.len)
			return re2_refuse("invalid character class range", err);
		s->at = end + 1;
	} else {
		start = s->at;
		if (re2_more(s))
			(void)re2_take(s);
		end = s->at;
	}
	name = span_sub(s->text, start, end - start);
	if (span_starts(name, SPAN("^"))) {
		negated = !negated;
		name = span_from(name, 1);
	}
	r = re2_class_add_property(class, name, negated, err);
	return r > 0 ? re2_refuse("invalid character class range: no such property", err) : r;
}

int re2_take_class_escape(struct re2_scan *s, struct re2_class *class, struct err *err)
{
	int r;

	if (!re2_next_is(s, 0, '\\') || s->at + 1 >= s->text.len)
		return 1;
	if (re2_next_is(s, 1, 'p') || re2_next_is(s, 1, 'P'))
		return parse_property(s, class, err);
	r = re2_class_add_perl(class, s->text.data[s->at + 1], err);
	if (r == 0)
		s->at += 2;
	return r;
}

/* [:name:] at the current place. 1, and nothing taken, where there is no :] behind. Go: parseNamedClass */
static int parse_posix(struct re2_scan *s, struct re2_class *class, struct err *err)
{
	struct span rest = span_from(s->text, s->at + 2);
	size_t end;
	int r;

	if (!re2_next_is(s, 0, '[') || !re2_next_is(s, 1, ':'))
		return 1;
	end = span_search(rest, SPAN(":]"));
	if (end == SIZE_MAX)
		return 1;
	r = re2_class_add_posix(class, span_sub(rest, 0, end), err);
	if (r > 0)
		return re2_refuse("invalid character class range: no such class", err);
	s->at += 2 + end + 2;
	return r;
}

static int parse_class_char(struct re2_scan *s, uint32_t *ret_code, struct err *err)
{
	if (!re2_more(s))
		return re2_refuse("missing closing ]", err);
	if (re2_next_is(s, 0, '\\'))
		return re2_take_escape(s, ret_code, err);
	*ret_code = re2_take(s);
	return 0;
}

static int parse_range(struct re2_scan *s, struct re2_class *class, struct err *err)
{
	uint32_t lo = 0, hi;

	if (parse_class_char(s, &lo, err) < 0)
		return -1;
	hi = lo;
	/* [a-] is a or a hyphen. */
	if (re2_next_is(s, 0, '-') && s->at + 1 < s->text.len && !re2_next_is(s, 1, ']')) {
		s->at++;
		if (parse_class_char(s, &hi, err) < 0)
			return -1;
		if (hi < lo)
			return re2_refuse("invalid character class range", err);
	}
	return re2_class_add(class, lo, hi, err);
}

/* Go: parseClass */
int re2_take_bracket(struct re2_scan *s, struct re2_class *class, bool *ret_negated,
		     struct err *err)
{
	bool negated = re2_next_is(s, 1, '^'), first;
	int r;

	s->at += negated ? 2 : 1;
	for (first = true; first || !re2_next_is(s, 0, ']'); first = false) {
		r = parse_posix(s, class, err);
		if (r == 1)
			r = re2_take_class_escape(s, class, err);
		if (r == 1)
			r = parse_range(s, class, err);
		if (r < 0)
			return -1;
	}
	s->at++;
	*ret_negated = negated;
	return 0;
}
