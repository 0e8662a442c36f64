/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processes of the sidecar know of each other: counters and signs of life in memory that all of them can read. Each can write its own part
 * only: so a worker that is broken, or was taken over, can say what it likes of itself, and nothing of the others. No secret and no text of a user is ever
 * in it, and nothing that is decided about keys depends on it.
 */
#ifndef SHARED_H
#define SHARED_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SHARED_SLOTS_MAX = 512, /* workers of all sockets, those that leave included */
	SHARED_ROUTES = 8,      /* api.h */
	SHARED_CLASSES = 6,     /* of HTTP statuses: 0 unused, then 1xx to 5xx */
	SHARED_BUCKETS = 16,    /* of the histogram of times */
	SHARED_PART =
		64 *
		1024, /* bytes of one part: whole pages, whatever their size; what is not touched costs nothing */
};

/* A worker's. The counters are of all workers that had this slot in turn. */
struct shared_worker {
	union {
		struct {
			_Atomic int connections;
			_Atomic int64_t
				beat; /* milliseconds of CLOCK_MONOTONIC when its loop went round last */
			_Atomic int64_t
				oldest; /* when the request that takes longest began; 0: none is being worked on */
			_Atomic uint64_t requests;
			_Atomic bool leaving;   /* takes no more connections */
			_Atomic unsigned walls; /* walls.h */
			_Atomic uint64_t responses[SHARED_ROUTES][SHARED_CLASSES];
			_Atomic uint64_t durations
				[SHARED_BUCKETS]; /* requests answered within 2^n quarters of a millisecond */
			_Atomic uint64_t duration_us; /* of all */
			_Atomic uint64_t accepted, refused_peers, refused_busy, cut_slow;
		};
		char part[SHARED_PART];
	};
};

/* The keeper's; while one takes over from another, both are at it. */
struct shared_keeper {
	union {
		struct {
			_Atomic uint64_t unwraps_opened, unwraps_failed, unwraps_unreachable,
				cache_hits;
			_Atomic uint64_t audit_lost;
			_Atomic int key_sets, keys, cached;
			_Atomic bool memory_locked; /* false: the system refused to lock some */
			_Atomic unsigned walls;
		};
		char part[SHARED_PART];
	};
};

/* The supervisor's. */
struct shared_supervisor {
	union {
		struct {
			_Atomic uint64_t worker_restarts, keeper_restarts, reloads, reload_failures;
			_Atomic int slots,
				workers; /* slots: that have ever been in use, the first of all */
			_Atomic bool keys_loaded;
		};
		char part[SHARED_PART];
	};
};

struct shared {
	struct shared_supervisor supervisor;
	struct shared_keeper keeper;
	struct shared_worker workers[SHARED_SLOTS_MAX];
};

/* One for all children that are forked after. ret_fd: for shared_keep(). NULL with ERR_SYSTEM. */
struct shared *shared_new(int *ret_fd, struct err *err) NODISCARD;

/* In a child: from here on it can write its own part only, which is one of the three kinds above. Errors: ERR_SYSTEM. */
int shared_keep(struct shared *shared, int fd, const void *own, struct err *err) NODISCARD;

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t shared_clock(void);

#endif
