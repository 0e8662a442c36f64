/* SPDX-License-Identifier: Apache-2.0
 *
 * From an identity to the file of its kind. Types of stanzas are told apart byte for byte: "x25519" is nobody's.
 */
#include "keys/age_identity.h"

#include "keys/age_hybrid.h"
#include "keys/age_ssh.h"
#include "keys/age_x25519.h"

#include <sodium.h>

enum age_class age_identity_unwrap(const struct age_identity *identity,
				   const struct age_stanza *stanza,
				   uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	static const char *const types[AGE_KINDS] = {
		[AGE_X25519] = "X25519",
		[AGE_HYBRID] = "mlkem768x25519",
		[AGE_SSH_ED25519] = "ssh-ed25519",
		[AGE_SSH_RSA] = "ssh-rsa",
	};

	if (!span_is(stanza->type, types[identity->kind]))
		return AGE_NO_MATCH;
	switch (identity->kind) {
	case AGE_X25519:
		return age_x25519_unwrap(&identity->x25519, stanza, file_key, err);
	case AGE_HYBRID:
		return age_hybrid_unwrap(identity->hybrid, stanza, file_key, err);
	case AGE_SSH_ED25519:
		return age_ssh_unwrap_ed25519(&identity->ssh, stanza, file_key, err);
	case AGE_SSH_RSA:
		return age_ssh_unwrap_rsa(&identity->ssh, stanza, file_key, err);
	case AGE_KINDS:
		break;
	}
	return AGE_NO_MATCH;
}

int age_identity_open_body(const uint8_t key[static 32], const uint8_t nonce[static 12],
			   struct span body, uint8_t file_key[static AGE_FILE_KEY_LEN])
{
	if (body.len != AGE_BODY_LEN)
		return -1;
	return crypto_aead_chacha20poly1305_ietf_decrypt(file_key, NULL, NULL, body.data, body.len,
							 NULL, 0, nonce, key);
}
