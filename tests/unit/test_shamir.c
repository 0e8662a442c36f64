/* SPDX-License-Identifier: Apache-2.0
 *
 * Shares to secrets: against shares made by another implementation of the field (log tables), every threshold, every refusal.
 */
#include "mangle.h"

#include "sops/shamir.h"

#include <stdio.h>

enum { LEN = 32 };

/* The field by exponent tables of the generator 3: slow to get wrong in the same way. */
static uint8_t exp_table[510], log_table[256];

static int make_tables(void **state)
{
	unsigned x = 1, i;

	for (i = 0; i < 255; i++) {
		exp_table[i] = exp_table[i + 255] = (uint8_t)x;
		log_table[x] = (uint8_t)i;
		x ^= x << 1;
		if (x & 0x100)
			x ^= 0x11b;
	}
	return 0;
}

static uint8_t mul(uint8_t a, uint8_t b)
{
	return a && b ? exp_table[log_table[a] + log_table[b]] : 0;
}

/* A share of secret: a polynomial of degree threshold-1 whose coefficients are made from their place. */
static void make_share(const uint8_t *secret, unsigned threshold, uint8_t x, uint8_t *share)
{
	unsigned i, j;

	for (i = 0; i < LEN; i++) {
		uint8_t y = 0;

		for (j = threshold - 1; j > 0; j--)
			y = mul(y, x) ^ (uint8_t)(i * 37 + j * 101 + 5);
		share[i] = mul(y, x) ^ secret[i];
	}
	share[LEN] = x;
}

static void combines_every_threshold(void **state)
{
	uint8_t secret[LEN], got[LEN], shares[8][LEN + 1];
	struct span spans[8];
	struct err err = ERR_INIT;
	unsigned threshold, i;

	for (i = 0; i < LEN; i++)
		secret[i] = (uint8_t)(i * 11);
	for (threshold = 2; threshold <= 8; threshold++) {
		for (i = 0; i < 8; i++) {
			make_share(secret, threshold, (uint8_t)(255 - i * 31), shares[i]);
			spans[i] = span_of(shares[i], LEN + 1);
		}
		/* with exactly as many as needed, and with all */
		assert_int_equal(shamir_combine(spans, threshold, got, &err), 0);
		assert_memory_equal(got, secret, LEN);
		assert_int_equal(shamir_combine(spans, 8, got, &err), 0);
		assert_memory_equal(got, secret, LEN);
		/* one too few is another key, and nobody can tell */
		if (threshold > 2) {
			assert_int_equal(shamir_combine(spans, threshold - 1, got, &err), 0);
			assert_memory_not_equal(got, secret, LEN);
		}
	}
}

static void multiplies_all_pairs_as_the_tables_do(void **state)
{
	unsigned a, b;

	/* Two shares (x1=1, y1) and (x2, y2): the secret is y1*x2/(1+x2) + y2/(1+x2). With y2 = 0 and the factor c = x2/(1+x2), which takes
	 * each value but 0 and 1, every product y1*c comes by. */
	for (a = 0; a < 256; a++) {
		for (b = 2; b < 256; b++) {
			const uint8_t one[2] = {(uint8_t)a, 1}, two[2] = {0, (uint8_t)b};
			const struct span spans[2] = {{one, 2}, {two, 2}};
			struct err err = ERR_INIT;
			uint8_t got, c;

			c = exp_table[(log_table[b] + 255 - log_table[1 ^ b]) % 255];
			assert_int_equal(shamir_combine(spans, 2, &got, &err), 0);
			assert_int_equal(got, mul((uint8_t)a, c));
		}
	}
}

static void refuses(const struct span *spans, size_t n, const char *why)
{
	struct err err = ERR_INIT;
	uint8_t got[LEN];

	assert_int_equal(shamir_combine(spans, n, got, &err), -1);
	assert_int_equal(err.code, ERR_NO_KEY);
	assert_non_null(strstr(err.msg, why));
}

static void refuses_what_can_not_be_combined(void **state)
{
	static const uint8_t a[3] = {7, 9, 1}, b[3] = {8, 9, 1}, c[3] = {8, 9, 2},
			     zero[3] = {1, 2, 0};
	const struct span one = {a, 3}, same_x = {b, 3}, two = {c, 3}, shorter = {c + 1, 2},
			  tiny = {a, 1}, x0 = {zero, 3};

	refuses(NULL, 0, "none");
	refuses(&one, 1, "one");
	refuses((struct span[]){one, same_x}, 2, "same number");
	refuses((struct span[]){one, one}, 2, "same number");
	refuses((struct span[]){one, shorter}, 2, "lengths");
	refuses((struct span[]){tiny, tiny}, 2, "two bytes");
	refuses((struct span[]){SPAN_NULL, SPAN_NULL}, 2, "two bytes");
	refuses((struct span[]){one, two, x0}, 3, "number 0");
}

static void differs_refuses_x_zero(void **state)
{
	static const uint8_t open[3] = {1, 2, 0}, other[3] = {3, 4, 5};

	refuses((struct span[]){{open, 3}, {other, 3}}, 2, "number 0");
}

static void refuses_more_shares_than_numbers(void **state)
{
	static uint8_t shares[256][2];
	static struct span spans[256];
	unsigned i;

	for (i = 0; i < 256; i++) {
		shares[i][1] = (uint8_t)i;
		spans[i] = span_of(shares[i], 2);
	}
	refuses(spans, 256, "255");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combines_every_threshold),
		cmocka_unit_test(multiplies_all_pairs_as_the_tables_do),
		cmocka_unit_test(refuses_what_can_not_be_combined),
		cmocka_unit_test(differs_refuses_x_zero),
		cmocka_unit_test(refuses_more_shares_than_numbers),
	};

	return cmocka_run_group_tests(tests, make_tables, NULL);
}
