/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys in memory that is locked, guarded and wiped: data keys, identities, tokens, shared secrets. One region of sodium_malloc is
 * cut into many pieces, as a region for each would cost four mappings and 23 microseconds apiece.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct secret_region;

struct secret_pool {
	struct secret_region *head;
	bool unlocked; /* the system refused to lock some of it (RLIMIT_MEMLOCK) */
};

#define SECRET_POOL_INIT     \
	{                    \
		.head = NULL \
	}
#define CLEAN_SECRET_POOL CLEANUP(secret_pool_release)

/* Once per process, before the first piece: starts libsodium. -1 with ERR_SYSTEM. */
int secret_init(struct err *err) NODISCARD;

/* len bytes (1 to SECRET_MAX) of zeroes, owned by the pool till its release. NULL with ERR_NOMEM or ERR_LIMIT. */
enum { SECRET_MAX = 16 * 1024 * 1024 };
uint8_t *secret_alloc(struct secret_pool *pool, size_t len, struct err *err) NODISCARD;

/* A copy of s in the pool. -1 as above. */
int secret_dup(struct secret_pool *pool, struct span s, struct span *ret_copy, struct err *err)
	NODISCARD;

/* Wipes and frees all. NULL is fine. */
void secret_pool_release(struct secret_pool *pool);

/* For programs that run for long: up to so many wiped regions are kept, still locked, for the pools to come, which spares a dozen system calls for each.
 * Without it none is kept. To be called before there are threads. */
void secret_keep_spares(unsigned count);

/* For a process that was just forked: wipes all pieces of all pools but this one, whoever owns them. Nothing of them may be used after. */
void secret_forget_others(const struct secret_pool *kept);

/* No core file, no ptrace by the same user, files made with mode 0600. Best effort: called once by programs, first thing. */
void secret_harden_process(void);

#endif
