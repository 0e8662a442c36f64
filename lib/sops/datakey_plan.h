/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may be asked for which wrapped key, and in which order: what datakey.c wants of all its documents, before anybody is asked (datakey_ask.h). Equal
 * wrapped keys are one.
 */
#ifndef SOPS_DATAKEY_PLAN_H
#define SOPS_DATAKEY_PLAN_H

#include "sops/datakey.h"

/* One wrapped key at one service. */
struct datakey_ask {
	struct key_request request;
	size_t service; /* index in the ring */
	bool asked, queued;
	const char *hint; /* what to do about a refusal, or NULL */
};

/* A distinct wrapped key, with its asks: one for each service of its type. */
struct datakey_wrapped {
	struct datakey_wrapped *next;
	const struct sops_key *key;
	struct datakey_ask *asks;
	size_t count; /* 0: no service of its type */
};

/* One key group of one document. */
struct datakey_group {
	struct datakey_wrapped **keys; /* in the metadata's order */
	size_t key_count;
	struct datakey_ask **candidates; /* in the order in which they are asked */
	size_t count, at;
	const struct datakey_ask *opened; /* NULL: none did */
};

struct datakey_plan {
	struct arena arena;
	struct keyring *ring;
	struct datakey_wrapped *first, *last;
	struct datakey_group *groups; /* of all documents, one after the other */
	size_t group_count, ask_count;
};

enum { DATAKEY_PLAN_MAX = 1024 * 1024 * 1024 /* bytes: a million asks */ };

#define DATAKEY_PLAN_INIT                             \
	{                                             \
		.arena = ARENA_INIT(DATAKEY_PLAN_MAX) \
	}
#define CLEAN_DATAKEY_PLAN CLEANUP(datakey_plan_release)

/* Collects the candidates of n documents. Errors: ERR_USAGE (order), ERR_LIMIT, ERR_NOMEM. */
int datakey_plan_make(struct datakey_plan *plan, const struct datakey_want *wants, size_t n,
		      struct keyring *ring, const char *order, struct err *err) NODISCARD;

/* 0 for wrapped keys that are asked for once: what a service gets to see must be equal, and what the policy is asked about. Else an order. */
int datakey_compare(const struct sops_key *a, const struct sops_key *b);

void datakey_plan_release(struct datakey_plan *plan);

#endif
