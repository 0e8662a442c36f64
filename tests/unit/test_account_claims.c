/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/account_claims.c: whose a service account's token is, and whom it is for.
 */
#include "keys/account_claims.h"

#include "base/text.h"

#include "mangle.h"

enum { TOKEN_MAX = 4096 };

/* HEADER.CLAIMS.SIGNATURE of the claims as JSON. */
static struct span token_of(const char *claims, struct buf *out)
{
	buf_reset(out);
	buf_add_str(out, "eyJhbGciOiJSUzI1NiJ9.");
	base64url_encode(span_str(claims), out);
	buf_add_str(out, ".c2ln");
	return buf_span(out);
}

static void reads_subject_and_audience(void **state)
{
	static const struct {
		const char *claims, *audience;
		bool meant;
		const char *namespace, *name; /* NULL: it is no service account's */
	} cases[] = {
		{"{\"aud\":[\"https://v:8200\"],\"sub\":\"system:serviceaccount:ns:sa\"}",
		 "https://v:8200", true, "ns", "sa"},
		{"{\"aud\":[\"a\",\"https://v:8200/\"],\"sub\":\"system:serviceaccount:a.b:c-d\"}",
		 "https://v:8200", true, "a.b", "c-d"},
		{"{\"aud\":\"x\",\"sub\":\"system:serviceaccount:ns:sa\"}", "x/", true, "ns", "sa"},
		{"{\"aud\":[\"https://v:8200\"],\"sub\":\"x\"}", "https://v:820", false, NULL,
		 NULL},
		{"{\"aud\":[],\"sub\":\"system:serviceaccount:ns\"}", "x", false, NULL, NULL},
		{"{\"aud\":{\"x\":1},\"sub\":\"system:serviceaccount:ns:\"}", "x", false, NULL,
		 NULL},
		{"{\"aud\":[7],\"sub\":\"system:serviceaccount::sa\"}", "7", false, NULL, NULL},
		{"{\"sub\":\"system:serviceaccount:..:sa\"}", "x", false, NULL, NULL},
		{"{\"sub\":\"system:serviceaccount:ns:a/b\"}", "x", false, NULL, NULL},
		{"{\"sub\":\"system:serviceaccount:ns:a:b\"}", "x", false, NULL, NULL},
		{"{\"sub\":7}", "x", false, NULL, NULL},
	};
	CLEAN_BUF struct buf text = BUF_INIT(TOKEN_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
		struct span namespace, name;
		struct err err = ERR_INIT;

		assert_int_equal(
			account_claims_read(token_of(cases[i].claims, &text), &claims, &err), 0);
		assert_int_equal(account_claims_for(&claims, span_str(cases[i].audience)),
				 cases[i].meant);
		if (!cases[i].name) {
			assert_int_equal(account_claims_subject(&claims, &namespace, &name, &err),
					 -1);
			assert_int_equal(err.code, ERR_FORMAT);
			continue;
		}
		assert_int_equal(account_claims_subject(&claims, &namespace, &name, &err), 0);
		assert_true(span_is(namespace, cases[i].namespace) && span_is(name, cases[i].name));
	}
}

static void refuses_what_is_no_token(void **state)
{
	static const char *const tokens[] = {"",      "a",        "a.b",       "a.e30",
					     "a.?.c", "a.bnVs.c", "a.e30.c.d", "a.W10.c"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(tokens); i++) {
		CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(account_claims_read(span_str(tokens[i]), &claims, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, "it is no JSON web token");
	}
}

static int parse(struct span input, void *arg)
{
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct span namespace, name;
	struct err err = ERR_INIT;

	if (account_claims_read(input, &claims, &err) < 0)
		return -1;
	(void)account_claims_for(&claims, SPAN("x"));
	return account_claims_subject(&claims, &namespace, &name, &err);
}

static void survives_mangled_input(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(TOKEN_MAX);

	mangle_all(token_of("{\"aud\":[\"x\"],\"sub\":\"system:serviceaccount:ns:sa\"}", &text),
		   parse, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_subject_and_audience),
		cmocka_unit_test(refuses_what_is_no_token),
		cmocka_unit_test(survives_mangled_input),
	};

	return cmocka_run_group_tests_name("account_claims", tests, NULL, NULL);
}
