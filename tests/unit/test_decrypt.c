/* SPDX-License-Identifier: Apache-2.0
 *
 * The door: many jobs at once, whole items in place, what each job is told. Documents are sealed here with a known key; that real ones open
 * is for tests/program/test_decrypt.py.
 */
#include "fake_service.h"
#include "mangle.h"
#include "seal.h"

#include "decrypt.h"

#define WHEN "2024-05-06T07:08:09Z"

struct ring {
	struct keyring keyring;
	struct keyservice age;
	struct fake_log log;
};

static void ring_init(struct ring *ring)
{
	struct err err = ERR_INIT;

	*ring = (struct ring){.keyring = KEYRING_INIT, .age = FAKE_SERVICE(SOPS_KEY_AGE, true)};
	assert_int_equal(keyring_add_service(&ring->keyring, &ring->age, &ring->log, &err), 0);
}

static void ring_release(struct ring *ring)
{
	keyring_release(&ring->keyring);
}

#define CLEAN_RING CLEANUP(ring_release)

/* The `sops` entry for a document whose values are `hashed`, as JSON (which is YAML too). */
static void add_meta(struct buf *out, const char *hashed, const char *enc, const char *fields)
{
	uint8_t hash[64];
	CLEAN_BUF struct buf hex = BUF_INIT(256);
	unsigned len;

	assert_int_equal(EVP_Digest(hashed, strlen(hashed), hash, &len, EVP_sha512(), NULL), 1);
	hex_encode(span_of(hash, len), true, &hex);
	buf_add_str(out, "\"sops\": {\"age\": [{\"recipient\": \"me\", \"enc\": \"");
	buf_add_str(out, enc);
	buf_add_str(out, "\"}], \"lastmodified\": \"" WHEN "\", \"version\": \"3.13.3\", ");
	buf_add_str(out, fields);
	buf_add_str(out, "\"mac\": \"");
	seal_add_with(out, buf_span(&hex), "str", SPAN(WHEN), 32);
	buf_add_str(out, "\"}");
}

/* {"stringData": {"token": ENC, "user": "joe"}, "sops": ...} with stringData.token encrypted. */
static void add_secret(struct buf *out, const char *token, const char *hashed, const char *enc)
{
	buf_add_str(out, "{\"kind\": \"Secret\", \"stringData\": {\"token\": \"");
	seal_add(out, token, "str", "stringData:token:");
	buf_add_str(out, "\"}, ");
	add_meta(out, hashed, enc, "\"encrypted_regex\": \"^stringData$\", ");
	buf_add_str(out, "}");
}

static void jobs_do_not_stop_each_other(void **state)
{
	static const char *const why[] = {
		NULL,  "no key opens it",  NULL, "metadata not found",
		"MAC", "stringData.token", NULL,
	};
	static const enum err_code code[] = {
		ERR_NONE, ERR_NO_KEY, ERR_NONE, ERR_FORMAT, ERR_MAC, ERR_VALUE, ERR_NONE,
	};
	enum { JOBS = ARRAY_LEN(why) };
	struct buf text[JOBS];
	struct decrypt_job jobs[JOBS];
	CLEAN_RING struct ring ring;
	struct err err = ERR_INIT;
	size_t i;

	ring_init(&ring);
	memset(jobs, 0, sizeof(jobs));
	for (i = 0; i < JOBS; i++)
		text[i] = (struct buf)BUF_INIT(SEAL_MAX);
	add_secret(&text[0], "one", "Secretone", FAKE_KEY);
	add_secret(&text[1], "two", "Secrettwo", "no");
	add_secret(&text[2], "three", "Secretthree", FAKE_KEY);
	buf_add_str(&text[3], "{\"a\": 1}");
	add_secret(&text[4], "four", "Secretfive", FAKE_KEY);
	add_secret(&text[5], "five", "Secretfive",
		   "open:ff0102030405060708090a0b0c0d0e0f1011121"
		   "31415161718191a1b1c1d1e1f");
	add_secret(&text[6], "six", "Secretsix", FAKE_KEY);
	for (i = 0; i < JOBS; i++) {
		jobs[i].input = buf_span(&text[i]);
		jobs[i].in_format = DOC_JSON;
		jobs[i].out_format = i == 6 ? DOC_YAML : DOC_JSON;
		jobs[i].label = i == 1 ? "Secret shop/db" : NULL;
	}
	assert_int_equal(decrypt_run(jobs, JOBS, &ring.keyring, NULL, &err), -1);
	assert_int_equal(err.code, ERR_NO_KEY); /* the first one's */
	assert_string_equal(err.msg, "Secret shop/db: no key opens it: age 'me': not mine");
	for (i = 0; i < JOBS; i++) {
		assert_int_equal(jobs[i].done, why[i] == NULL);
		assert_int_equal(jobs[i].loaded, i != 3);
		if (!why[i]) {
			assert_null(jobs[i].err);
			assert_int_equal(jobs[i].key.len, 32);
			assert_true(span_eq(jobs[i].key, span_of(seal_key, 32)));
			continue;
		}
		assert_int_equal(jobs[i].err->code, code[i]);
		assert_non_null(strstr(jobs[i].err->msg, why[i]));
		assert_int_equal(jobs[i].output.len, 0);
	}
	assert_non_null(memmem(jobs[0].output.data, jobs[0].output.len, "\"token\": \"one\"", 14));
	assert_true(span_starts(buf_span(&jobs[6].output), SPAN("kind: Secret\n")));
	/* equal wrapped keys were asked for once */
	assert_int_equal(ring.log.requests, 3);
	for (i = 0; i < JOBS; i++) {
		decrypt_job_release(&jobs[i]);
		decrypt_job_release(&jobs[i]); /* twice is fine */
		buf_release(&text[i]);
	}
}

