/* SPDX-License-Identifier: Apache-2.0
 *
 * Who waits for a credential; see token_cache.h. A failure is told to those that wait and is not kept: whoever asks later may find the
 * machine in a better state.
 */
#include "keys/token_cache.h"

#include <stddef.h>

void token_want(struct token_cache *cache, struct http *http, int64_t now, struct token_wait *wait)
{
	if (!cache->fetching && cache->ends - TOKEN_EARLY_S > now) {
		wait->ready(wait, http, NULL);
		return;
	}
	wait->next = NULL;
	if (cache->first)
		cache->last->next = wait;
	else
		cache->first = wait;
	cache->last = wait;
	if (cache->fetching)
		return;
	cache->fetching = true;
	cache->fetch(cache, http);
}

/* The list is taken off first: one that goes on may want the token again. */
static void settle(struct token_cache *cache, struct http *http, int64_t ends,
		   const struct err *why)
{
	struct token_wait *wait = cache->first, *next;

	cache->first = cache->last = NULL;
	cache->fetching = false;
	cache->ends = ends;
	for (; wait; wait = next) {
		next = wait->next;
		wait->ready(wait, http, why);
	}
}

void token_fetched(struct token_cache *cache, struct http *http, int64_t ends)
{
	settle(cache, http, ends, NULL);
}

void token_failed(struct token_cache *cache, struct http *http, const struct err *why)
{
	settle(cache, http, 0, why);
}

void token_forget(struct token_cache *cache)
{
	cache->ends = 0;
}
