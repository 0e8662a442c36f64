/* SPDX-License-Identifier: Apache-2.0
 *
 * Hybrid identities: HPKE (RFC 9180, base mode) with ML-KEM-768 and X25519 bound together as in X-Wing, so that a file stays closed as long
 * as one of the two holds. A stanza for somebody else is told only by its tag, as ML-KEM rejects without a word.
 *
 *   seed -> SHAKE256 -> 64 bytes of ML-KEM seed, 32 of X25519 secret
 *   argument: 1088 bytes of ML-KEM ciphertext, 32 of X25519 share
 *   secret = SHA3-256(ML-KEM secret, X25519 secret, share, own public key, label)
 *
 * age: pq.go; filippo.io/hpke: pq.go, hpke.go
 */
#include "keys/age_hybrid.h"

#include "base/wipe.h"
#include "keys/bech32.h"
#include "keys/crypto_openssl.h"
#include "keys/hkdf.h"

#include <sodium.h>

enum {
	SEED_LEN = 32,
	NONCE_LEN = 12,
	ENC_LEN = MLKEM_SEALED_LEN + AGE_POINT_LEN,
};

#define INFO "age-encryption.org/mlkem768x25519"

/* KEM 0x647a, KDF HKDF-SHA256, AEAD ChaCha20Poly1305 */
static const uint8_t suite_id[] = {'H', 'P', 'K', 'E', 0x64, 0x7a, 0, 1, 0, 3};

int age_hybrid_parse(struct span text, struct secret_pool *pool, struct age_hybrid **ret_key,
		     struct err *err)
{
	uint8_t seed[SEED_LEN] = {0}, expanded[MLKEM_SEED_LEN + AGE_POINT_LEN];
	CLEAN_WIPE(seed);
	CLEAN_WIPE(expanded);
	struct age_hybrid *key;
	struct span hrp, input = span_of(seed, sizeof(seed));
	size_t len;

	if (bech32_decode(text, &hrp, seed, sizeof(seed), &len, err) < 0)
		return -1;
	if (!span_is(hrp, "AGE-SECRET-KEY-PQ-") || len != sizeof(seed))
		return err_set(err, ERR_FORMAT, "not a post-quantum key");
	key = (struct age_hybrid *)(void *)secret_alloc(pool, sizeof(*key), err);
	if (!key ||
	    crypto_keccak(CRYPTO_SHAKE256, &input, 1, expanded, sizeof(expanded), err) < 0 ||
	    mlkem_key_init(&key->mlkem, expanded, err) < 0)
		return -1;
	memcpy(key->curve.secret, expanded + MLKEM_SEED_LEN, sizeof(key->curve.secret));
	crypto_scalarmult_base(key->curve.public, key->curve.secret);
	*ret_key = key;
	return 0;
}

/* RFC 9180, section 4: LabeledExtract and LabeledExpand. */
static void labeled_extract(struct span salt, struct span label, struct span ikm,
			    uint8_t prk[static HKDF_PRK_LEN])
{
	const struct span parts[] = {SPAN("HPKE-v1"), span_of(suite_id, sizeof(suite_id)), label,
				     ikm};

	hkdf_extract(salt, parts, ARRAY_LEN(parts), prk);
}

static void labeled_expand(const uint8_t prk[static HKDF_PRK_LEN], struct span label,
			   struct span info, uint8_t *out, size_t len)
{
	const uint8_t length[] = {(uint8_t)(len >> 8), (uint8_t)len};
	const struct span parts[] = {span_of(length, sizeof(length)), SPAN("HPKE-v1"),
				     span_of(suite_id, sizeof(suite_id)), label, info};

	hkdf_expand(prk, parts, ARRAY_LEN(parts), out, len);
}

/* RFC 9180, section 5.1, base mode. The shared secret is the salt, not the key material. */
static void key_schedule(const uint8_t shared[static 32], uint8_t key[static 32],
			 uint8_t nonce[static NONCE_LEN])
{
	uint8_t context[1 + 2 * HKDF_PRK_LEN] = {0}, secret[HKDF_PRK_LEN];
	CLEAN_WIPE(secret);

	labeled_extract(SPAN_NULL, SPAN("psk_id_hash"), SPAN_NULL, context + 1);
	labeled_extract(SPAN_NULL, SPAN("info_hash"), SPAN(INFO), context + 1 + HKDF_PRK_LEN);
	labeled_extract(span_of(shared, 32), SPAN("secret"), SPAN_NULL, secret);
	labeled_expand(secret, SPAN("key"), span_of(context, sizeof(context)), key, 32);
	labeled_expand(secret, SPAN("base_nonce"), span_of(context, sizeof(context)), nonce,
		       NONCE_LEN);
}

/* The shared secret of both halves. AGE_NO_MATCH is never returned: that is told by the body alone. */
static enum age_class decapsulate(const struct age_hybrid *key, const uint8_t enc[static ENC_LEN],
				  uint8_t shared[static 32], struct err *err)
{
	const uint8_t *share = enc + MLKEM_SEALED_LEN;
	uint8_t lattice[MLKEM_SECRET_LEN] = {0}, curve[AGE_POINT_LEN] = {0};
	CLEAN_WIPE(lattice);
	CLEAN_WIPE(curve);
	const struct span parts[] = {
		span_of(lattice, sizeof(lattice)),
		span_of(curve, sizeof(curve)),
		span_of(share, AGE_POINT_LEN),
		span_of(key->curve.public, AGE_POINT_LEN),
		SPAN("\\.//^\\"),
	};

	if (crypto_scalarmult(curve, key->curve.secret, share) < 0) {
		(void)err_set(err, ERR_FORMAT, "mlkem768x25519 stanza with a share of low order");
		return AGE_BAD_HEADER;
	}
	if (mlkem_decapsulate(&key->mlkem, enc, lattice, err) < 0 ||
	    crypto_keccak(CRYPTO_SHA3_256, parts, ARRAY_LEN(parts), shared, 32, err) < 0)
		return AGE_BROKEN;
	return AGE_OPENED;
}

enum age_class age_hybrid_unwrap(const struct age_hybrid *key, const struct age_stanza *stanza,
				 uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	uint8_t enc[ENC_LEN], shared[32], wrapping[32], nonce[NONCE_LEN];
	CLEAN_WIPE(shared);
	CLEAN_WIPE(wrapping);
	CLEAN_WIPE(nonce);
	enum age_class class;

	if (stanza->arg_count != 1 || stanza->body.len != AGE_BODY_LEN ||
	    age_header_bytes(stanza->args[0], enc, sizeof(enc)) < 0) {
		(void)err_set(err, ERR_FORMAT, "malformed mlkem768x25519 stanza");
		return AGE_BAD_HEADER;
	}
	class = decapsulate(key, enc, shared, err);
	if (class != AGE_OPENED)
		return class;
	key_schedule(shared, wrapping, nonce);
	if (age_identity_open_body(wrapping, nonce, stanza->body, file_key) < 0)
		return AGE_NO_MATCH;
	return AGE_OPENED;
}
