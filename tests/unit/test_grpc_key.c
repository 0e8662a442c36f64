/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/grpc_key.c and protobuf.c: requests as sops 3.13.3 sends them become the key that stands in the document; what is cut or mangled is refused or is
 * another key, never a crash; the answer is the one that sops reads.
 */
#include "mangle.h"

#include "grpc_key.h"
#include "protobuf.h"

/* A request of a table: the number of the member of `Key`, and its fields in order of their numbers. */
struct row {
	uint32_t member;
	enum sops_key_type type;
	const char *fields[5]; /* by number; NULL: left out */
	struct sops_key want;
};

#define TEXT(t)                                     \
	{                                           \
		(const uint8_t *)(t), sizeof(t) - 1 \
	}

static const struct row rows[] = {
	{1,
	 SOPS_KEY_KMS,
	 {NULL, "arn:aws:kms:eu:1:key/a", "role", NULL, "prof"},
	 {.id = TEXT("arn:aws:kms:eu:1:key/a"), .role = TEXT("role"), .profile = TEXT("prof")}},
	{2, SOPS_KEY_PGP, {NULL, "ABCD"}, {.id = TEXT("ABCD")}},
	{3, SOPS_KEY_GCP_KMS, {NULL, "projects/p"}, {.id = TEXT("projects/p")}},
	{4,
	 SOPS_KEY_AZURE_KV,
	 {NULL, "https://v.vault.azure.net", "k", "1"},
	 {.address = TEXT("https://v.vault.azure.net"), .id = TEXT("k"), .path = TEXT("1")}},
	{5,
	 SOPS_KEY_HC_VAULT,
	 {NULL, "https://v", "transit", "k"},
	 {.address = TEXT("https://v"), .path = TEXT("transit"), .id = TEXT("k")}},
	{6, SOPS_KEY_AGE, {NULL, "age1x"}, {.id = TEXT("age1x")}},
	{7, SOPS_KEY_HCKMS, {NULL, "r:uuid"}, {.id = TEXT("r:uuid")}},
};

static void add_prefix(struct span message, struct buf *out)
{
	const uint8_t prefix[] = {0, 0, 0, (uint8_t)(message.len >> 8), (uint8_t)message.len};

	buf_add(out, prefix, sizeof(prefix));
	buf_add_span(out, message);
}

static void put_pair(const char *name, const char *value, struct buf *out)
{
	CLEAN_BUF struct buf entry = BUF_INIT(100);

	protobuf_put(1, span_str(name), &entry);
	protobuf_put(2, span_str(value), &entry);
	protobuf_put(3, buf_span(&entry), out);
}

static void put_request(const struct row *row, bool context, struct buf *out)
{
	CLEAN_BUF struct buf member = BUF_INIT(1000), key = BUF_INIT(1000),
			     message = BUF_INIT(2000);
	uint32_t i;

	for (i = 1; i < 5; i++) {
		if (row->fields[i])
			protobuf_put(i, span_str(row->fields[i]), &member);
	}
	if (context) {
		put_pair("app", "shop", &member);
		put_pair("env", "", &member);
	}
	protobuf_put(row->member, buf_span(&member), &key);
	protobuf_put(1, buf_span(&key), &message);
	protobuf_put(2, SPAN("the enc"), &message);
	add_prefix(buf_span(&message), out);
}

static void every_type_of_key_is_read(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf body = BUF_INIT(4000);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct sops_key key;
		struct err err = ERR_INIT;

		put_request(&rows[i], false, &body);
		assert_int_equal(grpc_key_read(buf_span(&body), &doc, &key, &err), 0);
		assert_int_equal(key.type, rows[i].type);
		assert_true(span_eq(key.id, rows[i].want.id) &&
			    span_eq(key.address, rows[i].want.address));
		assert_true(span_eq(key.path, rows[i].want.path) &&
			    span_eq(key.role, rows[i].want.role));
		assert_true(span_eq(key.profile, rows[i].want.profile) &&
			    span_is(key.enc, "the enc"));
		assert_null(key.context);
	}
}

static void contexts_are_read(void **state)
{
	CLEAN_BUF struct buf body = BUF_INIT(4000);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_key key;
	struct err err = ERR_INIT;

	put_request(&rows[0], true, &body);
	assert_int_equal(grpc_key_read(buf_span(&body), &doc, &key, &err), 0);
	assert_true(span_is(doc_get_str(key.context, "app"), "shop"));
	assert_non_null(doc_get(key.context, "env"));
	assert_int_equal(doc_get(key.context, "env")->str.len, 0);
}

