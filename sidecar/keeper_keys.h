/* SPDX-License-Identifier: Apache-2.0
 *
 * The key sets of a keeper: for each socket, whose keys its questions may use. The keys that are there without a secretRef are read at the start,
 * those of a secretRef when first asked for. Nothing is read again: when key files change, the keeper is replaced by a new one (supervisor.c).
 */
#ifndef KEEPER_KEYS_H
#define KEEPER_KEYS_H

#include "session.h"

struct serve_options;
struct keeper_ring;
struct keeper_set;

struct keeper_keys {
	struct policy policy; /* the operator's */
	struct session all;   /* the network, the machine, its variables: the same for all sets */
	struct keeper_set *sets;
	size_t count;
};

#define KEEPER_KEYS_INIT                                    \
	{                                                   \
		.policy = POLICY_INIT, .all = SESSION_INIT, \
	}

enum { KEEPER_RINGS_MAX = 1000 /* secretRefs of one key set */ };

/* Reads the policy and the keys of every set; a set for each socket, then the one of the KMS door. Errors: those of policy_load() and session_keys();
 * ERR_USAGE for a key set that the policy does not have. */
int keeper_keys_load(struct keeper_keys *keys, const struct serve_options *options, struct err *err)
	NODISCARD;

/* Over which services are asked. */
struct http *keeper_keys_http(const struct keeper_keys *keys);

/* Ends what is under way there, without a word to anybody: before the questions go that wait for it. */
void keeper_keys_hang_up(struct keeper_keys *keys);

/* The ring for a question; secret is "NAMESPACE/NAME", or empty. Errors: those of session_keys(), ERR_LIMIT. */
int keeper_keys_ring(struct keeper_keys *keys, size_t set, struct span secret,
		     struct keyring **ret_ring, struct err *err) NODISCARD;

const char *keeper_keys_name(const struct keeper_keys *keys, size_t set);

/* How many age identities and services there are, for the metrics; and whether all of them lie in locked memory. */
size_t keeper_keys_count(const struct keeper_keys *keys);
bool keeper_keys_locked(const struct keeper_keys *keys);

/* Begins to fetch anew those credentials of all sets that end soon. To be called now and then. */
void keeper_keys_renew(const struct keeper_keys *keys);

void keeper_keys_release(struct keeper_keys *keys);

#endif
