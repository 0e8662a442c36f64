/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS #12 on OpenSSL: a key and its certificates behind a password.
 */
#ifndef KEYS_CRYPTO_PKCS12_H
#define KEYS_CRYPTO_PKCS12_H

#include "base/secret.h"

enum { CRYPTO_PKCS12_CERTIFICATES = 8 };

/* In DER, in the pool. */
struct crypto_pkcs12 {
	struct span key;                                      /* PKCS #1 */
	struct span certificates[CRYPTO_PKCS12_CERTIFICATES]; /* the key's own first */
	size_t certificate_count;
};

/* Errors: ERR_FORMAT (malformed, a wrong password), ERR_UNSUPPORTED (not RSA, or ciphers that OpenSSL has put aside), ERR_LIMIT, ERR_NOMEM. */
int crypto_pkcs12_open(struct span data, struct span password, struct secret_pool *pool,
		       struct crypto_pkcs12 *ret_content, struct err *err) NODISCARD;

#endif
