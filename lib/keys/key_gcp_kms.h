/* SPDX-License-Identifier: Apache-2.0
 *
 * The Google Cloud KMS key service: a sops gcp_kms entry's `enc` to the data key.
 */
#ifndef KEYS_KEY_GCP_KMS_H
#define KEYS_KEY_GCP_KMS_H

#include "keys/key_host.h"
#include "keys/keyring.h"

/* Adds a service to the ring, which has its host: with a credential file's text, or with what the machine has (a null span), which is looked for when a
 * document first wants it: gcp_ambient.h. Errors: those of gcp_credential_parse() and gcp_ambient_endpoints(); ERR_LIMIT, ERR_NOMEM. */
int key_gcp_kms_add(struct keyring *ring, struct span credential, struct err *err) NODISCARD;

#endif
