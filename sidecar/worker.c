/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of a worker; see worker.h. One thread minds the doorway; each connection that comes through it has a thread of its own.
 */
#include "worker.h"

#include "api.h"
#include "busy.h"
#include "command.h"
#include "doorway.h"
#include "grpc_door.h"
#include "grpc_key.h"
#include "http_door.h"
#include "kms_door.h"
#include "kms_pair.h"
#include "metrics.h"
#include "peer.h"
#include "unwrap_one.h"
#include "walls.h"

#include "base/secret.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	IDLE_MS = 1000,   /* without a connection: then memory that is free goes back */
	OOM_SOONER = 200, /* of a thousand */
	OOM_MOST = 1000,
	SPARES = 8,           /* of locked memory: requests under way, 16 KiB each */
	LEAVE_MS = 30 * 1000, /* that requests under way may take when the worker leaves */
	PAIR_MS =
		5 * 1000, /* for the keeper's answer about the key pair; it may just be replaced */
};

struct worker {
	const struct worker_start *start;
	struct api api;
	struct kms_door kms;
	struct secret_pool pool; /* of the KMS door's key pair */
	struct peer_rules rules;
	struct busy at;
	struct http_door *http;
	struct grpc_door_events grpc;
	struct doorway doorway;
	int64_t leave; /* since when it leaves; 0: it does not */
	int64_t busy; /* when there was a connection last; 0: nothing has been done since memory went back */
};

static int64_t clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void answer(void *cookie, struct http_exchange *exchange)
{
	struct worker *worker = cookie;
	int64_t began = clock_us();
	enum api_route route = API_KMS;

	if (worker->start->kind == WORKER_KMS)
		kms_door_answer(&worker->kms, exchange);
	else
		route = api_answer(&worker->api, exchange);

	metrics_count(worker->start->own, route, exchange->status, clock_us() - began);
}

static void closed(void *cookie)
{
	const struct worker *worker = cookie;

	worker->start->own->connections--;
}

static void cut(void *cookie)
{
	const struct worker *worker = cookie;

	worker->start->own->cut_slow++;
}

static void began(void *cookie, int64_t now)
{
	struct worker *worker = cookie;

	busy_begin(&worker->at, now);
}

static void ended(void *cookie, int64_t began_at)
{
	struct worker *worker = cookie;

	busy_end(&worker->at, began_at);
	worker->start->own->requests++;
}

/* sops's key service: Decrypt, and nothing else. */
static int grpc_call(void *cookie, int fd, const char *path, struct span body,
		     struct buf *answer_to, struct err *err)
{
	struct worker *worker = cookie;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct exchange line = {.line = worker->api.line, .timeout_ms = worker->api.timeout_ms};
	CLEAN_DOC struct doc doc = DOC_INIT;
	int64_t began_at = shared_clock();
	struct sops_key key = {.next = NULL};
	struct span opened;
	int r = -1;

	began(worker, began_at);
	if (strcmp(path, "/KeyService/Decrypt") != 0)
		(void)err_set(err, ERR_UNSUPPORTED, "this key service decrypts only");
	else if (grpc_key_read(body, &doc, &key, err) == 0 && peer_of(fd, &line.peer, err) == 0) {
		line.peer.door = EXCHANGE_GRPC;
		r = unwrap_one(&line, "keyservice", &key, &pool, &opened, err);
	}
	if (r == 0)
		grpc_key_write(opened, answer_to);
	ended(worker, began_at);
	return grpc_key_status(r == 0 ? ERR_NONE : err->code);
}

/* Runs in the main thread; the door has a thread for each. */
static bool hand_on(void *cookie, int fd, bool http2)
{
	struct worker *worker = cookie;

	if (!http2)
		return http_door_add(worker->http, fd);
	if (worker->start->kind == WORKER_API && grpc_door_is_loaded() &&
	    grpc_door_add(fd, &worker->grpc, &worker->start->own->leaving))
		return true;
	(void)close(fd);
	return false;
}

/* Answers what it has, and takes no more. */
static void leave(struct worker *worker, int64_t now)
{
	worker->leave = now;
	worker->start->own->leaving = true;
	http_door_leave(worker->http);
}

