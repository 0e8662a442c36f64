/* SPDX-License-Identifier: Apache-2.0
 *
 * The key service for HashiCorp Vault and OpenBao: PUT ADDRESS/v1/ENGINE/decrypt/KEY of the transit engine. sops: hcvault/keysource.go
 */
#ifndef KEYS_KEY_VAULT_H
#define KEYS_KEY_VAULT_H

#include "keys/keyring.h"

/* What a decryption Secret says of Vault: sops.vault-token, sops.vault-addr. `source` ("NAMESPACE/NAME") names the Secret, and both of the same
 * make one service. White space around is trimmed, an empty one is none. Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int key_vault_add_token(struct keyring *ring, const char *source, struct span token,
			struct err *err) NODISCARD;
int key_vault_add_address(struct keyring *ring, const char *source, struct span address,
			  struct err *err) NODISCARD;

/* A service with the token that the machine has (vault_setup.h, vault_login.h), unless the ring has one for Vault already, or no network. Nothing is looked for
 * before an entry needs it. */
int key_vault_add_ambient(struct keyring *ring, struct err *err) NODISCARD;

#endif
