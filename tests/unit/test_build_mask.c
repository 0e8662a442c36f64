/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-fn/build_mask.c: no secret is left in what kubectl prints, in whatever style it prints it.
 */
#include "build_mask.h"

#include "mangle.h"

static const char *const secrets_of_a_build[] = {
	"hidden",       "hidden-more",
	"abc",          "",
	"true",         "it's",
	"say \"no\"\\", "-----BEGIN KEY-----\n  MIIE\r\nab\n\n-----END KEY-----\n",
};

static const struct {
	const char *said, *want;
} cases[] = {
	{"", ""},
	{"hidden-more hidden abc", "******** ******** abc"},
	{"+  a: hidden\n-  b: xhiddenx\n", "+  a: ********\n-  b: x********x\n"},
	{"+  on: true\n", "+  on: true\n"},
	{"+  a: 'it''s'\n", "+  a: '********'\n"},
	{"+  a: it's\n", "+  a: ********\n"},
	{"-  a: \"say \\\"no\\\"\\\\\"\n", "-  a: \"********\"\n"},
	{"+  key: |\n+    -----BEGIN KEY-----\n+      MIIE\n+    ab\n+    -----END KEY-----\n",
	 "+  key: |\n+    ********\n+      ********\n+    ab\n+    ********\n"},
	{"     -----BEGIN KEY-----\n-     MIIF\n", "     ********\n-     MIIF\n"},
	{"+  key: \"-----BEGIN KEY-----\\n  MIIE\\r\\nab\\n\\n-----END KEY-----\\n\"\n",
	 "+  key: \"********\"\n"},
	{"MIIE", "********"},
	{"+", "+"},
};

static void nothing_secret_is_left(void **state)
{
	CLEAN_BUILD_SECRETS struct build_secrets secrets = BUILD_SECRETS_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(secrets_of_a_build); i++)
		assert_int_equal(build_secrets_add(&secrets, span_str(secrets_of_a_build[i]), &err),
				 0);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);

		assert_int_equal(build_mask(span_str(cases[i].said), &secrets, &out, &err), 0);
		if (!span_is(buf_span(&out), cases[i].want))
			fail_msg("%zu: %.*s", i, (int)out.len, (const char *)out.data);
	}
}

static void without_secrets_all_is_left(void **state)
{
	CLEAN_BUILD_SECRETS struct build_secrets none = BUILD_SECRETS_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;

	assert_int_equal(build_mask(SPAN("+ a\n\n- b"), &none, &out, &err), 0);
	assert_true(span_is(buf_span(&out), "+ a\n\n- b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_secret_is_left),
		cmocka_unit_test(without_secrets_all_is_left),
	};

	return cmocka_run_group_tests_name("build_mask", tests, NULL, NULL);
}
