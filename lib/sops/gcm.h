/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-256-GCM, open only: the fence around OpenSSL's EVP for the walk over a document. One context serves many documents, one after
 * the other, and thousands of values each, as making one costs more than opening a value.
 */
#ifndef SOPS_GCM_H
#define SOPS_GCM_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

enum {
	GCM_KEY_LEN = 32,    /* bytes: AES-256, the only cipher of SOPS */
	GCM_TAG_LEN = 16,    /* bytes: sops writes full tags only */
	GCM_NONCE_MAX = 128, /* bytes that OpenSSL takes; sops writes 32 */
};

struct gcm;

/* A context without a key. Errors: ERR_NOMEM, ERR_SYSTEM (the crypto library has no AES-256-GCM). */
int gcm_new(struct gcm **ret_gcm, struct err *err) NODISCARD;

/* Takes a key, the one before is wiped. Errors: ERR_SYSTEM. */
int gcm_set_key(struct gcm *gcm, const uint8_t key[static GCM_KEY_LEN], struct err *err) NODISCARD;

/* Opens data into out (data.len bytes; may be data itself). nonce: 1 to GCM_NONCE_MAX bytes. Errors: ERR_VALUE with one text for a wrong
 * key and a wrong tag; out is wiped then. */
int gcm_open(struct gcm *gcm, struct span nonce, struct span aad, struct span data,
	     const uint8_t tag[static GCM_TAG_LEN], uint8_t *out, struct err *err) NODISCARD;

/* Wipes the key. NULL is fine. */
void gcm_free(struct gcm *gcm);

static inline void gcm_freep(struct gcm **gcm)
{
	gcm_free(*gcm);
}
#define CLEAN_GCM CLEANUP(gcm_freep)

#endif
