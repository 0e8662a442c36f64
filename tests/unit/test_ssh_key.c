/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/ssh_pem.c, ssh_der.c and ssh_key.c: containers of private keys, as ssh-keygen and openssl write them, and as nobody does.
 */
#include "age_data.h"

#include "base/text.h"
#include "keys/ssh_der.h"
#include "keys/ssh_key.h"
#include "keys/ssh_pem.h"

#include <sodium.h>

/* The key blob of NAME.pub. */
static void public_blob(const char *name, struct buf *out)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	size_t from, to;

	age_data(name, &text);
	from = span_find(buf_span(&text), 0, ' ') + 1;
	to = span_find(buf_span(&text), from, ' ');
	assert_int_equal(
		base64_decode(BASE64_STRICT, span_sub(buf_span(&text), from, to - from), out), 0);
}

static int parse_file(const char *name, struct secret_pool *pool, struct ssh_key *key,
		      struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);

	age_data(name, &text);
	return ssh_key_parse(buf_span(&text), pool, key, err);
}

static void reads_all_containers(void **state)
{
	static const struct {
		const char *name, *public;
		enum ssh_key_kind kind;
	} rows[] = {
		{"ssh_ed25519", "ssh_ed25519.pub", SSH_KEY_ED25519},
		{"ssh_rsa", "ssh_rsa.pub", SSH_KEY_RSA},
		{"rsa.pkcs1.pem", "ssh_rsa.pub", SSH_KEY_RSA},
		{"rsa.pkcs8.pem", "ssh_rsa.pub", SSH_KEY_RSA},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf blob = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;
		struct ssh_key key;

		public_blob(rows[i].public, &blob);
		if (parse_file(rows[i].name, &pool, &key, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.msg);
		assert_int_equal(key.kind, rows[i].kind);
		assert_true(span_eq(key.wire, buf_span(&blob)));
	}
}

static void derives_the_public_key_of_a_pkcs8_seed(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	uint8_t public[32], pair[64];
	struct err err = ERR_INIT;
	struct ssh_key key;

	assert_int_equal(parse_file("ed25519.pkcs8.pem", &pool, &key, &err), 0);
	assert_int_equal(key.kind, SSH_KEY_ED25519);
	crypto_sign_seed_keypair(public, pair, key.seed.data);
	assert_true(span_ends(key.wire, span_of(public, 32)));
}

static void refuses_what_it_can_not_open(void **state)
{
	static const struct {
		const char *name, *message;
	} rows[] = {
		{"ssh_ed25519_passphrase", "protected by a passphrase, which is not supported"},
		{"rsa.pkcs1.passphrase.pem", "protected by a passphrase, which is not supported"},
		{"rsa.pkcs8.passphrase.pem", "protected by a passphrase, which is not supported"},
		{"ssh_ecdsa", "only ed25519 and RSA keys open age files"},
		{"x25519.pkcs8.pem", "only ed25519 and RSA keys open age files"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct err err = ERR_INIT;
		struct ssh_key key;

		assert_int_equal(parse_file(rows[i].name, &pool, &key, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_string_equal(err.msg, rows[i].message);
	}
}

static void differs_refuses_rsa_below_2048_bits(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct ssh_key key;

	assert_int_equal(parse_file("ssh_rsa_1024", &pool, &key, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "RSA keys below 2048 bits are not supported");
}

/* What stands around a block, inside of it, and what makes it none. Go: encoding/pem */
static void finds_the_block_as_go_does(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: none */
		bool encrypted;
	} rows[] = {
		{"-----BEGIN X-----\nYWdl\n-----END X-----\n", "age", false},
		{"-----BEGIN X-----\nYWdl\n-----END X-----", "age", false},
		{"-----BEGIN X-----\r\nYWdl\r\n-----END X-----\r\n", "age", false},
		{"-----BEGIN X----- \t\nYWdl\n-----END X----- \t\n", "age", false},
		{"before\n-----BEGIN X-----\nYWdl\n-----END X-----\nafter\n", "age", false},
		{"-----BEGIN X-----\nYW\n\ndl\n-----END X-----\n", "age", false},
		{"-----BEGIN X-----\n Y W\tdl \n-----END X-----\n", "age", false},
		{"-----BEGIN X-----\nA: b\n\nYWdl\n-----END X-----\n", "age", false},
		{"-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nYWdl\n-----END X-----\n",
		 "age", true},
		{"-----BEGIN X-----\nProc-Type : 4,ENCRYPTED\n\nYWdl\n-----END X-----\n", "age",
		 true},
		{"-----BEGIN X-----\nProc-Type: 4,CLEAR\n\nYWdl\n-----END X-----\n", "age", false},
		{"-----BEGIN Y-----\n-----BEGIN X-----\nYWdl\n-----END X-----\n", "age", false},
		/* A malformed block is passed over. */
		{"-----BEGIN X-----\n*\n-----END X-----\n-----BEGIN X-----\nYWdl\n-----END X-----\n",
		 "age", false},
		{"-----BEGIN X-----\nYWdl\n-----END Y-----\n-----BEGIN X-----\nYWdl\n-----END X-----\n",
		 "age", false},
		{"-----BEGIN X-----\n-----END X-----\n", "", false},
		{" -----BEGIN X-----\nYWdl\n-----END X-----\n", NULL, false},
		{"-----BEGIN X-----\nYWdl\n-----END Y-----\n", NULL, false},
		{"-----BEGIN X-----\nYWdl\n-----END X----\n", NULL, false},
		{"-----BEGIN X-----\nYWdl\n-----END X-----x\n", NULL, false},
		{"-----BEGIN X-----\nYWd\n-----END X-----\n", NULL, false},
		{"-----BEGIN X\nYWdl\n-----END X-----\n", NULL, false},
		{"-----BEGIN X-----\nYWdl-----END X-----\n", NULL, false},
		{"-----BEGIN X-----\nYWdl\n", NULL, false},
		{"", NULL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct err err = ERR_INIT;
		struct ssh_pem pem;
		int status = ssh_pem_read(span_str(rows[i].text), &pool, &pem, &err);

		if (status != (rows[i].bytes ? 0 : -1))
			fail_msg("row %zu: %d", i, status);
		if (status < 0)
			continue;
		assert_true(span_is(pem.bytes, rows[i].bytes));
		assert_true(span_is(pem.type, "X"));
		assert_int_equal(pem.encrypted, rows[i].encrypted);
	}
}

/* DER that says the same in more bytes, or less than it should. */
static void refuses_lax_der(void **state)
{
	static const struct {
		uint8_t der[40];
		size_t len;
		int status;
	} rows[] = {
		/* SEQUENCE { 0, n=5, e=3, d=1, p=1, q=1 } */
		{{0x30, 18, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, 0},
		/* Go: more inside is fine, as long as it has a head; not outside */
		{{0x30, 20, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 5, 0}, 22, 0},
		{{0x30, 20, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 5, 9}, 22, 0},
		{{0x30, 19, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 9}, 21, -1},
		{{0x30, 20, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 5, 0x80}, 22, -1},
		{{0x30, 20, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 0x1f, 1}, 22, -1},
		{{0x30, 22, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 0x1f, 0x81, 1, 0},
		 24,
		 0},
		{{0x30, 18, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 9}, 21, -1},
		{{0x30, 0x81, 18, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 21, -1},
		{{0x30, 0x80, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 0, 0}, 22, -1},
		{{0x30, 19, 2, 2, 0, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 21, -1},
		{{0x30, 18, 2, 1, 0, 2, 1, 0x85, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, -1},
		{{0x30, 17, 2, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 19, -1},
		{{0x30, 18, 4, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, -1},
		{{0x31, 18, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, -1},
		/* Go: version 1 too, where no further prime follows */
		{{0x30, 18, 2, 1, 1, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, 0},
		{{0x30, 20, 2, 1, 1, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 0x30, 0}, 22, -1},
		{{0x30, 18, 2, 1, 2, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 20, -1},
		{{0x30, 19, 2, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 21, -1},
		/* CRT values: not needed, but well formed and not zero */
		{{0x30, 21, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 23, 0},
		{{0x30, 21, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 0}, 23, -1},
		{{0x30, 21, 2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 2, 1}, 23, -1},
		{{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, 6, -1},
		{{0x30, 0x85, 1, 0, 0, 0, 0}, 7, -1},
		{{0x30}, 1, -1},
		{{0}, 0, -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t *block = mangle_block(span_of(rows[i].der, rows[i].len), rows[i].len);
		struct err err = ERR_INIT;
		struct crypto_rsa rsa;

		if (ssh_der_rsa(span_of(block, rows[i].len), &rsa, &err) != rows[i].status)
			fail_msg("row %zu", i);
		free(block);
	}
}

/* dp, dq and qinv: Go computes all of them where one is missing, whatever the others say. */
static void crt_values_count_together(void **state)
{
	static const uint8_t head[] = {2, 1, 0, 2, 1, 5, 2, 1, 3, 2, 1, 1, 2, 1, 1, 2, 1, 1},
			     crt[] = {2, 1, 7, 2, 1, 8, 2, 1, 9};
	uint8_t der[2 + sizeof(head) + sizeof(crt)] = {0x30};
	struct err err = ERR_INIT;
	struct crypto_rsa rsa;

	for (size_t n = 0; n <= 3; n++) {
		der[1] = (uint8_t)(sizeof(head) + 3 * n);
		memcpy(der + 2, head, sizeof(head));
		memcpy(der + 2 + sizeof(head), crt, 3 * n);
		assert_int_equal(ssh_der_rsa(span_of(der, 2u + der[1]), &rsa, &err), 0);
		assert_int_equal(rsa.dp.len, n == 3);
		assert_int_equal(rsa.dq.len, n == 3);
		assert_int_equal(rsa.qinv.len, n == 3);
	}
}

/* Whatever is accepted has parts of the right size, and reads the same again. */
static int is_sound(struct span text, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct ssh_key key, again;

	if (ssh_key_parse(text, &pool, &key, &err) < 0) {
		assert_true(err.code == ERR_FORMAT || err.code == ERR_UNSUPPORTED);
		return -1;
	}
	assert_int_equal(ssh_key_parse(text, &pool, &again, &err), 0);
	assert_true(span_eq(key.wire, again.wire));
	if (key.kind == SSH_KEY_ED25519)
		assert_int_equal(key.seed.len, SSH_ED25519_LEN);
	else
		assert_true(key.rsa.n.len >= CRYPTO_RSA_LEN_MIN && key.rsa.d.len <= key.rsa.n.len);
	return 0;
}

/* The bytes inside of the armor are mangled, and armored again. */
static int armored_is_sound(struct span bytes, void *arg)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);

	buf_printf(&text, "-----BEGIN %s-----\n", (const char *)arg);
	base64_encode(bytes, true, &text);
	buf_printf(&text, "\n-----END %s-----\n", (const char *)arg);
	return is_sound(buf_span(&text), NULL);
}

static void survives_mangling(void **state)
{
	static const struct {
		const char *name, *type;
	} files[] = {
		{"ssh_ed25519", "OPENSSH PRIVATE KEY"},
		{"ed25519.pkcs8.pem", "PRIVATE KEY"},
		{"x25519.pkcs8.pem", "PRIVATE KEY"},
		{"ssh_ecdsa", "OPENSSH PRIVATE KEY"},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;
		struct ssh_pem pem;

		age_data(files[i].name, &text);
		mangle_all(buf_span(&text), is_sound, NULL);
		assert_int_equal(ssh_pem_read(buf_span(&text), &pool, &pem, &err), 0);
		mangle_all(pem.bytes, armored_is_sound, (void *)(uintptr_t)files[i].type);
	}
}

/* RSA containers are long: cut at each length, one bit of each byte. */
static void survives_mangling_of_rsa(void **state)
{
	static const char *const names[] = {"ssh_rsa", "rsa.pkcs1.pem", "rsa.pkcs8.pem"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;
		struct ssh_pem pem;
		char type[64];

		age_data(names[i], &text);
		assert_int_equal(ssh_pem_read(buf_span(&text), &pool, &pem, &err), 0);
		(void)snprintf(type, sizeof(type), "%.*s", (int)pem.type.len,
			       (const char *)pem.type.data);
		for (size_t at = 0; at < pem.bytes.len; at++) {
			uint8_t *block = mangle_block(pem.bytes, at);

			mangle_run(block, at, armored_is_sound, type);
			block = mangle_block(pem.bytes, pem.bytes.len);
			block[at] ^= (uint8_t)(1 << at % 8);
			mangle_run(block, pem.bytes.len, armored_is_sound, type);
		}
	}
}

static void bounds_a_file(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(2 * SSH_KEY_MAX);
	struct err err = ERR_INIT;
	struct ssh_key key;

	age_data("ssh_ed25519", &text);
	buf_add_fill(&text, '\n', SSH_KEY_MAX - text.len);
	assert_int_equal(ssh_key_parse(buf_span(&text), &pool, &key, &err), 0);
	buf_add_char(&text, '\n');
	assert_int_equal(ssh_key_parse(buf_span(&text), &pool, &key, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_containers),
		cmocka_unit_test(derives_the_public_key_of_a_pkcs8_seed),
		cmocka_unit_test(crt_values_count_together),
		cmocka_unit_test(refuses_what_it_can_not_open),
		cmocka_unit_test(differs_refuses_rsa_below_2048_bits),
		cmocka_unit_test(finds_the_block_as_go_does),
		cmocka_unit_test(refuses_lax_der),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(survives_mangling_of_rsa),
		cmocka_unit_test(bounds_a_file),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
