/* SPDX-License-Identifier: Apache-2.0
 *
 * RSA and Keccak on OpenSSL 3.0's EVP. An RSA key is handed over in parameters that lie in locked memory of ours; OpenSSL's copy lives as long as the one
 * call, or the messages of one batch, and is cleansed then. The CRT values are computed here from the private exponent and the primes, and a container
 * whose numbers do not fit each other is refused, as Go does.
 */
#include "keys/crypto_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

/* The numbers of a key, in the order of number_names. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static const char *const number_names[NUMBERS] = {
	OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

enum { PRIMES_APART_BITS = 100 /* FIPS 186-5: |p - q| > 2^(nlen / 2 - 100) */ };

struct numbers {
	BIGNUM *of[NUMBERS];
	BN_CTX *ctx;
};

/* Empties OpenSSL's list of errors; whether it ran out of memory. */
static bool out_of_memory(bool *ret_silent)
{
	unsigned long one = ERR_get_error();
	bool memory = false;

	*ret_silent = one == 0;
	for (; one; one = ERR_get_error())
		memory = memory || ERR_GET_REASON(one) == ERR_R_MALLOC_FAILURE;
	return memory;
}

/* OpenSSL says no: for want of memory, which it tells in any of its errors or not at all, or with `code` and `text`. */
static int refuse(struct err *err, enum err_code code, const char *text)
{
	bool silent;

	if (out_of_memory(&silent) || silent)
		return err_nomem(err);
	return err_set(err, code, "%s", text);
}

/* OpenSSL 3.0 crashes on the first question for an algorithm where memory ran out while its context was made. */
static int start(struct err *err)
{
	if (!OSSL_LIB_CTX_get0_global_default())
		return err_nomem(err);
	return 0;
}

static void numbers_release(struct numbers *numbers)
{
	size_t i;

	for (i = 0; i < NUMBERS; i++)
		BN_clear_free(numbers->of[i]);
	BN_CTX_free(numbers->ctx); /* clears what it held */
}

/* ret = d modulo prime - 1, and with e it makes 1 there. */
static bool crt_exponent(struct numbers *numbers, const BIGNUM *prime, BIGNUM *ret)
{
	BIGNUM *less, *one;
	bool fits;

	BN_CTX_start(numbers->ctx);
	less = BN_CTX_get(numbers->ctx);
	one = BN_CTX_get(numbers->ctx);
	fits = one && BN_copy(less, prime) && BN_sub_word(less, 1);
	if (fits) {
		BN_set_flags(less, BN_FLG_CONSTTIME);
		fits = BN_mod(ret, numbers->of[D], less, numbers->ctx) &&
		       BN_mod_mul(one, ret, numbers->of[E], less, numbers->ctx) && BN_is_one(one);
	}
	BN_CTX_end(numbers->ctx);
	return fits;
}

/* n = p q, and the primes are not so near to each other that n can be taken apart. */
static bool primes_fit(struct numbers *numbers)
{
	const BIGNUM *n = numbers->of[N], *p = numbers->of[P], *q = numbers->of[Q];
	BIGNUM *product, *difference;
	bool fit;

	BN_CTX_start(numbers->ctx);
	product = BN_CTX_get(numbers->ctx);
	difference = BN_CTX_get(numbers->ctx);
	fit = difference && BN_is_odd(p) && BN_is_odd(q) && !BN_is_one(p) && !BN_is_one(q) &&
	      BN_mul(product, p, q, numbers->ctx) && BN_cmp(product, n) == 0 &&
	      BN_sub(difference, p, q) &&
	      BN_num_bits(difference) > BN_num_bits(n) / 2 - PRIMES_APART_BITS;
	BN_CTX_end(numbers->ctx);
	return fit;
}

static bool exponents_fit(const struct numbers *numbers)
{
	const BIGNUM *n = numbers->of[N], *e = numbers->of[E], *d = numbers->of[D];

	return BN_is_odd(e) && !BN_is_one(e) && BN_cmp(d, n) < 0 &&
	       BN_num_bits(d) > BN_num_bits(n) / 2;
}

/* What the container says about the rest, where it does. */
static bool given_fits(const struct numbers *numbers, const struct crypto_rsa *key)
{
	const struct span given[] = {key->dp, key->dq, key->qinv};
	BIGNUM *number;
	bool fits = true;
	size_t i;

	for (i = 0; fits && i < ARRAY_LEN(given); i++) {
		if (!given[i].data)
			continue;
		number = BN_secure_new();
		fits = number && BN_bin2bn(given[i].data, (int)given[i].len, number) &&
		       BN_cmp(number, numbers->of[DP + i]) == 0;
		BN_clear_free(number);
	}
	return fits;
}

