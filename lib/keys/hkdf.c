/* SPDX-License-Identifier: Apache-2.0
 *
 * HKDF with SHA-256 (RFC 5869), on HMAC (RFC 2104). An age file takes seven HMACs, so the hash is OpenSSL's, which uses the processor's instructions for
 * it where libsodium 1.0.18 has none: a fifth of the time. And the functions for this hash alone, not EVP: they take no memory and can not fail.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* they are since 3.0, but nothing in EVP has both */
#include "keys/hkdf.h"

#include "base/wipe.h"

#include <assert.h>
#include <openssl/sha.h>

enum { BLOCK = SHA256_CBLOCK };

struct hmac {
	SHA256_CTX inner, outer;
};

/* The key, filled up to a block, with `pad` over it. */
static void start(SHA256_CTX *ctx, const uint8_t key[static BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];
	CLEAN_WIPE(block);
	size_t i;

	for (i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	(void)SHA256_Init(ctx);
	(void)SHA256_Update(ctx, block, BLOCK);
}

static void hmac_init(struct hmac *hmac, struct span key)
{
	uint8_t block[BLOCK] = {0};
	CLEAN_WIPE(block);

	if (key.len > BLOCK) {
		(void)SHA256_Init(&hmac->inner);
		(void)SHA256_Update(&hmac->inner, key.data, key.len);
		(void)SHA256_Final(block, &hmac->inner);
	} else if (key.len) {
		memcpy(block, key.data, key.len);
	}
	start(&hmac->inner, block, 0x36);
	start(&hmac->outer, block, 0x5c);
}

static void hmac_add(struct hmac *hmac, struct span part)
{
	if (part.len)
		(void)SHA256_Update(&hmac->inner, part.data, part.len);
}

static void hmac_final(struct hmac *hmac, uint8_t mac[static HKDF_PRK_LEN])
{
	(void)SHA256_Final(mac, &hmac->inner);
	(void)SHA256_Update(&hmac->outer, mac, HKDF_PRK_LEN);
	(void)SHA256_Final(mac, &hmac->outer);
}

void hkdf_extract(struct span salt, const struct span *parts, size_t count,
		  uint8_t prk[static HKDF_PRK_LEN])
{
	struct hmac hmac;
	CLEAN_WIPE(hmac);
	size_t i;

	hmac_init(&hmac, salt);
	for (i = 0; i < count; i++)
		hmac_add(&hmac, parts[i]);
	hmac_final(&hmac, prk);
}

void hkdf_expand(const uint8_t prk[static HKDF_PRK_LEN], const struct span *parts, size_t count,
		 uint8_t *out, size_t len)
{
	struct hmac hmac;
	CLEAN_WIPE(hmac);
	uint8_t block[HKDF_PRK_LEN], number;
	CLEAN_WIPE(block);
	size_t i, part;

	assert(len <= HKDF_OUT_MAX);
	for (number = 1; len > 0; number++, out += part, len -= part) {
		hmac_init(&hmac, span_of(prk, HKDF_PRK_LEN));
		if (number > 1)
			hmac_add(&hmac, span_of(block, sizeof(block)));
		for (i = 0; i < count; i++)
			hmac_add(&hmac, parts[i]);
		hmac_add(&hmac, span_of(&number, 1));
		hmac_final(&hmac, block);
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
