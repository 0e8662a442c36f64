/* SPDX-License-Identifier: Apache-2.0
 *
 * age's native identities: AGE-SECRET-KEY-1... and X25519 stanzas.
 */
#ifndef KEYS_AGE_X25519_H
#define KEYS_AGE_X25519_H

#include "keys/age_identity.h"

/* Reads the text of a secret key. ERR_FORMAT, with a message that shows nothing of it. */
int age_x25519_parse(struct span text, struct age_x25519 *ret_key, struct err *err) NODISCARD;

/* age_identity_unwrap() for an X25519 stanza. */
enum age_class age_x25519_unwrap(const struct age_x25519 *key, const struct age_stanza *stanza,
				 uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);

#endif
