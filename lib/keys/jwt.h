/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens that we sign ourselves (RFC 7519, 7515): how a service account of Google and a certificate of Entra show who they are.
 */
#ifndef KEYS_JWT_H
#define KEYS_JWT_H

#include "base/buf.h"
#include "keys/crypto_openssl.h"

/* A claim or header: text, or a number where text.data is NULL. */
struct jwt_claim {
	const char *name;
	struct span text;
	int64_t number;
	bool json; /* text is JSON already */
};

/* Appends HEADER.CLAIMS.SIGNATURE. "alg" and "typ" are put in front of the headers. Claims whose text is empty are left out.
 * Errors: ERR_FORMAT (the key; a text that is not UTF-8), ERR_NOMEM. */
int jwt_sign(const struct crypto_rsa *key, enum crypto_signature kind,
	     const struct jwt_claim *headers, size_t header_count, const struct jwt_claim *claims,
	     size_t claim_count, struct buf *out, struct err *err) NODISCARD;

/* Appends "text", a string of JSON. What is not UTF-8 makes no string: -1 with ERR_FORMAT. */
int jwt_string(struct span text, struct buf *out, struct err *err) NODISCARD;

#endif
