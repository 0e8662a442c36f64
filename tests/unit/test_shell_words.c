/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-fn/shell_words.c: words as github.com/google/shlex cuts them; tests/interop/age_peer.py holds it to that on random lines.
 */
#include "mangle.h"

#include "shell_words.h"

#include <stdio.h>

struct row {
	const char *text, *words; /* each word in brackets; NULL: refused */
};

static const struct row rows[] = {
	{"", ""},
	{" \t\r\n ", ""},
	{"one", "[one]"},
	{"one two  three", "[one][two][three]"},
	{" one\ttwo\nthree\r", "[one][two][three]"},
	{"one \"two three\" four", "[one][two three][four]"},
	{"one 'two three' four", "[one][two three][four]"},
	{"a\"b c\"d'e f'g", "[ab cde fg]"},
	{"\"\" ''", "[][]"},
	{"a '' b", "[a][][b]"},
	{"\\a \\\\ \\\" \\'", "[a][\\][\"][']"},
	{"a\\ b", "[a b]"},
	{"a\\\nb", "[a\nb]"}, /* no line continuation */
	{"\"a\\\"b\\\\c\\nd\"", "[a\"b\\cnd]"},
	{"'a\\b'", "[a\\b]"},
	{"'a\"b' \"a'b\"", "[a\"b][a'b]"},
	{"a # b\nc", "[a][c]"},
	{"# a", ""},
	{"a#b #c", "[a#b]"},
	{"\"#\" '#' \\#", "[#][#][#]"},
	{"a#", "[a#]"},
	{"$HOME `x` $(y) *", "[$HOME][`x`][$(y)][*]"},
	{"a;b|c>d&e", "[a;b|c>d&e]"},
	{"\xc3\xa4 \xff", "[\xc3\xa4][\xff]"},
	{"\v\f", "[\v\f]"},
	{"\"a", NULL},
	{"'a", NULL},
	{"a\\", NULL},
	{"\"a\\", NULL},
	{"\"a\\\"", NULL},
};

static void cuts_as_shlex_does(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		size_t len = strlen(rows[i].text), count = 0, n = 0;
		uint8_t *block = mangle_block(span_str(rows[i].text), len);
		struct err err = ERR_INIT;
		char got[256] = "";
		char **words = NULL;
		int status = shell_words(span_of(block, len), &pool, &words, &count, &err);

		free(block);
		if (status != (rows[i].words ? 0 : -1))
			fail_msg("row %zu: %d %s", i, status, err.msg);
		if (status < 0) {
			assert_int_equal(err.code, ERR_FORMAT);
			continue;
		}
		for (; words[n]; n++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]", words[n]);
		assert_int_equal(n, count);
		assert_string_equal(got, rows[i].words);
	}
}

static void refuses_nul_and_too_many_words(void **state)
{
	char text[2 * SHELL_WORDS_MAX + 4];
	struct err err = ERR_INIT;
	size_t count;
	char **words;

	for (int over = 0; over < 2; over++) {
		for (int space = 0; space < 2; space++) {
			CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
			size_t n = SHELL_WORDS_MAX + (size_t)over;

			for (size_t i = 0; i < n; i++)
				memcpy(text + 2 * i, "a ", 2);
			assert_int_equal(shell_words(span_of(text, 2 * n - 1 + (size_t)space),
						     &pool, &words, &count, &err),
					 -over);
			if (over)
				assert_int_equal(err.code, ERR_LIMIT);
			else
				assert_int_equal(count, SHELL_WORDS_MAX);
		}
	}
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;

	assert_int_equal(shell_words(SPAN("a\0b"), &pool, &words, &count, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_as_shlex_does),
		cmocka_unit_test(refuses_nul_and_too_many_words),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
