/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/unwrap.c and key_remote.c: what is put can be got; what is cut, longer or otherwise than written is refused; and a ring whose keys
 * are elsewhere opens, or says why not.
 */
#include "mangle.h"

#include "keys/key_remote.h"
#include "keys/unwrap.h"
#include "sops/datakey.h"

static struct doc_node pairs[2] = {
	{.next = &pairs[1], .kind = DOC_STRING, .key = {(const uint8_t *)"app", 3}},
	{.kind = DOC_STRING, .key = {(const uint8_t *)"env", 3}},
};
static struct doc_node context = {.kind = DOC_MAP};

static void fill(struct sops_key keys[2])
{
	pairs[0].str = SPAN("shop");
	pairs[1].str = SPAN("prod");
	context.kids.first = &pairs[0];
	context.kids.last = &pairs[1];
	keys[0] = (struct sops_key){.type = SOPS_KEY_KMS,
				    .id = SPAN("arn:aws:kms:x:1:key/y"),
				    .role = SPAN("role"),
				    .profile = SPAN("profile"),
				    .enc = SPAN("AQI="),
				    .context = &context};
	keys[1] = (struct sops_key){.type = SOPS_KEY_HC_VAULT,
				    .id = SPAN("key"),
				    .address = SPAN("https://vault.example"),
				    .path = SPAN("transit"),
				    .enc = SPAN("vault:v1:AAAA")};
}

static void put(struct buf *out)
{
	struct sops_key keys[2];
	struct key_request requests[2] = {{.key = &keys[0]}, {.key = &keys[1]}};

	fill(keys);
	unwrap_put_request(SPAN("flux-system/sops-keys"), SPAN("Secret shop/db"), requests, 2, out);
}

static void requests_come_back_as_they_were(void **state)
{
	CLEAN_BUF struct buf frame = BUF_INIT(4096), again = BUF_INIT(4096);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct key_request requests[2] = {{.key = NULL}};
	struct unwrap_request got;
	struct err err = ERR_INIT;
	size_t body, i;

	put(&frame);
	assert_int_equal(unwrap_head(buf_span(&frame), false, &body, &err), 0);
	assert_int_equal(body, frame.len - UNWRAP_HEAD);
	assert_int_equal(
		unwrap_get_request(span_from(buf_span(&frame), UNWRAP_HEAD), &doc, &got, &err), 0);
	assert_int_equal(got.count, 2);
	assert_true(span_is(got.label, "Secret shop/db"));
	assert_true(span_is(doc_get_str(got.keys[0].context, "env"), "prod"));
	assert_null(got.keys[1].context);
	for (i = 0; i < 2; i++)
		requests[i].key = &got.keys[i];
	unwrap_put_request(got.secret, got.label, requests, 2, &again);
	assert_true(span_eq(buf_span(&frame), buf_span(&again)));
}

static void cut_and_longer_requests_are_refused(void **state)
{
	CLEAN_BUF struct buf frame = BUF_INIT(4096);
	struct unwrap_request got;
	size_t len;

	put(&frame);
	buf_add_char(&frame, 0);
	for (len = UNWRAP_HEAD; len <= frame.len; len++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		uint8_t *exact =
			mangle_block(span_sub(buf_span(&frame), UNWRAP_HEAD, len - UNWRAP_HEAD),
				     len - UNWRAP_HEAD);
		int r = unwrap_get_request(span_of(exact, len - UNWRAP_HEAD), &doc, &got, &err);

		assert_int_equal(r, len == frame.len - 1 ? 0 : -1);
		if (r < 0)
			assert_int_equal(err.code, ERR_FORMAT);
		free(exact);
	}
}

