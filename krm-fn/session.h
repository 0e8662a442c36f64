/* SPDX-License-Identifier: Apache-2.0
 *
 * What one run of the program has beside its input: the operator's options and policy, the root that files are opened below, and the keys.
 * Keys and root are looked for when first wanted: a build without ciphertext needs neither.
 */
#ifndef SESSION_H
#define SESSION_H

#include "config.h"
#include "confine.h"
#include "host.h"
#include "keys.h"
#include "options.h"
#include "policy.h"

struct session {
	struct options options;
	struct policy policy;
	struct keyring ring;
	struct host host;
	struct confine confine;
	enum policy_mac mac;
	bool has_keys;
};

#define SESSION_INIT                                                                  \
	{                                                                             \
		.options = OPTIONS_INIT, .policy = POLICY_INIT, .ring = KEYRING_INIT, \
		.host = HOST_INIT, .confine = CONFINE_INIT,                           \
	}
#define CLEAN_SESSION CLEANUP(session_release)

/* Reads the operator's policy, bounds what config asks for by it, and makes the ring's host. options must be set, and the session must not be moved any more.
 * Errors: those of policy_load(), policy_mac() and host_open(). */
int session_start(struct session *session, const struct config *config, struct err *err) NODISCARD;

/* Opens the root, once. */
int session_root(struct session *session, struct err *err) NODISCARD;

/* Fills the ring, once: from the Secret that config names, else from the operator's folder or manifest and the environment. items are the
 * function's own input. */
int session_keys(struct session *session, const struct config *config,
		 struct doc_node *const *items, size_t count, struct err *err) NODISCARD;

void session_release(struct session *session);

#endif
