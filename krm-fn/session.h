/* SPDX-License-Identifier: Apache-2.0
 *
 * What one run of the program has beside its input: the operator's options and policy, the root that files are opened below, and the keys.
 * Keys and root are looked for when first wanted: a build without ciphertext needs neither.
 */
#ifndef SESSION_H
#define SESSION_H

#include "cluster.h"
#include "config.h"
#include "confine.h"
#include "host.h"
#include "keys.h"
#include "options.h"
#include "policy.h"
#include "socket_keys.h"
#include "vault_config.h"

#include "keys/key_remote.h"

struct session {
	struct options options;
	struct policy policy;
	struct keyring ring;
	struct host host;
	struct cluster cluster;
	struct vault_config vault;
	struct confine confine;
	enum policy_mac mac;
	bool open, has_keys;
	/* Set by programs that run for long, before session_start(): */
	bool has_policy; /* policy is there already, and the owner's to release: session_release() forgets it */
	bool no_ambient; /* keys come from the options alone, never from the environment and the user's files */
	bool no_files; /* there is no file system to look for sources in */
	/* One whose network, machine and variables are used, for several that look for keys one after the other; NULL: the session's own. The variables are
	 * its owner's to forget: keys_ambient_forget(). */
	const struct session *elder;
	/* The keys are with another process; NULL: they are here. Where --socket names a sidecar, session_start() sets it. */
	struct key_remote *remote;
	struct key_remote sidecar;
	struct socket_keys socket;
	struct buf remote_secret; /* "NAMESPACE/NAME" that it is asked for */
};

enum { SESSION_SECRET_MAX = 1024 /* bytes of a secretRef: two names of Kubernetes */ };

#define SESSION_INIT                                                                    \
	{                                                                               \
		.options = OPTIONS_INIT, .policy = POLICY_INIT, .ring = KEYRING_INIT,   \
		.host = HOST_INIT, .cluster = CLUSTER_INIT, .vault = VAULT_CONFIG_INIT, \
		.confine = CONFINE_INIT, .socket = SOCKET_KEYS_INIT,                    \
		.remote_secret = BUF_INIT(SESSION_SECRET_MAX),                          \
	}
#define CLEAN_SESSION CLEANUP(session_release)

/* Reads the operator's policy and makes the ring's host. options must be set, and the session must not be moved any more. session_start() does it where it
 * is not done. Errors: those of policy_load() and host_open(). */
int session_open(struct session *session, struct err *err) NODISCARD;

/* Bounds what config asks for by the policy. Errors: those of session_open() and policy_mac(). */
int session_start(struct session *session, const struct config *config, struct err *err) NODISCARD;

/* Opens the root, once. */
int session_root(struct session *session, struct err *err) NODISCARD;

/* Fills the ring, once: from the Secret that config names, else from the operator's folder or manifest and the environment. items are the
 * function's own input. */
int session_keys(struct session *session, const struct config *config,
		 struct doc_node *const *items, size_t count, struct err *err) NODISCARD;

void session_release(struct session *session);

#endif
