/* SPDX-License-Identifier: Apache-2.0
 *
 * ML-KEM under MemorySanitizer, with the secrets declared as uninitialised: it reports every branch and every address that depends on
 * one. Keccak is written out here, as a library that is not compiled with the sanitizer would hide the flow of secrets; what is public by
 * its definition (the seed of the matrix) is declared as that. `mlkem leak` branches on a secret on purpose: that must be reported.
 * tests/program/test_constant_time.py builds and runs it.
 */
#include "keys/crypto_openssl.h"
#include "keys/mlkem.h"

#include <sanitizer/msan_interface.h>
#include <stdio.h>

static uint64_t rotate(uint64_t x, unsigned n)
{
	return n ? x << n | x >> (64 - n) : x;
}

/* FIPS 202, section 3.3: the step functions on 25 lanes, with the round constants by their shift register. */
static void keccak_f(uint64_t a[25])
{
	static const uint8_t shift[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
					  25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
	uint8_t lfsr = 1;

	for (int round = 0; round < 24; round++) {
		uint64_t c[5], b[25];

		for (int x = 0; x < 5; x++)
			c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		for (int i = 0; i < 25; i++)
			a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
		for (int x = 0; x < 5; x++) {
			for (int y = 0; y < 5; y++)
				b[y + 5 * ((2 * x + 3 * y) % 5)] =
					rotate(a[x + 5 * y], shift[x + 5 * y]);
		}
		for (int i = 0; i < 25; i++)
			a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
		for (int j = 0; j < 7; j++) {
			if (lfsr & 1)
				a[0] ^= UINT64_C(1) << ((1 << j) - 1);
			lfsr = (uint8_t)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
		}
	}
}

int crypto_keccak(enum crypto_keccak kind, const struct span *parts, size_t count, uint8_t *out,
		  size_t len, struct err *err)
{
	static const size_t rates[] = {136, 72, 168, 136};
	size_t rate = rates[kind], at = 0, total = 0;
	uint8_t end = kind == CRYPTO_SHA3_256 || kind == CRYPTO_SHA3_512 ? 0x06 : 0x1f;
	uint64_t a[25] = {0};

	for (size_t p = 0; p < count; p++) {
		for (size_t i = 0; i < parts[p].len; i++, total++) {
			a[at / 8] ^= (uint64_t)parts[p].data[i] << 8 * (at % 8);
			if (++at == rate) {
				keccak_f(a);
				at = 0;
			}
		}
	}
	a[at / 8] ^= (uint64_t)end << 8 * (at % 8);
	a[(rate - 1) / 8] ^= UINT64_C(0x80) << 8 * ((rate - 1) % 8);
	for (size_t i = 0; i < len; i++) {
		if (i % rate == 0)
			keccak_f(a);
		out[i] = (uint8_t)(a[i % rate / 8] >> 8 * (i % rate % 8));
	}
	if (kind == CRYPTO_SHA3_512 && total == 33)
		__msan_unpoison(out, 32); /* rho, from which everybody makes the matrix */
	return 0;
}

static void print(const char *name, uint8_t *bytes, size_t len)
{
	__msan_unpoison(bytes, len);
	printf("%s ", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct mlkem_key key;
	uint8_t seed[MLKEM_SEED_LEN], message[32], sealed[MLKEM_SEALED_LEN];
	uint8_t secret[MLKEM_SECRET_LEN], again[MLKEM_SECRET_LEN];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i * 5 + 3);
	__msan_poison(seed, sizeof(seed));
	__msan_poison(message, sizeof(message));
	if (mlkem_key_init(&key, seed, &err) < 0 ||
	    mlkem_encapsulate(&key, message, sealed, secret, &err) < 0)
		return 2;
	__msan_unpoison(sealed, sizeof(sealed)); /* it is sent */
	if (mlkem_decapsulate(&key, sealed, again, &err) < 0)
		return 2;
	if (argc > 1 && key.s[0].c[0] & 1)
		puts("odd");
	print("secret", secret, sizeof(secret));
	print("again", again, sizeof(again));
	sealed[5] ^= 1;
	if (mlkem_decapsulate(&key, sealed, again, &err) < 0)
		return 2;
	print("forged", again, sizeof(again));
	return 0;
}
