/* SPDX-License-Identifier: Apache-2.0
 *
 * What OpenPGP takes from OpenSSL besides RSA: hashes, AES in the modes CFB, key wrap, OCB and GCM. No type of OpenSSL is seen outside.
 */
#ifndef KEYS_CRYPTO_PGP_H
#define KEYS_CRYPTO_PGP_H

#include "base/err.h"
#include "base/span.h"

enum crypto_digest { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512 };

enum {
	CRYPTO_DIGEST_MAX = 64, /* bytes of the longest */
	CRYPTO_BLOCK_LEN = 16,
	CRYPTO_TAG_LEN = 16,
};

/* The hash of the parts, one after the other; out takes CRYPTO_DIGEST_MAX bytes. ERR_NOMEM. */
int crypto_digest(enum crypto_digest kind, const struct span *parts, size_t count,
		  uint8_t out[static CRYPTO_DIGEST_MAX], size_t *ret_len, struct err *err)
	NODISCARD;

/* AES-CFB with an initial vector of zeroes; out has the length of data. Keys of all have 16, 24 or 32 bytes. ERR_NOMEM. */
int crypto_cfb(struct span key, struct span data, uint8_t *out, struct err *err) NODISCARD;

/* AES key wrap (RFC 3394). wrapped has at least 24 bytes and a multiple of 8; out 8 fewer. Errors: ERR_VALUE where it does not
 * authenticate, ERR_NOMEM. */
int crypto_unwrap(struct span key, struct span wrapped, uint8_t *out, struct err *err) NODISCARD;

enum crypto_aead_mode { CRYPTO_OCB, CRYPTO_GCM };

/* The chunks of one message under one key. */
struct crypto_aead;
struct crypto_aead *crypto_aead_new(enum crypto_aead_mode mode, struct span key, size_t nonce_len,
				    struct err *err) NODISCARD;
void crypto_aead_free(struct crypto_aead *aead);

/* Opens one chunk, sealed, with its tag behind; out has room for it without the tag. Errors: ERR_VALUE where it does not authenticate (out is
 * wiped), ERR_NOMEM. */
int crypto_aead_open(struct crypto_aead *aead, const uint8_t *nonce, struct span aad,
		     struct span sealed, uint8_t *out, struct err *err) NODISCARD;

#endif
