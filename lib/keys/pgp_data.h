/* SPDX-License-Identifier: Apache-2.0
 *
 * The encrypted part of an OpenPGP message: SEIPD version 1 (CFB and a SHA-1 over the plaintext), version 2 (RFC 9580), and the AEAD packet of
 * gpg 2.3 and 2.4. Nothing is let out that does not authenticate as a whole, and what has no integrity at all is refused, as by gpg.
 */
#ifndef KEYS_PGP_DATA_H
#define KEYS_PGP_DATA_H

#include "keys/pgp_session.h"

enum {
	PGP_PLAIN_MAX =
		128 * 1024, /* bytes of a message's content, decompressed; data keys have 32 */
	PGP_DEPTH_MAX = 4,  /* of compressed packets inside of each other */
};

/* Decrypts the body of a packet to the packets inside of it. Errors: ERR_VALUE where it does not authenticate, ERR_UNSUPPORTED for an algorithm
 * or version that we do not have, ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int pgp_data_open(const struct pgp_packet *packet, const struct pgp_session *session,
		  struct secret_pool *pool, struct span *ret_packets, struct err *err) NODISCARD;

/* Finds the one piece of literal data in packets. ERR_UNSUPPORTED: signed, text, or compressed with bzip2. Else errors as above. */
int pgp_data_literal(struct span packets, struct secret_pool *pool, struct span *ret_plain,
		     struct err *err) NODISCARD;

#endif
