/* SPDX-License-Identifier: Apache-2.0
 *
 * A question at the keeper; see keeper_ask.h. Each wrapped key goes to the services of its type one after the other, those without a network first,
 * until one opens it; keys that wait for the same service go in one batch. The rules are those of datakey_ask.c; but there a run ends, here it does not,
 * and every question has its own memory for what it opened.
 */
#include "keeper_ask.h"

#include "base/wipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PHASES = 2 /* services without a network, then the others */ };

struct ask_key {
	struct key_request request;
	size_t at; /* the next candidate: a service's number, plus the number of services in the second phase */
	bool over, cached, waiting;
	uint8_t id[CACHE_ID];
};

struct ask_batch {
	struct ask_batch *next;
	size_t count;
	size_t *index; /* into the keys */
	struct key_request requests[];
};

int ask_new(int fd, size_t set, const struct exchange_peer *peer, int64_t ends,
	    struct ask **ret_ask, struct err *err)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (!ask) {
		(void)close(fd);
		return err_nomem(err);
	}
	ask->fd = fd;
	ask->set = set;
	ask->peer = *peer;
	ask->ends = ends;
	ask->began = shared_clock();
	ask->stirred = true;
	ask->doc = (struct doc)DOC_INIT;
	ask->in = (struct buf)BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	ask->out = (struct buf)BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	*ret_ask = ask;
	return 0;
}

bool ask_is_held(const struct ask *ask)
{
	return ask->batches != NULL;
}

void ask_free(struct ask *ask, const struct ask_world *world)
{
	if (!ask)
		return;
	world->bytes[ask->set] -= ask->bytes;
	(void)close(ask->fd);
	wipe_free(ask->keys, ask->request.count * sizeof(*ask->keys));
	secret_pool_release(&ask->pool);
	doc_release(&ask->doc);
	buf_release(&ask->in);
	buf_release(&ask->out);
	free(ask);
}

/* Beyond the bound a question is dropped: whoever asks is told to try again. */
static int take_bytes(struct ask *ask, const struct ask_world *world, size_t bytes)
{
	size_t *all = &world->bytes[ask->set];

	if (bytes > ASK_SMALL && *all > ask->bytes && bytes + *all > ASK_BYTES_MAX)
		return -1;
	*all += bytes;
	ask->bytes += bytes;
	return 0;
}

/* Reads up to `want` bytes in all. 1: they are there; 0: not yet; -1: the other side is gone. */
static int receive(struct ask *ask, size_t want)
{
	while (ask->in.len < want) {
		uint8_t *room = buf_room(&ask->in, want - ask->in.len);
		ssize_t n;

		if (!room)
			return -1;
		n = recv(ask->fd, room, want - ask->in.len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -1;
		if (n < 0)
			return 0;
		ask->in.len += (size_t)n;
	}
	return 1;
}

static int begin_work(struct ask *ask, const struct ask_world *world, struct err *err)
{
	size_t i;

	if (unwrap_get_request(span_from(buf_span(&ask->in), UNWRAP_HEAD), &ask->doc, &ask->request,
			       err) < 0)
		return -1;
	/* The question's, and those of the batch that a service is given. */
	if (take_bytes(ask, world,
		       ask->request.count * (sizeof(*ask->keys) + sizeof(struct key_request))) < 0)
		return err_set(err, ERR_LIMIT, "too many questions at once");
	ask->keys = calloc(ask->request.count + 1, sizeof(*ask->keys));
	if (!ask->keys)
		return err_nomem(err);
	for (i = 0; i < ask->request.count; i++) {
		ask->keys[i].request.key = &ask->request.keys[i];
		ask->keys[i].request.code = ERR_NO_KEY;
		snprintf(ask->keys[i].request.why, KEY_WHY_MAX,
			 "no key service for this type is configured");
		if (world->cache)
			keeper_cache_name(world->cache, ask->set, ask->request.secret,
					  ask->keys[i].request.key, ask->keys[i].id);
	}
	return keeper_keys_ring(world->keys, ask->set, ask->request.secret, &ask->ring, err);
}

/* Why not, for all keys alike. */
static void fail_all(struct ask *ask, const struct err *why)
{
	size_t i;

	for (i = 0; ask->keys && i < ask->request.count; i++) {
		ask->keys[i].over = true;
		ask->keys[i].request.verdict = KEY_FAILED;
		ask->keys[i].request.code = why->code;
		snprintf(ask->keys[i].request.why, KEY_WHY_MAX, "%.*s", KEY_WHY_MAX - 1, why->msg);
	}
}

static void opened(struct ask *ask, const struct ask_world *world, struct ask_key *key, int64_t now)
{
	key->over = true;
	if (world->cache)
		keeper_cache_put(world->cache, key->id, key->request.opened, now);
}

/* What has gone wrong counts for more than that a key is not ours. */
static void take(struct ask *ask, const struct ask_world *world, struct ask_key *key,
		 const struct key_request *answer, int64_t now)
{
	if (answer->verdict == KEY_OPENED) {
		key->request = *answer;
		opened(ask, world, key, now);
	} else if (key->request.verdict != KEY_FAILED) {
		key->request = *answer;
	}
	key->waiting = false;
}

/* Takes back the batches that have been answered. */
static void collect(struct ask *ask, const struct ask_world *world, int64_t now)
{
	struct ask_batch **at = &ask->batches, *batch;
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
			take(ask, world, &ask->keys[batch->index[i]], &batch->requests[i], now);
		*at = batch->next;
		free(batch->index);
		wipe_free(batch, sizeof(*batch) + batch->count * sizeof(batch->requests[0]));
	}
}

