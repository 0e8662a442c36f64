/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials that are fetched when they are wanted: once for each source, role and region, by the first who wants them while the others
 * wait, kept till shortly before they end (token_cache.h), and fetched anew when a service says that they have ended.
 *
 *   want ──► token_cache ──► there? ─ yes ─► ready at once
 *                              └ no ─► waits ──► fetch (aws_sts.c, aws_metadata.c, aws_process.c) ──► all are ready
 */
#ifndef KEYS_AWS_CREDS_H
#define KEYS_AWS_CREDS_H

#include "keys/aws_call.h"
#include "keys/aws_source.h"
#include "keys/token_cache.h"

struct account_token;

struct aws_creds {
	struct token_cache cache; /* the first member: found by its address */
	struct aws_creds *next;
	/* Set by whoever makes it. */
	struct aws_clock *clock;
	const struct aws_source *source; /* of the first ones of the chain */
	struct aws_creds *parent;        /* NULL for these; else what a role is taken on with */
	struct aws_assume assume;
	struct span region; /* of STS; a null span where it is not asked */
	struct aws_endpoint sts;
	const struct http_tls *tls;
	/* For whoever uses them. */
	struct aws_keys keys;
	unsigned generation; /* goes up with each fetch: whose keys were refused says so by it */
	/* Its own. */
	struct secret_pool pool, fresh; /* of keys; of those that are being fetched */
	struct token_wait on_parent, on_account;
	struct account_token *account_token; /* that is waited for */
	struct span role_arn;                /* that web identity is for, once it is known */
	unsigned parent_generation;
	bool again;           /* a second attempt, with a token or parent that is fresh */
	int step;             /* of instance metadata */
	struct aws_call call; /* to STS; of others only its http and lines are used */
	struct aws_endpoint metadata;
	struct span metadata_token;
};

void aws_creds_init(struct aws_creds *creds);

/* wait->ready() is called once: before this returns, or in http_drive(). */
void aws_creds_want(struct aws_creds *creds, struct http *http, struct token_wait *wait);

void aws_creds_renew(struct aws_creds *creds, struct http *http);

/* A service said that the keys of that generation have ended. True: it is worth to want them again. */
bool aws_creds_spoil(struct aws_creds *creds, unsigned generation);

/* Wipes and frees what it holds. Not while a call of it is under way. */
void aws_creds_release(struct aws_creds *creds);

/* For the fetchers. Each begins with _fetch and ends, now or in a done(), with one of _take (the keys are copied; `expiration` is RFC 3339 or a
 * null span) and _fail. */
void aws_creds_take(struct aws_creds *creds, struct http *http, const struct aws_keys *keys,
		    struct span expiration);
void aws_creds_fail(struct aws_creds *creds, struct http *http, const struct err *why);

void aws_sts_fetch(struct aws_creds *creds, struct http *http);
void aws_metadata_fetch(struct aws_creds *creds, struct http *http);
void aws_process_fetch(struct aws_creds *creds, struct http *http);

#endif
