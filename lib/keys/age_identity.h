/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of age identities have in common: a secret in the keyring's pool, and a way to open the stanzas of its own type.
 */
#ifndef KEYS_AGE_IDENTITY_H
#define KEYS_AGE_IDENTITY_H

#include "base/secret.h"
#include "keys/age_header.h"
#include "keys/age_payload.h"
#include "keys/mlkem.h"
#include "keys/ssh_key.h"

/* How opening an age file ended: the classes that age's published test vectors know. */
enum age_class {
	AGE_OPENED = 0,
	AGE_NO_MATCH,    /* no identity of ours fits; not an error of the file */
	AGE_BAD_ARMOR,   /* not armor, or malformed */
	AGE_BAD_HEADER,  /* a malformed header, or a malformed stanza of an identity's own type */
	AGE_BAD_HMAC,    /* the header is not what its writer wrote */
	AGE_BAD_PAYLOAD, /* a chunk that does not open, is missing or too many */
	AGE_BROKEN,      /* not the file's fault: out of memory, or past a limit of ours */
};

enum age_kind {
	AGE_X25519,
	AGE_HYBRID,
	AGE_SSH_ED25519,
	AGE_SSH_RSA,
	AGE_KINDS,
};

enum {
	AGE_POINT_LEN = 32,  /* bytes of an X25519 secret, public key or share */
	AGE_SSH_TAG_LEN = 6, /* characters of four bytes in base64 */
};

struct age_x25519 {
	uint8_t secret[AGE_POINT_LEN], public[AGE_POINT_LEN];
};

struct age_hybrid {
	struct mlkem_key mlkem;
	struct age_x25519 curve;
};

struct age_ssh {
	struct ssh_key key;
	char tag[AGE_SSH_TAG_LEN]; /* of the public key's hash, as stanzas have it */
	/* ed25519 only: its X25519 form, and what the shared secret is multiplied with */
	struct age_x25519 curve;
	uint8_t tweak[AGE_POINT_LEN];
};

/* Lies in the pool, with all that it points to. */
struct age_identity {
	struct age_identity *next;
	enum age_kind kind;
	union {
		struct age_x25519 x25519;
		struct age_hybrid *hybrid;
		struct age_ssh ssh; /* both kinds */
	};
};

/* age's own kinds are tried before SSH keys. */
static inline bool age_identity_native(const struct age_identity *identity)
{
	return identity->kind == AGE_X25519 || identity->kind == AGE_HYBRID;
}

/* Tries one stanza of the header. AGE_OPENED: file_key is written. AGE_NO_MATCH: another type, or for somebody else. Else err says why:
 * AGE_BAD_HEADER is for a stanza of the identity's own type that is malformed, and ends the search, as in age. */
enum age_class age_identity_unwrap(const struct age_identity *identity,
				   const struct age_stanza *stanza,
				   uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);

/* Opens the body of a stanza (which must have the size of a wrapped file key) with a key made for it alone. -1 where it does not
 * authenticate. */
int age_identity_open_body(const uint8_t key[static 32], const uint8_t nonce[static 12],
			   struct span body, uint8_t file_key[static AGE_FILE_KEY_LEN]) NODISCARD;

enum { AGE_BODY_LEN = AGE_FILE_KEY_LEN + 16 /* a file key and its tag */ };

#endif