/* Moves to the next service of the key's type; false where there is none left. */
static bool next_service(const struct ask *ask, struct ask_key *key, size_t *ret_service)
{
	size_t count = ask->ring->count;

	for (; key->at < PHASES * count; key->at++) {
		const struct keyservice *service = ask->ring->services[key->at % count].service;

		if (service->type == key->request.key->type &&
		    service->offline == (key->at < count)) {
			*ret_service = key->at % count;
			return true;
		}
	}
	return false;
}

/* Settled without a service: by the policy, or from the cache. */
static bool settle(struct ask *ask, const struct ask_world *world, struct ask_key *key, int64_t now)
{
	const struct keyring *ring = ask->ring;
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
	if (!kept.len || secret_dup(&ask->pool, kept, &key->request.opened, &no) < 0)
		return false;
	key->over = key->cached = true;
	key->request.verdict = KEY_OPENED;
	return true;
}

static int send_batch(struct ask *ask, const struct ask_world *world, size_t service, size_t count,
		      struct err *err)
{
	const struct keyservice *asked = ask->ring->services[service].service;
	void *cookie = ask->ring->services[service].cookie;
	struct ask_batch *batch = calloc(1, sizeof(*batch) + count * sizeof(batch->requests[0]));
	size_t i, other;

	if (!batch)
		return err_nomem(err);
	batch->index = calloc(count, sizeof(*batch->index));
	if (!batch->index) {
		free(batch);
		return err_nomem(err);
	}
	for (i = 0; i < ask->request.count && batch->count < count; i++) {
		struct ask_key *key = &ask->keys[i];

		if (key->over || key->waiting || !next_service(ask, key, &other) ||
		    other != service)
			continue;
		key->waiting = true;
		key->at++;
		batch->index[batch->count] = i;
		batch->requests[batch->count++].key = key->request.key;
	}
	batch->next = ask->batches;
	ask->batches = batch;
	http_serve(world->http, ask->set);
	if (asked->start)
		return asked->start(cookie, world->http, &ask->pool, batch->requests, batch->count,
				    err);
	if (asked->open(cookie, &ask->pool, batch->requests, batch->count, err) == 0)
		return 0;
	/* It is done with them all the same. */
	for (i = 0; i < batch->count; i++)
		batch->requests[i].verdict = KEY_FAILED;
	return -1;
}

/* Services without a network take their time now; so they get a few at once. */
static size_t turn_of(struct ask *ask, const struct keyservice *service, size_t wanted)
{
	if (service->start || wanted <= ASK_TURN_KEYS)
		return wanted;
	ask->more = true;
	return ASK_TURN_KEYS;
}

/* Sends what can be sent; returns whether anything is left that a service has yet to answer. */
static int send_all(struct ask *ask, const struct ask_world *world, int64_t now, bool *ret_sent,
		    struct err *err)
{
	size_t wanted[KEYRING_SERVICES_MAX] = {0}, service, i;

	*ret_sent = false;
	for (i = 0; i < ask->request.count; i++) {
		struct ask_key *key = &ask->keys[i];

		if (key->over || key->waiting || settle(ask, world, key, now))
			continue;
		if (next_service(ask, key, &service))
			wanted[service]++;
		else
			key->over = true;
	}
	for (service = 0; service < ask->ring->count; service++) {
		if (!wanted[service])
			continue;
		*ret_sent = true;
		if (send_batch(ask, world, service,
			       turn_of(ask, ask->ring->services[service].service, wanted[service]),
			       err) < 0)
			return -1;
	}
	return 0;
}

