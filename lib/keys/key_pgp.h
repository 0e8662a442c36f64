/* SPDX-License-Identifier: Apache-2.0
 *
 * The PGP key service of this process: a sops pgp entry's `enc` to the data key, with keys that need no passphrase. No program is started
 * and no file is made.
 */
#ifndef KEYS_KEY_PGP_H
#define KEYS_KEY_PGP_H

#include "keys/keyring.h"
#include "keys/pgp_key.h"

enum {
	KEY_PGP_KEYS_MAX = 1000,        /* secret keys of a ring */
	KEY_PGP_ENC_MAX = 1024 * 1024,  /* bytes of one `enc` */
	KEY_PGP_OPENED_MAX = 64 * 1024, /* bytes of an opened data key; sops makes 32 or 33 */
	KEY_PGP_WRAPPED_MAX = 1000,     /* recipients of a message */
	KEY_PGP_TRIES_MAX =
		256, /* secret keys tried on one message; each costs milliseconds, and a document has as many messages as it likes */
};

/* A message that is for one of our keys, but of a form that only GnuPG reads (signed, compressed with bzip2, an old cipher), is asked of GnuPG at
 * once. Its cookie; lies in the keyring's pool, with the keys, which are kept in the order in which they came. */
struct pgp_keys {
	struct pgp_secret *list;
	size_t count;
	struct keyring *ring;
	struct pgp_text *texts; /* where the keys came from, the last one first */
	bool late; /* GnuPG came into the ring by a message; so we ask it, as the ring's user does not know of it */
};

struct pgp_text {
	struct pgp_text *next;
	struct span keys;
	const char *source;
};

/* Takes over a list of keys, all in the pool that `keys` is in; those that are there already are left out. ERR_LIMIT. */
int key_pgp_add(struct pgp_keys *keys, struct pgp_secret *list, struct err *err) NODISCARD;

/* Gives all texts to GnuPG (key_gpg_add), which keeps each once. ERR_UNSUPPORTED where the ring has no host. */
int key_pgp_hand_over(const struct pgp_keys *keys, struct err *err) NODISCARD;

extern const struct keyservice key_pgp_service;

#endif
