/* SPDX-License-Identifier: Apache-2.0
 *
 * Doubles to text and back. Text to double: Go's syntax is checked here, then the significant digits go to strtod as an integer with
 * an exponent, a form without a decimal point, so that no locale can change the result; strtod rounds correctly. Double to text:
 * the shortest digits that read back, exact arithmetic on big integers (Steele and White's algorithm, as Burger and Dybvig put it).
 *
 * Rules: Go: strconv (ParseFloat, FormatFloat with precision -1), encoding/json (floatEncoder).
 */
#include "doc/scalar.h"
#include "doc/scalar_internal.h"

#include "base/wipe.h"

#include <assert.h>
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

/* Unsigned integers of a fixed size, lowest limb first. The largest number below is 2 x 2^53 x 10^324 or 10 times that: 1134 bits. */
enum { BIG_LIMBS = 40 };

struct big {
	uint32_t limb[BIG_LIMBS];
	int count; /* limbs in use; the highest is not 0 */
};

static void big_set(struct big *b, uint64_t value)
{
	b->count = 0;
	for (; value; value >>= 32)
		b->limb[b->count++] = (uint32_t)value;
}

static void big_mul(struct big *b, uint32_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < b->count; i++) {
		carry += (uint64_t)b->limb[i] * by;
		b->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry) {
		assert(b->count < BIG_LIMBS);
		b->limb[b->count++] = (uint32_t)carry;
	}
}

static void big_mul_pow10(struct big *b, int power)
{
	for (; power >= 9; power -= 9)
		big_mul(b, 1000 * 1000 * 1000);
	for (; power > 0; power--)
		big_mul(b, 10);
}

static void big_shift(struct big *b, int bits)
{
	int limbs = bits / 32;

	if (b->count == 0)
		return;
	big_mul(b, (uint32_t)1 << (bits % 32));
	assert(b->count + limbs <= BIG_LIMBS);
	memmove(b->limb + limbs, b->limb, (size_t)b->count * sizeof(b->limb[0]));
	memset(b->limb, 0, (size_t)limbs * sizeof(b->limb[0]));
	b->count += limbs;
}

static int big_cmp(const struct big *a, const struct big *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (int i = a->count - 1; i >= 0; i--) {
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	}
	return 0;
}

