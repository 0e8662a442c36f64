/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of a worker; see worker.h. One thread accepts, says no to peers and to more than it can take, and looks at the first bytes of a connection to
 * hear which protocol it speaks; each connection then has a thread of its own.
 */
#include "worker.h"

#include "api.h"
#include "busy.h"
#include "command.h"
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

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_MS = 250,
	FULL_MS = 50,         /* that a full worker leaves newcomers to the others of its socket */
	IDLE_MS = 1000,       /* without a connection: then memory that is free goes back */
	PENDING_MAX = 64,     /* connections that have not said anything yet */
	FIRST_MS = 10 * 1000, /* that they may take for it */
	PREFACE = 3,          /* bytes that tell HTTP/2 from HTTP/1.1 */
	OOM_SOONER = 200,     /* of a thousand */
	OOM_MOST = 1000,
	SPARES = 8,           /* of locked memory: requests under way, 16 KiB each */
	LEAVE_MS = 30 * 1000, /* that requests under way may take when the worker leaves */
	PAIR_MS =
		5 * 1000, /* for the keeper's answer about the key pair; it may just be replaced */
};

struct pending {
	int fd;
	int64_t since;
	bool begun; /* it has said something, and not enough to tell what it speaks */
	const char *head,
		*body; /* what it is told when it has said something; NULL: it may go on */
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
	struct pending pending[PENDING_MAX];
	size_t pending_count;
	int64_t told;  /* when a refused peer was told of last */
	int64_t pause; /* until when nothing is accepted, as it could not be; 0: it can */
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

static void ended(void *cookie, int64_t began_at, int status)
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
	ended(worker, began_at, 0);
	return grpc_key_status(r == 0 ? ERR_NONE : err->code);
}

/* A last word to somebody who gets no thread. */
static void turn_away(int fd, const char *head, const char *body)
{
	char text[512], rest[4096];
	int len = snprintf(
		text, sizeof(text),
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		head, strlen(body), body);

	/* What is left unread would take our words with it. */
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	(void)send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

/* Once a second at most: whoever is refused can try as often as he likes. */
static void tell_refused(struct worker *worker, const struct err *err, int64_t now)
{
	if (worker->told && now < worker->told + 1000)
		return;
	worker->told = now;
	(void)command_fail(err);
}

/* Sets what somebody who may not ask is told. */
static void check_peer(struct worker *worker, struct pending *one, int64_t now)
{
	struct exchange_peer peer;
	struct err err = ERR_INIT;

	if (worker->start->kind != WORKER_API ||
	    (peer_of(one->fd, &peer, &err) == 0 &&
	     peer_check(&worker->rules, one->fd, &peer, &err) == 0))
		return;
	worker->start->own->refused_peers++;
	tell_refused(worker, &err, now);
	one->head = "403 Forbidden";
	one->body = "{\"error\": \"this socket is not for you\", \"exitStatus\": 77}\n";
}

static void take_connection(struct worker *worker, int fd, int64_t now)
{
	struct pending one = {.fd = fd, .since = now};

	worker->start->own->accepted++;
	check_peer(worker, &one, now);
	if (!one.head && worker->start->own->connections >= worker->start->options->connections) {
		worker->start->own->refused_busy++;
		one.head = "503 Service Unavailable\r\nRetry-After: 1";
		one.body =
			"{\"error\": \"more connections than there is room for\", \"exitStatus\": 75}\n";
	}
	if (worker->pending_count == PENDING_MAX) {
		turn_away(fd, one.head ? one.head : "503 Service Unavailable\r\nRetry-After: 1",
			  one.body ? one.body : "{}\n");
		return;
	}
	worker->start->own->connections += !one.head;
	worker->pending[worker->pending_count++] = one;
}

static void accept_all(struct worker *worker, int64_t now)
{
	int fd, i;

	/* Some, not all that there are: the other workers of the socket want some too. */
	for (i = 0; i < 4; i++) {
		fd = accept4(worker->start->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			/* Out of descriptors: whoever waits would be told of again and again. */
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
				worker->pause = now + FULL_MS;
			return;
		}
		take_connection(worker, fd, now);
	}
}

static void hand_on(struct worker *worker, int fd, bool http2)
{
	if (!http2) {
		if (!http_door_add(worker->http, fd))
			worker->start->own->connections--;
		return;
	}
	if (worker->start->kind == WORKER_API && grpc_door_is_loaded() &&
	    grpc_door_add(fd, &worker->grpc, &worker->start->own->leaving))
		return;
	worker->start->own->connections--;
	(void)close(fd);
}

/* One that has said something is handed on, or told no; one that is gone or says nothing for too long is closed. */
static void look_at_pending(struct worker *worker, size_t i, bool ready, int64_t now)
{
	struct pending *one = &worker->pending[i];
	char first[PREFACE];
	ssize_t n = ready ? recv(one->fd, first, sizeof(first), MSG_PEEK | MSG_DONTWAIT) : 0;
	bool http2 = n >= PREFACE && memcmp(first, "PRI", PREFACE) == 0;

	if (ready && n > 0 && one->head) {
		turn_away(one->fd, one->head, one->body);
	} else if (ready && n > 0 && (n >= PREFACE || memcmp(first, "PRI", (size_t)n) != 0)) {
		hand_on(worker, one->fd, http2);
	} else if ((ready && n <= 0 && errno != EAGAIN) || now > one->since + FIRST_MS) {
		(void)close(one->fd);
		worker->start->own->connections -= !one->head;
		worker->start->own->cut_slow += !ready;
	} else {
		one->begun = ready && n > 0;
		return;
	}
	worker->pending[i] = worker->pending[--worker->pending_count];
}

/* The listener, the control, and those that have said nothing yet. */
static void wait_and_take(struct worker *worker)
{
	bool full = worker->start->own->connections >= worker->start->options->connections;
	struct pollfd fds[2 + PENDING_MAX];
	size_t count = worker->pending_count, i;
	bool begun = false;
	int64_t now;

	full = full || worker->pause > shared_clock();
	fds[0] = (struct pollfd){.fd = worker->leave || full ? -1 : worker->start->listener,
				 .events = POLLIN};
	fds[1] = (struct pollfd){.fd = worker->leave ? -1 : worker->start->control,
				 .events = POLLIN};
	for (i = 0; i < count; i++) {
		const struct pending *one = &worker->pending[i];

		/* What one that has begun has said is still there, and would be told of again and again. */
		fds[2 + i] = (struct pollfd){.fd = one->begun ? -1 : one->fd, .events = POLLIN};
		begun = begun || one->begun;
	}
	if (poll(fds, 2 + count, full || begun ? FULL_MS : TICK_MS) < 0)
		return;
	now = shared_clock();
	for (i = count; i-- > 0;)
		look_at_pending(worker, i, fds[2 + i].revents || worker->pending[i].begun, now);
	if (fds[1].revents && !worker->leave) {
		worker->leave = now;
		worker->start->own->leaving = true;
		http_door_leave(worker->http);
	} else if (fds[0].revents || (full && !worker->leave)) {
		accept_all(worker, now);
	}
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
		wait_and_take(worker);
		now = shared_clock();
		own->beat = now;
		give_memory_back(worker, now);
		worker->start->own->cut_slow += http_door_cut_slow(worker->http, now);
		if (!worker->leave && is_worn(worker)) {
			worker->leave = now;
			own->leaving = true;
			http_door_leave(worker->http);
		}
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
