/* SPDX-License-Identifier: Apache-2.0
 *
 * age's post-quantum identities: AGE-SECRET-KEY-PQ-1... and mlkem768x25519 stanzas.
 */
#ifndef KEYS_AGE_HYBRID_H
#define KEYS_AGE_HYBRID_H

#include "keys/age_identity.h"

/* Reads the text of a secret key and expands it, in the pool. ERR_FORMAT, with a message that shows nothing of it; ERR_NOMEM. */
int age_hybrid_parse(struct span text, struct secret_pool *pool, struct age_hybrid **ret_key,
		     struct err *err) NODISCARD;

/* age_identity_unwrap() for an mlkem768x25519 stanza. */
enum age_class age_hybrid_unwrap(const struct age_hybrid *key, const struct age_stanza *stanza,
				 uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);

#endif
