/* SPDX-License-Identifier: Apache-2.0
 *
 * Opened data keys, kept for a while where the operator asks for it (--data-key-ttl), so that a thousand reconciles cost one call of a key service. In
 * locked memory, found by a keyed hash of all that was asked (key set and secretRef included, so that no tenant finds another's), wiped when its time is
 * over. A keeper that is replaced takes its cache with it: keys that were removed open nothing more.
 */
#ifndef KEEPER_CACHE_H
#define KEEPER_CACHE_H

#include "keys/keyservice.h"

enum {
	CACHE_ID = 32,      /* bytes of a name in the cache */
	CACHE_KEY_MAX = 64, /* bytes of a data key or share that is kept; longer ones are not */
	CACHE_ENTRIES_MAX = 4096, /* above that the one that ends first goes */
};

struct keeper_cache;

/* ttl in seconds, above 0. Errors: ERR_NOMEM. */
int keeper_cache_new(int ttl, struct keeper_cache **ret_cache, struct err *err) NODISCARD;

/* The name of what is asked. */
void keeper_cache_name(const struct keeper_cache *cache, size_t set, struct span secret,
		       const struct sops_key *key, uint8_t ret_id[static CACHE_ID]);

/* The bytes, valid until the next call on the cache; a null span where there are none. now: milliseconds, monotonic. */
struct span keeper_cache_find(struct keeper_cache *cache, const uint8_t id[static CACHE_ID],
			      int64_t now);

void keeper_cache_put(struct keeper_cache *cache, const uint8_t id[static CACHE_ID],
		      struct span key, int64_t now);

/* Wipes what is over. Returns how many are left. */
size_t keeper_cache_sweep(struct keeper_cache *cache, int64_t now);

/* NULL is fine. */
void keeper_cache_free(struct keeper_cache *cache);

#endif
