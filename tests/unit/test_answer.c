/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/answer.c: what is found in an answer, what is not, and that nothing of it gets into messages.
 */
#include "mangle.h"

#include "keys/answer.h"

static const char vault[] =
	"{\"request_id\":\"x\",\"data\":{\"plaintext\":\"AAECAw==\",\"empty\":\"\",\"odd\":\"A-_=\"},\"auth\":null,"
	"\"errors\":[\"one\",{\"code\":2}],\"expires_in\":3599,\"text_in\":\"3600\",\"half\":1.5,\"a\":{\"\":\"blank\"}}";

static void read_it(struct answer *answer)
{
	struct err err = ERR_INIT;

	assert_int_equal(answer_read(span_str(vault), answer, &err), 0);
}

static void finds_what_stands_at_a_path(void **state)
{
	static const struct {
		const char *path, *want; /* NULL: not there, or no string */
	} table[] = {
		{"request_id", "x"},
		{"data.plaintext", "AAECAw=="},
		{"data.empty", ""},
		{"errors.0", "one"},
		{"errors.1", NULL},
		{"errors.2", NULL},
		{"errors.-1", NULL},
		{"errors.one", NULL},
		{"errors", NULL},
		{"data", NULL},
		{"auth", NULL},
		{"auth.client_token", NULL},
		{"request_id.x", NULL},
		{"nothing", NULL},
		{"data.plaintext.", NULL},
		{"", NULL},
		{"expires_in", NULL},
		{"a.", "blank"},
	};
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	size_t i;

	read_it(&answer);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct span got = answer_text(&answer, table[i].path);

		if (!table[i].want && got.data)
			fail_msg("'%s' is there", table[i].path);
		if (table[i].want && (!got.data || !span_is(got, table[i].want)))
			fail_msg("'%s' is '%.*s'", table[i].path, (int)got.len,
				 (const char *)got.data);
	}
}

static void takes_numbers_and_texts_that_are_numbers(void **state)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	int64_t number = -1;

	read_it(&answer);
	assert_true(answer_number(&answer, "expires_in", &number));
	assert_int_equal(number, 3599);
	assert_true(answer_number(&answer, "text_in", &number));
	assert_int_equal(number, 3600);
	assert_true(answer_number(&answer, "errors.1.code", &number));
	assert_int_equal(number, 2);
	assert_false(answer_number(&answer, "half", &number));
	assert_false(answer_number(&answer, "request_id", &number));
	assert_false(answer_number(&answer, "nothing", &number));
	assert_int_equal(number, 2);
}

static void opens_base64_into_the_pool(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span got = SPAN_NULL;

	read_it(&answer);
	assert_int_equal(answer_base64(&answer, "data.plaintext", BASE64_GO, &pool, &got, &err), 0);
	assert_true(span_eq(got, SPAN("\0\1\2\3")));
	assert_int_equal(answer_secret(&answer, "request_id", &pool, &got, &err), 0);
	assert_true(span_is(got, "x"));
}

static void says_what_is_missing_and_nothing_else(void **state)
{
	static const struct {
		const char *path, *want;
	} table[] = {
		{"data.empty", "the answer has no 'data.empty'"},
		{"nothing", "the answer has no 'nothing'"},
		{"expires_in", "the answer has no 'expires_in'"},
		{"data.odd", "'data.odd' of the answer is not base64"},
	};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct span got = SPAN_NULL;
	size_t i;

	read_it(&answer);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(
			answer_base64(&answer, table[i].path, BASE64_GO, &pool, &got, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, table[i].want);
	}
	assert_null(got.data);
}

static void refuses_what_is_no_object(void **state)
{
	static const char *const table[] = {
		"", "null", "[]", "\"x\"", "1", "{", "<html>", "{\"a\":}", "{\"secret\":\"hunter2"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_ANSWER struct answer answer = ANSWER_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(answer_read(span_str(table[i]), &answer, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, "the answer is not JSON");
	}
}

static int read_mangled(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span got;
	int64_t number;

	if (answer_read(input, &answer, &err) < 0)
		return -1;
	if (answer_base64(&answer, "data.plaintext", BASE64_GO, &pool, &got, &err) == 0)
		assert_true(got.len > 0);
	(void)answer_number(&answer, "errors.1.code", &number);
	return 0;
}

static void survives_what_is_mangled(void **state)
{
	mangle_all(span_str(vault), read_mangled, NULL);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_stands_at_a_path),
		cmocka_unit_test(takes_numbers_and_texts_that_are_numbers),
		cmocka_unit_test(opens_base64_into_the_pool),
		cmocka_unit_test(says_what_is_missing_and_nothing_else),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(survives_what_is_mangled),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