/* Our own comparison says no, or OpenSSL. */
static int misfit(struct err *err)
{
	bool silent;

	if (out_of_memory(&silent))
		return err_nomem(err);
	return err_set(err, ERR_FORMAT, "the numbers of the RSA key do not fit each other");
}

/* Reads what the container had and computes the rest. Go: crypto/internal/fips140/rsa (checkPrivateKey) */
static int numbers_load(struct numbers *numbers, const struct crypto_rsa *key, struct err *err)
{
	const struct span given[] = {key->n, key->e, key->d, key->p, key->q};
	size_t i;

	numbers->ctx = BN_CTX_secure_new();
	if (!numbers->ctx)
		return err_nomem(err);
	for (i = 0; i < NUMBERS; i++) {
		numbers->of[i] = BN_secure_new();
		if (!numbers->of[i])
			return err_nomem(err);
		if (i >= D)
			BN_set_flags(numbers->of[i], BN_FLG_CONSTTIME);
		if (i <= Q && !BN_bin2bn(given[i].data, (int)given[i].len, numbers->of[i]))
			return err_nomem(err);
	}
	if (!exponents_fit(numbers) || !primes_fit(numbers) ||
	    !crt_exponent(numbers, numbers->of[P], numbers->of[DP]) ||
	    !crt_exponent(numbers, numbers->of[Q], numbers->of[DQ]) ||
	    !BN_mod_inverse(numbers->of[QINV], numbers->of[Q], numbers->of[P], numbers->ctx) ||
	    !given_fits(numbers, key))
		return misfit(err);
	return 0;
}

/* The numbers in native order, as parameters take them, in one piece of the pool. */
static int make_key(const struct numbers *numbers, struct secret_pool *pool, EVP_PKEY **ret_key,
		    struct err *err)
{
	OSSL_PARAM params[NUMBERS + 1];
	EVP_PKEY_CTX *ctx;
	uint8_t *room;
	size_t i, len;
	int ok;

	for (i = 0; i < NUMBERS; i++) {
		len = (size_t)BN_num_bytes(numbers->of[i]);
		room = secret_alloc(pool, len, err);
		if (!room)
			return -1;
		(void)BN_bn2nativepad(numbers->of[i], room, (int)len);
		params[i] = OSSL_PARAM_construct_BN(number_names[i], room, len);
	}
	params[NUMBERS] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!ctx)
		return refuse(err, ERR_SYSTEM, "OpenSSL has no RSA");
	ok = EVP_PKEY_fromdata_init(ctx) == 1 &&
	     EVP_PKEY_fromdata(ctx, ret_key, EVP_PKEY_KEYPAIR, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : refuse(err, ERR_FORMAT, "OpenSSL does not take the RSA key");
}