static void audit_all(const struct ask *ask, const struct ask_world *world)
{
	struct trail_event event = {
		.socket = world->sockets[ask->set],
		.key_set = keeper_keys_name(world->keys, ask->set),
		.peer = ask->peer,
		.label = ask->request.label,
		.secret = ask->request.secret,
	};
	int64_t now = (int64_t)time(NULL);
	size_t i;

	for (i = 0; i < ask->request.count; i++) {
		const struct ask_key *key = &ask->keys[i];

		event.request = &key->request;
		event.cached = key->cached;
		trail_write(world->trail, &event, now);
		if (key->request.verdict == KEY_OPENED)
			world->shared->unwraps_opened++;
		else if (key->request.code == ERR_UNREACHABLE)
			world->shared->unwraps_unreachable++;
		else
			world->shared->unwraps_failed++;
		world->shared->cache_hits += key->cached;
	}
	world->shared->audit_lost = world->trail->lost;
}

/* A tenant learns whether to try again, and nothing else: not whether the key is unknown, another tenant's, or one that refused. */
static void make_generic(struct key_request *request)
{
	bool again = request->code == ERR_UNREACHABLE;

	request->verdict = again ? KEY_FAILED : KEY_NOT_MINE;
	request->code = again ? ERR_UNREACHABLE : ERR_NO_KEY;
	snprintf(request->why, KEY_WHY_MAX, "%s",
		 again ? "its key service can not be reached now"
		       : "no key of this key set opens it");
}

static void reply(struct ask *ask, const struct ask_world *world, int64_t now)
{
	bool tenant = keeper_keys_name(world->keys, ask->set) != NULL, failed = false;
	struct key_request *answers = calloc(ask->request.count + 1, sizeof(*answers));
	size_t i;

	audit_all(ask, world);
	for (i = 0; answers && i < ask->request.count; i++) {
		answers[i] = ask->keys[i].request;
		if (answers[i].verdict == KEY_OPENED)
			continue;
		failed = true;
		if (answers[i].verdict == KEY_NOT_TRIED)
			answers[i].verdict = KEY_NOT_MINE;
		if (tenant)
			make_generic(&answers[i]);
	}
	if (answers)
		unwrap_put_reply(answers, ask->request.count, &ask->out);
	else
		ask->out.bad = ERR_NOMEM;
	wipe_free(answers, (ask->request.count + 1) * sizeof(*answers));
	ask->due = now;
	if (tenant && failed)
		ask->due = ask->began + ((now - ask->began) / ASK_FAIL_MS + 1) * ASK_FAIL_MS;
	ask->state = ask->out.bad ? ASK_OVER : ASK_REPLY;
}

static void work(struct ask *ask, const struct ask_world *world, int64_t now)
{
	struct err err = ERR_INIT;
	bool sent = true;

	ask->more = false;
	while (sent && !ask->more) {
		collect(ask, world, now);
		if (send_all(ask, world, now, &sent, &err) < 0) {
			fail_all(ask, &err);
			break;
		}
	}
	if (!ask->batches && !ask->more)
		reply(ask, world, now);
}

static void send_reply(struct ask *ask)
{
	while (ask->sent < ask->out.len) {
		ssize_t n = send(ask->fd, ask->out.data + ask->sent, ask->out.len - ask->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			break;
		ask->sent += (size_t)n;
	}
	ask->state = ASK_OVER;
}

static int receive_body(struct ask *ask, const struct ask_world *world, size_t body)
{
	if (!ask->bytes && body && take_bytes(ask, world, body) < 0)
		return -1;
	return receive(ask, UNWRAP_HEAD + body);
}

static void read_question(struct ask *ask, const struct ask_world *world)
{
	struct err err = ERR_INIT;
	size_t body = 0;
	int r = receive(ask, UNWRAP_HEAD);

	if (r > 0)
		r = unwrap_head(buf_span(&ask->in), false, &body, &err) < 0
			    ? -1
			    : receive_body(ask, world, body);
	if (r < 0)
		ask->state = ASK_OVER;
	if (r <= 0)
		return;
	ask->state = ASK_WORK;
	if (begin_work(ask, world, &err) == 0)
		return;
	if (!ask->keys) {
		ask->state = ASK_OVER;
		return;
	}
	fail_all(ask, &err);
}

void ask_go(struct ask *ask, const struct ask_world *world, int64_t now)
{
	if (ask->state < ASK_WORK && ask->stirred)
		read_question(ask, world);
	if (ask->state == ASK_WORK) {
		if (ask->ring)
			work(ask, world, now);
		else
			reply(ask, world, now);
	}
	if (ask->state == ASK_REPLY && now >= ask->due && (!ask->sent || ask->stirred))
		send_reply(ask);
	ask->stirred = false;
	if (now >= ask->ends)
		ask->state = ASK_OVER;
	/* Nobody waits for what a service has answered too late. */
	if (ask->state == ASK_OVER)
		collect(ask, world, now);
}
