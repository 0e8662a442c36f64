/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted leaves: the grammar, the types, and that nothing opens that was touched.
 */
#include "mangle.h"
#include "seal.h"

#include "sops/sops_value.h"

struct fixture {
	struct sops_value_opener opener;
	struct arena arena;
};

static void fixture_init(struct fixture *fx)
{
	struct err err = ERR_INIT;

	*fx = (struct fixture){
		.opener = {.scratch = BUF_INIT(SOPS_VALUE_SCRATCH_MAX)},
		.arena = ARENA_INIT(DOC_ARENA_MAX),
	};
	fx->opener.arena = &fx->arena;
	assert_int_equal(gcm_new(&fx->opener.gcm, &err), 0);
	assert_int_equal(gcm_set_key(fx->opener.gcm, seal_key, &err), 0);
}

static void fixture_release(struct fixture *fx)
{
	gcm_free(fx->opener.gcm);
	buf_release(&fx->opener.scratch);
	arena_release(&fx->arena);
}

#define CLEAN_FIXTURE CLEANUP(fixture_release)

static void opens_what_was_sealed(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;

	fixture_init(&fx);
	seal_add(&text, "secret value", "str", "a:b:");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("a:b:"), &node, &err),
			 0);
	assert_int_equal(node.kind, DOC_STRING);
	assert_true(span_is(node.str, "secret value"));
}

static void opens_every_nonce_length_that_openssl_takes(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	struct err err = ERR_INIT;
	size_t len;

	fixture_init(&fx);
	for (len = 1; len <= GCM_NONCE_MAX; len++) {
		CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
		struct doc_node node = {.kind = DOC_NULL};

		seal_add_with(&text, SPAN("v"), "str", SPAN("k:"), len);
		assert_int_equal(
			sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), 0);
		assert_true(span_is(node.str, "v"));
	}
}

struct typed {
	const char *type, *plain;
	int kind; /* -1: refused */
	int64_t integer;
	double number;
};

static void reads_each_type(void **state)
{
	static const struct typed table[] = {
		{"str", "x", DOC_STRING, 0, 0},
		{"int", "42", DOC_INT, 42, 0},
		{"int", "+5", DOC_INT, 5, 0},
		{"int", "007", DOC_INT, 7, 0},
		{"int", "-0", DOC_INT, 0, 0},
		{"int", "-9223372036854775808", DOC_INT, INT64_MIN, 0},
		{"int", "9223372036854775807", DOC_INT, INT64_MAX, 0},
		{"int", "9223372036854775808", -1, 0, 0},
		{"int", "0x10", -1, 0, 0},
		{"int", "1_0", -1, 0, 0},
		{"int", " 1", -1, 0, 0},
		{"int", "1.0", -1, 0, 0},
		{"float", "1e3", DOC_FLOAT, 0, 1000},
		{"float", ".5", DOC_FLOAT, 0, 0.5},
		{"float", "5.", DOC_FLOAT, 0, 5},
		{"float", "0x1p4", DOC_FLOAT, 0, 16},
		{"float", "1e-400", DOC_FLOAT, 0, 0},
		{"float", "1e400", -1, 0, 0},
		{"float", "1,5", -1, 0, 0},
		{"bool", "True", DOC_BOOL, 1, 0},
		{"bool", "1", DOC_BOOL, 1, 0},
		{"bool", "f", DOC_BOOL, 0, 0},
		{"bool", "yes", -1, 0, 0},
		{"bool", "TrUe", -1, 0, 0},
		{"time", "2020-01-02T03:04:05Z", DOC_TIME, 1577934245, 0},
		{"time", "2020-01-02 03:04:05Z", -1, 0, 0},
		{"comment", " c", DOC_COMMENT, 0, 0},
		{"bytes", "x", -1, 0, 0},
		{"Str", "x", -1, 0, 0},
		{"str]", "x", -1, 0, 0},
		{"", "x", -1, 0, 0},
	};
	CLEAN_FIXTURE struct fixture fx;
	size_t i;

	fixture_init(&fx);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		const struct typed *t = &table[i];
		CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
		struct doc_node node = {.kind = DOC_LIST, .flags = DOC_FLOW};
		struct err err = ERR_INIT;
		int r;

		seal_add(&text, t->plain, t->type, "k:");
		r = sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err);
		if (r != (t->kind < 0 ? -1 : 0))
			fail_msg("%s '%s': %d", t->type, t->plain, r);
		if (r < 0) {
			assert_int_equal(err.code, ERR_VALUE);
			assert_int_equal(node.kind, DOC_LIST); /* untouched */
			assert_null(strstr(err.msg, t->plain[0] && t->plain[1] ? t->plain : "\n"));
			continue;
		}
		assert_int_equal(node.kind, t->kind);
		assert_int_equal(node.flags, DOC_FLOW);
		if (t->kind == DOC_INT)
			assert_true(node.integer == t->integer);
		if (t->kind == DOC_FLOAT)
			assert_true(!(node.number < t->number) && !(node.number > t->number));
		if (t->kind == DOC_BOOL)
			assert_int_equal(node.boolean, t->integer);
		if (t->kind == DOC_TIME)
			assert_true(node.time.seconds == t->integer);
	}
}

