/* SPDX-License-Identifier: Apache-2.0
 *
 * What the key services take from OpenSSL: RSA and the Keccak functions. No type of OpenSSL is seen outside.
 */
#ifndef KEYS_CRYPTO_OPENSSL_H
#define KEYS_CRYPTO_OPENSSL_H

#include "base/secret.h"

enum {
	CRYPTO_RSA_LEN_MIN = 256,   /* bytes of a modulus: age refuses keys below 2048 bits */
	CRYPTO_RSA_LEN_LEAST = 128, /* bytes: gpg makes none below 1024 bits */
	CRYPTO_RSA_LEN_MAX = 2048,  /* bytes: OpenSSL's own limit (OPENSSL_RSA_MAX_MODULUS_BITS) */
};

/* An RSA private key: numbers, big endian, without leading zeros. */
struct crypto_rsa {
	struct span n, e, d, p, q;
	struct span dp, dq,
		qinv; /* null where the container has none; never used but to see that they are right */
};

/* Opens what was sealed for the key with OAEP, SHA-256 in it and in MGF1, and that label. The plaintext is put into the
 * pool, and so are numbers of the key: it should be one that does not live long.
 * Errors: ERR_VALUE where it does not open, whatever the reason; ERR_FORMAT where the key's numbers do not fit each other; ERR_NOMEM. */
int crypto_rsa_open(const struct crypto_rsa *key, struct span label, struct span sealed,
		    struct secret_pool *pool, struct span *ret_plain, struct err *err) NODISCARD;

enum crypto_signature {
	CRYPTO_RS256, /* PKCS #1 v1.5 with SHA-256 */
	CRYPTO_PS256, /* PSS with SHA-256, 32 bytes of salt */
};

/* Signs the text; the signature, as long as the modulus, is put into the pool, as are numbers of the key. Errors: ERR_FORMAT as above, ERR_NOMEM. */
int crypto_rsa_sign(const struct crypto_rsa *key, enum crypto_signature kind, struct span text,
		    struct secret_pool *pool, struct span *ret_signature, struct err *err)
	NODISCARD;

/* A key made ready for many messages: OpenSSL's copy of it, so it should not live longer than they take. */
struct crypto_rsa_ready;
struct crypto_rsa_ready *crypto_rsa_ready(const struct crypto_rsa *key, struct secret_pool *pool,
					  struct err *err) NODISCARD;
void crypto_rsa_done(struct crypto_rsa_ready *ready);

/* The bare operation, without a padding: sealed to the d modulo n. sealed may be shorter than n; out has the length of n.
 * Errors: ERR_VALUE where sealed is not below n, ERR_NOMEM. */
int crypto_rsa_raw(const struct crypto_rsa_ready *ready, struct span sealed, uint8_t *out,
		   struct err *err) NODISCARD;

enum crypto_keccak { CRYPTO_SHA3_256, CRYPTO_SHA3_512, CRYPTO_SHAKE128, CRYPTO_SHAKE256 };

/* The hash of the parts, one after the other; len is the length of a SHA3 hash, or how much of a SHAKE's output is wanted. ERR_NOMEM. */
int crypto_keccak(enum crypto_keccak kind, const struct span *parts, size_t count, uint8_t *out,
		  size_t len, struct err *err) NODISCARD;

#endif
