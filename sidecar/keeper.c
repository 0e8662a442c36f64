/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of the keeper; see keeper.h. One thread: questions that need a network wait for it together, the others are answered at once.
 */
#include "keeper.h"

#include "command.h"
#include "exchange.h"
#include "keeper_ask.h"
#include "kms_pair.h"
#include "report.h"
#include "walls.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	EVENTS = 64,
	SPARES = 16,       /* of locked memory: questions under way, 16 KiB each */
	ASKS_MAX = 1024,   /* at once; more wait in their lines */
	ASKS_SET_MIN = 16, /* of them each set has its share, and not less than this */
	SWEEP_MS = 1000,   /* between two looks for what is over, or soon will be */
	IDLE_MS = 1000,
	DRAIN_MS = 60 * 1000, /* that a keeper which was replaced may take for what it has begun */
	CONTROL =
		0, /* what an event is of: the control, a line by its number, or a question by its address */
	LINES_MAX = SERVE_LISTENS_MAX + 1,
};

/* A set's line. */
struct line {
	size_t asks;
	bool watched;
};

struct keeper {
	const struct keeper_start *start;
	struct ask_world world;
	struct keeper_keys keys;
	struct secret_pool pair_pool;
	struct kms_pair pair; /* of the KMS door, where there is one */
	struct trail trail;
	int epoll;
	struct ask *asks;
	struct line lines[LINES_MAX];
	size_t bytes[LINES_MAX];
	size_t share; /* of ASKS_MAX */
	int64_t swept;
	int64_t drain; /* when the end was asked for; 0: it was not */
};

static int watch(const struct keeper *keeper, int fd, uint64_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};

	return epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* A set that has its share of questions is not listened to, nor is any by a keeper that ends: it leaves the lines to its successor. */
static void mind_lines(struct keeper *keeper)
{
	size_t i;

	for (i = 0; i < keeper->start->line_count; i++) {
		struct line *line = &keeper->lines[i];
		bool listen = !keeper->drain && line->asks < keeper->share;

		if (listen == line->watched)
			continue;
		if (listen)
			line->watched = watch(keeper, keeper->start->lines[i], i + 1) == 0;
		else
			line->watched = epoll_ctl(keeper->epoll, EPOLL_CTL_DEL,
						  keeper->start->lines[i], NULL) < 0;
	}
}

static bool is_locked(const struct keeper *keeper)
{
	return keeper_keys_locked(&keeper->keys) && !keeper->pair_pool.unlocked;
}

static int set_up(struct keeper *keeper, struct err *err)
{
	const struct keeper_start *start = keeper->start;

	secret_keep_spares(SPARES);
	if (trail_open(&keeper->trail, start->options->audit, err) < 0 ||
	    keeper_keys_load(&keeper->keys, start->options, err) < 0 ||
	    (start->options->kms_pair &&
	     kms_pair_read(start->options->kms_pair, &keeper->pair_pool, &keeper->pair, err) < 0))
		return -1;
	if (start->options->ttl &&
	    keeper_cache_new(start->options->ttl, &keeper->world.opening.cache, err) < 0)
		return -1;
	if (!is_locked(keeper) && start->options->require_mlock) {
		(void)err_set(err, ERR_SYSTEM, "serve: the system refuses to lock memory for keys");
		return err_hint(err,
				"raise 'ulimit -l' (LimitMEMLOCK), or leave out --require-mlock");
	}
	if (!is_locked(keeper))
		report_note("the system refuses to lock memory for keys, which may get into swap: "
			    "raise 'ulimit -l' (LimitMEMLOCK)");
	keeper->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (keeper->epoll < 0)
		return err_errno(err, "epoll");
	if (watch(keeper, start->control, CONTROL) < 0)
		return err_errno(err, "watching a descriptor");
	return 0;
}

static void set_world(struct keeper *keeper)
{
	keeper->world.keys = &keeper->keys;
	keeper->world.trail = &keeper->trail;
	keeper->world.shared = keeper->start->shared;
	keeper->world.opening.http = keeper_keys_http(&keeper->keys);
	keeper->world.sockets = keeper->start->sockets;
	keeper->world.bytes = keeper->bytes;
	keeper->share = ASKS_MAX / keeper->start->line_count;
	if (keeper->share < ASKS_SET_MIN)
		keeper->share = ASKS_SET_MIN;
}

/* Only the KMS door's own line, the last one, is told the pair. */
static void give_pair(const struct keeper *keeper, size_t set, int fd)
{
	if (keeper->start->options->aws_kms && set + 1 == keeper->start->line_count)
		kms_pair_give(&keeper->pair, fd);
	(void)close(fd);
}

static void accept_all(struct keeper *keeper, size_t set, int64_t now)
{
	struct exchange_peer peer;
	struct err err = ERR_INIT;
	struct ask *ask;
	int fd;

	while (!keeper->drain && keeper->lines[set].asks < keeper->share &&
	       (fd = exchange_accept(keeper->start->lines[set], &peer)) >= 0) {
		if (peer.door == EXCHANGE_PAIR) {
			give_pair(keeper, set, fd);
			continue;
		}
		if (ask_new(fd, set, &peer, now + keeper->start->options->request_ms, &ask, &err) <
		    0)
			continue;
		ask->next = keeper->asks;
		keeper->asks = ask;
		keeper->lines[set].asks++;
	}
}

