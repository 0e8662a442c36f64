/* SPDX-License-Identifier: Apache-2.0
 *
 * base64: round trips at every length, each foreign byte at each place, and what each rule takes.
 */
#include "mangle.h"

#include "base/text.h"

enum { MAX = 4096, LONGEST = 100 };

static void decodes_what_was_encoded_at_every_length(void **state)
{
	uint8_t bytes[LONGEST];
	size_t len, i;

	for (i = 0; i < LONGEST; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (len = 0; len <= LONGEST; len++) {
		static const enum base64_rule rules[] = {BASE64_GO, BASE64_STRICT,
							 BASE64_RAW_STRICT};

		for (i = 0; i < ARRAY_LEN(rules); i++) {
			CLEAN_BUF struct buf text = BUF_INIT(MAX);
			CLEAN_BUF struct buf back = BUF_INIT(MAX);
			struct err err = ERR_INIT;

			base64_encode(span_of(bytes, len), rules[i] != BASE64_RAW_STRICT, &text);
			buf_add_str(&back, "before");
			assert_int_equal(base64_decode(rules[i], buf_span(&text), &back), 0);
			assert_int_equal(buf_check(&back, &err), 0);
			assert_true(span_eq(span_from(buf_span(&back), 6), span_of(bytes, len)));
		}
	}
}

static int digit(uint8_t c)
{
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static void sees_every_byte_at_every_place(void **state)
{
	char text[73];
	size_t at;
	int c;

	for (at = 0; at < 72; at++) {
		for (c = 0; c < 256; c++) {
			CLEAN_BUF struct buf back = BUF_INIT(MAX);
			int want = digit((uint8_t)c);

			memset(text, 'A', 72);
			text[at] = (char)c;
			if (base64_decode(BASE64_STRICT, span_of(text, 72), &back) < 0) {
				/* one '=' is fine at the very end */
				assert_true(want < 0 && !(c == '=' && at == 71));
				assert_int_equal(back.len, 0);
				continue;
			}
			if (c == '=' && at == 71) {
				assert_int_equal(back.len, 53);
				continue;
			}
			assert_true(want >= 0);
			assert_int_equal(back.len, 54);
			/* the six bits are where they belong */
			assert_int_equal((at % 4 == 0   ? back.data[at / 4 * 3] >> 2
					  : at % 4 == 1 ? (back.data[at / 4 * 3] & 3) << 4 |
								  back.data[at / 4 * 3 + 1] >> 4
					  : at % 4 == 2 ? (back.data[at / 4 * 3 + 1] & 15) << 2 |
								  back.data[at / 4 * 3 + 2] >> 6
							: back.data[at / 4 * 3 + 2] & 63),
					 want);
		}
	}
}

struct rule_case {
	const char *text;
	int go, strict, raw; /* bytes, or -1 */
};

static void each_rule_takes_its_own(void **state)
{
	static const struct rule_case table[] = {
		{"", 0, 0, 0},
		{"QQ==", 1, 1, -1},
		{"QQ", -1, -1, 1},
		{"QR==", 1, -1, -1}, /* spare bits */
		{"QR", -1, -1, -1},
		{"QUE=", 2, 2, -1},
		{"QUF=", 2, -1, -1},
		{"QUE", -1, -1, 2},
		{"QUFB", 3, 3, 3},
		{"QU\nFB", 3, -1, -1},
		{"QU\r\nFB\n", 3, -1, -1},
		{"QQ=\n=", 1, -1, -1},
		{"QUFBQUFBQUFBQUFB\nQUFBQUFBQUFBQUFB\r", 24, -1, -1},
		{"Q", -1, -1, -1},
		{"=", -1, -1, -1},
		{"====", -1, -1, -1},
		{"Q===", -1, -1, -1},
		{"QQ=", -1, -1, -1},
		{"QQ===", -1, -1, -1},
		{"QQ==QUFB", -1, -1, -1},
		{"QUFB=", -1, -1, -1},
		{"QUFB====", -1, -1, -1},
		{"QU FB", -1, -1, -1},
		{"-_-_", -1, -1, -1},
	};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		const int want[] = {table[i].go, table[i].strict, table[i].raw};

		for (k = 0; k < 3; k++) {
			CLEAN_BUF struct buf back = BUF_INIT(MAX);
			int r = base64_decode((enum base64_rule)k, span_str(table[i].text), &back);

			if ((r < 0 ? -1 : (int)back.len) != want[k])
				fail_msg("rule %zu, '%s': %d, %zu bytes", k, table[i].text, r,
					 back.len);
		}
	}
}

static int decode_mangled(struct span input, void *arg)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(MAX);
	CLEAN_BUF struct buf again = BUF_INIT(MAX);

	if (base64_decode(BASE64_STRICT, input, &bytes) < 0)
		return -1;
	base64_encode(buf_span(&bytes), true, &again);
	assert_true(span_eq(buf_span(&again), input));
	return 0;
}

static void what_is_strict_has_one_spelling(void **state)
{
	mangle_all(SPAN("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0MTIzNDU2Nzg5MA=="), decode_mangled,
		   NULL);
}

static void a_limit_sticks(void **state)
{
	CLEAN_BUF struct buf small = BUF_INIT(4);
	struct err err = ERR_INIT;

	assert_int_equal(base64_decode(BASE64_GO, SPAN("QUFBQUFBQUFB"), &small), 0);
	assert_int_equal(buf_check(&small, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* Into a pool whose pieces have other pieces behind them. */
static void a_secret_is_decoded_where_it_stays(void **state)
{
	static const char *const texts[] = {"",         "QQ==", "QUI=", "QUJD", "QU\r\nJD",
					    "QUJDRA==", "=",    "Q",    "*"};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEAN_BUF struct buf plain = BUF_INIT(MAX);
		bool good = base64_decode(BASE64_GO, span_str(texts[i]), &plain) == 0;
		struct span got = SPAN_NULL;
		struct err err = ERR_INIT;

		assert_int_equal(base64_secret(BASE64_GO, span_str(texts[i]), &pool, &got, &err),
				 good ? 0 : -1);
		assert_int_equal(err.code, good ? ERR_NONE : ERR_FORMAT);
		assert_true(span_eq(got, buf_span(&plain)));
	}
}

static void passes_over_blanks_in_armor(void **state)
{
	static const struct {
		const char *text, *bytes;
	} rows[] = {
		{"", ""},        {" \t\n", ""},    {"QUJD", "ABC"}, {" QU\tJD\r\n Q Q = =", "ABCA"},
		{"Q Q =", NULL}, {"QU\vJD", NULL},
	};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span got = SPAN_NULL;
		struct err err = ERR_INIT;

		assert_int_equal(base64_secret_spaced(span_str(rows[i].text), &pool, &got, &err),
				 rows[i].bytes ? 0 : -1);
		assert_int_equal(err.code, rows[i].bytes ? ERR_NONE : ERR_FORMAT);
		assert_true(!rows[i].bytes || span_is(got, rows[i].bytes));
	}
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_was_encoded_at_every_length),
		cmocka_unit_test(sees_every_byte_at_every_place),
		cmocka_unit_test(each_rule_takes_its_own),
		cmocka_unit_test(what_is_strict_has_one_spelling),
		cmocka_unit_test(a_limit_sticks),
		cmocka_unit_test(a_secret_is_decoded_where_it_stays),
		cmocka_unit_test(passes_over_blanks_in_armor),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
