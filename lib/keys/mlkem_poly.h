/* SPDX-License-Identifier: Apache-2.0
 *
 * Polynomials of ML-KEM: 256 coefficients modulo 3329 (FIPS 203, sections 4 and 5). Constant time: no branch, no address and no division
 * depends on a coefficient, but in sampling the public matrix.
 */
#ifndef KEYS_MLKEM_POLY_H
#define KEYS_MLKEM_POLY_H

#include "base/err.h"

#include <stdint.h>

enum {
	MLKEM_Q = 3329,
	MLKEM_N = 256,
	MLKEM_K = 3, /* ML-KEM-768 */
	MLKEM_NOISE_LEN =
		128, /* bytes of randomness for one noise polynomial: 4 bits a coefficient */
	MLKEM_POLY_LEN = 384, /* bytes of a polynomial in 12 bits a coefficient */
};

/* Coefficients are below MLKEM_Q except where a function says otherwise. */
struct mlkem_poly {
	uint16_t c[MLKEM_N];
};

/* a / MLKEM_Q, rounded down, by multiplication: a compiler makes a division instruction of `/` where it optimises for size, and that takes
 * a time which depends on a (KyberSlash). 2642262849 is 2^43 / 3329 rounded up; exact for a below 2^31. */
static inline uint32_t mlkem_quotient(uint32_t a)
{
	return (uint32_t)((uint64_t)a * UINT64_C(2642262849) >> 43);
}

static inline uint16_t mlkem_reduce(uint32_t a)
{
	return (uint16_t)(a - mlkem_quotient(a) * MLKEM_Q);
}

/* Into the NTT domain and back. */
void mlkem_poly_ntt(struct mlkem_poly *p);
void mlkem_poly_inverse(struct mlkem_poly *p);

/* ret = sum of a[i] * b[i] over MLKEM_K, all in the NTT domain. */
void mlkem_poly_dot(struct mlkem_poly *ret, const struct mlkem_poly *const a[MLKEM_K],
		    const struct mlkem_poly b[MLKEM_K]);

/* p = p + a; p = a - p. */
void mlkem_poly_add(struct mlkem_poly *p, const struct mlkem_poly *a);
void mlkem_poly_sub_from(struct mlkem_poly *p, const struct mlkem_poly *a);

/* SampleNTT: a uniform polynomial in the NTT domain from 34 public bytes. ERR_NOMEM. */
int mlkem_poly_sample(struct mlkem_poly *ret, const uint8_t seed[static 34], struct err *err)
	NODISCARD;

/* SamplePolyCBD with eta 2. */
void mlkem_poly_noise(struct mlkem_poly *ret, const uint8_t bytes[static MLKEM_NOISE_LEN]);

/* ByteEncode of 12 bits a coefficient. */
void mlkem_poly_encode(const struct mlkem_poly *p, uint8_t out[static MLKEM_POLY_LEN]);

/* ByteEncode(Compress()) and Decompress(ByteDecode()) with `bits` a coefficient: 1, 4 or 10, so 32 * bits bytes. */
void mlkem_poly_compress(const struct mlkem_poly *p, unsigned bits, uint8_t *out);
void mlkem_poly_decompress(struct mlkem_poly *ret, unsigned bits, const uint8_t *in);

#endif