static void all_done_is_success_and_none_is_fine(void **state)
{
	CLEAN_RING struct ring ring;
	struct err err = ERR_INIT;

	ring_init(&ring);
	assert_int_equal(decrypt_run(NULL, 0, &ring.keyring, NULL, &err), 0);
}

static void a_bad_order_is_for_all(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct decrypt_job job = {.in_format = DOC_JSON, .out_format = DOC_JSON};
	CLEAN_RING struct ring ring;
	struct err err = ERR_INIT;

	ring_init(&ring);
	add_secret(&text, "one", "Secretone", FAKE_KEY);
	job.input = buf_span(&text);
	assert_int_equal(decrypt_run(&job, 1, &ring.keyring, "age,age", &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_false(job.done);
	decrypt_job_release(&job);
}

static void a_whole_item_is_opened_in_place(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *item, *token;
	struct decrypt_job job = {.tree_doc = &doc};
	CLEAN_RING struct ring ring;
	struct err err = ERR_INIT;

	ring_init(&ring);
	buf_add_str(&text, "{\"items\": [");
	add_secret(&text, "one", "Secretone", FAKE_KEY);
	buf_add_str(&text, ", {\"stringData\": {\"token\": \"in the clear\"}}]}");
	assert_int_equal(doc_read(DOC_JSON, buf_span(&text), &doc, &err), 0);
	item = doc_get(doc.first, "items")->kids.first;
	job.tree = item;
	assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), 0);
	assert_true(job.done);
	assert_int_equal(job.output.len, 0);
	assert_null(doc_get(item, "sops"));
	token = doc_get(doc_get(item, "stringData"), "token");
	assert_true(span_is(token->str, "one"));
	assert_true(token->flags & DOC_OPENED);
	assert_false(doc_get(item, "kind")->flags & DOC_OPENED);
	/* the next item is not this job's */
	token = doc_get(doc_get(item->next, "stringData"), "token");
	assert_true(span_is(token->str, "in the clear"));
	decrypt_job_release(&job);
	assert_true(span_is(token->str, "in the clear")); /* tree_doc is the caller's */
}

static void ignoring_the_mac_tells_that_it_is_bad(void **state)
{
	static const char *const hashed[] = {"Secretone", "Secrettwo"};
	size_t i;

	for (i = 0; i < 2; i++) {
		CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
		struct decrypt_job job = {.in_format = DOC_JSON,
					  .out_format = DOC_JSON,
					  .mac = DECRYPT_MAC_IGNORE,
					  .no_output = true};
		CLEAN_RING struct ring ring;
		struct err err = ERR_INIT;

		ring_init(&ring);
		add_secret(&text, "one", hashed[i], FAKE_KEY);
		job.input = buf_span(&text);
		assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), 0);
		assert_int_equal(job.mac_bad, i == 1);
		assert_int_equal(job.output.len, 0); /* no_output */
		decrypt_job_release(&job);
	}
}

