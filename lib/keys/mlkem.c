/* SPDX-License-Identifier: Apache-2.0
 *
 * ML-KEM-768. A key is expanded once from its 64 bytes of seed (so no expanded key comes from outside, and none needs checking) and keeps
 * the matrix, since opening encrypts again: a ciphertext is taken only where that gives the same bytes. The comparison and the choice of the
 * secret run in constant time; the secret of a forged ciphertext is computed in either case. FIPS 203: algorithms 13 to 18
 */
#include "keys/mlkem.h"

#include "base/span.h"
#include "base/wipe.h"
#include "keys/crypto_openssl.h"

enum {
	U_BITS = 10,
	V_BITS = 4,
	U_LEN = 32 * U_BITS, /* bytes of one polynomial of u; v comes after MLKEM_K of them */
};

/* What encryption computes with; all of it secret. */
struct scratch {
	uint8_t seed[33], noise[MLKEM_NOISE_LEN];
	struct mlkem_poly y[MLKEM_K], u, v, e;
};

/* Noise polynomial number `number` of a seed: PRF and SamplePolyCBD. */
static int sample_noise(struct scratch *scratch, uint8_t number, struct mlkem_poly *ret,
			struct err *err)
{
	struct span input = span_of(scratch->seed, sizeof(scratch->seed));

	scratch->seed[32] = number;
	if (crypto_keccak(CRYPTO_SHAKE256, &input, 1, scratch->noise, sizeof(scratch->noise), err) <
	    0)
		return -1;
	mlkem_poly_noise(ret, scratch->noise);
	return 0;
}

static int expand_matrix(struct mlkem_key *key, struct err *err)
{
	uint8_t seed[34];
	uint8_t i, j;

	memcpy(seed, key->rho, 32);
	for (i = 0; i < MLKEM_K; i++) {
		for (j = 0; j < MLKEM_K; j++) {
			seed[32] = j;
			seed[33] = i;
			if (mlkem_poly_sample(&key->matrix[i][j], seed, err) < 0)
				return -1;
		}
	}
	return 0;
}

void mlkem_key_public(const struct mlkem_key *key, uint8_t out[static MLKEM_PUBLIC_LEN])
{
	size_t i;

	for (i = 0; i < MLKEM_K; i++)
		mlkem_poly_encode(&key->t[i], out + i * MLKEM_POLY_LEN);
	memcpy(out + MLKEM_K * MLKEM_POLY_LEN, key->rho, sizeof(key->rho));
}

/* t = A s + e */
static int make_vectors(struct mlkem_key *key, struct scratch *scratch, struct err *err)
{
	uint8_t i;

	for (i = 0; i < MLKEM_K; i++) {
		if (sample_noise(scratch, i, &key->s[i], err) < 0)
			return -1;
		mlkem_poly_ntt(&key->s[i]);
	}
	for (i = 0; i < MLKEM_K; i++) {
		const struct mlkem_poly *const row[] = {&key->matrix[i][0], &key->matrix[i][1],
							&key->matrix[i][2]};

		mlkem_poly_dot(&key->t[i], row, key->s);
		if (sample_noise(scratch, MLKEM_K + i, &scratch->e, err) < 0)
			return -1;
		mlkem_poly_ntt(&scratch->e);
		mlkem_poly_add(&key->t[i], &scratch->e);
	}
	return 0;
}

int mlkem_key_init(struct mlkem_key *key, const uint8_t seed[static MLKEM_SEED_LEN],
		   struct err *err)
{
	const uint8_t k = MLKEM_K;
	const struct span input[] = {span_of(seed, 32), span_of(&k, 1)};
	uint8_t expanded[64], public[MLKEM_PUBLIC_LEN];
	CLEAN_WIPE(expanded);
	struct scratch scratch;
	CLEAN_WIPE(scratch);
	struct span whole = span_of(public, sizeof(public));

	if (crypto_keccak(CRYPTO_SHA3_512, input, 2, expanded, sizeof(expanded), err) < 0)
		return -1;
	memcpy(key->rho, expanded, 32);
	memcpy(scratch.seed, expanded + 32, 32);
	memcpy(key->z, seed + 32, sizeof(key->z));
	if (expand_matrix(key, err) < 0 || make_vectors(key, &scratch, err) < 0)
		return -1;
	mlkem_key_public(key, public);
	return crypto_keccak(CRYPTO_SHA3_256, &whole, 1, key->hash, sizeof(key->hash), err);
}

/* K-PKE.Encrypt with the randomness in scratch->seed: u = At y + e1, v = t y + e2 + message. */
static int encrypt(const struct mlkem_key *key, const uint8_t message[static 32],
		   struct scratch *scratch, uint8_t sealed[static MLKEM_SEALED_LEN],
		   struct err *err)
{
	const struct mlkem_poly *const t[] = {&key->t[0], &key->t[1], &key->t[2]};
	uint8_t i;

