/* SPDX-License-Identifier: Apache-2.0
 *
 * The session key inside of what RSA makes of a wrapped one, in constant time.
 */
#ifndef KEYS_PGP_UNPAD_H
#define KEYS_PGP_UNPAD_H

#include "base/attr.h"
#include "keys/pgp_session.h"

/* block: 0, 2, at least eight bytes that are not 0, 0, the cipher (not for version 6), the key, its checksum (RFC 9580, 5.1.3; RFC 8017,
 * 7.2.2). -1 where anything of it is wrong; what, nobody learns, not by the time that it takes either. The cipher may be one that we do not
 * have: its key has 16, 24 or 32 bytes. *ret_session is written in any case. */
int pgp_unpad(const uint8_t *block, size_t len, bool with_cipher, struct pgp_session *ret_session)
	NODISCARD;

#endif
