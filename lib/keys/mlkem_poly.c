/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic of ML-KEM polynomials. Every product and sum is brought below q by one multiplication (mlkem_reduce), so that nothing has to
 * be compared; sums are left to grow as far as the comments say. FIPS 203: algorithms 5 to 12
 */
#include "keys/mlkem_poly.h"

#include "base/span.h"
#include "keys/crypto_openssl.h"

/* 17^BitRev7(i) mod q: FIPS 203, appendix A. */
static const uint16_t zetas[128] = {
	1,    1729, 2580, 3289, 2642, 630,  1897, 848,  1062, 1919, 193,  797,  2786, 3260, 569,
	1746, 296,  2447, 1339, 1476, 3046, 56,   2240, 1333, 1426, 2094, 535,  2882, 2393, 2879,
	1974, 821,  289,  331,  3253, 1756, 1197, 2304, 2277, 2055, 650,  1977, 2513, 632,  2865,
	33,   1320, 1915, 2319, 1435, 807,  452,  1438, 2868, 1534, 2402, 2647, 2617, 1481, 648,
	2474, 3110, 1227, 910,  17,   2761, 583,  2649, 1637, 723,  2288, 1100, 1409, 2662, 3281,
	233,  756,  2156, 3015, 3050, 1703, 1651, 2789, 1789, 1847, 952,  1461, 2687, 939,  2308,
	2437, 2388, 733,  2337, 268,  641,  1584, 2298, 2037, 3220, 375,  2549, 2090, 1645, 1063,
	319,  2773, 757,  2099, 561,  2466, 2594, 2804, 1092, 403,  1026, 1143, 2150, 2775, 886,
	1722, 1212, 1874, 1029, 2110, 2935, 885,  2154,
};

void mlkem_poly_ntt(struct mlkem_poly *p)
{
	size_t len, start, j, i = 1;
	unsigned blocks, b;
	uint32_t zeta, t, a;

	/* A layer adds at most q to a coefficient, so seven leave it below 9 q: within 16 bits, and its product with zeta below 2^31. */
	for (len = 128, blocks = 1; len >= 2; len >>= 1, blocks <<= 1) {
		/* counted, as a compiler would divide to know how often it runs */
		for (b = 0, start = 0; b < blocks; b++, start += 2 * len) {
			zeta = zetas[i++];
			for (j = start; j < start + len; j++) {
				t = mlkem_reduce(zeta * p->c[j + len]);
				a = p->c[j];
				p->c[j + len] = (uint16_t)(a + MLKEM_Q - t);
				p->c[j] = (uint16_t)(a + t);
			}
		}
	}
	for (j = 0; j < MLKEM_N; j++)
		p->c[j] = mlkem_reduce(p->c[j]);
}

void mlkem_poly_inverse(struct mlkem_poly *p)
{
	const uint32_t scale = 3303; /* 1 / 128 */
	size_t len, start, j, i = 127;
	unsigned blocks, n;
	uint32_t zeta, a, b;

	for (len = 2, blocks = 64; len <= 128; len <<= 1, blocks >>= 1) {
		for (n = 0, start = 0; n < blocks; n++, start += 2 * len) {
			zeta = zetas[i--];
			for (j = start; j < start + len; j++) {
				a = p->c[j];
				b = p->c[j + len];
				p->c[j] = mlkem_reduce(a + b);
				p->c[j + len] = mlkem_reduce(zeta * (b + MLKEM_Q - a));
			}
		}
	}
	for (j = 0; j < MLKEM_N; j++)
		p->c[j] = mlkem_reduce(scale * p->c[j]);
}

/* In the NTT domain a polynomial is 128 of degree one, each modulo X^2 - gamma; gamma is a zeta or its negative in turn. */
void mlkem_poly_dot(struct mlkem_poly *ret, const struct mlkem_poly *const a[MLKEM_K],
		    const struct mlkem_poly b[MLKEM_K])
{
	uint32_t gamma, even, odd;
	size_t i, k;

	for (i = 0; i < MLKEM_N; i += 2) {
		gamma = zetas[64 + i / 4];
		if (i & 2)
			gamma = MLKEM_Q - gamma;
		even = odd = 0;
		for (k = 0; k < MLKEM_K;
		     k++) { /* each adds less than 2 q^2: 6 q^2 are below 2^27 */
			uint32_t a0 = a[k]->c[i], a1 = a[k]->c[i + 1];
			uint32_t b0 = b[k].c[i], b1 = b[k].c[i + 1];

			even += a0 * b0 + gamma * mlkem_reduce(a1 * b1);
			odd += a0 * b1 + a1 * b0;
		}
		ret->c[i] = mlkem_reduce(even);
		ret->c[i + 1] = mlkem_reduce(odd);
	}
}

