/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/mlkem.c and mlkem_poly.c: values made by Go's crypto/mlkem (tests/data/age/make), its accumulated test, and the arithmetic held to
 * its definition.
 */
#include "age_data.h"

#include "keys/crypto_openssl.h"
#include "keys/mlkem.h"

enum { LINE = 64 + 32 + 32 + MLKEM_SEALED_LEN + 32 + 32 };

struct line {
	const uint8_t *seed, *message, *hash, *sealed, *secret, *rejected;
};

static const uint8_t *take(struct span *text, uint8_t **at, size_t len)
{
	uint8_t *start = *at;

	assert_int_equal(age_data_unhex(*text, start, len), len);
	*text = span_from(*text, 2 * len + 1);
	*at += len;
	return start;
}

static struct line take_line(struct span *text, uint8_t room[static LINE])
{
	struct line line;

	line.seed = take(text, &room, 64);
	line.message = take(text, &room, 32);
	line.hash = take(text, &room, 32);
	line.sealed = take(text, &room, MLKEM_SEALED_LEN);
	line.secret = take(text, &room, 32);
	line.rejected = take(text, &room, 32);
	return line;
}

static void matches_go(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	static struct mlkem_key key;
	uint8_t room[LINE], sealed[MLKEM_SEALED_LEN], secret[32];
	struct span rest;
	size_t lines = 0;

	age_data("mlkem768.txt", &text);
	for (rest = buf_span(&text); rest.len; lines++) {
		struct line line = take_line(&rest, room);
		struct err err = ERR_INIT;

		assert_int_equal(mlkem_key_init(&key, line.seed, &err), 0);
		assert_memory_equal(key.hash, line.hash, 32);
		assert_int_equal(mlkem_encapsulate(&key, line.message, sealed, secret, &err), 0);
		assert_memory_equal(sealed, line.sealed, sizeof(sealed));
		assert_memory_equal(secret, line.secret, 32);
		assert_int_equal(mlkem_decapsulate(&key, line.sealed, secret, &err), 0);
		assert_memory_equal(secret, line.secret, 32);
		sealed[0] ^= 1;
		assert_int_equal(mlkem_decapsulate(&key, sealed, secret, &err), 0);
		assert_memory_equal(secret, line.rejected, 32);
	}
	assert_true(lines >= 10);
}

/* A hundred keys of C2SP CCTV's accumulated vectors; the hash is that of Go's crypto/mlkem (TestAccumulated). */
static void matches_the_accumulated_vectors(void **state)
{
	enum { COUNT = 100, INPUT = MLKEM_SEED_LEN + 32 + MLKEM_SEALED_LEN };
	static const uint8_t want[] = {0x11, 0x14, 0xb1, 0xb6, 0x69, 0x9e, 0xd1, 0x91,
				       0x73, 0x4f, 0xa3, 0x39, 0x37, 0x6a, 0xfa, 0x7e,
				       0x28, 0x5c, 0x9e, 0x6a, 0xcf, 0x6f, 0xf0, 0x17,
				       0x7d, 0x34, 0x66, 0x96, 0xce, 0x56, 0x44, 0x15};
	static uint8_t input[COUNT * INPUT];
	static struct mlkem_key key;
	CLEAN_BUF struct buf out = BUF_INIT(AGE_DATA_MAX);
	uint8_t public[MLKEM_PUBLIC_LEN], sealed[MLKEM_SEALED_LEN], secret[32], again[32], hash[32];
	struct span nothing = SPAN_NULL, all;
	struct err err = ERR_INIT;

	assert_int_equal(crypto_keccak(CRYPTO_SHAKE128, &nothing, 1, input, sizeof(input), &err),
			 0);
	for (size_t i = 0; i < COUNT; i++) {
		const uint8_t *in = input + i * INPUT;

		assert_int_equal(mlkem_key_init(&key, in, &err), 0);
		mlkem_key_public(&key, public);
		assert_int_equal(mlkem_encapsulate(&key, in + 64, sealed, secret, &err), 0);
		assert_int_equal(mlkem_decapsulate(&key, sealed, again, &err), 0);
		assert_memory_equal(secret, again, 32);
		assert_int_equal(mlkem_decapsulate(&key, in + 96, again, &err), 0);
		buf_add(&out, public, sizeof(public));
		buf_add(&out, sealed, sizeof(sealed));
		buf_add(&out, secret, sizeof(secret));
		buf_add(&out, again, sizeof(again));
	}
	all = buf_span(&out);
	assert_int_equal(crypto_keccak(CRYPTO_SHAKE128, &all, 1, hash, sizeof(hash), &err), 0);
	assert_memory_equal(hash, want, sizeof(want));
}

