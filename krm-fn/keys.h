/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a run's keys come from: the environment and the user's files (keys_ambient.c), or the Secret that a decryption secretRef names
 * (keys_secret.c). Only these files read them; the library gets bytes.
 */
#ifndef KEYS_H
#define KEYS_H

#include "policy.h"

#include "keys/keyring.h"

struct cluster;

/* The ambient keys, as the sops command finds them: SOPS_AGE_SSH_PRIVATE_KEY_FILE and _CMD, ~/.ssh/id_ed25519, ~/.ssh/id_rsa,
 * SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, the default key file; and where the ring has a host the user's PGP keyring. Commands and
 * GnuPG run later, when no other key opens a document. A source that is broken is remembered (ring->notes) and does not stop the others. -1 only for
 * ERR_NOMEM and the like. */
int keys_ambient(struct keyring *ring, struct err *err) NODISCARD;

/* To be called when all have looked: the variables of age are then gone from the environment, and wiped where they lay. */
void keys_ambient_forget(void);

/* The services behind the network with the credentials that the machine has, for types that the ring has none for; keys_ambient() does it too.
 * secret_ref: a secretRef was used, as in Flux, where the controller's own identity serves what its Secret does not. */
int keys_network(struct keyring *ring, bool secret_ref, struct err *err) NODISCARD;

/* Where the Secret that a secretRef names is looked for; the first that has it wins. design.md, "functionConfig". */
struct keys_where {
	const char *folder; /* --keys: NAMESPACE/NAME/ in it */
	const char *flat; /* --keys-flat: the folder itself, a mounted Secret, whatever the name */
	const char *const *manifests; /* --key-secret FILE: Secret manifests, also multi-document */
	size_t manifest_count;
	const struct doc_node *const *
		items; /* the function's own input: local-config Secrets in it count, others do not */
	size_t item_count;
	struct cluster *cluster; /* asked last; NULL: never */
	const char *ns;          /* --namespace */
	bool age_only;           /* *.agekey only, all else is ignored: Flux's global age Secret */
};

/* Adds the keys of the Secret namespace/name to the ring. namespace is the functionConfig's, a null span where it has none (then the one of
 * `where`). Data keys are Flux's (krm-and-flux.md 4.3): *.agekey and *.asc are used, those of services that this build does not have are noted in the
 * ring, all else is ignored. A Secret from the function's input may hold age and PGP keys only.
 * Errors: ERR_POLICY (a namespace that is not ours; credentials from the input), ERR_NO_KEY (no such Secret, with all places that were looked
 * at; ERR_UNREACHABLE where the cluster is among them, as it may be made there any moment), those of cluster_get(), ERR_FORMAT and ERR_UNSUPPORTED (a malformed key: "failed to import 'KEY' data from sops decryption Secret 'NS/NAME': ..."),
 * ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM. */
int keys_of_secret_ref(struct keyring *ring, const struct keys_where *where,
		       const struct policy *policy, struct span namespace, struct span name,
		       struct err *err) NODISCARD;

enum {
	KEYS_SECRET_MAX = 4 * 1024 *
			  1024 /* bytes of one key Secret or key file: etcd takes 1 MiB an object */
};

#endif
