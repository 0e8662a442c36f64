/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of DEFLATE (RFC 1951) and zlib (RFC 1950): gpg compresses each message, a data key of 32 bytes too. Its window is the output
 * itself, which lies in the pool: so the plaintext is nowhere else, which no library promises.
 */
#ifndef KEYS_PGP_INFLATE_H
#define KEYS_PGP_INFLATE_H

#include "base/secret.h"

/* What `data` holds, of at most `max` bytes; what follows its end is given back in ret_rest.
 * zlib: with zlib's head and checksum around it. Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int pgp_inflate(struct span data, bool zlib, size_t max, struct secret_pool *pool,
		struct span *ret_plain, struct span *ret_rest, struct err *err) NODISCARD;

#endif