static bool is_worn(const struct worker *worker)
{
	int most = worker->start->options->recycle;

	return most && worker->start->own->requests >= (uint64_t)most;
}

/* What a busy moment took is not held for ever. */
static void give_memory_back(struct worker *worker, int64_t now)
{
	if (worker->start->own->connections) {
		worker->busy = now;
	} else if (worker->busy && now > worker->busy + IDLE_MS) {
		(void)malloc_trim(0);
		worker->busy = 0;
	}
}

static void serve(struct worker *worker)
{
	struct shared_worker *own = worker->start->own;
	int64_t now;

	for (;;) {
		bool told =
			doorway_turn(&worker->doorway, worker->leave ? -1 : worker->start->control,
				     !worker->leave);

		now = shared_clock();
		own->beat = now;
		give_memory_back(worker, now);
		worker->start->own->cut_slow += http_door_cut_slow(worker->http, now);
		if (!worker->leave && (told || is_worn(worker)))
			leave(worker, now);
		if (worker->leave && (own->connections == 0 || now > worker->leave + LEAVE_MS))
			return;
	}
}

/* The environment may hold keys, which are for the keeper alone. */
static void forget_environment(void)
{
	char **at;

	for (at = environ; at && *at; at++)
		explicit_bzero(*at, strlen(*at));
	(void)clearenv();
}

/* Where memory runs out a worker goes first, whose requests can be asked again. Only who may write there does; a container's own bound takes the
 * largest process, which is a worker anyway. */
static void go_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[32] = "";
	long score;

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0) {
		score = strtol(text, NULL, 10) + OOM_SOONER;
		(void)snprintf(text, sizeof(text), "%ld", score < OOM_MOST ? score : OOM_MOST);
		(void)!pwrite(fd, text, strlen(text), 0);
	}
	(void)close(fd);
}

static int get_pair(struct worker *worker, struct err *err)
{
	if (worker->start->kind != WORKER_KMS)
		return 0;
	worker->kms.line = worker->api.line;
	worker->kms.timeout_ms = worker->api.timeout_ms;
	return kms_pair_ask(worker->api.line, PAIR_MS, &worker->pool, &worker->kms.pair, err);
}

static int set_up(struct worker *worker, struct err *err)
{
	const struct worker_start *start = worker->start;
	const struct http_door_events events = {
		.cookie = worker,
		.answer = answer,
		.closed = closed,
		.began = began,
		.ended = ended,
	};

	/* One heap for all threads: what many requests need in turn, not what each thread once needed. */
	(void)mallopt(M_ARENA_MAX, 2);
	secret_keep_spares(SPARES);
	forget_environment();
	go_first();
	worker->rules = (struct peer_rules){
		.socket = start->socket, .set = start->set, .group = start->group};
	worker->doorway = (struct doorway){
		.listener = start->listener,
		.room = start->options->connections,
		.rules = start->kind == WORKER_API ? &worker->rules : NULL,
		.own = start->own,
		.cookie = worker,
		.hand_on = hand_on,
	};
	worker->api = (struct api){
		.line = start->line,
		.timeout_ms = start->options->request_ms - start->options->request_ms / 10,
		.policy = start->policy,
		.shared = start->shared,
		.own = start->own,
	};
	worker->grpc = (struct grpc_door_events){
		.cookie = worker, .call = grpc_call, .closed = closed, .cut = cut};
	if (get_pair(worker, err) < 0)
		return -1;
	if (walls_raise_worker(&start->own->walls, err) < 0)
		return -1;
	return http_door_new(start->options->connections, start->options->body_max, &events,
			     &worker->http, err);
}

int worker_run(const struct worker_start *start)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	struct err err = ERR_INIT;
	int status = 0;

	if (!worker)
		return 1;
	worker->start = start;
	worker->at = (struct busy)BUSY_INIT(&start->own->oldest);
	if (set_up(worker, &err) < 0)
		status = command_fail(&err);
	else
		serve(worker);
	http_door_free(worker->http);
	secret_pool_release(&worker->pool);
	free(worker);
	return status;
}
