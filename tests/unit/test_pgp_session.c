/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_session.c and pgp_unpad.c: session keys of gpg and go-crypto, whom they are for, and all that is wrong with the padding of an
 * RSA block.
 */
#include "pgp_files.h"

#include "keys/pgp_unpad.h"

enum { BLOCK_LEN = 128 };

/* 0 2 padding 0 cipher key checksum */
static void make_block(uint8_t block[static BLOCK_LEN], uint8_t cipher, size_t key_len)
{
	size_t at = BLOCK_LEN - 2 - key_len, sum = 0;

	memset(block, 0x11, BLOCK_LEN);
	block[0] = 0;
	block[1] = 2;
	block[at - (cipher ? 2 : 1)] = 0;
	if (cipher)
		block[at - 1] = cipher;
	for (size_t i = 0; i < key_len; i++) {
		block[at + i] = (uint8_t)(0xa0 + i);
		sum += block[at + i];
	}
	block[BLOCK_LEN - 2] = (uint8_t)(sum >> 8);
	block[BLOCK_LEN - 1] = (uint8_t)sum;
}

static void unpads(void **state)
{
	static const struct {
		uint8_t cipher;
		size_t key_len;
	} good[] = {{7, 16}, {8, 24}, {9, 32}, {0, 16}, {0, 24}, {0, 32}, {2, 24}, {10, 32}};
	uint8_t block[BLOCK_LEN];
	struct pgp_session session;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		make_block(block, good[i].cipher, good[i].key_len);
		assert_int_equal(pgp_unpad(block, BLOCK_LEN, good[i].cipher != 0, &session), 0);
		assert_int_equal(session.cipher, good[i].cipher);
		assert_int_equal(session.len, good[i].key_len);
		for (size_t k = 0; k < good[i].key_len; k++)
			assert_int_equal(session.key[k], 0xa0 + k);
	}
}

static void unpads_nothing_else(void **state)
{
	static const struct {
		int at; /* of the change; below 0: from the end */
		uint8_t to, cipher;
		size_t key_len;
	} bad[] = {
		{0, 1, 9, 32},   {1, 1, 9, 32},   {1, 0, 9, 32},    {2, 0, 9, 32},
		{50, 0, 9, 32},  {-37, 0, 9, 32}, {-36, 1, 9, 32},  {-36, 9, 9, 32},
		{-35, 7, 9, 32}, {-35, 0, 9, 32}, {-35, 99, 9, 32}, {-1, 0, 9, 32},
		{-2, 0, 9, 32},  {-3, 0, 9, 32},  {-34, 0, 9, 32},  {-20, 1, 7, 16},
		{-19, 9, 7, 16}, {-1, 0, 0, 32},  {-35, 1, 0, 32},  {9, 0, 0, 32},
	};
	uint8_t block[BLOCK_LEN];
	struct pgp_session session;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		make_block(block, bad[i].cipher, bad[i].key_len);
		block[bad[i].at < 0 ? BLOCK_LEN + bad[i].at : bad[i].at] = bad[i].to;
		if (pgp_unpad(block, BLOCK_LEN, bad[i].cipher != 0, &session) == 0)
			fail_msg("row %zu is opened", i);
		for (size_t k = 0; k < sizeof(session.key); k++)
			assert_int_equal(session.key[k], 0);
		assert_int_equal(session.len, 0);
	}
}

/* At least eight bytes of padding, and never a byte before the block. */
static void needs_padding(void **state)
{
	uint8_t block[BLOCK_LEN], *part;
	struct pgp_session session;

	for (size_t len = 0; len < 60; len++) {
		make_block(block, 9, 32);
		part = mangle_block(span_of(block + BLOCK_LEN - len, len), len);
		if (len >= 2) {
			part[0] = 0;
			part[1] = 2;
		}
		assert_int_equal(pgp_unpad(part, len, true, &session),
				 len >= 2 + 8 + 1 + 1 + 32 + 2 ? 0 : -1);
		free(part);
	}
}

