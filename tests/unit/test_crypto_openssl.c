/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/crypto_openssl.c: RSA-OAEP with the keys of tests/data/age, and what is wrong with them; Keccak by the examples of FIPS 202.
 */
#include "age_data.h"

#include "base/text.h"
#include "keys/age_armor.h"
#include "keys/age_header.h"
#include "keys/ssh_key.h"

#define LABEL "age-encryption.org/v1/ssh-rsa"

static struct secret_pool keys;
static struct ssh_key openssh, pkcs1;
static uint8_t sealed[256];

static void load_key(const char *name, struct ssh_key *key)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	age_data(name, &text);
	assert_int_equal(ssh_key_parse(buf_span(&text), &keys, key, &err), 0);
}

static int setup(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX), file = BUF_INIT(AGE_DATA_MAX);
	CLEAN_ARENA struct arena arena = ARENA_INIT(AGE_DATA_MAX);
	struct age_header header;
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return -1;
	load_key("ssh_rsa", &openssh);
	load_key("rsa.pkcs1.pem", &pkcs1);
	age_data("to-ssh-rsa.age", &text);
	assert_int_equal(age_armor_decode(buf_span(&text), &file, &err), 0);
	assert_int_equal(age_header_parse(buf_span(&file), &arena, &header, &err), 0);
	assert_int_equal(header.stanzas->body.len, sizeof(sealed));
	memcpy(sealed, header.stanzas->body.data, sizeof(sealed));
	return 0;
}

static int teardown(void **state)
{
	secret_pool_release(&keys);
	return 0;
}

static int open_sealed(const struct crypto_rsa *key, const char *label, size_t len,
		       struct span *plain, struct secret_pool *pool, struct err *err)
{
	return crypto_rsa_open(key, span_str(label), span_of(sealed, len), pool, plain, err);
}

static void opens_what_age_sealed(void **state)
{
	const struct crypto_rsa *const both[] = {&openssh.rsa, &pkcs1.rsa};
	struct span plain[2];

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		assert_int_equal(open_sealed(both[i], LABEL, 256, &plain[i], &keys, &err), 0);
		assert_int_equal(plain[i].len, 16);
	}
	assert_true(span_eq(plain[0], plain[1]));
}

static void refuses_another_label_length_or_text(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span plain = SPAN_NULL;

	assert_int_equal(open_sealed(&openssh.rsa, LABEL "x", 256, &plain, &pool, &err), -1);
	assert_int_equal(err.code, ERR_VALUE);
	assert_int_equal(open_sealed(&openssh.rsa, "", 256, &plain, &pool, &err), -1);
	assert_int_equal(open_sealed(&openssh.rsa, LABEL, 255, &plain, &pool, &err), -1);
	assert_int_equal(err.code, ERR_VALUE);
	assert_int_equal(open_sealed(&openssh.rsa, LABEL, 0, &plain, &pool, &err), -1);
	for (size_t i = 0; i < sizeof(sealed); i += 23) {
		sealed[i] ^= 0x10;
		assert_int_equal(open_sealed(&openssh.rsa, LABEL, 256, &plain, &pool, &err), -1);
		assert_int_equal(err.code, ERR_VALUE);
		assert_string_equal(err.msg, "RSA-OAEP does not open");
		sealed[i] ^= 0x10;
	}
	assert_null(plain.data);
}

/* Every number of the key, with one bit turned over at either end or cut short: told apart from a text that does not open. */
static void refuses_numbers_that_do_not_fit(void **state)
{
	struct crypto_rsa key = pkcs1.rsa;
	struct span *const numbers[] = {&key.n, &key.e,  &key.d,  &key.p,
					&key.q, &key.dp, &key.dq, &key.qinv};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct span whole = *numbers[i];

		for (int how = 0; how < 4; how++) {
			CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
			uint8_t *copy = mangle_block(whole, whole.len);
			struct err err = ERR_INIT;
			struct span plain;
			size_t len = whole.len;

			if (how == 0)
				copy[len - 1] ^= 2;
			else if (how == 1)
				copy[0] ^= 0x40;
			else if (how == 2)
				len--;
			else
				memset(copy, 0, len - 1), copy[len - 1] = 1;
			*numbers[i] = span_of(copy, len);
			if (open_sealed(&key, LABEL, 256, &plain, &pool, &err) == 0)
				fail_msg("number %zu, change %d", i, how);
			assert_int_equal(err.code, ERR_FORMAT);
			assert_string_equal(err.msg,
					    "the numbers of the RSA key do not fit each other");
			*numbers[i] = whole;
			free(copy);
		}
	}
}

static void needs_no_crt_values(void **state)
{
	struct crypto_rsa key = pkcs1.rsa;
	struct err err = ERR_INIT;
	struct span plain;

	key.qinv = SPAN_NULL;
	assert_int_equal(open_sealed(&key, LABEL, 256, &plain, &keys, &err), 0);
	key.dp = key.dq = SPAN_NULL;
	assert_int_equal(open_sealed(&key, LABEL, 256, &plain, &keys, &err), 0);
}

static void refuses_a_prime_that_is_both(void **state)
{
	struct crypto_rsa key = openssh.rsa;
	struct err err = ERR_INIT;
	struct span plain;

	key.q = key.p;
	assert_int_equal(open_sealed(&key, LABEL, 256, &plain, &keys, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void hashes_as_fips_202_does(void **state)
{
	static const struct {
		enum crypto_keccak kind;
		const char *text;
		size_t len;
		const char *hex;
	} rows[] = {
		{CRYPTO_SHA3_256, "", 32,
		 "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
		{CRYPTO_SHA3_256, "abc", 32,
		 "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
		{CRYPTO_SHA3_512, "abc", 64,
		 "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
		 "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
		{CRYPTO_SHAKE128, "", 32,
		 "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"},
		{CRYPTO_SHAKE256, "", 64,
		 "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
		 "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf hex = BUF_INIT(256);
		const struct span text = span_str(rows[i].text);
		const struct span parts[] = {span_sub(text, 0, 1), SPAN_NULL, span_from(text, 1)};
		struct err err = ERR_INIT;
		uint8_t out[64];

		assert_int_equal(crypto_keccak(rows[i].kind, parts, 3, out, rows[i].len, &err), 0);
		hex_encode(span_of(out, rows[i].len), false, &hex);
		assert_true(span_is(buf_span(&hex), rows[i].hex));
	}
}

/* A longer output begins with the shorter one. */
static void gives_as_much_as_is_asked_for(void **state)
{
	const struct span text = SPAN("seed");
	uint8_t all[3000], part[3000];
	struct err err = ERR_INIT;

	assert_int_equal(crypto_keccak(CRYPTO_SHAKE128, &text, 1, all, sizeof(all), &err), 0);
	for (size_t len = 1; len < sizeof(part); len += 167) {
		assert_int_equal(crypto_keccak(CRYPTO_SHAKE128, &text, 1, part, len, &err), 0);
		assert_memory_equal(part, all, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_age_sealed),
		cmocka_unit_test(refuses_another_label_length_or_text),
		cmocka_unit_test(refuses_numbers_that_do_not_fit),
		cmocka_unit_test(needs_no_crt_values),
		cmocka_unit_test(refuses_a_prime_that_is_both),
		cmocka_unit_test(hashes_as_fips_202_does),
		cmocka_unit_test(gives_as_much_as_is_asked_for),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
