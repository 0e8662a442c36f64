/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP's primitives on OpenSSL 3.0's EVP; see crypto_pgp.h. Algorithms are fetched when the first PGP message comes, not before: a run with
 * age keys alone loads no provider.
 */
#include "keys/crypto_pgp.h"

#include "base/buf.h"
#include "base/wipe.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* Why OpenSSL says no is told in its list of errors, or not at all; with the algorithms and lengths that we ask for it is memory. */
static int refused(struct err *err)
{
	ERR_clear_error();
	return err_nomem(err);
}

static int not_authentic(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_VALUE, "authentication failed");
}

/* OpenSSL 3.0 crashes on the first question for an algorithm where memory ran out while its context was made. */
static bool started(void)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL;
}

int crypto_digest(enum crypto_digest kind, const struct span *parts, size_t count,
		  uint8_t out[static CRYPTO_DIGEST_MAX], size_t *ret_len, struct err *err)
{
	static const char *const names[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
	EVP_MD *md = started() ? EVP_MD_fetch(NULL, names[kind], NULL) : NULL;
	EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
	unsigned len = 0;
	size_t i;
	int ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, &len) == 1;
	EVP_MD_CTX_free(ctx); /* cleanses the state */
	EVP_MD_free(md);
	if (!ok)
		return refused(err);
	*ret_len = len;
	return 0;
}

/* "AES-256-CFB", for decryption; NULL where there is no memory. */
static EVP_CIPHER_CTX *aes(struct span key, const char *mode, struct err *err)
{
	CLEAN_BUF struct buf name = BUF_INIT(32);
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;

	buf_printf(&name, "AES-%zu-%s", key.len * 8, mode);
	buf_add_char(&name, 0);
	if (!name.bad && started())
		cipher = EVP_CIPHER_fetch(NULL, (const char *)name.data, NULL);
	if (cipher)
		ctx = EVP_CIPHER_CTX_new();
	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (ctx && EVP_DecryptInit_ex(ctx, cipher, NULL, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(cipher);
	if (!ctx)
		(void)refused(err);
	return ctx;
}

int crypto_cfb(struct span key, struct span data, uint8_t *out, struct err *err)
{
	static const uint8_t iv[CRYPTO_BLOCK_LEN];
	EVP_CIPHER_CTX *ctx = aes(key, "CFB", err);
	int done, ok;

	if (!ctx)
		return -1;
	ok = data.len <= INT_MAX && EVP_DecryptInit_ex(ctx, NULL, NULL, key.data, iv) == 1 &&
	     EVP_DecryptUpdate(ctx, out, &done, data.data, (int)data.len) == 1;
	EVP_CIPHER_CTX_free(ctx); /* cleanses the key */
	return ok ? 0 : refused(err);
}

int crypto_unwrap(struct span key, struct span wrapped, uint8_t *out, struct err *err)
{
	EVP_CIPHER_CTX *ctx = aes(key, "WRAP", err);
	int done, ok, opened = 0;

	if (!ctx)
		return -1;
	ok = EVP_DecryptInit_ex(ctx, NULL, NULL, key.data, NULL) == 1;
	if (ok)
		opened = EVP_DecryptUpdate(ctx, out, &done, wrapped.data, (int)wrapped.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return refused(err);
	return opened ? 0 : not_authentic(err);
}

struct crypto_aead {
	EVP_CIPHER_CTX *ctx;
};

struct crypto_aead *crypto_aead_new(enum crypto_aead_mode mode, struct span key, size_t nonce_len,
				    struct err *err)
{
	struct crypto_aead *aead = calloc(1, sizeof(*aead));

	if (!aead) {
		(void)err_nomem(err);
		return NULL;
	}
	aead->ctx = aes(key, mode == CRYPTO_OCB ? "OCB" : "GCM", err);
	if (!aead->ctx) {
		crypto_aead_free(aead);
		return NULL;
	}
	if (EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_len, NULL) != 1 ||
	    EVP_DecryptInit_ex(aead->ctx, NULL, NULL, key.data, NULL) != 1) {
		(void)refused(err);
		crypto_aead_free(aead);
		return NULL;
	}
	return aead;
}

void crypto_aead_free(struct crypto_aead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->ctx);
	free(aead);
}

int crypto_aead_open(struct crypto_aead *aead, const uint8_t *nonce, struct span aad,
		     struct span sealed, uint8_t *out, struct err *err)
{
	uint8_t tag[CRYPTO_TAG_LEN], none[CRYPTO_BLOCK_LEN];
	size_t len = sealed.len - CRYPTO_TAG_LEN;
	int done = 0, rest = 0, ok;

	memcpy(tag, sealed.data + len, sizeof(tag)); /* EVP takes no const */
	ok = len <= INT_MAX - CRYPTO_BLOCK_LEN &&
	     EVP_DecryptInit_ex(aead->ctx, NULL, NULL, NULL, nonce) == 1 &&
	     EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
	     EVP_DecryptUpdate(aead->ctx, NULL, &done, aad.data, (int)aad.len) == 1;
	done = 0;
	ok = ok &&
	     (len == 0 || EVP_DecryptUpdate(aead->ctx, out, &done, sealed.data, (int)len) == 1);
	if (!ok)
		return refused(err);
	/* OCB keeps what does not fill a block till the end */
	ok = EVP_DecryptFinal_ex(aead->ctx, (size_t)done < len ? out + done : none, &rest) == 1;
	if (ok && (size_t)done + (size_t)rest == len)
		return 0;
	wipe(out, len);
	return not_authentic(err);
}
