/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of wrapped keys at the keeper; see keeper_open.h. Each goes to the services of its type one after the other, those without a network
 * first, until one opens it; keys that wait for the same service go in one batch. The rules are those of datakey_ask.c; but there a run ends, here it
 * does not, and every question has its own memory for what it opened.
 */
#include "keeper_open.h"

#include "base/wipe.h"

#include <stdio.h>
#include <stdlib.h>

enum { PHASES = 2 /* services without a network, then the others */ };

struct opening_batch {
	struct opening_batch *next;
	size_t count;
	size_t *index; /* into the keys */
	struct key_request requests[];
};

size_t opening_bytes(size_t n)
{
	return n * (sizeof(struct opening_key) + sizeof(struct key_request));
}

int opening_begin(struct opening *opening, const struct unwrap_request *request,
		  const struct opening_world *world, struct err *err)
{
	size_t i;

	opening->keys = calloc(request->count + 1, sizeof(*opening->keys));
	if (!opening->keys)
		return err_nomem(err);
	opening->count = request->count;
	opening->secret = request->secret;
	for (i = 0; i < opening->count; i++) {
		struct opening_key *key = &opening->keys[i];

		key->request.key = &request->keys[i];
		key->request.code = ERR_NO_KEY;
		snprintf(key->request.why, KEY_WHY_MAX,
			 "no key service for this type is configured");
		if (world->cache)
			keeper_cache_name(world->cache, opening->set, opening->secret,
					  key->request.key, key->id);
	}
	return 0;
}

bool opening_is_held(const struct opening *opening)
{
	return opening->batches != NULL;
}

void opening_release(struct opening *opening)
{
	wipe_free(opening->keys, opening->count * sizeof(*opening->keys));
	secret_pool_release(&opening->pool);
}

void opening_fail(struct opening *opening, const struct err *why)
{
	size_t i;

	for (i = 0; i < opening->count; i++) {
		struct opening_key *key = &opening->keys[i];

		key->over = true;
		key->request.verdict = KEY_FAILED;
		key->request.code = why->code;
		snprintf(key->request.why, KEY_WHY_MAX, "%.*s", KEY_WHY_MAX - 1, why->msg);
	}
}

static void opened(const struct opening_world *world, struct opening_key *key, int64_t now)
{
	key->over = true;
	if (world->cache)
		keeper_cache_put(world->cache, key->id, key->request.opened, now);
}

/* What has gone wrong counts for more than that a key is not ours. */
static void take(const struct opening_world *world, struct opening_key *key,
		 const struct key_request *answer, int64_t now)
{
	if (answer->verdict == KEY_OPENED) {
		key->request = *answer;
		opened(world, key, now);
	} else if (key->request.verdict != KEY_FAILED) {
		key->request = *answer;
	}
	key->waiting = false;
}

void opening_collect(struct opening *opening, const struct opening_world *world, int64_t now)
{
	struct opening_batch **at = &opening->batches, *batch;
	size_t i;

	while (*at) {
		batch = *at;
		for (i = 0; i < batch->count && batch->requests[i].verdict != KEY_NOT_TRIED; i++)
			;
		if (i < batch->count) {
			at = &batch->next;
			continue;
		}
		for (i = 0; i < batch->count; i++)
			take(world, &opening->keys[batch->index[i]], &batch->requests[i], now);
		*at = batch->next;
		free(batch->index);
		wipe_free(batch, sizeof(*batch) + batch->count * sizeof(batch->requests[0]));
	}
}

/* Moves to the next service of the key's type; false where there is none left. */
static bool next_service(const struct opening *opening, struct opening_key *key,
			 size_t *ret_service)
{
	size_t count = opening->ring->count;

	for (; key->at < PHASES * count; key->at++) {
		const struct keyservice *service = opening->ring->services[key->at % count].service;

		if (service->type == key->request.key->type &&
		    service->offline == (key->at < count)) {
			*ret_service = key->at % count;
			return true;
		}
	}
	return false;
}