/* The answer to a ciphertext with any change is that of z and the ciphertext, and never the secret. */
static void rejects_every_changed_ciphertext(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	static struct mlkem_key key;
	uint8_t room[LINE], sealed[MLKEM_SEALED_LEN], secret[32], want[32];
	struct err err = ERR_INIT;
	struct span rest;
	struct line line;

	age_data("mlkem768.txt", &text);
	rest = buf_span(&text);
	line = take_line(&rest, room);
	assert_int_equal(mlkem_key_init(&key, line.seed, &err), 0);
	for (size_t bit = 0; bit < MLKEM_SEALED_LEN * 8; bit += 37) {
		struct span parts[] = {span_of(line.seed + 32, 32),
				       span_of(sealed, sizeof(sealed))};

		memcpy(sealed, line.sealed, sizeof(sealed));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(crypto_keccak(CRYPTO_SHAKE256, parts, 2, want, 32, &err), 0);
		assert_int_equal(mlkem_decapsulate(&key, sealed, secret, &err), 0);
		assert_memory_equal(secret, want, 32);
	}
}

/* The quotient by multiplication grows with its argument, so it is right everywhere where it is right around each multiple. */
static void divides_exactly(void **state)
{
	for (uint64_t k = 1; k * MLKEM_Q < UINT64_C(1) << 31; k++) {
		uint32_t a = (uint32_t)(k * MLKEM_Q);

		assert_int_equal(mlkem_quotient(a - 1), k - 1);
		assert_int_equal(mlkem_quotient(a), k);
		assert_int_equal(mlkem_reduce(a - 1), MLKEM_Q - 1);
		assert_int_equal(mlkem_reduce(a), 0);
	}
	assert_int_equal(mlkem_quotient(UINT32_MAX / 2), UINT32_MAX / 2 / MLKEM_Q);
}

static void fill(struct mlkem_poly *p, uint8_t seed)
{
	uint8_t bytes[34] = {seed};
	struct err err = ERR_INIT;

	assert_int_equal(mlkem_poly_sample(p, bytes, &err), 0);
}

static void multiplies_as_defined(void **state)
{
	struct mlkem_poly a[MLKEM_K], b[MLKEM_K], sum, ntt_a[MLKEM_K];
	int64_t want[MLKEM_N] = {0};

	for (size_t k = 0; k < MLKEM_K; k++) {
		fill(&a[k], (uint8_t)(2 * k));
		fill(&b[k], (uint8_t)(2 * k + 1));
		for (size_t i = 0; i < MLKEM_N; i++) {
			for (size_t j = 0; j < MLKEM_N; j++) { /* modulo X^256 + 1 */
				int64_t product = (int64_t)a[k].c[i] * b[k].c[j];

				want[(i + j) % MLKEM_N] += i + j < MLKEM_N ? product : -product;
			}
		}
		ntt_a[k] = a[k];
		mlkem_poly_ntt(&ntt_a[k]);
		sum = ntt_a[k];
		mlkem_poly_inverse(&sum);
		assert_memory_equal(&sum, &a[k], sizeof(sum));
		mlkem_poly_ntt(&b[k]);
	}
	mlkem_poly_dot(&sum, (const struct mlkem_poly *const[]){&ntt_a[0], &ntt_a[1], &ntt_a[2]},
		       b);
	mlkem_poly_inverse(&sum);
	for (size_t i = 0; i < MLKEM_N; i++)
		assert_int_equal(sum.c[i], ((want[i] % MLKEM_Q) + MLKEM_Q) % MLKEM_Q);
}

