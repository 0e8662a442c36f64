/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client of Entra signs with its certificate's key in place of a secret.
 */
#ifndef KEYS_AZURE_ASSERTION_H
#define KEYS_AZURE_ASSERTION_H

#include "base/buf.h"
#include "keys/azure_credential.h"

/* Appends the assertion for that token URL. now: seconds since 1970. Errors: those of jwt_sign(). */
int azure_assertion_sign(const struct azure_credential *credential, struct span url, int64_t now,
			 struct buf *out, struct err *err) NODISCARD;

#endif