	for (i = 0; i < MLKEM_K; i++) {
		if (sample_noise(scratch, i, &scratch->y[i], err) < 0)
			return -1;
		mlkem_poly_ntt(&scratch->y[i]);
	}
	for (i = 0; i < MLKEM_K; i++) {
		const struct mlkem_poly *const column[] = {&key->matrix[0][i], &key->matrix[1][i],
							   &key->matrix[2][i]};

		mlkem_poly_dot(&scratch->u, column, scratch->y);
		mlkem_poly_inverse(&scratch->u);
		if (sample_noise(scratch, MLKEM_K + i, &scratch->e, err) < 0)
			return -1;
		mlkem_poly_add(&scratch->u, &scratch->e);
		mlkem_poly_compress(&scratch->u, U_BITS, sealed + i * U_LEN);
	}
	mlkem_poly_dot(&scratch->v, t, scratch->y);
	mlkem_poly_inverse(&scratch->v);
	if (sample_noise(scratch, 2 * MLKEM_K, &scratch->e, err) < 0)
		return -1;
	mlkem_poly_add(&scratch->v, &scratch->e);
	mlkem_poly_decompress(&scratch->e, 1, message);
	mlkem_poly_add(&scratch->v, &scratch->e);
	mlkem_poly_compress(&scratch->v, V_BITS, sealed + MLKEM_K * U_LEN);
	return 0;
}

int mlkem_encapsulate(const struct mlkem_key *key, const uint8_t message[static 32],
		      uint8_t sealed[static MLKEM_SEALED_LEN],
		      uint8_t secret[static MLKEM_SECRET_LEN], struct err *err)
{
	const struct span input[] = {span_of(message, 32), span_of(key->hash, sizeof(key->hash))};
	uint8_t expanded[64];
	CLEAN_WIPE(expanded);
	struct scratch scratch;
	CLEAN_WIPE(scratch);

	if (crypto_keccak(CRYPTO_SHA3_512, input, 2, expanded, sizeof(expanded), err) < 0)
		return -1;
	memcpy(scratch.seed, expanded + 32, 32);
	if (encrypt(key, message, &scratch, sealed, err) < 0)
		return -1;
	memcpy(secret, expanded, MLKEM_SECRET_LEN);
	return 0;
}

/* K-PKE.Decrypt: what is nearer to q/2 than to 0 in v - s u is a set bit. */
static void decrypt(const struct mlkem_key *key, const uint8_t sealed[static MLKEM_SEALED_LEN],
		    uint8_t message[static 32])
{
	const struct mlkem_poly *const s[] = {&key->s[0], &key->s[1], &key->s[2]};
	struct mlkem_poly u[MLKEM_K], v, w;
	CLEAN_WIPE(u);
	CLEAN_WIPE(v);
	CLEAN_WIPE(w);
	size_t i;

	for (i = 0; i < MLKEM_K; i++) {
		mlkem_poly_decompress(&u[i], U_BITS, sealed + i * U_LEN);
		mlkem_poly_ntt(&u[i]);
	}
	mlkem_poly_decompress(&v, V_BITS, sealed + MLKEM_K * U_LEN);
	mlkem_poly_dot(&w, s, u);
	mlkem_poly_inverse(&w);
	mlkem_poly_sub_from(&w, &v);
	mlkem_poly_compress(&w, 1, message);
}

/* 0xff where all bytes are equal, else 0. The empty assembler statement hides from the compiler that there are only two values, of which it
 * could make a branch. */
static uint8_t equal_mask(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint32_t differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= (uint32_t)(a[i] ^ b[i]);
	differ = (differ - 1u) >> 8; /* 0xffffff for 0, 0 for 1 to 255 */
	__asm__("" : "+r"(differ));
	return (uint8_t)differ;
}

int mlkem_decapsulate(const struct mlkem_key *key, const uint8_t sealed[static MLKEM_SEALED_LEN],
		      uint8_t secret[static MLKEM_SECRET_LEN], struct err *err)
{
	const struct span input[] = {span_of(key->z, sizeof(key->z)),
				     span_of(sealed, MLKEM_SEALED_LEN)};
	uint8_t message[32], good[MLKEM_SECRET_LEN], forged[MLKEM_SECRET_LEN];
	uint8_t again[MLKEM_SEALED_LEN], mask;
	CLEAN_WIPE(message);
	CLEAN_WIPE(good);
	CLEAN_WIPE(forged);
	CLEAN_WIPE(again);
	CLEAN_WIPE(mask);
	size_t i;

	decrypt(key, sealed, message);
	if (mlkem_encapsulate(key, message, again, good, err) < 0 ||
	    crypto_keccak(CRYPTO_SHAKE256, input, 2, forged, sizeof(forged), err) < 0)
		return -1;
	mask = equal_mask(sealed, again, MLKEM_SEALED_LEN);
	for (i = 0; i < MLKEM_SECRET_LEN; i++)
		secret[i] = (uint8_t)((good[i] & mask) | (forged[i] & (uint8_t)~mask));
	return 0;
}