/* All coefficients at their largest: no sum may overflow. */
static void bears_the_largest_coefficients(void **state)
{
	struct mlkem_poly p, b[MLKEM_K], sum;
	const struct mlkem_poly *const a[MLKEM_K] = {&p, &p, &p};

	for (size_t i = 0; i < MLKEM_N; i++)
		p.c[i] = MLKEM_Q + 2; /* what noise leaves at most */
	mlkem_poly_ntt(&p);
	mlkem_poly_inverse(&p);
	for (size_t i = 0; i < MLKEM_N; i++)
		assert_int_equal(p.c[i], 2);
	for (size_t i = 0; i < MLKEM_N; i++)
		p.c[i] = MLKEM_Q - 1;
	for (size_t k = 0; k < MLKEM_K; k++)
		b[k] = p;
	mlkem_poly_dot(&sum, a, b); /* each pair: 3 (1 + gamma) and 3 * 2 */
	for (size_t i = 1; i < MLKEM_N; i += 2)
		assert_int_equal(sum.c[i], 6);
	for (size_t i = 0; i < MLKEM_N;
	     i += 4) /* neighbours have gammas that are each other's negative */
		assert_int_equal((sum.c[i] + sum.c[i + 2]) % MLKEM_Q, 6);
}

static void compresses_as_defined(void **state)
{
	static const unsigned all_bits[] = {1, 4, 10};

	for (size_t n = 0; n < ARRAY_LEN(all_bits); n++) {
		unsigned bits = all_bits[n];

		for (uint32_t first = 0; first < MLKEM_Q; first += MLKEM_N) {
			struct mlkem_poly p, back;
			uint8_t packed[32 * 10] = {0};

			for (uint32_t i = 0; i < MLKEM_N; i++)
				p.c[i] = (uint16_t)((first + i) % MLKEM_Q);
			mlkem_poly_compress(&p, bits, packed);
			mlkem_poly_decompress(&back, bits, packed);
			for (uint32_t i = 0; i < MLKEM_N; i++) {
				uint32_t x = p.c[i], got = 0;
				/* round half up, in whole numbers: (2^bits x + q / 2) / q */
				uint32_t want = (((x << (bits + 1)) + MLKEM_Q) / (2 * MLKEM_Q)) &
						((1u << bits) - 1);

				for (unsigned b = 0; b < bits; b++) {
					size_t at = i * bits + b;

					got |= (packed[at / 8] >> at % 8 & 1u) << b;
				}
				assert_int_equal(got, want);
				assert_int_equal(back.c[i],
						 (2 * want * MLKEM_Q + (1u << bits)) >> (bits + 1));
			}
		}
	}
}

static void draws_noise_as_defined(void **state)
{
	struct mlkem_poly p;
	uint8_t bytes[MLKEM_NOISE_LEN];

	for (unsigned first = 0; first < 256; first += MLKEM_NOISE_LEN) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(first + i);
		mlkem_poly_noise(&p, bytes);
		for (size_t i = 0; i < MLKEM_N; i++) {
			unsigned four = bytes[i / 2] >> (i % 2 ? 4 : 0) & 15;
			int up = (four & 1) + (four >> 1 & 1), down = (four >> 2 & 1) + (four >> 3);

			assert_int_equal(p.c[i], MLKEM_Q + up - down);
		}
	}
}

/* One seed in a hundred needs more than the first three blocks. */
static void samples_on_where_three_blocks_are_not_enough(void **state)
{
	size_t longer = 0;

	for (unsigned n = 0; n < 2000; n++) {
		uint8_t seed[34] = {(uint8_t)n, (uint8_t)(n >> 8)}, stream[840];
		struct span input = span_of(seed, sizeof(seed));
		struct err err = ERR_INIT;
		struct mlkem_poly p;
		size_t at, count = 0;

		assert_int_equal(mlkem_poly_sample(&p, seed, &err), 0);
		assert_int_equal(crypto_keccak(CRYPTO_SHAKE128, &input, 1, stream, 840, &err), 0);
		for (at = 0; count < MLKEM_N; at++) {
			unsigned low = stream[3 * (at / 2)], mid = stream[3 * (at / 2) + 1];
			unsigned value = at % 2 ? mid >> 4 | stream[3 * (at / 2) + 2] << 4
						: low | (mid & 15) << 8;

			if (value < MLKEM_Q)
				assert_int_equal(p.c[count++], value);
		}
		longer += at > 504 / 3 * 2;
	}
	assert_true(longer > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_go),
		cmocka_unit_test(matches_the_accumulated_vectors),
		cmocka_unit_test(rejects_every_changed_ciphertext),
		cmocka_unit_test(divides_exactly),
		cmocka_unit_test(multiplies_as_defined),
		cmocka_unit_test(bears_the_largest_coefficients),
		cmocka_unit_test(compresses_as_defined),
		cmocka_unit_test(draws_noise_as_defined),
		cmocka_unit_test(samples_on_where_three_blocks_are_not_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
