/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processes of the sidecar know of each other: counters and signs of life in one page that all of them share. No secret and no text
 * of a user is ever in it. A process that is broken can write nonsense here; nothing that is decided about keys depends on it.
 */
#ifndef SHARED_H
#define SHARED_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SHARED_SLOTS_MAX = 256, /* workers of all sockets */
	SHARED_ROUTES = 8,      /* api.h */
	SHARED_CLASSES = 6,     /* of HTTP statuses: 0 unused, then 1xx to 5xx */
	SHARED_BUCKETS = 16,    /* of the histogram of times */
};

/* A worker's. */
struct shared_slot {
	_Atomic pid_t pid;
	_Atomic int connections;
	_Atomic int64_t beat; /* milliseconds of CLOCK_MONOTONIC when its loop went round last */
	_Atomic int64_t
		oldest; /* when the request that takes longest began; 0: none is being worked on */
	_Atomic uint64_t requests;
	_Atomic bool leaving; /* takes no more connections */
};

struct shared {
	struct shared_slot slots[SHARED_SLOTS_MAX];
	_Atomic uint64_t responses[SHARED_ROUTES][SHARED_CLASSES];
	_Atomic uint64_t durations
		[SHARED_BUCKETS];     /* requests answered within 2^n quarters of a millisecond */
	_Atomic uint64_t duration_us; /* of all */
	_Atomic uint64_t connections, refused_peers, refused_busy, cut_slow;
	_Atomic uint64_t unwraps_opened, unwraps_failed, unwraps_unreachable, cache_hits;
	_Atomic uint64_t worker_restarts, keeper_restarts, reloads, reload_failures, audit_lost;
	_Atomic int key_sets, keys, cached;
	_Atomic bool keys_loaded;
	_Atomic bool memory_locked;                  /* false: the system refused to lock some */
	_Atomic unsigned worker_walls, keeper_walls; /* walls.h */
};

/* One for all children that are forked after. NULL with ERR_SYSTEM. */
struct shared *shared_new(struct err *err) NODISCARD;

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t shared_clock(void);

#endif