/* Bytes of a request that sops 3.13.3 sent for a document with one age recipient, the texts shortened. */
static void the_bytes_of_sops_are_read(void **state)
{
	static const uint8_t bytes[] = {0,   0,   0,   0,    17, 0x0a, 7,   0x32, 5,   0x0a, 3,
					'a', 'g', 'e', 0x12, 6,  '-',  '-', '-',  '-', '-',  'B'};
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_key key;
	struct err err = ERR_INIT;

	assert_int_equal(grpc_key_read(span_of(bytes, sizeof(bytes)), &doc, &key, &err), 0);
	assert_int_equal(key.type, SOPS_KEY_AGE);
	assert_true(span_is(key.id, "age") && span_is(key.enc, "-----B"));
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err_code code;
	} bad[] = {
		{"", 0, ERR_FORMAT},
		{"\0\0\0\0", 4, ERR_FORMAT},
		{"\0\0\0\0\0", 5, ERR_UNSUPPORTED},  /* no key at all */
		{"\1\0\0\0\0", 5, ERR_UNSUPPORTED},  /* compressed */
		{"\0\0\0\0\2\x0a", 6, ERR_FORMAT},   /* the length is not the message's */
		{"\0\0\0\0\2\x0a\5", 7, ERR_FORMAT}, /* a field that is longer than the message */
		{"\0\0\0\0\4\x0a\2\x42\0", 9, ERR_UNSUPPORTED}, /* member 8 */
		{"\0\0\0\0\1\x0b", 6, ERR_FORMAT},              /* a group */
		{"\0\0\0\0\1\x00", 6, ERR_FORMAT},              /* field 0 */
		{"\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 16,
		 ERR_FORMAT}, /* more than 64 bits */
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct sops_key key;
		struct err err = ERR_INIT;

		assert_int_equal(grpc_key_read(span_of(bad[i].bytes, bad[i].len), &doc, &key, &err),
				 -1);
		assert_int_equal(err.code, bad[i].code);
	}
}

static void a_context_has_each_name_once(void **state)
{
	CLEAN_BUF struct buf member = BUF_INIT(1000), key = BUF_INIT(1000),
			     message = BUF_INIT(2000), body = BUF_INIT(2000);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_key got;
	struct err err = ERR_INIT;

	protobuf_put(1, SPAN("arn"), &member);
	put_pair("a", "1", &member);
	put_pair("a", "2", &member);
	protobuf_put(1, buf_span(&member), &key);
	protobuf_put(1, buf_span(&key), &message);
	add_prefix(buf_span(&message), &body);
	assert_int_equal(grpc_key_read(buf_span(&body), &doc, &got, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static bool inside(struct span part, struct span whole)
{
	return part.len == 0 ||
	       (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static int read_any(struct span input, void *arg)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_key key;
	struct err err = ERR_INIT;

	if (grpc_key_read(input, &doc, &key, &err) < 0) {
		assert_true(err.code != ERR_NONE);
		return -1;
	}
	assert_true(key.type < SOPS_KEY_TYPES && inside(key.id, input) && inside(key.enc, input));
	return 0;
}

static void mangled_requests_do_no_harm(void **state)
{
	CLEAN_BUF struct buf body = BUF_INIT(4000);

	put_request(&rows[0], true, &body);
	mangle_all(buf_span(&body), read_any, NULL);
}

static void answers_are_those_of_the_service(void **state)
{
	static const uint8_t want[] = {0, 0, 0, 0, 5, 0x0a, 3, 'k', 'e', 'y'};
	CLEAN_BUF struct buf out = BUF_INIT(100);

	grpc_key_write(SPAN("key"), &out);
	assert_true(span_eq(buf_span(&out), span_of(want, sizeof(want))));
	assert_int_equal(grpc_key_status(ERR_NONE), GRPC_OK);
	assert_int_equal(grpc_key_status(ERR_NO_KEY), GRPC_NOT_FOUND);
	assert_int_equal(grpc_key_status(ERR_POLICY), GRPC_PERMISSION_DENIED);
	assert_int_equal(grpc_key_status(ERR_UNREACHABLE), GRPC_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_key_is_read),
		cmocka_unit_test(contexts_are_read),
		cmocka_unit_test(the_bytes_of_sops_are_read),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(a_context_has_each_name_once),
		cmocka_unit_test(mangled_requests_do_no_harm),
		cmocka_unit_test(answers_are_those_of_the_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