static void keeps_bytes_that_are_no_text(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;
	uint8_t all[256];
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	fixture_init(&fx);
	seal_add_with(&text, span_of(all, sizeof(all)), "str", SPAN("k:"), 32);
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), 0);
	assert_true(span_eq(node.str, span_of(all, sizeof(all))));
}

static void empty_text_is_the_empty_string(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;

	fixture_init(&fx);
	assert_int_equal(sops_value_open(&fx.opener, SPAN_NULL, SPAN("k:"), &node, &err), 0);
	assert_int_equal(node.kind, DOC_STRING);
	assert_int_equal(node.str.len, 0);
	assert_non_null(node.str.data);
}

#define GOOD_IV                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define GOOD_TAG                 "AAAAAAAAAAAAAAAAAAAAAA=="
#define ENC(data, iv, tag, type) "ENC[AES256_GCM,data:" data ",iv:" iv ",tag:" tag ",type:" type "]"

static void refuses_text_that_is_not_the_format(void **state)
{
	static const char *const table[] = {
		" " ENC("AA==", GOOD_IV, GOOD_TAG, "str"),
		"enc[AES256_GCM,data:AA==,iv:" GOOD_IV ",tag:" GOOD_TAG ",type:str]",
		"ENC[AES256_CBC,data:AA==,iv:" GOOD_IV ",tag:" GOOD_TAG ",type:str]",
		"ENC[AES256_GCM,data:AA==,iv:" GOOD_IV ",tag:" GOOD_TAG ",type:str",
		"ENC[AES256_GCM,data:AA==,iv:" GOOD_IV ",tag:" GOOD_TAG "]",
		"ENC[AES256_GCM,data:AA==,tag:" GOOD_TAG ",iv:" GOOD_IV ",type:str]",
		ENC("", GOOD_IV, GOOD_TAG, "str"),
		ENC("AA==", "", GOOD_TAG, "str"),
		ENC("AA==", GOOD_IV, "", "str"),
		ENC("AA==", GOOD_IV, GOOD_TAG, ""),
		ENC("A A==", GOOD_IV, GOOD_TAG, "str"),
		ENC("AA-_", GOOD_IV, GOOD_TAG, "str"),
		ENC("AA", GOOD_IV, GOOD_TAG, "str"),
		ENC("AA\n==", GOOD_IV, GOOD_TAG, "str"),
		ENC("AA==", GOOD_IV, GOOD_TAG, "str") "trailing",
		ENC("AA==", GOOD_IV, GOOD_TAG, "str") "\n]",
		"plain text",
		"ENC[",
		"ENC[AES256_GCM,data:]",
	};
	CLEAN_FIXTURE struct fixture fx;
	size_t i;

	fixture_init(&fx);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct doc_node node = {.kind = DOC_NULL};
		struct err err = ERR_INIT;

		if (sops_value_open(&fx.opener, span_str(table[i]), SPAN("k:"), &node, &err) == 0)
			fail_msg("opened '%s'", table[i]);
		assert_int_equal(err.code, ERR_VALUE);
		assert_null(strstr(err.msg, "plain text"));
	}
}

static void differs_refuses_text_behind_the_bracket(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	struct doc_node node = {.kind = DOC_NULL};
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct err err = ERR_INIT;

	fixture_init(&fx);
	seal_add(&text, "v", "str", "k:");
	buf_add_str(&text, " \t\r\n");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), 0);
	buf_add_str(&text, "x");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), -1);
}