static void messages_name_the_place_and_never_the_value(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"a: hush", "a: not encrypted"},
		{"a: {b: [x_unencrypted, {c: hush}]}", "a.b[0]: "},
		{"a: {b: [~, {c: hush}]}", "a.b[1].c: "},
		{"a: [[[hush]]]", "a[0][0][0]: "},
		{"\"a'b\\n\": hush", "a\\x27b\\x0a: "},
		{"a: 5", "a: a value in the clear"},
		{"a: {5: x}", "a.5: a key that is not a string"},
		{"a_unencrypted: 9999999999999999999", "a_unencrypted: a number"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
		struct decrypt_job job = {.in_format = DOC_YAML, .out_format = DOC_YAML};
		CLEAN_RING struct ring ring;
		struct err err = ERR_INIT;

		ring_init(&ring);
		buf_add_str(&text, table[i].text);
		buf_add_str(&text, "\n");
		add_meta(&text, "", FAKE_KEY, "");
		job.input = buf_span(&text);
		assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), -1);
		assert_int_equal(err.code, ERR_VALUE);
		if (strncmp(err.msg, table[i].want, strlen(table[i].want)) != 0)
			fail_msg("%s: '%s'", table[i].text, err.msg);
		assert_null(strstr(err.msg, "hush"));
		decrypt_job_release(&job);
	}
}

static void a_path_that_is_too_long_is_cut(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct decrypt_job job = {.in_format = DOC_JSON, .out_format = DOC_JSON};
	CLEAN_RING struct ring ring;
	struct err err = ERR_INIT;
	size_t i;

	ring_init(&ring);
	buf_add_str(&text, "{");
	for (i = 0; i < 200; i++)
		buf_add_str(&text, "\"keykeykeykey\": {");
	buf_add_str(&text, "\"x\": \"hush\"");
	for (i = 0; i < 200; i++)
		buf_add_str(&text, "}");
	buf_add_str(&text, ", ");
	add_meta(&text, "", FAKE_KEY, "");
	buf_add_str(&text, "}");
	job.input = buf_span(&text);
	assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "...: not encrypted"));
	decrypt_job_release(&job);
}

static void extracts_and_checks_the_path_first(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	CLEAN_RING struct ring ring;
	struct decrypt_job job = {.in_format = DOC_JSON,
				  .out_format = DOC_JSON,
				  .extract = "[\"stringData\"][\"token\"]"};
	struct err err = ERR_INIT;

	ring_init(&ring);
	add_secret(&text, "one", "Secretone", FAKE_KEY);
	job.input = buf_span(&text);
	assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), 0);
	assert_true(span_is(buf_span(&job.output), "one"));
	decrypt_job_release(&job);
	job = (struct decrypt_job){.in_format = DOC_JSON, .extract = "[", .input = buf_span(&text)};
	job.extract = "[\"x\"";
	ring.log = (struct fake_log){.calls = 0};
	assert_int_equal(decrypt_run(&job, 1, &ring.keyring, NULL, &err), -1);
	assert_int_equal(err.code, ERR_EXTRACT);
	assert_int_equal(ring.log.calls, 0);
	decrypt_job_release(&job);
}

struct mangled {
	struct ring *ring;
	size_t opened;
};

/* A document that was changed anywhere does not open, or prints what it did before: names outside of the MAC aside, nothing in it can be
 * changed by somebody who has no key. */
static int open_mangled(struct span input, void *arg)
{
	struct mangled *m = arg;
	struct decrypt_job job = {.input = input, .in_format = DOC_JSON, .out_format = DOC_JSON};
	struct err err = ERR_INIT;
	int r = decrypt_run(&job, 1, &m->ring->keyring, NULL, &err);

	if (r == 0) {
		m->opened++;
		assert_non_null(memmem(job.output.data, job.output.len, "one", 3));
		assert_null(memmem(job.output.data, job.output.len, "ENC[", 4));
	} else {
		assert_null(strstr(err.msg, "one"));
	}
	decrypt_job_release(&job);
	return r;
}

static void nothing_opens_to_something_else(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(SEAL_MAX);
	struct mangled m = {.opened = 0};
	CLEAN_RING struct ring ring;

	ring_init(&ring);
	m.ring = &ring;
	add_secret(&text, "one", "Secretone", FAKE_KEY);
	mangle_all(buf_span(&text), open_mangled, &m);
	assert_true(m.opened > 0);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_do_not_stop_each_other),
		cmocka_unit_test(all_done_is_success_and_none_is_fine),
		cmocka_unit_test(a_bad_order_is_for_all),
		cmocka_unit_test(a_whole_item_is_opened_in_place),
		cmocka_unit_test(ignoring_the_mac_tells_that_it_is_bad),
		cmocka_unit_test(messages_name_the_place_and_never_the_value),
		cmocka_unit_test(a_path_that_is_too_long_is_cut),
		cmocka_unit_test(extracts_and_checks_the_path_first),
		cmocka_unit_test(nothing_opens_to_something_else),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
