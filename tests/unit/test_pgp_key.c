/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_key.c: keys of gpg and go-crypto, which of them are for us, and what is malformed.
 */
#include "pgp_files.h"

#include <sodium.h>

static const struct {
	const char *file;
	size_t keys;
	const char *kinds; /* R, E (ECDH), X, F: in the order of the file */
	uint8_t version;
} rows[] = {
	{"ecc.asc", 1, "E", 4},           {"rsa.asc", 1, "RR", 4},   {"primary.asc", 1, "R", 4},
	{"both-in-one.asc", 2, "ERR", 4}, {"goecc.asc", 1, "E", 4},  {"gorsa.asc", 1, "RR", 4},
	{"x25519.asc", 1, "X", 4},        {"v6.asc", 1, "X", 6},     {"v6rsa.asc", 1, "RR", 6},
	{"nist.asc", 1, "F", 4},          {"locked.asc", 1, "F", 4}, {"stub.asc", 1, "E", 4},
	{"public.asc", 1, "", 4},
};

static void reads_keys(void **state)
{
	static const char letters[] = {
		[PGP_RSA] = 'R', [PGP_ECDH] = 'E', [PGP_X25519] = 'X', [PGP_FOREIGN] = 'F'};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct pgp_found found = {.list = NULL};
		struct span packets = pgp_file_packets(rows[i].file, &pool);
		char kinds[16] = "";
		struct err err = ERR_INIT;

		if (pgp_key_read(packets, &pool, &found, &err) < 0)
			fail_msg("%s: %s", rows[i].file, err.msg);
		assert_int_equal(found.keys, rows[i].keys);
		for (struct pgp_secret *key = found.list; key; key = key->next) {
			strncat(kinds, &letters[key->kind], 1);
			assert_int_equal(key->own.version, rows[i].version);
			assert_int_equal(key->own.len, rows[i].version == 4 ? 20 : 32);
			assert_memory_equal(key->id, pgp_key_id(&key->own), PGP_KEY_ID_LEN);
		}
		assert_string_equal(kinds, rows[i].kinds);
	}
}

/* The fingerprint as gpg has it: in the issuer subpacket of the key's own signature. */
static void computes_fingerprints(void **state)
{
	static const char *const files[] = {"ecc.asc", "rsa.asc", "v6.asc", "v6rsa.asc"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span packets = pgp_file_packets(files[i], &pool);
		const struct pgp_secret *key = pgp_file_keys(files[i], &pool);
		const struct pgp_fingerprint *print = &key->primary;
		uint8_t subpacket[1 + PGP_FINGERPRINT_MAX] = {print->version};

		memcpy(subpacket + 1, print->bytes, print->len);
		assert_true(span_search(packets, span_of(subpacket, 1 + (size_t)print->len)) !=
			    SIZE_MAX);
		assert_true(key->next || memcmp(key->own.bytes, print->bytes, print->len) != 0);
	}
}

/* Writes a packet with a length in five bytes. */
static void put_packet(struct buf *out, uint8_t tag, struct span body)
{
	const uint8_t head[] = {(uint8_t)(0xc0 | tag), 0xff, 0, 0, (uint8_t)(body.len >> 8),
				(uint8_t)body.len};

	buf_add(out, head, sizeof(head));
	buf_add_span(out, body);
}

/* A key file again, with one change to the body of its nth packet of that tag; where to < 0, counted from the end. cut: bytes off its end.
 * tag 0: that packet is left out. */
struct change {
	uint8_t tag, new_tag;
	int at;
	uint8_t flip;
	size_t cut, more;
};

static void changed(const char *file, const struct change *change, struct secret_pool *pool,
		    struct buf *out)
{
	struct span rest = pgp_file_packets(file, pool);
	struct pgp_packet packet;
	struct err err = ERR_INIT;
	bool done = false;

	while (pgp_packet_next(&rest, pool, &packet, &err) > 0) {
		CLEAN_BUF struct buf body = BUF_INIT(PGP_FILE_MAX);

		buf_add_span(&body, packet.body);
		if (packet.tag == change->tag && !done) {
			done = true;
			if (change->flip)
				body.data[change->at < 0 ? (int)body.len + change->at
							 : change->at] ^= change->flip;
			buf_cut(&body, body.len - change->cut);
			buf_add_fill(&body, 0, change->more);
			packet.tag = change->new_tag;
		}
		if (packet.tag)
			put_packet(out, packet.tag, buf_span(&body));
	}
	assert_true(done);
}

