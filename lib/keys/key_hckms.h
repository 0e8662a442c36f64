/* SPDX-License-Identifier: Apache-2.0
 *
 * The Huawei Cloud KMS key service: a sops hckms entry's `enc` to the data key.
 */
#ifndef KEYS_KEY_HCKMS_H
#define KEYS_KEY_HCKMS_H

#include "keys/key_host.h"
#include "keys/keyring.h"

/* Adds a service to the ring, which has its host, with the access keys that the machine has. They are looked for when a document first wants them:
 * hckms_token.h. ERR_LIMIT, ERR_NOMEM. */
int key_hckms_add(struct keyring *ring, struct err *err) NODISCARD;

#endif
