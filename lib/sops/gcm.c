/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-256-GCM by OpenSSL; see gcm.h. A nonce of 12 bytes is the counter block's first part, any other length is hashed into it
 * (NIST SP 800-38D): OpenSSL does both, if the length is set before the nonce.
 *
 * OpenSSL 3 finds an algorithm by loading its providers and setting up each cipher that they have: 1 ms and 1 MiB, a third of what a small
 * document costs in all. libcrypto holds the same code itself; a copy of its method is used as it is. Where that is not to be had (OpenSSL
 * 4, a FIPS configuration, which binds us to its provider) the cipher is fetched.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EVP_CIPHER_meth_dup() */

#include "sops/gcm.h"

#include "base/wipe.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { UPDATE_MAX = 1 << 30 /* bytes at a time: EVP counts in int */ };

struct gcm {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	size_t nonce_len; /* that ctx is set to; 0: none yet */
};

static EVP_CIPHER *find_cipher(void)
{
	EVP_CIPHER *cipher = NULL;

#if OPENSSL_VERSION_MAJOR == 3
	/* The question crashes where memory ran out while the context was made. */
	if (!OSSL_LIB_CTX_get0_global_default())
		return NULL;
	if (!EVP_default_properties_is_fips_enabled(NULL))
		cipher = EVP_CIPHER_meth_dup(EVP_aes_256_gcm());
#endif
	return cipher ? cipher : EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

int gcm_new(struct gcm **ret_gcm, struct err *err)
{
	struct gcm *gcm = calloc(1, sizeof(*gcm));

	if (!gcm)
		return err_nomem(err);
	/* Where memory was short for its context, OpenSSL 3.0 runs into a null pointer in whatever it is asked next. */
	if (!OSSL_LIB_CTX_get0_global_default()) {
		gcm_free(gcm);
		return err_nomem(err);
	}
	gcm->cipher = find_cipher();
	if (!gcm->cipher) {
		gcm_free(gcm);
		return err_set(err, ERR_SYSTEM, "the crypto library has no AES-256-GCM");
	}
	gcm->ctx = EVP_CIPHER_CTX_new();
	if (!gcm->ctx) {
		gcm_free(gcm);
		return err_nomem(err);
	}
	*ret_gcm = gcm;
	return 0;
}

int gcm_set_key(struct gcm *gcm, const uint8_t key[static GCM_KEY_LEN], struct err *err)
{
	gcm->nonce_len = 0;
	if (EVP_CIPHER_CTX_reset(gcm->ctx) != 1 ||
	    EVP_DecryptInit_ex(gcm->ctx, gcm->cipher, NULL, key, NULL) != 1)
		return err_set(err, ERR_SYSTEM, "the crypto library refused the data key");
	return 0;
}

static bool feed(EVP_CIPHER_CTX *ctx, uint8_t *out, struct span in)
{
	int done;

	while (in.len) {
		struct span part = span_sub(in, 0, UPDATE_MAX);

		if (EVP_DecryptUpdate(ctx, out, &done, part.data, (int)part.len) != 1)
			return false;
		if (out)
			out += part.len;
		in = span_from(in, part.len);
	}
	return true;
}

static bool start(struct gcm *gcm, struct span nonce)
{
	if (nonce.len != gcm->nonce_len) {
		if (EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL) !=
		    1)
			return false;
		gcm->nonce_len = nonce.len;
	}
	return EVP_DecryptInit_ex(gcm->ctx, NULL, NULL, NULL, nonce.data) == 1;
}

int gcm_open(struct gcm *gcm, struct span nonce, struct span aad, struct span data,
	     const uint8_t tag[static GCM_TAG_LEN], uint8_t *out, struct err *err)
{
	uint8_t want[GCM_TAG_LEN], none[1];
	int done;

	memcpy(want, tag, sizeof(want)); /* EVP takes no const */
	if (nonce.len == 0 || nonce.len > GCM_NONCE_MAX)
		return err_set(err, ERR_VALUE, "a nonce of %zu bytes", nonce.len);
	/* Nothing else can go wrong here than making room for the nonce. */
	if (!start(gcm, nonce))
		return err_nomem(err);
	if (feed(gcm->ctx, NULL, aad) && feed(gcm->ctx, out, data) &&
	    EVP_CIPHER_CTX_ctrl(gcm->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(want), want) == 1 &&
	    EVP_DecryptFinal_ex(gcm->ctx, none, &done) == 1)
		return 0;
	wipe(out, data.len);
	return err_set(err, ERR_VALUE, "authentication failed: changed, moved, or another key");
}

static void free_cipher(EVP_CIPHER *cipher)
{
#if OPENSSL_VERSION_MAJOR == 3
	/* A copied method has no provider, and EVP_CIPHER_free() does nothing to it. */
	if (cipher && !EVP_CIPHER_get0_provider(cipher)) {
		EVP_CIPHER_meth_free(cipher);
		return;
	}
#endif
	EVP_CIPHER_free(cipher);
}

void gcm_free(struct gcm *gcm)
{
	if (!gcm)
		return;
	EVP_CIPHER_CTX_free(gcm->ctx); /* cleanses the key */
	free_cipher(gcm->cipher);
	wipe_free(gcm, sizeof(*gcm));
}
