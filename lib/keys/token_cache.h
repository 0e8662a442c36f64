/* SPDX-License-Identifier: Apache-2.0
 *
 * A credential that ends (an access token, keys of a role) and that many calls want at once: the first that wants it fetches it, the others
 * wait, and it is kept until shortly before its end. What it consists of lies with its owner; here is only who may use it when.
 *
 *   asked ───────────────────── in use ──────────────────────┬── renewed, and in use ──┬── counts as gone ── ends
 *                                                            5 minutes                 2 minutes
 *
 * These times are a third and a sixth of its life at most. Only a program that serves renews: there nobody waits as long as it works.
 */
#ifndef KEYS_TOKEN_CACHE_H
#define KEYS_TOKEN_CACHE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	TOKEN_RENEW_S = 5 * 60, /* seconds before its end from which on it is renewed */
	TOKEN_GONE_S = 2 * 60,  /* in which it counts as gone: clocks differ, and calls take time */
	TOKEN_IDLE_S = 24 * 60 * 60, /* for which nobody has wanted it: then it is left to end */
};
#define TOKEN_ENDLESS INT64_MAX

struct http;

/* One that waits. Lives, as a part of what its owner has of the call, until ready() is called: exactly once. */
struct token_wait {
	/* why: NULL where the token is there; else why not, valid during the call. May add calls. */
	void (*ready)(struct token_wait *wait, struct http *http, const struct err *why);
	struct token_wait *next;
};

/* Made with zeroes and fetch. */
struct token_cache {
	/* Adds the calls that bring the token; they end with token_fetched() or token_failed(), which it may call at once. */
	void (*fetch)(struct token_cache *cache, struct http *http);
	int64_t wanted, asked, ends; /* seconds since 1970; ends 0: there is none */
	bool fetching;
	struct token_wait *first, *last;
};

/* Calls wait->ready() as soon as it is known how things stand: now where the token is there. now: seconds since 1970. */
void token_want(struct token_cache *cache, struct http *http, int64_t now, struct token_wait *wait);

/* Fetches anew one that is there and ends soon; till then the old one stays in use. To be called now and then. */
void token_renew(struct token_cache *cache, struct http *http, int64_t now);

/* The fetch has ended: all that wait go on. Those that waited for it use it however soon it ends. Where it has failed, what was there before is still there:
 * so nothing of it may be gone. */
void token_fetched(struct token_cache *cache, struct http *http, int64_t ends);
void token_failed(struct token_cache *cache, struct http *http, const struct err *why);

/* The service did not take it: the next that wants it fetches a new one. */
void token_forget(struct token_cache *cache);

#endif
