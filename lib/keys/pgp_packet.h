/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP packets (RFC 9580, 4): their heads in the old and the new format, and the numbers in their bodies.
 */
#ifndef KEYS_PGP_PACKET_H
#define KEYS_PGP_PACKET_H

#include "base/secret.h"

enum pgp_tag {
	PGP_PKESK = 1, /* a session key for a public key */
	PGP_SIGNATURE = 2,
	PGP_SKESK = 3, /* a session key for a passphrase */
	PGP_ONE_PASS_SIGNATURE = 4,
	PGP_SECRET_KEY = 5,
	PGP_PUBLIC_KEY = 6,
	PGP_SECRET_SUBKEY = 7,
	PGP_COMPRESSED = 8,
	PGP_ENCRYPTED = 9, /* without integrity */
	PGP_MARKER = 10,
	PGP_LITERAL = 11,
	PGP_TRUST = 12,
	PGP_USER_ID = 13,
	PGP_PUBLIC_SUBKEY = 14,
	PGP_USER_ATTRIBUTE = 17,
	PGP_SEIPD =
		18, /* encrypted with integrity: version 1 with a SHA-1, version 2 with an AEAD */
	PGP_AEAD = 20, /* encrypted with an AEAD, of gpg 2.3 and 2.4 */
	PGP_PADDING = 21,
	PGP_COMMENT = 61, /* of old gpg */
};

/* Public key algorithms. */
enum pgp_algo {
	PGP_ALGO_RSA = 1,
	PGP_ALGO_RSA_ENCRYPT = 2,
	PGP_ALGO_RSA_SIGN = 3,
	PGP_ALGO_ELGAMAL = 16,
	PGP_ALGO_DSA = 17,
	PGP_ALGO_ECDH = 18,
	PGP_ALGO_ECDSA = 19,
	PGP_ALGO_ELGAMAL_ANY = 20,
	PGP_ALGO_EDDSA = 22,
	PGP_ALGO_X25519 = 25,
	PGP_ALGO_X448 = 26,
	PGP_ALGO_ED25519 = 27,
	PGP_ALGO_ED448 = 28,
};

/* Ciphers that we have. */
enum pgp_cipher {
	PGP_AES128 = 7,
	PGP_AES192 = 8,
	PGP_AES256 = 9,
};

enum {
	PGP_POINT_LEN = 32,       /* bytes of a secret or public key of Curve25519 */
	PGP_FINGERPRINT_MAX = 32, /* bytes: of a version 6 key; 20 of a version 4 one */
	PGP_FINGERPRINT_V4 = 20,
	PGP_KEY_ID_LEN = 8,
	PGP_SESSION_KEY_MAX = 32, /* bytes */
	PGP_PARTS_MAX =
		10000, /* parts of a body of partial lengths: gpg makes them of 512 bytes and more */
};

struct pgp_packet {
	uint8_t tag; /* of enum pgp_tag, or any other up to 63 */
	struct span body;
};

/* Takes the next packet off rest. Its body lies in rest, or in the pool where it came in parts.
 * 1 where there was one, 0 at the end, -1: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int pgp_packet_next(struct span *rest, struct secret_pool *pool, struct pgp_packet *ret_packet,
		    struct err *err) NODISCARD;

/* A packet that says nothing, wherever it stands: marker, trust, padding, comment. */
static inline bool pgp_packet_idle(const struct pgp_packet *packet)
{
	return packet->tag == PGP_MARKER || packet->tag == PGP_TRUST ||
	       packet->tag == PGP_PADDING || packet->tag == PGP_COMMENT;
}

/* What bodies are made of; each is taken off `body`. -1 where it is not all there. */
int pgp_take(struct span *body, size_t len, struct span *ret_bytes) NODISCARD;
int pgp_take_byte(struct span *body, uint8_t *ret_byte) NODISCARD;
int pgp_take_u32(struct span *body, uint32_t *ret_number) NODISCARD;

/* A number with its length in bits before it, of at most 16384 bits as in gpg, without leading zero bytes. */
int pgp_take_mpi(struct span *body, struct span *ret_number) NODISCARD;

/* Bytes with their count before them in one byte, which is neither 0 nor 255. */
int pgp_take_short(struct span *body, struct span *ret_bytes) NODISCARD;

/* Bytes of that cipher's key; 0 where we do not have it. */
size_t pgp_cipher_key_len(uint8_t cipher);

#endif
