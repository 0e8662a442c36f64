/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault addresses: a document says where its key lies, and whoever can write documents would have our token sent to himself. So a token goes only
 * where the operator lets it go; plain http only where he wrote http.
 */
#ifndef KEYS_VAULT_ADDRESS_H
#define KEYS_VAULT_ADDRESS_H

#include "base/buf.h"
#include "keys/key_host.h"
#include "sops/sops_meta.h"

/* May a token be sent to it? Asked in this order, the first that speaks decides: the operator's policy; SOPS_HC_VAULT_ALLOWLIST, as sops reads
 * it; VAULT_ADDR, and `own`, the address that came with the token (a null span: none did); the list of instances. host may be NULL. Errors: ERR_POLICY with a hint that
 * prints what to add; ERR_FORMAT for what is no address; ERR_USAGE for a list that can not be read; those of key_host.vault_instance. */
int vault_address_allowed(const struct key_host *host, struct span address, struct span own,
			  struct err *err) NODISCARD;

/* Appends ADDRESS/v1/ENGINE/decrypt/KEY. ERR_FORMAT for names with ".." among their parts or without any. */
int vault_decrypt_url(const struct sops_key *key, struct buf *out, struct err *err) NODISCARD;

/* The same for ADDRESS/v1/PATH. */
int vault_url(struct span address, struct span path, struct buf *out, struct err *err) NODISCARD;

/* Without the white space around it. */
struct span vault_trim(struct span text);

/* Also without the slashes at its end: as it is compared and used. */
struct span vault_address_trim(struct span address);

#endif