static int open_oaep(EVP_PKEY *key, struct span label, struct span sealed, uint8_t *out,
		     size_t *len, struct err *err)
{
	static char mode[] = OSSL_PKEY_RSA_PAD_MODE_OAEP, digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
						  (void *)(uintptr_t)label.data, label.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	int ok;

	if (!ctx)
		return err_nomem(err);
	ok = EVP_PKEY_decrypt_init_ex(ctx, params) == 1 &&
	     EVP_PKEY_decrypt(ctx, out, len, sealed.data, sealed.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : refuse(err, ERR_VALUE, "RSA-OAEP does not open");
}

static int load(const struct crypto_rsa *key, struct secret_pool *pool, EVP_PKEY **ret_key,
		struct err *err)
{
	struct numbers numbers = {.ctx = NULL};
	int status = -1;

	if (start(err) == 0 && numbers_load(&numbers, key, err) == 0)
		status = make_key(&numbers, pool, ret_key, err);
	numbers_release(&numbers);
	return status;
}

int crypto_rsa_open(const struct crypto_rsa *key, struct span label, struct span sealed,
		    struct secret_pool *pool, struct span *ret_plain, struct err *err)
{
	EVP_PKEY *pkey = NULL;
	size_t len = key->n.len; /* what OpenSSL wants to have, though the text is shorter */
	uint8_t *plain = secret_alloc(pool, len, err);
	int status = -1;

	if (plain && load(key, pool, &pkey, err) == 0)
		status = open_oaep(pkey, label, sealed, plain, &len, err);
	EVP_PKEY_free(pkey);
	if (status == 0)
		*ret_plain = span_of(plain, len);
	return status;
}

static int sign(EVP_PKEY *key, enum crypto_signature kind, struct span text, uint8_t *out,
		size_t *len, struct err *err)
{
	static char pss[] = OSSL_PKEY_RSA_PAD_MODE_PSS, pkcs1[] = OSSL_PKEY_RSA_PAD_MODE_PKCSV15,
		    salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
	const OSSL_PARAM plain[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pkcs1, 0),
		OSSL_PARAM_construct_end(),
	};
	const OSSL_PARAM salted[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pss, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	if (!ctx)
		return err_nomem(err);
	ok = EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key,
				   kind == CRYPTO_PS256 ? salted : plain) == 1 &&
	     EVP_DigestSign(ctx, out, len, text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : refuse(err, ERR_FORMAT, "OpenSSL does not sign with the RSA key");
}

int crypto_rsa_sign(const struct crypto_rsa *key, enum crypto_signature kind, struct span text,
		    struct secret_pool *pool, struct span *ret_signature, struct err *err)
{
	EVP_PKEY *pkey = NULL;
	size_t len = key->n.len;
	uint8_t *out = secret_alloc(pool, len ? len : 1, err);
	int status = -1;

	if (out && load(key, pool, &pkey, err) == 0)
		status = sign(pkey, kind, text, out, &len, err);
	EVP_PKEY_free(pkey);
	if (status == 0)
		*ret_signature = span_of(out, len);
	return status;
}

struct crypto_rsa_ready {
	EVP_PKEY *pkey;
	size_t len; /* of the modulus */
};

struct crypto_rsa_ready *crypto_rsa_ready(const struct crypto_rsa *key, struct secret_pool *pool,
					  struct err *err)
{
	struct crypto_rsa_ready *ready = calloc(1, sizeof(*ready));

	if (!ready) {
		(void)err_nomem(err);
		return NULL;
	}
	ready->len = key->n.len;
	if (load(key, pool, &ready->pkey, err) < 0) {
		crypto_rsa_done(ready);
		return NULL;
	}
	return ready;
}

void crypto_rsa_done(struct crypto_rsa_ready *ready)
{
	if (!ready)
		return;
	EVP_PKEY_free(ready->pkey); /* cleanses the numbers */
	free(ready);
}

int crypto_rsa_raw(const struct crypto_rsa_ready *ready, struct span sealed, uint8_t *out,
		   struct err *err)
{
	static char mode[] = OSSL_PKEY_RSA_PAD_MODE_NONE;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
		OSSL_PARAM_construct_end(),
	};
	uint8_t padded[CRYPTO_RSA_LEN_MAX] = {0};
	size_t len = ready->len;
	EVP_PKEY_CTX *ctx;
	int ok;

	if (sealed.len > len)
		return err_set(err, ERR_VALUE, "a number that is too large for the RSA key");
	memcpy(padded + len - sealed.len, sealed.data, sealed.len);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ready->pkey, NULL);
	if (!ctx)
		return err_nomem(err);
	ok = EVP_PKEY_decrypt_init_ex(ctx, params) == 1 &&
	     EVP_PKEY_decrypt(ctx, out, &len, padded, ready->len) == 1 && len == ready->len;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : refuse(err, ERR_VALUE, "a number that is too large for the RSA key");
}

int crypto_keccak(enum crypto_keccak kind, const struct span *parts, size_t count, uint8_t *out,
		  size_t len, struct err *err)
{
	const EVP_MD *md = kind == CRYPTO_SHA3_256   ? EVP_sha3_256()
			   : kind == CRYPTO_SHA3_512 ? EVP_sha3_512()
			   : kind == CRYPTO_SHAKE128 ? EVP_shake128()
						     : EVP_shake256();
	bool xof = kind == CRYPTO_SHAKE128 || kind == CRYPTO_SHAKE256;
	EVP_MD_CTX *ctx;
	size_t i;
	int ok;

	if (start(err) < 0)
		return -1;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return err_nomem(err);
	ok = EVP_DigestInit_ex(ctx, md, NULL) == 1;
	for (i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	if (ok && xof)
		ok = EVP_DigestFinalXOF(ctx, out, len) == 1;
	else if (ok)
		ok = (size_t)EVP_MD_get_size(md) == len && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx); /* cleanses the state */
	return ok ? 0 : refuse(err, ERR_SYSTEM, "OpenSSL does not hash");
}
