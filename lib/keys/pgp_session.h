/* SPDX-License-Identifier: Apache-2.0
 *
 * Session keys of OpenPGP messages, as they are wrapped for a public key (RFC 9580, 5.1): version 3, and 6 for messages with SEIPD version 2.
 */
#ifndef KEYS_PGP_SESSION_H
#define KEYS_PGP_SESSION_H

#include "keys/pgp_key.h"

/* A session key packet taken apart. */
struct pgp_wrapped {
	uint8_t version, algo;
	struct span
		to; /* version 3: the key id; version 6: the fingerprint. Empty: it does not say whom it is for */
	uint8_t to_version; /* version 6: of the key */
	struct span fields; /* of the algorithm */
};

struct pgp_session {
	uint8_t cipher; /* 0 for version 6, where the data say it */
	uint8_t len;
	uint8_t key[PGP_SESSION_KEY_MAX];
};

/* ERR_FORMAT; ERR_UNSUPPORTED for another version. */
int pgp_wrapped_read(struct span body, struct pgp_wrapped *ret_wrapped, struct err *err) NODISCARD;

/* May this key open it: it is for the key, or for nobody named, and of its algorithm. */
bool pgp_wrapped_fits(const struct pgp_wrapped *wrapped, const struct pgp_secret *key);

/* Opens it. `ready` is the RSA key's, as crypto_rsa_ready() makes it; else NULL.
 * Errors: ERR_VALUE where it does not open, with one text for all reasons; ERR_UNSUPPORTED for a cipher or key derivation that we do not have;
 * ERR_FORMAT, ERR_NOMEM. */
int pgp_session_open(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		     const struct crypto_rsa_ready *ready, struct pgp_session *ret_session,
		     struct err *err) NODISCARD;

#endif
