/* SPDX-License-Identifier: Apache-2.0
 *
 * The other side of the product, for tests: encrypts a value as sops does, with every part of it at the test's choice, so that documents
 * can be forged that no writer makes.
 */
#ifndef UNIT_SEAL_H
#define UNIT_SEAL_H

#include "base/buf.h"
#include "base/text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>

enum { SEAL_MAX = 1 << 20 };

/* The key of all test documents: 0, 1, 2 ... 31. */
static const uint8_t seal_key[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
				     11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
				     22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

/* AES-256-GCM; out has room for plain.len bytes. */
static inline void seal_raw(struct span plain, struct span aad, struct span nonce, uint8_t *out,
			    uint8_t tag[static 16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_non_null(ctx);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL),
			 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, NULL, NULL, seal_key, nonce.data), 1);
	if (aad.len)
		assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len), 1);
	if (plain.len)
		assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, plain.data, (int)plain.len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* Appends ENC[...] with a nonce of nonce_len bytes. */
static inline void seal_add_with(struct buf *out, struct span plain, const char *type,
				 struct span aad, size_t nonce_len)
{
	uint8_t nonce[128], tag[16], *cipher = malloc(plain.len + 1);

	assert_non_null(cipher);
	memset(nonce, 0x5a, sizeof(nonce));
	seal_raw(plain, aad, span_of(nonce, nonce_len), cipher, tag);
	buf_add_str(out, "ENC[AES256_GCM,data:");
	base64_encode(span_of(cipher, plain.len), true, out);
	buf_add_str(out, ",iv:");
	base64_encode(span_of(nonce, nonce_len), true, out);
	buf_add_str(out, ",tag:");
	base64_encode(span_of(tag, sizeof(tag)), true, out);
	buf_add_str(out, ",type:");
	buf_add_str(out, type);
	buf_add_str(out, "]");
	free(cipher);
	assert_int_equal(out->bad, 0);
}

/* The same with 32 bytes, as sops writes. */
static inline void seal_add(struct buf *out, const char *plain, const char *type, const char *aad)
{
	seal_add_with(out, span_str(plain), type, span_str(aad), 32);
}

#endif
