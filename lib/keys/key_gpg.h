/* SPDX-License-Identifier: Apache-2.0
 *
 * PGP by GnuPG's own programs: for keys that our reader (key_pgp.h) can not use, with a passphrase or of another algorithm, and for the user's
 * keyring with his agent and smart cards. Nothing is started before a document needs it; then one helper process serves the whole run, with one
 * import and one agent. Keys that were handed over lie in a private home in memory, which is gone with its agent when the run ends, however it
 * ends (gpg_watch.h). No answer takes longer than the limits below: a hanging agent is an error, not a hang.
 */
#ifndef KEYS_KEY_GPG_H
#define KEYS_KEY_GPG_H

#include "keys/keyring.h"

enum {
	KEY_GPG_KEYS_MAX = 4 * 1024 * 1024, /* bytes of a run's keys for GnuPG */
	KEY_GPG_ENC_MAX = 1024 * 1024,      /* bytes of one `enc` */
	KEY_GPG_OPENED_MAX = 64 * 1024,     /* bytes of an opened data key; sops makes 32 or 33 */
	KEY_GPG_START_SECONDS = 30, /* to start GnuPG and to import the keys: 11 ms are usual */
	KEY_GPG_SECONDS = 30,       /* of one message, where nobody is asked */
	KEY_GPG_ASK_SECONDS = 120,  /* likewise, where a person may have to type a passphrase */
};

/* Keeps secret keys for GnuPG, armored or not: they are imported into the private home when a document needs them, and what is wrong with them
 * is told then. The same text is kept once. `source` names it in messages.
 * Errors: ERR_UNSUPPORTED (the ring has no host, or that says so: no program may be started), ERR_LIMIT, ERR_NOMEM. */
int key_gpg_add(struct keyring *ring, struct span keys, const char *source, struct err *err)
	NODISCARD;

/* Adds the user's own keyring, as the sops command uses it: GNUPGHOME, else ~/.gnupg; SOPS_GPG_EXEC, else gpg of PATH; his agent, which gpg
 * starts where it is not there, and which stays. To be called once. Errors as above. */
int key_gpg_add_user(struct keyring *ring, struct err *err) NODISCARD;

#ifdef KRMSOPS_TEST
extern int
	key_gpg_test_ms; /* tests of a GnuPG that hangs: the limit of each answer; 0: those above */
#endif

#endif