static void differs_refuses_broken_pgp_keys(void **state)
{
	static const struct {
		const char *file;
		struct change change;
		const char *why; /* NULL: read, and the key is one for gpg */
	} bad[] = {
		{"ecc.asc", {7, 7, -1, 1, 0, 0}, "malformed PGP key"},  /* the checksum */
		{"ecc.asc", {7, 7, -10, 1, 0, 0}, "malformed PGP key"}, /* the secret */
		{"ecc.asc", {7, 7, 0, 0, 1, 0}, "malformed PGP key"},
		{"ecc.asc", {7, 7, 0, 0, 0, 1}, "malformed PGP key"},
		{"ecc.asc", {7, 7, 0, 0, 90, 0}, "malformed PGP key"},
		{"ecc.asc", {5, 5, -1, 1, 0, 0}, "malformed PGP key"},
		{"rsa.asc", {7, 7, -1, 1, 0, 0}, "malformed PGP key"},
		{"rsa.asc", {7, 7, 0, 0, 2, 0}, "malformed PGP key"},
		{"x25519.asc", {7, 7, -1, 1, 0, 0}, "malformed PGP key"},
		{"v6.asc", {7, 7, 0, 0, 1, 0}, "malformed PGP key"},
		{"v6.asc", {7, 7, 0, 0, 0, 1}, "malformed PGP key"},
		{"v6.asc",
		 {7, 7, 9, 1, 0, 0},
		 "malformed PGP key"}, /* the length of the public part */
		{"ecc.asc", {13, 0, 0, 0, 0, 0}, "a PGP key without a user id"},
		{"ecc.asc", {5, 0, 0, 0, 0, 0}, "not a PGP key"},
		{"ecc.asc", {2, 1, 0, 0, 0, 0}, "not a PGP key"},
		{"ecc.asc", {2, 40, 0, 0, 0, 0}, "not a PGP key"},
		/* well formed, but nothing that we use */
		{"ecc.asc", {7, 7, 0, 7, 0, 0}, NULL},  /* version 3 */
		{"ecc.asc", {7, 7, 0, 1, 0, 0}, NULL},  /* version 5 */
		{"ecc.asc", {7, 7, 8, 1, 0, 0}, NULL},  /* another curve */
		{"ecc.asc", {7, 7, 30, 1, 0, 0}, NULL}, /* a public key that is not the secret's */
		{"v6.asc", {7, 7, -1, 1, 0, 0}, NULL},
		{"ecc.asc", {7, 7, 5, 0x80, 0, 0}, NULL}, /* an algorithm that there is not */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf packets = BUF_INIT(PGP_FILE_MAX);
		struct pgp_found found = {.list = NULL};
		struct err err = ERR_INIT;
		int status;

		changed(bad[i].file, &bad[i].change, &pool, &packets);
		status = pgp_key_read(buf_span(&packets), &pool, &found, &err);
		if (bad[i].why) {
			if (status != -1)
				fail_msg("row %zu is read", i);
			assert_int_equal(err.code, ERR_FORMAT);
			assert_string_equal(err.msg, bad[i].why);
			continue;
		}
		if (status < 0)
			fail_msg("row %zu: %s", i, err.msg);
		assert_non_null(found.list);
		assert_int_equal(found.list->kind, PGP_FOREIGN);
	}
}

static void differs_asks_pgp_keys_for_no_signature(void **state)
{
	static const struct change changes[] = {{PGP_SIGNATURE, PGP_SIGNATURE, -1, 1, 0, 0},
						{PGP_SIGNATURE, 0, 0, 0, 0, 0}};

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf packets = BUF_INIT(PGP_FILE_MAX);
		struct pgp_found found = {.list = NULL};
		struct err err = ERR_INIT;

		changed("ecc.asc", &changes[i], &pool, &packets);
		assert_int_equal(pgp_key_read(buf_span(&packets), &pool, &found, &err), 0);
		assert_int_equal(found.list->kind, PGP_ECDH);
	}
}

static void bounds_their_number(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf packets = BUF_INIT(1 << 20);
	struct span all = pgp_file_packets("x25519.asc", &pool);
	struct pgp_found found = {.list = NULL};
	struct err err = ERR_INIT;

	for (size_t i = 0; i <= PGP_SECRETS_MAX / 2; i++)
		buf_add_span(&packets, all);
	assert_int_equal(pgp_key_read(buf_span(&packets), &pool, &found, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* A key that is taken is whole: a secret and the public key that belongs to it. */
static int read_any(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct pgp_found found = {.list = NULL};
	struct err err = ERR_INIT;
	uint8_t public[PGP_POINT_LEN];

	if (pgp_key_read(input, &pool, &found, &err) < 0) {
		assert_true(err.code == ERR_FORMAT && err.msg[0]);
		return -1;
	}
	for (struct pgp_secret *key = found.list; key; key = key->next) {
		if (key->kind == PGP_RSA)
			assert_true(key->rsa.n.len && key->rsa.d.len && key->rsa.p.len);
		if (key->kind != PGP_ECDH && key->kind != PGP_X25519)
			continue;
		crypto_scalarmult_base(public, key->curve.secret);
		assert_memory_equal(public, key->curve.public, sizeof(public));
	}
	return 0;
}

static void survives_mangling(void **state)
{
	static const char *const names[] = {"ecc.asc", "x25519.asc", "v6.asc", "locked.asc",
					    "primary.asc"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;

		mangle_all(pgp_file_packets(names[i], &pool), read_any, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_keys),
		cmocka_unit_test(computes_fingerprints),
		cmocka_unit_test(differs_refuses_broken_pgp_keys),
		cmocka_unit_test(differs_asks_pgp_keys_for_no_signature),
		cmocka_unit_test(bounds_their_number),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
