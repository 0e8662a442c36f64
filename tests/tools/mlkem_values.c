/* SPDX-License-Identifier: Apache-2.0
 *
 * mlkem_values: reads lines "NAME HEX" (seed: d and z; m; c; dk: a decapsulation key in FIPS 203's encoding) and prints what ML-KEM-768
 * makes of them in lines of the same form: ek, sealed, encapsulated and "seed-decapsulated" for a seed, decapsulated for dk.
 */
#include "base/text.h"
#include "keys/crypto_openssl.h"
#include "keys/mlkem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DK_LEN = MLKEM_K * MLKEM_POLY_LEN + MLKEM_PUBLIC_LEN + 64,
	LINE_MAX = 2 * DK_LEN + 64,
};

struct values {
	uint8_t seed[MLKEM_SEED_LEN], m[32], c[MLKEM_SEALED_LEN], dk[DK_LEN];
	size_t seed_len, m_len, c_len, dk_len;
};

static size_t read_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned byte;

	while (n < cap && sscanf(text + 2 * n, "%2x", &byte) == 1)
		out[n++] = (uint8_t)byte;
	return text[2 * n] == '\n' ? n : 0;
}

static void print(const char *name, const uint8_t *bytes, size_t len)
{
	CLEAN_BUF struct buf hex = BUF_INIT(2 * DK_LEN);

	hex_encode(span_of(bytes, len), false, &hex);
	printf("%s %.*s\n", name, (int)hex.len, (const char *)hex.data);
}

static void check(int status, const struct err *err)
{
	if (status == 0)
		return;
	fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

/* ByteDecode of 12 bits: the product never reads an encoded key, so this is here. */
static void decode(const uint8_t *in, struct mlkem_poly *p)
{
	for (size_t i = 0; i < MLKEM_N / 2; i++, in += 3) {
		p->c[2 * i] = (uint16_t)((in[0] | in[1] << 8) & 0xfff);
		p->c[2 * i + 1] = (uint16_t)(in[1] >> 4 | in[2] << 4);
	}
}

static void load(const uint8_t dk[static DK_LEN], struct mlkem_key *key, struct err *err)
{
	const uint8_t *t = dk + MLKEM_K * MLKEM_POLY_LEN, *rho = t + MLKEM_K * MLKEM_POLY_LEN;
	uint8_t seed[34];

	for (uint8_t i = 0; i < MLKEM_K; i++) {
		decode(dk + i * MLKEM_POLY_LEN, &key->s[i]);
		decode(t + i * MLKEM_POLY_LEN, &key->t[i]);
	}
	memcpy(key->rho, rho, 32);
	memcpy(key->hash, rho + 32, 32);
	memcpy(key->z, rho + 64, 32);
	memcpy(seed, rho, 32);
	for (uint8_t i = 0; i < MLKEM_K; i++) {
		for (uint8_t j = 0; j < MLKEM_K; j++) {
			seed[32] = j;
			seed[33] = i;
			check(mlkem_poly_sample(&key->matrix[i][j], seed, err), err);
		}
	}
}

/* C2SP CCTV, ML-KEM, as Go's crypto/mlkem runs it since FIPS 203 was final: every input is drawn from one SHAKE128 stream, every output goes
 * into another. */
static void accumulate(size_t count, struct err *err)
{
	enum { INPUT_LEN = MLKEM_SEED_LEN + 32 + MLKEM_SEALED_LEN };
	uint8_t *input = malloc(count * INPUT_LEN), hash[32], secret[MLKEM_SECRET_LEN];
	uint8_t public[MLKEM_PUBLIC_LEN], sealed[MLKEM_SEALED_LEN], again[MLKEM_SECRET_LEN];
	CLEAN_BUF struct buf out = BUF_INIT(count * (2 * MLKEM_PUBLIC_LEN));
	static struct mlkem_key key;
	const struct span nothing = SPAN_NULL;
	struct span all;

	if (!input)
		check(err_nomem(err), err);
	check(crypto_keccak(CRYPTO_SHAKE128, &nothing, 1, input, count * INPUT_LEN, err), err);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *in = input + i * INPUT_LEN;

		check(mlkem_key_init(&key, in, err), err);
		mlkem_key_public(&key, public);
		check(mlkem_encapsulate(&key, in + MLKEM_SEED_LEN, sealed, secret, err), err);
		check(mlkem_decapsulate(&key, sealed, again, err), err);
		if (memcmp(secret, again, sizeof(secret)) != 0)
			check(err_set(err, ERR_BUG, "secret %zu comes out differently", i), err);
		check(mlkem_decapsulate(&key, in + MLKEM_SEED_LEN + 32, again, err), err);
		buf_add(&out, public, sizeof(public));
		buf_add(&out, sealed, sizeof(sealed));
		buf_add(&out, secret, sizeof(secret));
		buf_add(&out, again, sizeof(again));
	}
	check(buf_check(&out, err), err);
	all = buf_span(&out);
	check(crypto_keccak(CRYPTO_SHAKE128, &all, 1, hash, sizeof(hash), err), err);
	print("accumulated", hash, sizeof(hash));
	free(input);
}

int main(void)
{
	static struct values in;
	static struct mlkem_key key;
	static char line[LINE_MAX];
	uint8_t public[MLKEM_PUBLIC_LEN], sealed[MLKEM_SEALED_LEN], secret[MLKEM_SECRET_LEN];
	struct err err = ERR_INIT;

	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "seed ", 5) == 0)
			in.seed_len = read_hex(line + 5, in.seed, sizeof(in.seed));
		else if (strncmp(line, "m ", 2) == 0)
			in.m_len = read_hex(line + 2, in.m, sizeof(in.m));
		else if (strncmp(line, "c ", 2) == 0)
			in.c_len = read_hex(line + 2, in.c, sizeof(in.c));
		else if (strncmp(line, "dk ", 3) == 0)
			in.dk_len = read_hex(line + 3, in.dk, sizeof(in.dk));
		else if (strncmp(line, "accumulate ", 11) == 0)
			accumulate(strtoul(line + 11, NULL, 10), &err);
	}
	if (in.dk_len == DK_LEN && in.c_len == MLKEM_SEALED_LEN) {
		load(in.dk, &key, &err);
		check(mlkem_decapsulate(&key, in.c, secret, &err), &err);
		print("decapsulated", secret, sizeof(secret));
	}
	if (in.dk_len == DK_LEN && in.m_len == sizeof(in.m)) {
		load(in.dk, &key, &err);
		check(mlkem_encapsulate(&key, in.m, sealed, secret, &err), &err);
		print("sealed", sealed, sizeof(sealed));
		print("encapsulated", secret, sizeof(secret));
	}
	if (in.seed_len == MLKEM_SEED_LEN && in.m_len == 32 && in.c_len == MLKEM_SEALED_LEN) {
		check(mlkem_key_init(&key, in.seed, &err), &err);
		mlkem_key_public(&key, public);
		print("seed-ek", public, sizeof(public));
		check(mlkem_encapsulate(&key, in.m, sealed, secret, &err), &err);
		print("seed-sealed", sealed, sizeof(sealed));
		print("seed-encapsulated", secret, sizeof(secret));
		check(mlkem_decapsulate(&key, in.c, secret, &err), &err);
		print("seed-decapsulated", secret, sizeof(secret));
	}
	return 0;
}
