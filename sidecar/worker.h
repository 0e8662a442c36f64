/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker: accepts the connections of one socket, reads requests and documents, answers. It has no key; see walls.h for what else it has not. Made by fork,
 * replaced by the supervisor when it ends, for whatever reason.
 */
#ifndef WORKER_H
#define WORKER_H

#include "policy.h"
#include "serve_options.h"
#include "shared.h"

enum worker_kind { WORKER_API, WORKER_KMS };

struct worker_start {
	enum worker_kind kind;
	const struct serve_options *options;
	const struct policy *policy;
	const struct policy_key_set *set; /* NULL: none */
	const char *socket;               /* its name */
	gid_t group;                      /* (gid_t)-1: none */
	const struct shared *shared;
	struct shared_worker *own; /* of it: the part that it can write */
	int listener;              /* not blocking, shared with the other workers of the socket */
	int line;                  /* exchange_line.worker */
	int control;               /* closed by the supervisor when the worker is to leave */
};

/* The whole life of the process; returns its exit status. */
int worker_run(const struct worker_start *start);

#endif