/* The session key packet of a message, which has but one. */
static struct pgp_wrapped wrapped_of(const char *file, struct secret_pool *pool)
{
	struct span rest = pgp_file_packets(file, pool);
	struct pgp_wrapped wrapped;
	struct pgp_packet packet;
	struct err err = ERR_INIT;

	assert_int_equal(pgp_packet_next(&rest, pool, &packet, &err), 1);
	assert_int_equal(packet.tag, PGP_PKESK);
	assert_int_equal(pgp_wrapped_read(packet.body, &wrapped, &err), 0);
	return wrapped;
}

static int open_one(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		    struct pgp_session *session, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct crypto_rsa_ready *ready = NULL;
	int status;

	if (key->kind == PGP_RSA) {
		ready = crypto_rsa_ready(&key->rsa, &pool, err);
		assert_non_null(ready);
	}
	status = pgp_session_open(wrapped, key, ready, session, err);
	crypto_rsa_done(ready);
	return status;
}

static const struct {
	const char *key, *message;
	uint8_t version, cipher, len;
} rows[] = {
	{"ecc.asc", "gpg-ecc.msg", 3, 9, 32},
	{"ecc.asc", "gpg-ecc-aes128.msg", 3, 7, 16},
	{"ecc.asc", "gpg-ecc-aes192.msg", 3, 8, 24},
	{"rsa.asc", "gpg-rsa.msg", 3, 9, 32},
	{"primary.asc", "gpg-primary.msg", 3, 9, 32},
	{"goecc.asc", "go-goecc.msg", 3, 9, 32},
	{"goecc.asc", "go-goecc-ocb.msg", 6, 0, 32},
	{"gorsa.asc", "go-gorsa.msg", 3, 9, 32},
	{"gorsa.asc", "go-gorsa-ocb.msg", 6, 0, 32},
	{"x25519.asc", "go-x25519.msg", 3, 9, 32},
	{"x25519.asc", "go-x25519-ocb.msg", 6, 0, 32},
	{"x25519.asc", "go-x25519-aes128.msg", 6, 0, 16},
	{"v6.asc", "go-v6.msg", 3, 9, 32},
	{"v6.asc", "go-v6-ocb.msg", 6, 0, 32},
	{"v6rsa.asc", "go-v6rsa-ocb.msg", 6, 0, 32},
};

static void opens_session_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		const struct pgp_secret *key = pgp_file_keys(rows[i].key, &pool);
		struct pgp_wrapped wrapped = wrapped_of(rows[i].message, &pool);
		struct pgp_session session;
		struct err err = ERR_INIT;

		while (key && !pgp_wrapped_fits(&wrapped, key))
			key = key->next;
		if (!key)
			fail_msg("%s is not for %s", rows[i].message, rows[i].key);
		assert_int_equal(wrapped.version, rows[i].version);
		if (open_one(&wrapped, key, &session, &err) < 0)
			fail_msg("%s: %s", rows[i].message, err.msg);
		assert_int_equal(session.cipher, rows[i].cipher);
		assert_int_equal(session.len, rows[i].len);
	}
}

