/* SPDX-License-Identifier: Apache-2.0
 *
 * The shortest decimal digits that read back as a double, among equally short ones the closest, the even one where two are as close: Steele
 * and White's algorithm, as Burger and Dybvig put it, in exact arithmetic on big integers. That is what Go's strconv prints too; printing
 * with more and more digits until the double comes back is not, just above powers of two (2^-44).
 */
#include "doc/scalar_internal.h"

#include "base/wipe.h"

#include <assert.h>
#include <math.h>

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

static void draw_digits(struct drawing *d, struct scalar_decimal *ret)
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
static void to_decimal(double value, struct scalar_decimal *ret)
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
static void from_whole(uint64_t whole, int point_shift, struct scalar_decimal *ret)
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
static bool short_to_decimal(double value, struct scalar_decimal *ret)
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

void scalar_shortest(double value, struct scalar_decimal *ret)
{
	if (!short_to_decimal(value, ret))
		to_decimal(value, ret);
}