static void differs_refuses_tags_that_are_not_16_bytes(void **state)
{
	uint8_t cipher[8], tag[16], nonce[32] = {1}, moved[18];
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;

	/* sops opens this: it cuts the 16 bytes from the end of data and tag together */
	fixture_init(&fx);
	seal_raw(SPAN("12345678"), SPAN("k:"), span_of(nonce, 32), cipher, tag);
	memcpy(moved, cipher + 6, 2);
	memcpy(moved + 2, tag, 16);
	buf_add_str(&text, "ENC[AES256_GCM,data:");
	base64_encode(span_of(cipher, 6), true, &text);
	buf_add_str(&text, ",iv:");
	base64_encode(span_of(nonce, 32), true, &text);
	buf_add_str(&text, ",tag:");
	base64_encode(span_of(moved, 18), true, &text);
	buf_add_str(&text, ",type:str]");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), -1);
	assert_non_null(strstr(err.msg, "18 bytes"));
}

static void differs_refuses_nonces_beyond_openssl(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;
	uint8_t nonce[GCM_NONCE_MAX + 1] = {0};

	fixture_init(&fx);
	buf_add_str(&text, "ENC[AES256_GCM,data:AA==,iv:");
	base64_encode(span_of(nonce, sizeof(nonce)), true, &text);
	buf_add_str(&text, ",tag:" GOOD_TAG ",type:str]");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &err), -1);
	assert_non_null(strstr(err.msg, "129 bytes"));
}

static void does_not_open_at_another_place_or_with_another_key(void **state)
{
	uint8_t other[32] = {1};
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct doc_node node = {.kind = DOC_NULL};
	struct err moved = ERR_INIT, wrong = ERR_INIT;

	fixture_init(&fx);
	seal_add(&text, "v", "str", "k:");
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("l:"), &node, &moved),
			 -1);
	assert_int_equal(gcm_set_key(fx.opener.gcm, other, &wrong), 0);
	assert_int_equal(sops_value_open(&fx.opener, buf_span(&text), SPAN("k:"), &node, &wrong),
			 -1);
	assert_string_equal(moved.msg, wrong.msg);
}

struct touched {
	struct fixture *fx;
	struct span whole;
	size_t opened;
};

/* Whatever was done to the text: it opens to the plaintext or not at all. It can open only where base64 has spare bits, where blanks were
 * appended, or where the type (which the tag does not cover) reads otherwise. */
static int open_touched(struct span input, void *arg)
{
	struct touched *t = arg;
	struct doc_node node = {.kind = DOC_NULL};
	struct err err = ERR_INIT;

	(void)sops_value_is(input);
	if (sops_value_open(&t->fx->opener, input, SPAN("k:"), &node, &err) < 0)
		return -1;
	if (input.len == 0) {
		assert_int_equal(node.str.len, 0);
		return 0;
	}
	assert_true(span_is(node.str, "1234567"));
	t->opened++;
	return 0;
}

static void survives_every_change(void **state)
{
	CLEAN_FIXTURE struct fixture fx;
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct touched t = {.fx = &fx};

	fixture_init(&fx);
	seal_add(&text, "1234567", "str", "k:");
	t.whole = buf_span(&text);
	mangle_all(t.whole, open_touched, &t);
	/* The whole text as it is; LF, CR and blank behind it; and spare bits: 2 in data, 2 in the nonce, 4 in the tag, which are flips of
	 * one digit to another that encodes the same bytes. */
	assert_in_range(t.opened, 4, 4 + 8);
}

static void knows_a_token_when_it_sees_one(void **state)
{
	assert_true(sops_value_is(SPAN(ENC("AA==", GOOD_IV, GOOD_TAG, "str"))));
	assert_true(sops_value_is(SPAN(ENC("AA==", GOOD_IV, GOOD_TAG, "str") "\n")));
	assert_true(sops_value_is(SPAN(ENC("AA==", GOOD_IV, GOOD_TAG, "what"))));
	assert_false(sops_value_is(SPAN("ENC[AES256_GCM,data:]")));
	assert_false(sops_value_is(SPAN("")));
	assert_false(sops_value_is(SPAN("see ENC[AES256_GCM,data:")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_was_sealed),
		cmocka_unit_test(opens_every_nonce_length_that_openssl_takes),
		cmocka_unit_test(reads_each_type),
		cmocka_unit_test(keeps_bytes_that_are_no_text),
		cmocka_unit_test(empty_text_is_the_empty_string),
		cmocka_unit_test(refuses_text_that_is_not_the_format),
		cmocka_unit_test(differs_refuses_text_behind_the_bracket),
		cmocka_unit_test(differs_refuses_tags_that_are_not_16_bytes),
		cmocka_unit_test(differs_refuses_nonces_beyond_openssl),
		cmocka_unit_test(does_not_open_at_another_place_or_with_another_key),
		cmocka_unit_test(survives_every_change),
		cmocka_unit_test(knows_a_token_when_it_sees_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
