/* SPDX-License-Identifier: Apache-2.0
 *
 * The one-line name of a master key, as sops prints it (ToString of each keysource.go): what the policy's lists and `audit` compare.
 */
#ifndef KEY_TEXT_H
#define KEY_TEXT_H

#include "sops/sops_meta.h"

enum { KEY_TEXT_MAX = 16 * 1024 /* bytes of one name: an ARN with its encryption context */ };

/* Appends it: the recipient, the fingerprint, "ARN[+ROLE][|CONTEXT][|PROFILE]", "VAULT/keys/NAME/VERSION", "ADDRESS/v1/ENGINE/keys/NAME", ...
 * The caller asks buf_check(). */
void key_text_add(const struct sops_key *key, struct buf *out);

#endif
