/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/jwt.c and the signatures of crypto_openssl.c: what a token says, and that OpenSSL finds its signature right with the public key alone.
 */
#include "age_data.h"

#include "base/text.h"
#include "keys/jwt.h"
#include "keys/ssh_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

enum { TEXT_MAX = 64 * 1024 };

static struct secret_pool pool;
static struct ssh_key key;

static int setup(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return -1;
	age_data("rsa.pkcs1.pem", &text);
	return ssh_key_parse(buf_span(&text), &pool, &key, &err);
}

static int teardown(void **state)
{
	secret_pool_release(&pool);
	return 0;
}

static EVP_PKEY *public_key(void)
{
	BIGNUM *n = BN_bin2bn(key.rsa.n.data, (int)key.rsa.n.len, NULL);
	BIGNUM *e = BN_bin2bn(key.rsa.e.data, (int)key.rsa.e.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *made = NULL;
	OSSL_PARAM *params;

	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return made;
}

static bool verifies(enum crypto_signature kind, struct span text, struct span signature)
{
	EVP_PKEY *made = public_key();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	int ok;

	assert_int_equal(EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, made), 1);
	if (kind == CRYPTO_PS256) {
		EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32);
	}
	ok = EVP_DigestVerify(ctx, signature.data, signature.len, text.data, text.len);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(made);
	return ok == 1;
}

/* The part of a token before its at'th dot and after the one before that, decoded. */
static void part(struct span token, int at, struct buf *out)
{
	size_t from = 0, end = span_find(token, 0, '.');

	for (; at > 0; at--) {
		from = end + 1;
		end = span_find(token, from, '.');
	}
	assert_int_equal(base64url_decode(span_sub(token, from, end - from), out), 0);
}

static void signs_what_it_says(void **state)
{
	static const enum crypto_signature kinds[] = {CRYPTO_RS256, CRYPTO_PS256};
	static const struct jwt_claim headers[] = {{"kid", {(const uint8_t *)"k\"1", 3}, 0, false},
						   {"left", {(const uint8_t *)"", 0}, 0, false}};
	static const struct jwt_claim claims[] = {
		{"iss", {(const uint8_t *)"a\\b\n", 4}, 0, false},
		{"exp", {NULL, 0}, 1790000000, false},
		{"nbf", {NULL, 0}, -5, false},
		{"x5c", {(const uint8_t *)"[\"A\"]", 5}, 0, true}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEAN_BUF struct buf token = BUF_INIT(TEXT_MAX), json = BUF_INIT(TEXT_MAX);
		CLEAN_BUF struct buf body = BUF_INIT(TEXT_MAX), signature = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;
		struct span all;

		buf_add_str(&token, "x"); /* appends */
		assert_int_equal(jwt_sign(&key.rsa, kinds[i], headers, 2, claims, 4, &token, &err),
				 0);
		all = span_from(buf_span(&token), 1);
		part(all, 0, &json);
		assert_true(span_is(buf_span(&json),
				    i ? "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"
				      : "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"));
		part(all, 1, &body);
		assert_true(span_is(buf_span(&body),
				    "{\"iss\":\"a\\\\b\\u000a\",\"exp\":1790000000,"
				    "\"nbf\":-5,\"x5c\":[\"A\"]}"));
		part(all, 2, &signature);
		all.len -= (signature.len * 4 + 2) / 3 + 1;
		assert_int_equal(signature.len, 256);
		assert_true(verifies(kinds[i], all, buf_span(&signature)));
		assert_false(verifies(kinds[!i], all, buf_span(&signature)));
		signature.data[100] ^= 1;
		assert_false(verifies(kinds[i], all, buf_span(&signature)));
	}
}

static void refuses_text_that_is_no_string_and_numbers_that_are_no_key(void **state)
{
	const struct jwt_claim bad = {"iss", SPAN("\xff"), 0, false};
	CLEAN_BUF struct buf token = BUF_INIT(TEXT_MAX);
	struct crypto_rsa other = key.rsa;
	struct err err = ERR_INIT;

	assert_int_equal(jwt_sign(&key.rsa, CRYPTO_RS256, NULL, 0, &bad, 1, &token, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	other.p = key.rsa.q;
	assert_int_equal(jwt_sign(&other, CRYPTO_RS256, NULL, 0, NULL, 0, &token, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void base64url_is_its_own(void **state)
{
	static const struct {
		const char *text, *bytes;
		size_t len;
	} rows[] = {{"", "", 0},
		    {"-_-_", "\xfb\xff\xbf", 3},
		    {"_w", "\xff", 1},
		    {"AA\r\nAA\n", "\0\0\0", 3}};
	static const char *const bad[] = {"+/+/", "_w==", "_x", "A", "AA AA", "AA=", "\xc3\xa4"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(100);

		assert_int_equal(base64url_decode(span_str(rows[i].text), &out), 0);
		assert_true(span_eq(buf_span(&out), span_of(rows[i].bytes, rows[i].len)));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(100);

		assert_int_equal(base64url_decode(span_str(bad[i]), &out), -1);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_what_it_says),
		cmocka_unit_test(refuses_text_that_is_no_string_and_numbers_that_are_no_key),
		cmocka_unit_test(base64url_is_its_own),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
