/* SPDX-License-Identifier: Apache-2.0
 *
 * The ASCII armor around OpenPGP keys and messages (RFC 9580, 6.2), as gpg reads it where it has nothing to complain of.
 */
#ifndef KEYS_PGP_ARMOR_H
#define KEYS_PGP_ARMOR_H

#include "base/secret.h"

/* Takes the next armored block off text: its bytes, in the pool. What stands around blocks is passed over. Any of gpg's labels will do, as in
 * gpg: the packets say what they are.
 * 1 where there was one, 0 where none is left, -1: ERR_FORMAT (cut short, header, base64, checksum), ERR_LIMIT, ERR_NOMEM. */
int pgp_armor_next(struct span *text, struct secret_pool *pool, struct span *ret_bytes,
		   struct err *err) NODISCARD;

/* True where text is OpenPGP packets as they are, without armor: their first byte has its highest bit set. */
static inline bool pgp_armor_none(struct span text)
{
	return text.len > 0 && (text.data[0] & 0x80);
}

#endif
