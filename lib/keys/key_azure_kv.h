/* SPDX-License-Identifier: Apache-2.0
 *
 * The Azure Key Vault key service: a sops azure_kv entry's `enc` to the data key.
 */
#ifndef KEYS_KEY_AZURE_KV_H
#define KEYS_KEY_AZURE_KV_H

#include "keys/key_host.h"
#include "keys/keyring.h"

/* Adds a service to the ring, which has its host: with the text of Flux's data key `sops.azure-kv`, or with what the machine has (a null span), which is
 * looked for when a document first wants it: azure_ambient.h. Vaults are Azure's own, and hosts that KRM_SOPS_AZURE_VAULT_SUFFIXES names.
 * Errors: those of azure_credential_parse() and azure_ambient_endpoints(); ERR_LIMIT, ERR_NOMEM. */
int key_azure_kv_add(struct keyring *ring, struct span credential, struct err *err) NODISCARD;

#endif
