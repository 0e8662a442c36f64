/* SPDX-License-Identifier: Apache-2.0
 *
 * ML-KEM-768 (FIPS 203), for keys that are kept as a seed.
 */
#ifndef KEYS_MLKEM_H
#define KEYS_MLKEM_H

#include "keys/mlkem_poly.h"

enum {
	MLKEM_SEED_LEN = 64, /* d, z */
	MLKEM_PUBLIC_LEN = MLKEM_K * MLKEM_POLY_LEN + 32,
	MLKEM_SEALED_LEN = 32 * (10 * MLKEM_K + 4),
	MLKEM_SECRET_LEN = 32,
};

/* A decapsulation key, expanded. 8 KiB; lies in the pool. */
struct mlkem_key {
	struct mlkem_poly matrix[MLKEM_K][MLKEM_K]; /* A, in the NTT domain, like s and t */
	struct mlkem_poly s[MLKEM_K], t[MLKEM_K];
	uint8_t rho[32];  /* what A is made of */
	uint8_t hash[32]; /* of the public key */
	uint8_t z[32];    /* what the answer to a forged ciphertext is made of */
};

/* ML-KEM.KeyGen_internal. ERR_NOMEM. */
int mlkem_key_init(struct mlkem_key *key, const uint8_t seed[static MLKEM_SEED_LEN],
		   struct err *err) NODISCARD;

/* The encapsulation key, as FIPS 203 encodes it. */
void mlkem_key_public(const struct mlkem_key *key, uint8_t out[static MLKEM_PUBLIC_LEN]);

/* ML-KEM.Encaps_internal: the ciphertext and the shared secret for 32 random bytes. ERR_NOMEM. */
int mlkem_encapsulate(const struct mlkem_key *key, const uint8_t message[static 32],
		      uint8_t sealed[static MLKEM_SEALED_LEN],
		      uint8_t secret[static MLKEM_SECRET_LEN], struct err *err) NODISCARD;

/* ML-KEM.Decaps_internal. A ciphertext that was not made for this key gives a secret that nobody can tell, not an error. ERR_NOMEM. */
int mlkem_decapsulate(const struct mlkem_key *key, const uint8_t sealed[static MLKEM_SEALED_LEN],
		      uint8_t secret[static MLKEM_SECRET_LEN], struct err *err) NODISCARD;

#endif
