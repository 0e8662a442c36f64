/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP secret keys (RFC 9580, 5.5.3): those among them that open messages in this process, RSA and Curve25519 without a passphrase, of
 * version 4 and 6. What others need gpg for is told, and so is what no gpg would import.
 */
#ifndef KEYS_PGP_KEY_H
#define KEYS_PGP_KEY_H

#include "keys/crypto_openssl.h"
#include "keys/pgp_packet.h"

enum pgp_kind {
	PGP_RSA,
	PGP_ECDH,    /* Curve25519 as RFC 6637 and gpg have it */
	PGP_X25519,  /* as RFC 9580 has it */
	PGP_FOREIGN, /* none for us: with a passphrase, on a card, of another algorithm */
};

struct pgp_fingerprint {
	uint8_t version, len; /* len 0: of a key whose public part we can not read */
	uint8_t bytes[PGP_FINGERPRINT_MAX];
};

/* Lies in the pool, with all that it points to. */
struct pgp_secret {
	struct pgp_secret *next;
	enum pgp_kind kind;
	struct pgp_fingerprint own, primary;
	uint8_t id[PGP_KEY_ID_LEN];
	struct crypto_rsa rsa; /* RSA */
	struct {
		uint8_t secret[PGP_POINT_LEN], public[PGP_POINT_LEN];
		uint8_t kdf_hash, kdf_cipher; /* ECDH */
	} curve;                              /* the other two */
};

/* What a text holds: of the secret keys those that decrypt. */
struct pgp_found {
	struct pgp_secret *list; /* in the order of the text */
	size_t keys;             /* primary keys, secret and public */
};

enum {
	PGP_SECRETS_MAX = 1000, /* secret keys of a text, subkeys included */
};

/* Reads the packets of keys, one after the other, and adds what they hold. Self-signatures are not verified: whoever hands us a secret key
 * vouches for it. Errors: ERR_FORMAT for what gpg would not import; ERR_LIMIT, ERR_NOMEM. */
int pgp_key_read(struct span packets, struct secret_pool *pool, struct pgp_found *found,
		 struct err *err) NODISCARD;

/* The key id: the part of the fingerprint that old messages name keys by. */
const uint8_t *pgp_key_id(const struct pgp_fingerprint *fingerprint);

#endif