static void big_add(struct big *a, const struct big *b)
{
	uint64_t carry = 0;

	for (int i = 0; i < b->count || carry; i++) {
		assert(i < BIG_LIMBS);
		if (i == a->count)
			a->limb[a->count++] = 0;
		carry += (uint64_t)a->limb[i] + (i < b->count ? b->limb[i] : 0);
		a->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

/* a -= b, where a >= b. */
static void big_sub(struct big *a, const struct big *b)
{
	int64_t borrow = 0;

	for (int i = 0; i < a->count; i++) {
		borrow += (int64_t)a->limb[i] - (i < b->count ? b->limb[i] : 0);
		a->limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (a->count && a->limb[a->count - 1] == 0)
		a->count--;
}

/* value = 0.d1d2...dn x 10^point, d1 and dn not 0; zero has no digits and point 0. */
struct decimal {
	char digits[24]; /* 17 at most */
	int count, point;
};

/* What the digits are drawn from: value = rest / unit; everything from value - below/unit to value + above/unit reads back as value. */
struct drawing {
	struct big rest, unit, below, above;
	bool even; /* the interval's ends count in */
};

/* Whether value + above reaches up to one unit, which makes the next digit (or power of ten) reachable. */
static bool reaches_up(const struct drawing *d)
{
	struct big sum = d->rest;
	CLEAN_WIPE(sum);

	big_add(&sum, &d->above);
	return big_cmp(&sum, &d->unit) >= !d->even;
}

static void draw_digits(struct drawing *d, struct decimal *ret)
{
	for (;;) {
		int digit = 0;

		big_mul(&d->rest, 10);
		big_mul(&d->below, 10);
		big_mul(&d->above, 10);
		for (; big_cmp(&d->rest, &d->unit) >= 0; digit++)
			big_sub(&d->rest, &d->unit);
		bool low = big_cmp(&d->rest, &d->below) < d->even;
		bool high = reaches_up(d);
		if (low &&
		    high) { /* both digits do: the closer one, at the same distance the even one */
			big_add(&d->rest, &d->rest);
			int half = big_cmp(&d->rest, &d->unit);
			digit += half > 0 || (half == 0 && digit % 2);
		} else {
			digit += high;
		}
		ret->digits[ret->count++] = (char)('0' + digit);
		if (low || high)
			return;
	}
}

/* The shortest digits of a finite value > 0. */
static void to_decimal(double value, struct decimal *ret)
{
	struct drawing d = {.even = false};
	CLEAN_WIPE(d);
	int exponent = 0;
	uint64_t mantissa = (uint64_t)ldexp(frexp(value, &exponent), 53);

	/* value = mantissa x 2^(exponent - 53); below the normal range the mantissa is shorter */
	exponent -= 53;
	if (exponent < -1074) {
		mantissa >>= -1074 - exponent;
		exponent = -1074;
	}
	d.even = mantissa % 2 == 0;
	/* Just above a power of two the neighbour below is nearer than the one above. */
	bool uneven = mantissa == (uint64_t)1 << 52 && exponent > -1074;
	int spare = 1 + uneven;

	big_set(&d.rest, mantissa);
	big_set(&d.unit, 1);
	big_set(&d.below, 1);
	big_shift(&d.rest, spare + (exponent > 0 ? exponent : 0));
	big_shift(&d.unit, spare + (exponent < 0 ? -exponent : 0));
	big_shift(&d.below, exponent > 0 ? exponent : 0);
	d.above = d.below;
	if (uneven)
		big_shift(&d.above, 1);

	/* The power of ten, or one too small: log10 from below. */
	ret->point = (int)ceil(
		(exponent + (64 - __builtin_clzll(mantissa)) - 1) * 0.30102999566398114 - 1e-10);
	ret->count = 0;
	if (ret->point > 0) {
		big_mul_pow10(&d.unit, ret->point);
	} else {
		big_mul_pow10(&d.rest, -ret->point);
		big_mul_pow10(&d.below, -ret->point);
		big_mul_pow10(&d.above, -ret->point);
	}
	if (reaches_up(&d)) {
		big_mul(&d.unit, 10);
		ret->point++;
	}
	draw_digits(&d, ret);
}

/* The digits of a whole number, without zeros at its end. */
static void from_whole(uint64_t whole, int point_shift, struct decimal *ret)
{
	char text[24];
	CLEAN_WIPE(text);
	int at = sizeof(text);

	for (; whole; whole /= 10)
		text[--at] = (char)('0' + whole % 10);
	ret->count = (int)sizeof(text) - at;
	ret->point = ret->count - point_shift;
	memcpy(ret->digits, text + at, (size_t)ret->count);
	while (ret->count && ret->digits[ret->count - 1] == '0')
		ret->count--;
}

/* The quick way for what people write: integers below 2^53 are their own shortest digits. And up to 15 digits no two decimals read as the
 * same double, so whichever reads as this one is the shortest; w / 10^n is rounded once, as both are exact. */
static bool short_to_decimal(double value, struct decimal *ret)
{
	double power = 1;

	if (value < 9007199254740992.0 && value == floor(value)) {
		from_whole((uint64_t)value, 0, ret);
		return true;
	}
	if (value < 1e-5)
		return false;
	for (int shift = 1; shift <= 20 && value * power < 1e14; shift++) {
		power *= 10;
		double whole = floor(value * power + 0.5);

		if (whole / power == value) {
			from_whole((uint64_t)whole, shift, ret);
			return true;
		}
	}
	return false;
}

/* d[.ddd]e+dd */
static void add_scientific(const struct decimal *d, char letter, int width, struct buf *out)
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

static void add_plain(const struct decimal *d, bool force_point, struct buf *out)
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
	struct decimal d = {.count = 0};
	CLEAN_WIPE(d);
	double size = fabs(value);

	if (!isfinite(value)) {
		add_special(value, form, out);
		return;
	}
	if (signbit(value))
		buf_add_char(out, '-');
	if (!short_to_decimal(size, &d))
		to_decimal(size, &d);
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
