/* SPDX-License-Identifier: Apache-2.0
 *
 * SSH keys as age identities: ssh-ed25519 and ssh-rsa stanzas.
 */
#ifndef KEYS_AGE_SSH_H
#define KEYS_AGE_SSH_H

#include "keys/age_identity.h"

/* Makes an identity of a private key; it lies in the pool. Errors: those of ssh_key_parse(). */
int age_ssh_parse(struct span pem, struct secret_pool *pool, struct age_identity **ret_identity,
		  struct err *err) NODISCARD;

/* age_identity_unwrap() for the two types. */
enum age_class age_ssh_unwrap_ed25519(const struct age_ssh *key, const struct age_stanza *stanza,
				      uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);
enum age_class age_ssh_unwrap_rsa(const struct age_ssh *key, const struct age_stanza *stanza,
				  uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);

#endif