/* A question that is being worked on says nothing more until it is answered, and the end of its worker is no news then. */
static void mind(const struct keeper *keeper, struct ask *ask)
{
	struct epoll_event event = {.events = 0, .data.ptr = ask};

	if (ask->state == ASK_READ)
		event.events = EPOLLIN;
	else if (ask->state == ASK_REPLY && ask->sent)
		event.events = EPOLLOUT;
	if (event.events == ask->watched)
		return;
	(void)epoll_ctl(keeper->epoll,
			!event.events  ? EPOLL_CTL_DEL
			: ask->watched ? EPOLL_CTL_MOD
				       : EPOLL_CTL_ADD,
			ask->fd, &event);
	ask->watched = event.events;
}

static void go_all(struct keeper *keeper, int64_t now)
{
	struct ask **at = &keeper->asks, *ask;

	while ((ask = *at)) {
		ask_go(ask, &keeper->world, now);
		mind(keeper, ask);
		if (ask->state != ASK_OVER || opening_is_held(&ask->opening)) {
			at = &ask->next;
			continue;
		}
		*at = ask->next;
		keeper->lines[ask->opening.set].asks--;
		ask_free(ask, &keeper->world);
	}
}

/* Until when nothing can happen by itself. */
static int wait_ms(const struct keeper *keeper, int64_t now)
{
	int64_t until = now + IDLE_MS;
	const struct ask *ask;

	for (ask = keeper->asks; ask; ask = ask->next) {
		/* A service still holds on to it: nothing is left to do before that one's answer, which wakes us. */
		if (ask->state == ASK_OVER)
			continue;
		if (ask->opening.more)
			return 0;
		if (ask->state == ASK_REPLY && ask->due > now && ask->due < until)
			until = ask->due;
		if (ask->ends < until)
			until = ask->ends;
	}
	return until > now ? (int)(until - now) : 0;
}

/* What asks after the control was closed asks the successor. */
static void take_control(struct keeper *keeper, int64_t now)
{
	struct pollfd control = {.fd = keeper->start->control, .events = POLLIN};

	if (keeper->drain || poll(&control, 1, 0) <= 0)
		return;
	keeper->drain = now;
	(void)epoll_ctl(keeper->epoll, EPOLL_CTL_DEL, keeper->start->control, NULL);
}

static void take_events(struct keeper *keeper, int64_t now)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(keeper->epoll, events, EVENTS, 0), i;

	if (n > 0)
		take_control(keeper, now);
	for (i = 0; i < n; i++) {
		uint64_t what = events[i].data.u64;

		if (what > LINES_MAX) {
			((struct ask *)events[i].data.ptr)->stirred = true;
		} else if (what != CONTROL) {
			accept_all(keeper, (size_t)what - 1, now);
		}
	}
}

static void sweep(struct keeper *keeper, int64_t now)
{
	struct shared_keeper *shared = keeper->start->shared;

	if (now < keeper->swept + SWEEP_MS)
		return;
	keeper->swept = now;
	if (keeper->world.opening.cache)
		shared->cached = (int)keeper_cache_sweep(keeper->world.opening.cache, now);
	if (!keeper->drain)
		keeper_keys_renew(&keeper->keys);
	shared->memory_locked = is_locked(keeper);
	shared->keys = (int)keeper_keys_count(&keeper->keys);
}

static int serve(struct keeper *keeper, struct err *err)
{
	int64_t now;

	for (;;) {
		now = shared_clock();
		mind_lines(keeper);
		if (http_turn(keeper->world.opening.http, keeper->epoll, wait_ms(keeper, now),
			      err) < 0)
			(void)command_fail(err);
		now = shared_clock();
		take_events(keeper, now);
		go_all(keeper, now);
		sweep(keeper, now);
		if (keeper->drain && (!keeper->asks || now > keeper->drain + DRAIN_MS))
			return 0;
	}
}

static void release(struct keeper *keeper)
{
	struct ask *ask;

	keeper_keys_hang_up(&keeper->keys);
	while ((ask = keeper->asks)) {
		keeper->asks = ask->next;
		ask_free(ask, &keeper->world);
	}
	keeper_cache_free(keeper->world.opening.cache);
	keeper_keys_release(&keeper->keys);
	secret_pool_release(&keeper->pair_pool);
}

int keeper_run(const struct keeper_start *start)
{
	struct keeper keeper = {.start = start, .keys = KEEPER_KEYS_INIT, .epoll = -1};
	const char ready = KEEPER_READY;
	char go = 0;
	struct err err = ERR_INIT;
	int status;

	if (set_up(&keeper, &err) < 0 || walls_raise_keeper(&start->shared->walls, &err) < 0) {
		status = command_fail(&err);
	} else {
		set_world(&keeper);
		start->shared->key_sets = (int)keeper.keys.count;
		sweep(&keeper, shared_clock());
		if (write(start->control, &ready, 1) != 1 || read(start->control, &go, 1) != 1 ||
		    go != KEEPER_GO)
			status = 1;
		else
			status = serve(&keeper, &err) < 0 ? command_fail(&err) : 0;
	}
	release(&keeper);
	return status;
}
