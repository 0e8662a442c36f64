/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that a run may use: key services with what they need (identities, tokens), and the locked memory that holds both these
 * and the data keys that they open. Filled by the programs (from a decryption Secret, a folder, the environment), used by datakey.
 */
#ifndef KEYS_KEYRING_H
#define KEYS_KEYRING_H

#include "keys/keyservice.h"

struct account;
struct age_identity;
struct datakey_memo;
struct key_gpg;
struct key_host;

enum {
	KEYRING_SERVICES_MAX = 16,
};

struct pgp_keys;

struct keyring {
	struct secret_pool pool;
	struct {
		const struct keyservice *service;
		void *cookie;
	} services[KEYRING_SERVICES_MAX];
	size_t count;
	struct age_keys
		*age; /* the cookie of the age service, made by the first identity; NULL before */
	struct pgp_keys *pgp; /* likewise of the PGP service */
	/* Asked before a wrapped key is handed to a service: -1 with ERR_POLICY for one that a document may not ask for. NULL: any may. Asked too
	 * for each age identity when it is added, with its own recipient: one that is refused is left out, with a note. So set it first. */
	int (*allowed)(const void *cookie, const struct sops_key *key, struct err *err);
	const void *allowed_cookie;
	/* The connections of services that have start(); the program's, made before the first such service is added. NULL: there are none. */
	struct http *http;
	/* What services need of the machine; set before they are added. NULL: nothing of it may be used, and no other program is started. */
	const struct key_host *host;
	/* The service account whose identity stands for the machine's own at Vault and at the clouds; lies in the pool, set before their services are added. NULL:
	 * the machine's own. */
	struct account *account;
	/* What was asked so far, of a run that asks more than once: the run's own (sops/datakey_memo.h). NULL: nothing is kept. */
	struct datakey_memo *memo;
	struct key_gpg *
		gpg; /* the cookie of GnuPG's service, made by the first key that needs it; NULL before */
	bool needs_gpg; /* it was given a PGP key that only GnuPG can use, where no program may be started */
	/* What was wrong with sources that could not be used: one clause each with "; " between, no secrets. Put behind the message that no
	 * key opens a document. */
	struct buf notes;
	/* What to do where a document has age keys and the ring none: static text; NULL where we know no advice. */
	const char *no_age_hint;
};

enum { KEYRING_NOTES_MAX = 2048 /* bytes: more than a message shows */ };

#define KEYRING_INIT                                                             \
	{                                                                        \
		.pool = SECRET_POOL_INIT, .notes = {.limit = KEYRING_NOTES_MAX } \
	}
#define CLEAN_KEYRING CLEANUP(keyring_release)

/* Adds a service; the ring closes it on release. There may be several of a type. -1 with ERR_LIMIT. */
int keyring_add_service(struct keyring *ring, const struct keyservice *service, void *cookie,
			struct err *err) NODISCARD;

/* True where there is a service for keys of that type. */
bool keyring_has(const struct keyring *ring, enum sops_key_type type);

/* Adds the identities of one age identity file: lines of AGE-SECRET-KEY-1..., AGE-SECRET-KEY-PQ-1..., comments, CRLF. `source` names it in
 * messages ("flux-system/sops-keys age.agekey"). An empty file is fine, adds none and is noted; a file with an error adds none either. Errors:
 * ERR_FORMAT (the line number is told, never the text), ERR_UNSUPPORTED (AGE-PLUGIN-, passphrase-protected file), ERR_LIMIT, ERR_NOMEM. */
int keyring_add_age(struct keyring *ring, struct span identities, const char *source,
		    struct err *err) NODISCARD;

/* The same with several identities in a line, white space between them: SOPS_AGE_KEY. */
int keyring_add_age_words(struct keyring *ring, struct span identities, const char *source,
			  struct err *err) NODISCARD;

/* Adds an SSH private key (OpenSSH container, PKCS#1 or PKCS#8 PEM; ed25519 or RSA) as an age identity. Errors as above; a
 * passphrase-protected one is ERR_UNSUPPORTED. */
int keyring_add_ssh(struct keyring *ring, struct span pem, const char *source, struct err *err)
	NODISCARD;

/* Adds OpenPGP secret keys, armored (several blocks, text around them) or as they are. RSA and Curve25519 keys without a passphrase open messages in this
 * process; a text that has others too is handed to GnuPG as well (key_gpg.h), where the ring has it, else that is noted. Public keys alone
 * are fine, add none and are noted. Each secret key is shown to `allowed` by its fingerprints and ids, whole and short: one must pass.
 * Errors: ERR_FORMAT (what gpg would not import), ERR_LIMIT, ERR_NOMEM. */
int keyring_add_pgp(struct keyring *ring, struct span keys, const char *source, struct err *err)
	NODISCARD;

/* Takes out of a list what `allowed` refuses, with a note for each: for services that come by identities of their own. */
int keyring_drop_refused(struct keyring *ring, struct age_identity **list, struct err *err)
	NODISCARD;

/* Begins to fetch anew, over http, what credentials of services end soon; for programs that serve, to be called now and then. */
void keyring_renew(const struct keyring *ring, struct http *http);

/* How many age identities there are; those that were added twice count once. */
size_t keyring_age_count(const struct keyring *ring);

/* Adds a clause to the notes. No failure of its own: what finds no room is lost, as a message would not show it either. */
void keyring_note(struct keyring *ring, const char *clause);

/* Closes every service, wipes every key, forgets the notes; the ring is empty and usable again. NULL is fine. */
void keyring_release(struct keyring *ring);

#endif
