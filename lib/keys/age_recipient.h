/* SPDX-License-Identifier: Apache-2.0
 *
 * The public side of an age identity as text: what a document calls it by, computed from the key itself and not from what a document says.
 */
#ifndef KEYS_AGE_RECIPIENT_H
#define KEYS_AGE_RECIPIENT_H

#include "base/buf.h"
#include "keys/age_identity.h"

enum {
	AGE_RECIPIENT_MAX =
		32 *
		1024 /* bytes of one: an RSA key of 16384 bits has 2.8 KiB, a hybrid key 1959 bytes */
};

/* Appends "age1...", "age1pq1...", "ssh-ed25519 AAAA..." or "ssh-rsa AAAA..." (without a comment). The caller asks buf_check(). Errors: ERR_BUG for
 * an SSH key whose own text is malformed, ERR_NOMEM. */
int age_recipient_add(const struct age_identity *identity, struct buf *out, struct err *err)
	NODISCARD;

#endif
