/* SPDX-License-Identifier: Apache-2.0
 *
 * Who waits for a credential; see token_cache.h. A failure is told to those that wait and is not kept: whoever asks later may find the
 * machine in a better state.
 */
#include "keys/token_cache.h"

#include <stddef.h>

/* Seconds before its end; a part of its life at most. */
static int64_t before_end(const struct token_cache *cache, int64_t seconds, int64_t part)
{
	int64_t life = cache->ends > cache->asked ? cache->ends - cache->asked : 0;

	return life / part < seconds ? life / part : seconds;
}

static void begin(struct token_cache *cache, struct http *http, int64_t now)
{
	cache->fetching = true;
	cache->asked = now;
	cache->fetch(cache, http);
}

void token_want(struct token_cache *cache, struct http *http, int64_t now, struct token_wait *wait)
{
	cache->wanted = now;
	if (cache->ends - before_end(cache, TOKEN_GONE_S, 6) > now) {
		wait->ready(wait, http, NULL);
		return;
	}
	wait->next = NULL;
	if (cache->first)
		cache->last->next = wait;
	else
		cache->first = wait;
	cache->last = wait;
	if (!cache->fetching)
		begin(cache, http, now);
}

/* One that could not be renewed has begun a shorter life: so it is tried again, sooner and sooner, and when its end has come whoever wants it fetches it. */
void token_renew(struct token_cache *cache, struct http *http, int64_t now)
{
	if (!cache->fetching && cache->ends > now && now < cache->wanted + TOKEN_IDLE_S &&
	    cache->ends - before_end(cache, TOKEN_RENEW_S, 3) <= now)
		begin(cache, http, now);
}

/* The list is taken off first: one that goes on may want the token again. */
static void settle(struct token_cache *cache, struct http *http, const struct err *why)
{
	struct token_wait *wait = cache->first, *next;

	cache->first = cache->last = NULL;
	cache->fetching = false;
	for (; wait; wait = next) {
		next = wait->next;
		wait->ready(wait, http, why);
	}
}

void token_fetched(struct token_cache *cache, struct http *http, int64_t ends)
{
	cache->ends = ends;
	settle(cache, http, NULL);
}

void token_failed(struct token_cache *cache, struct http *http, const struct err *why)
{
	settle(cache, http, why);
}

void token_forget(struct token_cache *cache)
{
	cache->ends = 0;
}
