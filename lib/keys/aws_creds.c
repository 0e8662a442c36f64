/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of credentials; see aws_creds.h.
 */
#include "keys/aws_creds.h"

#include "doc/scalar.h"

static void fetch(struct token_cache *cache, struct http *http);

void aws_creds_init(struct aws_creds *creds)
{
	*creds = (struct aws_creds){.cache = {.fetch = fetch},
				    .call = AWS_CALL_INIT,
				    .pool = SECRET_POOL_INIT,
				    .fresh = SECRET_POOL_INIT};
}

static int64_t now(const struct aws_creds *creds)
{
	return aws_clock_now(creds->clock);
}

static void drop_fresh(struct aws_creds *creds)
{
	secret_pool_release(&creds->fresh);
	creds->fresh = (struct secret_pool)SECRET_POOL_INIT;
}

void aws_creds_fail(struct aws_creds *creds, struct http *http, const struct err *why)
{
	drop_fresh(creds);
	/* Fetched early, and it did not work: the old ones are good for some minutes more. */
	if (creds->keys.expires > now(creds))
		token_fetched(&creds->cache, http, creds->keys.expires);
	else
		token_failed(&creds->cache, http, why);
}

static int copy_keys(struct secret_pool *pool, const struct aws_keys *from, struct aws_keys *to,
		     struct err *err)
{
	if (secret_dup(pool, from->access_key, &to->access_key, err) < 0 ||
	    secret_dup(pool, from->secret_key, &to->secret_key, err) < 0)
		return -1;
	return secret_dup(pool, from->session_token, &to->session_token, err);
}

static int check_expiration(const struct aws_creds *creds, struct span text, int64_t *ret_expires,
			    struct err *err)
{
	struct doc_time time;

	if (!text.len) {
		*ret_expires = TOKEN_ENDLESS;
		return 0;
	}
	if (!scalar_parse_time(text, &time))
		return err_set(err, ERR_FORMAT, "credentials whose end is not a time");
	if (time.seconds <= now(creds))
		return err_set(err, ERR_DENIED, "credentials that have ended already");
	*ret_expires = time.seconds;
	return 0;
}

void aws_creds_take(struct aws_creds *creds, struct http *http, const struct aws_keys *keys,
		    struct span expiration)
{
	struct aws_keys copy = {.expires = 0};
	struct err why = ERR_INIT;

	if (aws_keys_check(keys, &why) < 0 ||
	    check_expiration(creds, expiration, &copy.expires, &why) < 0 ||
	    copy_keys(&creds->fresh, keys, &copy, &why) < 0) {
		aws_creds_fail(creds, http, &why);
		return;
	}
	secret_pool_release(&creds->pool);
	creds->pool = creds->fresh;
	creds->fresh = (struct secret_pool)SECRET_POOL_INIT;
	creds->keys = copy;
	creds->generation++;
	token_fetched(&creds->cache, http, copy.expires);
}

static void take_given(struct aws_creds *creds, struct http *http)
{
	const struct aws_keys keys = {.access_key = creds->source->access_key,
				      .secret_key = creds->source->secret_key,
				      .session_token = creds->source->session_token};

	aws_creds_take(creds, http, &keys, SPAN_NULL);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct aws_creds *creds = (struct aws_creds *)(void *)cache;

	creds->again = false;
	creds->step = 0;
	if (creds->parent) {
		aws_sts_fetch(creds, http);
		return;
	}
	switch (creds->source->kind) {
	case AWS_SOURCE_KEYS:
		take_given(creds, http);
		break;
	case AWS_SOURCE_WEB_IDENTITY:
		aws_sts_fetch(creds, http);
		break;
	case AWS_SOURCE_PROCESS:
		aws_process_fetch(creds, http);
		break;
	case AWS_SOURCE_CONTAINER:
	case AWS_SOURCE_INSTANCE:
		aws_metadata_fetch(creds, http);
		break;
	}
}

void aws_creds_want(struct aws_creds *creds, struct http *http, struct token_wait *wait)
{
	token_want(&creds->cache, http, now(creds), wait);
}

void aws_creds_renew(struct aws_creds *creds, struct http *http)
{
	token_renew(&creds->cache, http, now(creds));
}

bool aws_creds_spoil(struct aws_creds *creds, unsigned generation)
{
	if (!creds->parent && creds->source->kind == AWS_SOURCE_KEYS)
		return false;
	if (creds->generation == generation) {
		creds->keys.expires = 0;
		token_forget(&creds->cache);
	}
	return true;
}

void aws_creds_release(struct aws_creds *creds)
{
	aws_call_release(&creds->call);
	secret_pool_release(&creds->pool);
	secret_pool_release(&creds->fresh);
}
