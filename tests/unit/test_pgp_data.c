/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_data.c: encrypted data in three forms, none of which lets a changed byte through, and the literal data inside.
 */
#include "pgp_files.h"

#include "keys/pgp_data.h"

/* The data packet of a message, and the session key that opens it. */
static struct pgp_packet data_of(const char *key_file, const char *file, struct secret_pool *pool,
				 struct pgp_session *session)
{
	struct span rest = pgp_file_packets(file, pool);
	struct pgp_secret *key = pgp_file_keys(key_file, pool);
	struct pgp_wrapped wrapped;
	struct pgp_packet packet;
	struct err err = ERR_INIT;

	assert_int_equal(pgp_packet_next(&rest, pool, &packet, &err), 1);
	assert_int_equal(pgp_wrapped_read(packet.body, &wrapped, &err), 0);
	assert_int_equal(pgp_session_open(&wrapped, key, NULL, session, &err), 0);
	assert_int_equal(pgp_packet_next(&rest, pool, &packet, &err), 1);
	return packet;
}

static const struct {
	const char *key, *message, *plain;
	bool compressed;
} rows[] = {
	{"ecc.asc", "gpg-ecc.msg", "datakey.bin", true},
	{"ecc.asc", "gpg-ecc-plain.msg", "datakey.bin", false},
	{"ecc.asc", "gpg-ecc-zip.msg", "datakey.bin", true},
	{"ecc.asc", "gpg-ecc-aes128.msg", "datakey.bin", true},
	{"ecc.asc", "gpg-ecc-long.msg", "long.bin", true},
	{"ecc.asc", "gpg-ecc-long-plain.msg", "long.bin", false},
	{"ecc.asc", "go-ecc-aead.msg", "datakey.bin", false},
	{"ecc.asc", "go-ecc-aead-aes128.msg", "datakey.bin", false},
	{"ecc.asc", "go-ecc-aead-long.msg", "long.bin", false},
	{"ecc.asc", "go-ecc-long-zlib.msg", "long.bin", true},
	{"x25519.asc", "go-x25519-ocb.msg", "datakey.bin", false},
	{"x25519.asc", "go-x25519-aes128.msg", "datakey.bin", false},
	{"v6.asc", "go-v6-gcm.msg", "datakey.bin", false},
	{"v6.asc", "go-v6-long.msg", "long.bin", false},
};

static void opens_data(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf want = BUF_INIT(2 * PGP_FILE_MAX);
		struct pgp_session session;
		struct pgp_packet packet = data_of(rows[i].key, rows[i].message, &pool, &session);
		struct span packets = SPAN_NULL, plain = SPAN_NULL;
		struct err err = ERR_INIT;

		pgp_file(rows[i].plain, &want);
		if (pgp_data_open(&packet, &session, &pool, &packets, &err) < 0 ||
		    pgp_data_literal(packets, &pool, &plain, &err) < 0)
			fail_msg("%s: %s", rows[i].message, err.msg);
		assert_true(span_eq(plain, buf_span(&want)));
		assert_int_equal((packets.data[0] & 0x40
					  ? packets.data[0] & 0x3f
					  : packets.data[0] >> 2 & 0x0f) == PGP_COMPRESSED,
				 rows[i].compressed);
	}
}

struct mangled {
	uint8_t tag;
	struct pgp_session session;
	struct span body;
};

/* Nothing but the packet itself opens. */
static int open_any(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct mangled *mangled = arg;
	struct pgp_packet packet = {mangled->tag, input};
	struct span packets;
	struct err err = ERR_INIT;

	if (pgp_data_open(&packet, &mangled->session, &pool, &packets, &err) < 0) {
		assert_true(err.code == ERR_VALUE || err.code == ERR_FORMAT ||
			    err.code == ERR_UNSUPPORTED);
		return -1;
	}
	assert_true(span_eq(input, mangled->body));
	return 0;
}

static void lets_no_change_through(void **state)
{
	static const size_t some[] = {1, 6, 10, 11, 12};

	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct mangled mangled;
		struct pgp_packet packet =
			data_of(rows[some[i]].key, rows[some[i]].message, &pool, &mangled.session);

		mangled.tag = packet.tag;
		mangled.body = packet.body;
		mangle_all(packet.body, open_any, &mangled);
	}
}

/* Chunks that change places, are left out at the end, or come twice. */
static void lets_no_chunk_move(void **state)
{
	static const struct {
		const char *key, *message;
		size_t head, chunk;
	} forms[] = {
		{"v6.asc", "go-v6-long.msg", 4 + 32, 256 + 16},
		{"ecc.asc", "go-ecc-aead-long.msg", 4 + 15, 1024 + 16},
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct mangled m;
		struct pgp_packet packet =
			data_of(forms[i].key, forms[i].message, &pool, &m.session);
		const struct span head = span_sub(packet.body, 0, forms[i].head),
				  first = span_sub(packet.body, forms[i].head, forms[i].chunk),
				  second = span_sub(packet.body, forms[i].head + forms[i].chunk,
						    forms[i].chunk),
				  rest = span_from(packet.body, forms[i].head + 2 * forms[i].chunk);
		const struct span mixes[][5] = {
			{head, first, second, rest, SPAN_NULL},
			{head, second, first, rest, SPAN_NULL},
			{head, first, rest, SPAN_NULL, SPAN_NULL},
			{head, first, second, second, rest},
			{head, first, second, SPAN_NULL, SPAN_NULL},
			{head, first, second, span_from(rest, rest.len - 16), SPAN_NULL},
			{head, rest, SPAN_NULL, SPAN_NULL, SPAN_NULL},
		};

		m.tag = packet.tag;
		m.body = packet.body;
		for (size_t mix = 0; mix < ARRAY_LEN(mixes); mix++) {
			CLEAN_BUF struct buf body = BUF_INIT(2 * PGP_FILE_MAX);

			for (size_t k = 0; k < 5; k++)
				buf_add_span(&body, mixes[mix][k]);
			assert_int_equal(open_any(buf_span(&body), &m), mix == 0 ? 0 : -1);
		}
	}
}

