/* SPDX-License-Identifier: Apache-2.0
 *
 * Doubles to text and back. Text to double: Go's syntax is checked here, then the significant digits go to strtod as an integer with
 * an exponent, a form without a decimal point, so that no locale can change the result; strtod rounds correctly. Double to text:
 * the digits come from scalar_digits.c, the layout is made here.
 *
 * Rules: Go: strconv (ParseFloat, FormatFloat with precision -1), encoding/json (floatEncoder).
 */
#include "doc/scalar.h"
#include "doc/scalar_internal.h"

#include "base/wipe.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	READ_DIGITS_MAX =
		800, /* 767 digits decide every halfway case; what follows is told by one more digit */
	EXPONENT_MAX =
		1000 * 1000 *
		1000, /* past this an exponent is as good as infinite, and sums of two still fit */
};

/* What the syntax check collects. */
struct reading {
	char digits[READ_DIGITS_MAX + 1]; /* significant ones, without leading zeros */
	size_t count;
	int64_t exponent;         /* of the base: value = digits x base^exponent; hex: of 2 */
	bool negative, hex, more; /* more: digits beyond the last are not all 0 */
};

static bool is_digit(int c, bool hex)
{
	return scalar_is_digit(c) || (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Go's underscoreOK: underscores stand between digits, or between a base prefix and a digit. `from` is behind the sign. */
static bool underscores_ok(struct span s, size_t from)
{
	char saw = '^';
	bool hex = false;

	if (s.len - from >= 2 && s.data[from] == '0' && strchr("bBoOxX", s.data[from + 1]) &&
	    s.data[from + 1]) {
		hex = (s.data[from + 1] | 0x20) == 'x';
		from += 2;
		saw = '0';
	}
	for (size_t i = from; i < s.len; i++) {
		if (is_digit(s.data[i], hex)) {
			saw = '0';
		} else if (s.data[i] == '_') {
			if (saw != '0')
				return false;
			saw = '_';
		} else {
			if (saw == '_')
				return false;
			saw = '!';
		}
	}
	return saw != '_';
}

static void keep_digit(struct reading *r, char c, bool behind_point)
{
	int64_t step = r->hex ? 4 : 1;

	if (r->count == 0 && c == '0') {
		r->exponent -= behind_point ? step : 0;
	} else if (r->count < READ_DIGITS_MAX) {
		r->digits[r->count++] = c;
		r->exponent -= behind_point ? step : 0;
	} else {
		r->more |= c != '0';
		r->exponent += behind_point ? 0 : step;
	}
}

/* The exponent, behind its letter. */
static bool read_exponent(struct scalar_cursor *c, bool *underscores, int64_t *ret)
{
	int64_t value = 0;
	int sign = scalar_peek(c);

	if (sign == '+' || sign == '-')
		scalar_next(c);
	if (!scalar_is_digit(scalar_peek(c)))
		return false;
	for (int byte; scalar_is_digit(byte = scalar_peek(c)) || byte == '_'; scalar_next(c)) {
		if (byte == '_')
			*underscores = true;
		else if (value < EXPONENT_MAX)
			value = value * 10 + (byte - '0');
	}
	*ret = sign == '-' ? -value : value;
	return true;
}

static bool read_syntax(struct scalar_cursor *c, struct reading *r)
{
	bool underscores = false, point = false, any = false;
	int64_t exponent = 0;
	int byte = scalar_peek(c);

	if (byte == '+' || byte == '-')
		r->negative = scalar_next(c) == '-';
	size_t from = c->at;
	if (c->text.len - from > 2 && c->text.data[from] == '0' &&
	    (c->text.data[from + 1] | 0x20) == 'x') {
		r->hex = true;
		c->at += 2;
	}
	for (; (byte = scalar_peek(c)) >= 0; scalar_next(c)) {
		if (byte == '_') {
			underscores = true;
		} else if (byte == '.' && !point) {
			point = true;
		} else if (is_digit(byte, r->hex)) {
			keep_digit(r, (char)byte, point);
			any = true;
		} else {
			break;
		}
	}
	if (!any)
		return false;
	if ((byte | 0x20) == (r->hex ? 'p' : 'e')) {
		scalar_next(c);
		if (!read_exponent(c, &underscores, &exponent))
			return false;
	} else if (r->hex) {
		return false;
	}
	r->exponent += exponent;
	return scalar_peek(c) < 0 && (!underscores || underscores_ok(c->text, from));
}

static bool read_float(struct span text, bool bare, double *ret)
{
	struct scalar_cursor cursor = {text, 0, bare};
	struct reading r = {.count = 0};
	char number[READ_DIGITS_MAX + 32];
	CLEAN_WIPE(r);
	CLEAN_WIPE(number);

	if (!read_syntax(&cursor, &r))
		return false;
	if (r.count == 0)
		r.digits[r.count++] = '0';
	if (r.more) {
		r.digits[r.count++] = '1';
		r.exponent -= r.hex ? 4 : 1;
	}
	if (r.exponent > EXPONENT_MAX)
		r.exponent = EXPONENT_MAX;
	if (r.exponent < -EXPONENT_MAX)
		r.exponent = -EXPONENT_MAX;
	snprintf(number, sizeof(number), "%s%s%.*s%c%d", r.negative ? "-" : "", r.hex ? "0x" : "",
		 (int)r.count, r.digits, r.hex ? 'p' : 'e', (int)r.exponent);
	int saved = errno;
	double value = strtod(number, NULL);
	errno = saved;
	if (isinf(value))
		return false;
	*ret = value;
	return true;
}

/* "inf", "infinity" with any sign, "nan" without one, in any case. */
static bool read_special(struct span text, double *ret)
{
	bool sign = text.len && (text.data[0] == '+' || text.data[0] == '-');
	struct span word = span_from(text, sign);
	const char *name = (const char *)word.data;

	if ((word.len == 3 && strncasecmp(name, "inf", 3) == 0) ||
	    (word.len == 8 && strncasecmp(name, "infinity", 8) == 0)) {
		*ret = sign && text.data[0] == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (!sign && word.len == 3 && strncasecmp(name, "nan", 3) == 0) {
		*ret = NAN;
		return true;
	}
	return false;
}

bool scalar_parse_float(struct span text, double *ret)
{
	return read_special(text, ret) || read_float(text, false, ret);
}

bool scalar_parse_bare_float(struct span text, double *ret)
{
	return read_float(text, true, ret);
}

/* d[.ddd]e+dd */
static void add_scientific(const struct scalar_decimal *d, char letter, int width, struct buf *out)
{
	int exponent = d->point - 1;
	int size = exponent < 0 ? -exponent : exponent;

	buf_add_char(out, (uint8_t)d->digits[0]);
	if (d->count > 1) {
		buf_add_char(out, '.');
		buf_add(out, d->digits + 1, (size_t)d->count - 1);
	}
	buf_add_char(out, (uint8_t)letter);
	buf_add_char(out, exponent < 0 ? '-' : '+');
	buf_printf(out, "%0*d", width, size);
}

static void add_plain(const struct scalar_decimal *d, bool force_point, struct buf *out)
{
	int whole = d->count < d->point ? d->count : d->point;

	if (d->point <= 0) {
		buf_add_char(out, '0');
	} else {
		buf_add(out, d->digits, (size_t)whole);
		buf_add_fill(out, '0', (size_t)(d->point - whole));
	}
	if (d->count > d->point) {
		buf_add_char(out, '.');
		buf_add_fill(out, '0', (size_t)(d->point < 0 ? -d->point : 0));
		if (whole < 0)
			whole = 0;
		buf_add(out, d->digits + whole, (size_t)(d->count - whole));
	} else if (force_point) {
		buf_add_str(out, ".0");
	}
}

static void add_special(double value, enum scalar_float_form form, struct buf *out)
{
	bool yaml = form == FLOAT_YAML;

	if (isnan(value))
		buf_add_str(out, yaml ? ".nan" : "NaN");
	else if (value > 0)
		buf_add_str(out, yaml ? ".inf" : "+Inf");
	else
		buf_add_str(out, yaml ? "-.inf" : "-Inf");
}

void scalar_add_float(double value, enum scalar_float_form form, struct buf *out)
{
	struct scalar_decimal d = {.count = 0};
	CLEAN_WIPE(d);
	double size = fabs(value);

	if (!isfinite(value)) {
		add_special(value, form, out);
		return;
	}
	if (signbit(value))
		buf_add_char(out, '-');
	scalar_shortest(size, &d);
	int exponent = d.point - 1;
	bool scientific = false;

	if (form == FLOAT_YAML || form == FLOAT_FLAT)
		scientific = d.count && (exponent < -4 || exponent >= 6);
	else if (form == FLOAT_JSON)
		scientific = d.count && (size < 1e-6 || size >= 1e21);
	if (scientific)
		add_scientific(&d, form == FLOAT_FLAT ? 'E' : 'e', form == FLOAT_JSON ? 1 : 2, out);
	else
		add_plain(&d, form == FLOAT_FLAT, out);
}