/* Settled without a service: by the policy, or from the cache. */
static bool settle(struct opening *opening, const struct opening_world *world,
		   struct opening_key *key, int64_t now)
{
	const struct keyring *ring = opening->ring;
	struct err no = ERR_INIT;
	struct span kept;

	if (key->at == 0 && ring->allowed &&
	    ring->allowed(ring->allowed_cookie, key->request.key, &no) < 0) {
		key->over = true;
		key->request.verdict = KEY_FAILED;
		key->request.code = no.code;
		snprintf(key->request.why, KEY_WHY_MAX, "%.*s", KEY_WHY_MAX - 1, no.msg);
		return true;
	}
	kept = world->cache ? keeper_cache_find(world->cache, key->id, now) : SPAN_NULL;
	if (!kept.len || secret_dup(&opening->pool, kept, &key->request.opened, &no) < 0)
		return false;
	key->over = key->cached = true;
	key->request.verdict = KEY_OPENED;
	return true;
}

static int send_batch(struct opening *opening, const struct opening_world *world, size_t service,
		      size_t count, struct err *err)
{
	const struct keyservice *asked = opening->ring->services[service].service;
	void *cookie = opening->ring->services[service].cookie;
	struct opening_batch *batch =
		calloc(1, sizeof(*batch) + count * sizeof(batch->requests[0]));
	size_t i, other;
	int r;

	if (!batch)
		return err_nomem(err);
	batch->index = calloc(count, sizeof(*batch->index));
	if (!batch->index) {
		free(batch);
		return err_nomem(err);
	}
	for (i = 0; i < opening->count && batch->count < count; i++) {
		struct opening_key *key = &opening->keys[i];

		if (key->over || key->waiting || !next_service(opening, key, &other) ||
		    other != service)
			continue;
		key->waiting = true;
		key->at++;
		batch->index[batch->count] = i;
		batch->requests[batch->count++].key = key->request.key;
	}
	batch->next = opening->batches;
	opening->batches = batch;
	http_serve(world->http, opening->set);
	r = asked->start ? asked->start(cookie, world->http, &opening->pool, batch->requests,
					batch->count, err)
			 : asked->open(cookie, &opening->pool, batch->requests, batch->count, err);
	/* It is done with them all the same. */
	for (i = 0; r < 0 && i < batch->count; i++)
		batch->requests[i].verdict = KEY_FAILED;
	return r;
}

/* Services without a network take their time now; so they get a few at once. */
static size_t turn_of(struct opening *opening, const struct keyservice *service, size_t wanted)
{
	if (service->start || wanted <= OPENING_TURN_KEYS)
		return wanted;
	opening->more = true;
	return OPENING_TURN_KEYS;
}

/* Sends what can be sent; returns whether anything is left that a service has yet to answer. */
static int send_all(struct opening *opening, const struct opening_world *world, int64_t now,
		    bool *ret_sent, struct err *err)
{
	size_t wanted[KEYRING_SERVICES_MAX] = {0}, service, i;

	*ret_sent = false;
	for (i = 0; i < opening->count; i++) {
		struct opening_key *key = &opening->keys[i];

		if (key->over || key->waiting || settle(opening, world, key, now))
			continue;
		if (next_service(opening, key, &service))
			wanted[service]++;
		else
			key->over = true;
	}
	for (service = 0; service < opening->ring->count; service++) {
		if (!wanted[service])
			continue;
		*ret_sent = true;
		if (send_batch(opening, world, service,
			       turn_of(opening, opening->ring->services[service].service,
				       wanted[service]),
			       err) < 0)
			return -1;
	}
	return 0;
}

bool opening_go(struct opening *opening, const struct opening_world *world, int64_t now)
{
	struct err err = ERR_INIT;
	bool sent = true;

	opening->more = false;
	while (sent && !opening->more) {
		opening_collect(opening, world, now);
		if (send_all(opening, world, now, &sent, &err) < 0) {
			opening_fail(opening, &err);
			opening_collect(opening, world, now);
			break;
		}
	}
	return !opening->batches && !opening->more;
}
