/* SPDX-License-Identifier: Apache-2.0
 *
 * Opened data keys; see keeper_cache.h. A table with open addressing; all of it is one piece of locked memory, so what is kept is never copied.
 */
#include "keeper_cache.h"

#include "base/wipe.h"

#include <sodium.h>
#include <stdlib.h>

enum { TABLE = 2 * CACHE_ENTRIES_MAX /* places: half of them stay empty */ };

struct entry {
	uint8_t id[CACHE_ID];
	int64_t ends; /* 0: empty */
	uint8_t len;
	uint8_t key[CACHE_KEY_MAX];
};

struct keeper_cache {
	struct secret_pool pool;
	struct entry *table;
	uint8_t *hash_key; /* so that nobody can choose names that collide */
	int64_t ttl_ms;
	size_t count;
};

int keeper_cache_new(int ttl, struct keeper_cache **ret_cache, struct err *err)
{
	struct keeper_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return err_nomem(err);
	cache->ttl_ms = (int64_t)ttl * 1000;
	cache->table = (struct entry *)(void *)secret_alloc(&cache->pool,
							    TABLE * sizeof(struct entry), err);
	cache->hash_key = secret_alloc(&cache->pool, crypto_generichash_KEYBYTES, err);
	if (!cache->table || !cache->hash_key) {
		keeper_cache_free(cache);
		return -1;
	}
	randombytes_buf(cache->hash_key, crypto_generichash_KEYBYTES);
	*ret_cache = cache;
	return 0;
}

static void add(crypto_generichash_state *state, struct span part)
{
	uint64_t len = part.len;

	(void)crypto_generichash_update(state, (const uint8_t *)&len, sizeof(len));
	(void)crypto_generichash_update(state, part.data, part.len);
}

void keeper_cache_name(const struct keeper_cache *cache, size_t set, struct span secret,
		       const struct sops_key *key, uint8_t ret_id[static CACHE_ID])
{
	crypto_generichash_state state;
	const struct doc_node *pair;

	(void)crypto_generichash_init(&state, cache->hash_key, crypto_generichash_KEYBYTES,
				      CACHE_ID);
	add(&state, span_of(&set, sizeof(set)));
	add(&state, span_of(&key->type, sizeof(key->type)));
	add(&state, secret);
	add(&state, key->id);
	add(&state, key->address);
	add(&state, key->path);
	add(&state, key->role);
	add(&state, key->profile);
	add(&state, key->enc);
	if (key->context) {
		doc_each (pair, key->context) {
			if (pair->kind != DOC_STRING)
				continue;
			add(&state, pair->key);
			add(&state, pair->str);
		}
	}
	(void)crypto_generichash_final(&state, ret_id, CACHE_ID);
	wipe(&state, sizeof(state));
}

static size_t place_of(const uint8_t id[static CACHE_ID])
{
	return ((size_t)id[0] | (size_t)id[1] << 8 | (size_t)id[2] << 16) % TABLE;
}

/* The entry of that name, or the empty one where it would stand. */
static struct entry *look(struct keeper_cache *cache, const uint8_t id[static CACHE_ID])
{
	size_t at = place_of(id);

	while (cache->table[at].ends && memcmp(cache->table[at].id, id, CACHE_ID) != 0)
		at = (at + 1) % TABLE;
	return &cache->table[at];
}

/* Takes an entry out and moves those behind it that would not be found any more. */
static void drop(struct keeper_cache *cache, struct entry *entry)
{
	size_t hole = (size_t)(entry - cache->table), at = hole, home;

	cache->count--;
	for (;;) {
		wipe(&cache->table[hole], sizeof(*entry));
		do {
			at = (at + 1) % TABLE;
			if (!cache->table[at].ends)
				return;
			home = place_of(cache->table[at].id);
			/* It may stay where its home lies behind the hole, on the way round to where it is. */
		} while (hole < at ? home > hole && home <= at : home > hole || home <= at);
		cache->table[hole] = cache->table[at];
		hole = at;
	}
}

struct span keeper_cache_find(struct keeper_cache *cache, const uint8_t id[static CACHE_ID],
			      int64_t now)
{
	struct entry *entry = look(cache, id);

	if (!entry->ends)
		return SPAN_NULL;
	if (entry->ends <= now) {
		drop(cache, entry);
		return SPAN_NULL;
	}
	return span_of(entry->key, entry->len);
}

static void make_room(struct keeper_cache *cache)
{
	struct entry *first = NULL;
	size_t i;

	for (i = 0; i < TABLE; i++) {
		if (cache->table[i].ends && (!first || cache->table[i].ends < first->ends))
			first = &cache->table[i];
	}
	if (first)
		drop(cache, first);
}

void keeper_cache_put(struct keeper_cache *cache, const uint8_t id[static CACHE_ID],
		      struct span key, int64_t now)
{
	struct entry *entry = look(cache, id);

	if (key.len == 0 || key.len > CACHE_KEY_MAX)
		return;
	if (!entry->ends) {
		if (cache->count == CACHE_ENTRIES_MAX) {
			make_room(cache);
			entry = look(cache, id);
		}
		cache->count++;
	}
	memcpy(entry->id, id, CACHE_ID);
	memcpy(entry->key, key.data, key.len);
	entry->len = (uint8_t)key.len;
	entry->ends = now + cache->ttl_ms;
}

size_t keeper_cache_sweep(struct keeper_cache *cache, int64_t now)
{
	size_t i = 0;

	while (i < TABLE) {
		struct entry *entry = &cache->table[i];

		/* What is moved into the hole is looked at next. */
		if (entry->ends && entry->ends <= now)
			drop(cache, entry);
		else
			i++;
	}
	return cache->count;
}

void keeper_cache_free(struct keeper_cache *cache)
{
	if (!cache)
		return;
	secret_pool_release(&cache->pool);
	wipe_free(cache, sizeof(*cache));
}