void mlkem_poly_add(struct mlkem_poly *p, const struct mlkem_poly *a)
{
	size_t i;

	for (i = 0; i < MLKEM_N; i++)
		p->c[i] = mlkem_reduce((uint32_t)p->c[i] + a->c[i]);
}

void mlkem_poly_sub_from(struct mlkem_poly *p, const struct mlkem_poly *a)
{
	size_t i;

	for (i = 0; i < MLKEM_N; i++)
		p->c[i] = mlkem_reduce((uint32_t)a->c[i] + MLKEM_Q - p->c[i]);
}

/* Values of 12 bits that are below q, as many as there are in the stream. Branches are fine here: the matrix is public. */
static size_t take_uniform(struct mlkem_poly *ret, const uint8_t *stream, size_t len)
{
	size_t at, n = 0;

	for (at = 0; at + 3 <= len && n < MLKEM_N; at += 3) {
		uint16_t low = (uint16_t)(stream[at] | (stream[at + 1] & 15) << 8);
		uint16_t high = (uint16_t)(stream[at + 1] >> 4 | stream[at + 2] << 4);

		if (low < MLKEM_Q)
			ret->c[n++] = low;
		if (high < MLKEM_Q && n < MLKEM_N)
			ret->c[n++] = high;
	}
	return n;
}

int mlkem_poly_sample(struct mlkem_poly *ret, const uint8_t seed[static 34], struct err *err)
{
	/* Three blocks of output are enough for 99 polynomials in 100; five for all but one in 2^261 (FIPS 203, appendix B). OpenSSL 3.0
	 * can not go on with a stream that it has given out, so more is asked for from the start. */
	static const size_t lengths[] = {504, 840};
	const struct span input = span_of(seed, 34);
	uint8_t stream[840];
	size_t i;

	for (i = 0; i < ARRAY_LEN(lengths); i++) {
		if (crypto_keccak(CRYPTO_SHAKE128, &input, 1, stream, lengths[i], err) < 0)
			return -1;
		if (take_uniform(ret, stream, lengths[i]) == MLKEM_N)
			return 0;
	}
	return err_set(err, ERR_BUG, "the ML-KEM matrix can not be sampled");
}

/* A coefficient is the number of set bits in two bits less that of the next two. Left at most 2 above q, which the NTT and
 * mlkem_poly_add() take as well. */
void mlkem_poly_noise(struct mlkem_poly *ret, const uint8_t bytes[static MLKEM_NOISE_LEN])
{
	size_t i;

	for (i = 0; i < MLKEM_N; i++) {
		uint32_t four = bytes[i / 2] >> 4 * (i & 1);
		uint32_t up = (four & 1) + (four >> 1 & 1),
			 down = (four >> 2 & 1) + (four >> 3 & 1);

		ret->c[i] = (uint16_t)(MLKEM_Q + up - down);
	}
}

void mlkem_poly_encode(const struct mlkem_poly *p, uint8_t out[static MLKEM_POLY_LEN])
{
	size_t i;

	for (i = 0; i < MLKEM_N / 2; i++) {
		uint16_t a = p->c[2 * i], b = p->c[2 * i + 1];

		out[3 * i] = (uint8_t)a;
		out[3 * i + 1] = (uint8_t)(a >> 8 | b << 4);
		out[3 * i + 2] = (uint8_t)(b >> 4);
	}
}

/* round(2^bits / q * c) mod 2^bits; bits are packed from the lowest on. */
void mlkem_poly_compress(const struct mlkem_poly *p, unsigned bits, uint8_t *out)
{
	uint32_t acc = 0, value;
	unsigned have = 0;
	size_t i;

	for (i = 0; i < MLKEM_N; i++) {
		value = mlkem_quotient(((uint32_t)p->c[i] << bits) + MLKEM_Q / 2);
		acc |= (value & ((1u << bits) - 1)) << have;
		for (have += bits; have >= 8; have -= 8) {
			*out++ = (uint8_t)acc;
			acc >>= 8;
		}
	}
}

/* round(q / 2^bits * value) */
void mlkem_poly_decompress(struct mlkem_poly *ret, unsigned bits, const uint8_t *in)
{
	uint32_t acc = 0, value;
	unsigned have = 0;
	size_t i;

	for (i = 0; i < MLKEM_N; i++) {
		for (; have < bits; have += 8)
			acc |= (uint32_t)*in++ << have;
		value = acc & ((1u << bits) - 1);
		acc >>= bits;
		have -= bits;
		ret->c[i] = (uint16_t)((value * MLKEM_Q + (1u << (bits - 1))) >> bits);
	}
}
