/* SPDX-License-Identifier: Apache-2.0
 *
 * Client assertions; see azure_assertion.h. The header names the certificate by its hash, and holds it where the tenant trusts by subject and issuer
 * (SNI). MSAL for Go: apps/internal/oauth/ops/accesstokens (Credential.JWT)
 */
#include "keys/azure_assertion.h"

#include "base/text.h"
#include "keys/jwt.h"

#include <sodium.h>

enum {
	LIFETIME_S = 10 * 60,
	ID_LEN = 16,            /* bytes that tell one assertion from the next */
	HEADER_MAX = 64 * 1024, /* bytes of certificates in base64 */
};

int azure_assertion_sign(const struct azure_credential *credential, struct span url, int64_t now,
			 struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf hash = BUF_INIT(HEADER_MAX), chain = BUF_INIT(HEADER_MAX);
	CLEAN_BUF struct buf id = BUF_INIT(HEADER_MAX);
	uint8_t digest[crypto_hash_sha256_BYTES], random[ID_LEN];
	size_t i;

	crypto_hash_sha256(digest, credential->chain[0].data, credential->chain[0].len);
	base64url_encode(span_of(digest, sizeof(digest)), &hash);
	randombytes_buf(random, sizeof(random));
	hex_encode(span_of(random, sizeof(random)), false, &id);
	for (i = 0; credential->send_chain && i < credential->chain_count; i++) {
		buf_add_str(&chain, i ? "\",\"" : "[\"");
		base64_encode(credential->chain[i], true, &chain);
	}
	buf_add_str(&chain, chain.len ? "\"]" : "");
	if (buf_check(&hash, err) < 0 || buf_check(&chain, err) < 0 || buf_check(&id, err) < 0)
		return -1;
	{
		const struct jwt_claim headers[] = {
			{.name = "x5t#S256", .text = buf_span(&hash)},
			{.name = "x5c", .text = buf_span(&chain), .json = true},
		};
		const struct jwt_claim claims[] = {
			{.name = "aud", .text = url},
			{.name = "iss", .text = credential->client},
			{.name = "sub", .text = credential->client},
			{.name = "jti", .text = buf_span(&id)},
			{.name = "nbf", .number = now},
			{.name = "exp", .number = now + LIFETIME_S},
		};

		return jwt_sign(&credential->key, CRYPTO_PS256, headers,
				credential->send_chain ? 2 : 1, claims, ARRAY_LEN(claims), out,
				err);
	}
}