static void knows_whom_it_is_for(void **state)
{
	static const struct {
		const char *key, *message;
		bool fits; /* the first key of the file */
	} pairs[] = {
		{"ecc.asc", "gpg-ecc.msg", true},
		{"ecc.asc", "gpg-ecc-hidden.msg", true},
		{"ecc.asc", "gpg-stranger-hidden.msg", true},
		{"ecc.asc", "gpg-stranger.msg", false},
		{"ecc.asc", "gpg-rsa-hidden.msg", false},
		{"rsa.asc", "gpg-rsa.msg", false}, /* the primary key is not meant */
		{"rsa.asc", "gpg-rsa-hidden.msg", true},
		{"nist.asc", "gpg-nist.msg", false},
		{"locked.asc", "gpg-locked.msg", false},
		{"v6.asc", "go-v6-hidden.msg", true},
		{"x25519.asc", "go-v6-hidden.msg", true},
		{"x25519.asc", "go-v6-ocb.msg", false},
		{"ecc.asc", "go-x25519-hidden.msg", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct pgp_wrapped wrapped = wrapped_of(pairs[i].message, &pool);

		if (pgp_wrapped_fits(&wrapped, pgp_file_keys(pairs[i].key, &pool)) != pairs[i].fits)
			fail_msg("%s and %s", pairs[i].key, pairs[i].message);
	}
}

/* One text for whatever is wrong. */
static void does_not_say_why(void **state)
{
	static const struct {
		const char *key, *message;
	} pairs[] = {
		{"ecc.asc", "gpg-stranger-hidden.msg"},
		{"rsa.asc", "gpg-rsa-hidden.msg"},
		{"x25519.asc", "go-v6-hidden.msg"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct pgp_wrapped wrapped = wrapped_of(pairs[i].message, &pool);
		struct pgp_session session;
		struct err err = ERR_INIT;

		assert_int_equal(
			open_one(&wrapped, pgp_file_keys(pairs[i].key, &pool), &session, &err), -1);
		assert_int_equal(err.code, ERR_VALUE);
		assert_string_equal(err.msg, "the PGP session key does not open");
	}
}

/* The same for one that is larger than the key's modulus, and for a point of low order. */
static void refuses_odd_numbers(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	static uint8_t mpi[2 + 128], point[2 + 33 + 1 + 48] = {0x01, 0x07, 0x40};
	struct pgp_wrapped wrapped = {.version = 3, .algo = 1};
	struct pgp_session session;
	struct err err = ERR_INIT;

	memset(mpi, 0xff, sizeof(mpi));
	mpi[0] = 0x04;
	mpi[1] = 0x00;
	wrapped.fields = span_of(mpi, sizeof(mpi));
	assert_int_equal(open_one(&wrapped, pgp_file_keys("primary.asc", &pool), &session, &err),
			 -1);
	assert_string_equal(err.msg, "the PGP session key does not open");
	point[2 + 33] = 48;
	wrapped = (struct pgp_wrapped){.version = 3, .algo = 18};
	wrapped.fields = span_of(point, sizeof(point));
	assert_int_equal(open_one(&wrapped, pgp_file_keys("ecc.asc", &pool), &session, &err), -1);
	assert_string_equal(err.msg, "the PGP session key does not open");
}

struct mangled {
	const struct pgp_secret *key;
	struct pgp_session session;
	struct span original;
};

/* A packet that is changed never gives another session key; what is changed may be whom it names. */
static int open_any(struct span input, void *arg)
{
	struct mangled *mangled = arg;
	struct pgp_wrapped wrapped;
	struct pgp_session session;
	struct err err = ERR_INIT;

	if (pgp_wrapped_read(input, &wrapped, &err) < 0)
		return -1;
	if (!pgp_wrapped_fits(&wrapped, mangled->key))
		return -1;
	if (open_one(&wrapped, mangled->key, &session, &err) < 0) {
		assert_true(err.msg[0] && err.code != ERR_BUG);
		return -1;
	}
	assert_memory_equal(session.key, mangled->session.key, sizeof(session.key));
	return 0;
}

static void survives_mangling(void **state)
{
	static const struct {
		const char *key, *message;
	} pairs[] = {
		{"ecc.asc", "gpg-ecc.msg"},
		{"primary.asc", "gpg-primary.msg"},
		{"x25519.asc", "go-x25519.msg"},
		{"v6.asc", "go-v6-ocb.msg"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span rest = pgp_file_packets(pairs[i].message, &pool);
		struct mangled mangled = {.key = pgp_file_keys(pairs[i].key, &pool)};
		struct pgp_wrapped wrapped = wrapped_of(pairs[i].message, &pool);
		struct pgp_packet packet;
		struct err err = ERR_INIT;

		assert_int_equal(open_one(&wrapped, mangled.key, &mangled.session, &err), 0);
		assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
		mangle_all(packet.body, open_any, &mangled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpads),
		cmocka_unit_test(unpads_nothing_else),
		cmocka_unit_test(needs_padding),
		cmocka_unit_test(opens_session_keys),
		cmocka_unit_test(knows_whom_it_is_for),
		cmocka_unit_test(does_not_say_why),
		cmocka_unit_test(refuses_odd_numbers),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