/* The session key must be of the form that the data ask for. */
static void keeps_forms_apart(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct pgp_session session;
	struct pgp_packet packet = data_of("ecc.asc", "gpg-ecc.msg", &pool, &session);
	struct span packets;
	struct err err = ERR_INIT;

	session.cipher = 0;
	assert_int_equal(pgp_data_open(&packet, &session, &pool, &packets, &err), -1);
	packet = data_of("ecc.asc", "go-ecc-aead.msg", &pool, &session);
	session.cipher = 0;
	assert_int_equal(pgp_data_open(&packet, &session, &pool, &packets, &err), -1);
	session.cipher = PGP_AES128;
	session.len = 16;
	assert_int_equal(pgp_data_open(&packet, &session, &pool, &packets, &err), -1);
	packet = data_of("v6.asc", "go-v6-ocb.msg", &pool, &session);
	session.cipher = PGP_AES256;
	assert_int_equal(pgp_data_open(&packet, &session, &pool, &packets, &err), -1);
	session.cipher = 0;
	session.len = 16;
	assert_int_equal(pgp_data_open(&packet, &session, &pool, &packets, &err), -1);
}

static void finds_literal_data(void **state)
{
	static const struct {
		struct span packets;
		const char *plain; /* NULL: an error */
		enum err_code code;
	} inner[] = {
		{SPAN("\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xcb\x0a"
		      "b\x02xy\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xca\x03"
		      "PGP\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xcb\x08"
		      "b\0\0\0\0\0hi\xd5\x02xx"),
		 "hi", ERR_NONE},
		{SPAN("\xc8\x0b\0\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xa3\0\xa3\0\xa3\0\xa3\0\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xa3\0\xa3\0\xa3\0\xa3\0\xa3\0\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 NULL, ERR_LIMIT},
		{SPAN("\xcb\x06"
		      "b\0\0\0\0\0"),
		 "", ERR_NONE},
		{SPAN(""), NULL, ERR_FORMAT},
		{SPAN("\xca\x03PGP"), NULL, ERR_FORMAT},
		{SPAN("\xcb\x08"
		      "t\0\0\0\0\0hi"),
		 NULL, ERR_UNSUPPORTED},
		{SPAN("\xcb\x08"
		      "u\0\0\0\0\0hi"),
		 NULL, ERR_UNSUPPORTED},
		{SPAN("\xcb\x05"
		      "b\0\0\0\0"),
		 NULL, ERR_FORMAT},
		{SPAN("\xcb\x08"
		      "b\x03\0\0\0\0hi"),
		 NULL, ERR_FORMAT},
		{SPAN("\xcb\0"), NULL, ERR_FORMAT},
		{SPAN("\xc8\0"), NULL, ERR_FORMAT},
		{SPAN("\xcb\x08"
		      "b\0\0\0\0\0hi\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 NULL, ERR_FORMAT},
		{SPAN("\xcb\x08"
		      "b\0\0\0\0\0hi\xc1\0"),
		 NULL, ERR_FORMAT},
		{SPAN("\xd2\x01\x01"), NULL, ERR_FORMAT},
		{SPAN("\xc4\x01\x03\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 NULL, ERR_UNSUPPORTED},
		{SPAN("\xc2\x01\x03\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 NULL, ERR_UNSUPPORTED},
		{SPAN("\xc8\x02\x03x"), NULL, ERR_UNSUPPORTED},
		{SPAN("\xc8\x02\x01x"), NULL, ERR_FORMAT},
		/* bare and zlib; with something behind */
		{SPAN("\xa3\x01\x01\x0a\0\xf5\xff\xcb\x08"
		      "b\0\0\0\0\0hi"),
		 "hi", ERR_NONE},
		{SPAN("\xa3\x01\x01\x0a\0\xf5\xff\xcb\x08"
		      "b\0\0\0\0\0hi\0"),
		 NULL, ERR_FORMAT},
	};

	for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span plain;
		struct err err = ERR_INIT;
		int status = pgp_data_literal(inner[i].packets, &pool, &plain, &err);

		if (status != (inner[i].plain ? 0 : -1) || err.code != inner[i].code)
			fail_msg("row %zu: %d %d %s", i, status, err.code, err.msg);
		if (status == 0)
			assert_true(span_is(plain, inner[i].plain));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_data),         cmocka_unit_test(lets_no_change_through),
		cmocka_unit_test(lets_no_chunk_move), cmocka_unit_test(keeps_forms_apart),
		cmocka_unit_test(finds_literal_data),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
