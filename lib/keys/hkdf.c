/* SPDX-License-Identifier: Apache-2.0
 *
 * HKDF with SHA-256 (RFC 5869) on libsodium's HMAC; libsodium 1.0.18 has none of its own.
 */
#include "keys/hkdf.h"

#include "base/wipe.h"

#include <assert.h>
#include <sodium.h>

void hkdf_extract(struct span salt, const struct span *parts, size_t count,
		  uint8_t prk[static HKDF_PRK_LEN])
{
	crypto_auth_hmacsha256_state state;
	CLEAN_WIPE(state);
	size_t i;

	/* libsodium declares its key as never NULL */
	crypto_auth_hmacsha256_init(&state, salt.len ? salt.data : (const uint8_t *)"", salt.len);
	for (i = 0; i < count; i++)
		crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
	crypto_auth_hmacsha256_final(&state, prk);
}

void hkdf_expand(const uint8_t prk[static HKDF_PRK_LEN], const struct span *parts, size_t count,
		 uint8_t *out, size_t len)
{
	crypto_auth_hmacsha256_state state;
	CLEAN_WIPE(state);
	uint8_t block[HKDF_PRK_LEN], number;
	CLEAN_WIPE(block);
	size_t i, part;

	assert(len <= HKDF_OUT_MAX);
	for (number = 1; len > 0; number++, out += part, len -= part) {
		crypto_auth_hmacsha256_init(&state, prk, HKDF_PRK_LEN);
		if (number > 1)
			crypto_auth_hmacsha256_update(&state, block, sizeof(block));
		for (i = 0; i < count; i++)
			crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
		crypto_auth_hmacsha256_update(&state, &number, 1);
		crypto_auth_hmacsha256_final(&state, block);
		part = len < sizeof(block) ? len : sizeof(block);
		memcpy(out, block, part);
	}
}

void hkdf_key(struct span ikm, struct span salt, struct span info, uint8_t out[static HKDF_PRK_LEN])
{
	uint8_t prk[HKDF_PRK_LEN];
	CLEAN_WIPE(prk);

	hkdf_extract(salt, &ikm, 1, prk);
	hkdf_expand(prk, &info, 1, out, HKDF_PRK_LEN);
}