/* Whatever bit is flipped: refused, or read as something that is written back as it was read. */
static void flipped_bits_never_confuse(void **state)
{
	CLEAN_BUF struct buf frame = BUF_INIT(4096);
	size_t bit;

	put(&frame);
	for (bit = UNWRAP_HEAD * 8; bit < frame.len * 8; bit++) {
		CLEAN_BUF struct buf again = BUF_INIT(8192);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct key_request requests[2] = {{.key = NULL}};
		struct unwrap_request got;
		struct err err = ERR_INIT;
		size_t i;

		frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (unwrap_get_request(span_from(buf_span(&frame), UNWRAP_HEAD), &doc, &got,
				       &err) == 0) {
			assert_true(got.count <= 2);
			for (i = 0; i < got.count; i++)
				requests[i].key = &got.keys[i];
			unwrap_put_request(got.secret, got.label, requests, got.count, &again);
			assert_true(span_eq(buf_span(&frame), buf_span(&again)));
		}
		frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void heads_are_checked(void **state)
{
	static const struct {
		const char *head;
		bool reply;
		enum err_code code;
	} rows[] = {
		{"KSQ1\0\0\1\2", false, ERR_NONE},   {"KSR1\0\0\1\2", true, ERR_NONE},
		{"KSQ1\0\0\1\2", true, ERR_FORMAT},  {"KSR1\0\0\1\2", false, ERR_FORMAT},
		{"KSQ2\0\0\1\2", false, ERR_FORMAT}, {"KSQ1\5\0\1\2", false, ERR_LIMIT},
	};
	size_t i, body;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = unwrap_head(span_of(rows[i].head, UNWRAP_HEAD), rows[i].reply, &body, &err);

		assert_int_equal(err.code, rows[i].code);
		assert_int_equal(r, rows[i].code ? -1 : 0);
		if (r == 0)
			assert_int_equal(body, 0x102);
		assert_int_equal(unwrap_head(span_of(rows[i].head, UNWRAP_HEAD - 1), rows[i].reply,
					     &body, &err),
				 -1);
	}
}

struct other_side {
	struct buf asked; /* the last frame */
	int fail;
};

static const uint8_t datakey[DATAKEY_LEN] = {1, 2, 3};

static int exchange(void *cookie, struct span frame, struct buf *ret_body, struct err *err)
{
	CLEAN_BUF struct buf reply = BUF_INIT(4096);
	struct key_request answers[1] = {
		{.verdict = KEY_OPENED, .opened = {datakey, sizeof(datakey)}}};
	struct other_side *side = cookie;

	if (side->fail)
		return err_set(err, ERR_UNREACHABLE, "nobody is there");
	buf_reset(&side->asked);
	buf_add_span(&side->asked, frame);
	unwrap_put_reply(answers, 1, &reply);
	buf_add_span(ret_body, span_from(buf_span(&reply), UNWRAP_HEAD));
	return 0;
}

static void a_ring_of_remote_keys_opens(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct other_side side = {.asked = BUF_INIT(4096)};
	struct key_remote remote = {
		.secret = SPAN("a/b"), .label = "x", .cookie = &side, .exchange = exchange};
	struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1"), .enc = SPAN("enc")};
	struct sops_group group = {.keys = &key, .count = 1};
	struct sops_meta meta = {.groups = &group, .group_count = 1};
	struct datakey_want want = {.meta = &meta};
	struct err err = ERR_INIT;

	assert_int_equal(key_remote_add(&ring, &remote, &err), 0);
	assert_int_equal(datakey_open(&want, 1, &ring, NULL, &err), 0);
	assert_null(want.err);
	assert_true(span_eq(want.key, span_of(datakey, sizeof(datakey))));
	assert_true(want.key.data != datakey);
	side.fail = 1;
	want.key = SPAN_NULL;
	assert_int_equal(datakey_open(&want, 1, &ring, NULL, &err), 0);
	assert_null(want.key.data);
	assert_int_equal(want.err->code, ERR_UNREACHABLE);
	assert_non_null(strstr(want.err->msg, "nobody is there"));
	free(want.err);
	buf_release(&side.asked);
}

/* Every cut and every flipped bit of a reply: refused, or verdicts that are in range with a key exactly where one was opened. */
static void replies_are_held_to_the_rules(void **state)
{
	struct key_request answers[2] = {
		{.verdict = KEY_OPENED, .opened = {datakey, sizeof(datakey)}},
		{.verdict = KEY_FAILED, .code = ERR_DENIED, .why = "no"},
	};
	CLEAN_BUF struct buf reply = BUF_INIT(4096);
	struct span body;
	size_t i;

	unwrap_put_reply(answers, 2, &reply);
	body = span_from(buf_span(&reply), UNWRAP_HEAD);
	for (i = 0; i <= body.len; i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct key_request got[2] = {{.verdict = KEY_NOT_TRIED}};
		struct err err = ERR_INIT;
		int r = unwrap_get_reply(span_sub(body, 0, i), &pool, got, 2, &err);

		assert_int_equal(r, i == body.len ? 0 : -1);
		if (r == 0) {
			assert_true(span_eq(got[0].opened, answers[0].opened));
			assert_int_equal(got[1].code, ERR_DENIED);
			assert_string_equal(got[1].why, "no");
		}
		assert_int_equal(unwrap_get_reply(span_sub(body, 0, i), &pool, got, 1, &err), -1);
	}
	for (i = 0; i < body.len * 8; i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct key_request got[2] = {{.verdict = KEY_NOT_TRIED}};
		struct err err = ERR_INIT;
		int k;

		reply.data[UNWRAP_HEAD + i / 8] ^= (uint8_t)(1 << i % 8);
		if (unwrap_get_reply(body, &pool, got, 2, &err) == 0) {
			for (k = 0; k < 2; k++) {
				assert_true(got[k].verdict >= KEY_OPENED &&
					    got[k].verdict <= KEY_FAILED);
				assert_int_equal(got[k].verdict == KEY_OPENED,
						 got[k].opened.len > 0);
			}
		}
		reply.data[UNWRAP_HEAD + i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_come_back_as_they_were),
		cmocka_unit_test(cut_and_longer_requests_are_refused),
		cmocka_unit_test(flipped_bits_never_confuse),
		cmocka_unit_test(heads_are_checked),
		cmocka_unit_test(a_ring_of_remote_keys_opens),
		cmocka_unit_test(replies_are_held_to_the_rules),
	};
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
