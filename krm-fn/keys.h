/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a run's keys come from: the environment and the user's files (keys_ambient.c), or the Secret that a decryption secretRef names
 * (keys_secret.c). Only these files read them; the library gets bytes.
 */
#ifndef KEYS_H
#define KEYS_H

#include "keys/keyring.h"

/* The ambient identities, as the sops command finds them: SOPS_AGE_SSH_PRIVATE_KEY_FILE, ~/.ssh/id_ed25519, ~/.ssh/id_rsa, SOPS_AGE_KEY,
 * SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, the default key file. Variables that hold a key are read, wiped and removed from the environment. A
 * source that is broken is remembered (ring->notes) and does not stop the others. -1 only for ERR_NOMEM and the like. */
int keys_ambient(struct keyring *ring, struct err *err) NODISCARD;

#endif
