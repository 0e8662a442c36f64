/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of calls; see http.h. A call waits in its lane until there is room, or among the delayed ones until its time has come; then it is
 * under way, with libcurl (http_curl.h); then it is told. A lane is a service at one host: where that host was not reached at all, what
 * waits in the lane is told so at once, or a run with a hundred keys behind a dead host would wait a hundred times.
 */
#include "keys/http.h"

#include "keys/http_curl.h"
#include "keys/http_lane.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum { STEP_MS = 1000 /* longest wait for something to happen: a bound, not a beat */ };

struct http {
	struct http_options options;
	struct http_curl *curl; /* NULL before the first call is driven */
	struct http_lanes lanes;
	struct http_call *delayed;   /* by not_before */
	struct http_call *under_way; /* with libcurl */
	struct http_queue ended;     /* to be told */
	const struct http_call
		*told;   /* whose done() is being called; NULL where it was sent again */
	int64_t run_end; /* milliseconds of CLOCK_MONOTONIC; 0: no run yet */
	bool no_memory;
	bool turning; /* driven by http_turn(): each call that is added moves the deadline */
	size_t owner; /* whose the next call is */
};

static int64_t now_ms(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct http_call *pop_list(struct http_call **list)
{
	struct http_call *call = *list;

	if (call)
		*list = call->next;
	return call;
}

int http_new(const struct http_options *options, struct http **ret_http, struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return err_nomem(err);
	if (options)
		http->options = *options;
	if (!http->options.connect_ms)
		http->options.connect_ms = HTTP_CONNECT_MS;
	if (!http->options.request_ms)
		http->options.request_ms = HTTP_REQUEST_MS;
	if (!http->options.run_ms)
		http->options.run_ms = HTTP_RUN_MS;
	if (!http->options.at_once)
		http->options.at_once = HTTP_AT_ONCE;
	*ret_http = http;
	return 0;
}

void http_free(struct http *http)
{
	struct http_call *call;

	if (!http)
		return;
	for (call = pop_list(&http->under_way); call; call = pop_list(&http->under_way))
		http_curl_stop(http->curl, call);
	http_curl_free(http->curl);
	http_lanes_free(&http->lanes);
	free(http);
}

void http_begin(struct http *http)
{
	http->run_end = 0;
	http_lanes_forget(&http->lanes);
}

void http_serve(struct http *http, size_t owner)
{
	http->owner = owner;
}

void http_add(struct http *http, struct http_call *call)
{
	if (!http->run_end || http->turning)
		http->run_end = now_ms() + http->options.run_ms;
	if (http->told == call)
		http->told = NULL;
	http_call_clear(call);
	call->tries = 0;
	call->in = http_lanes_find(&http->lanes, http->owner, call);
	if (call->in) {
		call->in->users++;
		http_queue_push(&call->in->waiting, call);
		return;
	}
	http->no_memory = true;
	call->failure = HTTP_REFUSED;
	(void)err_nomem(&call->why);
	http_queue_push(&http->ended, call);
}

static void late(struct http *http, struct http_call *call)
{
	call->failure = HTTP_LATE;
	(void)err_set(&call->why, ERR_UNREACHABLE, "not done within the %d ms that a run has",
		      http->options.run_ms);
	http_queue_push(&http->ended, call);
}

void http_again(struct http *http, struct http_call *call, int delay_ms)
{
	struct http_call **at = &http->delayed;

	http->told = NULL;
	call->in->users++;
	call->not_before = now_ms() + delay_ms;
	if (call->not_before >= http->run_end) {
		late(http, call);
		return;
	}
	while (*at && (*at)->not_before <= call->not_before)
		at = &(*at)->next;
	call->next = *at;
	*at = call;
}

/* Out of time: nothing is begun any more, and what is under way ends. */
static void end_all(struct http *http)
{
	struct http_lane *lane;
	struct http_call *call;

	for (call = pop_list(&http->under_way); call; call = pop_list(&http->under_way)) {
		http_curl_stop(http->curl, call);
		http_lane_ended(call->in);
		late(http, call);
	}
	for (call = pop_list(&http->delayed); call; call = pop_list(&http->delayed))
		late(http, call);
	for (lane = http->lanes.list; lane; lane = lane->next) {
		for (call = http_queue_pop(&lane->waiting); call;
		     call = http_queue_pop(&lane->waiting))
			late(http, call);
	}
}

static int start(struct http *http, struct http_call *call, struct err *err)
{
	const struct http_options *run = &http->options;
	const struct http_try bounds = {
		.connect_ms = call->connect_ms ? call->connect_ms : run->connect_ms,
		.request_ms = call->request_ms ? call->request_ms : run->request_ms,
		.ca_pem = run->ca_pem,
	};
	int status;

	http_call_clear(call);
	status = http_curl_start(http->curl, call, &bounds, err);
	if (status) {
		http_queue_push(&http->ended, call);
		return status < 0 ? -1 : 0;
	}
	call->tries++;
	http_lane_begun(call->in);
	call->next = http->under_way;
	http->under_way = call;
	return 0;
}

/* Fills the lanes. */
static int start_waiting(struct http *http, int64_t now, struct err *err)
{
	struct http_lane *lane;
	struct http_call *call;

	while (http->delayed && http->delayed->not_before <= now) {
		call = pop_list(&http->delayed);
		http_queue_push(&call->in->waiting, call);
	}
	for (lane = http->lanes.list; lane; lane = lane->next) {
		while (lane->waiting.first && http_lane_has_room(lane, http->options.at_once)) {
			call = http_queue_pop(&lane->waiting);
			/* One that was sent before finds out by itself. */
			if (lane->down.code && !call->tries) {
				call->failure = HTTP_DOWN;
				call->why = lane->down;
				http_queue_push(&http->ended, call);
			} else if (start(http, call, err) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

static void take_ended(struct http *http)
{
	struct http_call *call, **at;

	for (call = http_curl_ended(http->curl); call; call = http_curl_ended(http->curl)) {
		for (at = &http->under_way; *at != call; at = &(*at)->next)
			;
		*at = call->next;
		http_lane_ended(call->in);
		if (call->failure)
			buf_reset(&call->answer);
		http_queue_push(&http->ended, call);
	}
}

/* Calls done(); the call may be gone after it. */
static void tell(struct http *http, struct http_call *call)
{
	struct http_lane *lane = call->in;
	bool lost = call->failure && call->lost;
	struct err why = ERR_INIT;

	if (lost)
		why = call->why;
	else if (!call->failure && lane)
		http_lane_answered(lane);
	if (lane)
		http->owner = http_lane_owner(lane);
	http->told = call;
	call->done(http, call);
	if (lost && http->told)
		http_lane_lost(lane, &why, now_ms());
	if (lane)
		lane->users--;
	http->told = NULL;
}

static bool busy(const struct http *http)
{
	const struct http_lane *lane = http->lanes.list;

	while (lane && !lane->waiting.first)
		lane = lane->next;
	return lane || http->ended.first || http->delayed || http->under_way;
}

/* How long nothing can happen but on the network. */
static int wait_ms(const struct http *http, int64_t now)
{
	int64_t until = now + STEP_MS;

	if (http->run_end < until)
		until = http->run_end;
	if (http->delayed && http->delayed->not_before < until)
		until = http->delayed->not_before;
	return until > now ? (int)(until - now) : 0;
}

/* Waits for the network, or for fd, at most wait ms. */
static int step(struct http *http, int fd, int wait, struct err *err)
{
	int64_t now = now_ms();
	int own = wait_ms(http, now);
	struct http_call *call;

	if (now >= http->run_end)
		end_all(http);
	else if (start_waiting(http, now, err) < 0)
		return -1;
	if (!http->ended.first) {
		if (http_curl_step(http->curl, own < wait ? own : wait, fd, err) < 0)
			return -1;
		take_ended(http);
	}
	for (call = http_queue_pop(&http->ended); call; call = http_queue_pop(&http->ended))
		tell(http, call);
	return http->no_memory ? err_nomem(err) : 0;
}

/* Tells every call that is left, and those that are added meanwhile, that nothing more comes. */
static void give_up(struct http *http, const struct err *why)
{
	struct http_call *call;

	while (busy(http)) {
		end_all(http);
		for (call = http_queue_pop(&http->ended); call;
		     call = http_queue_pop(&http->ended)) {
			call->failure = HTTP_REFUSED;
			call->why = *why;
			if (call->in)
				call->in->users--;
			call->done(http, call);
		}
	}
	http->no_memory = false;
}

int http_drive(struct http *http, struct err *err)
{
	struct err why = ERR_INIT;

	if (!busy(http))
		return 0;
	if (!http->curl && http_curl_new(&http->curl, &why) < 0)
		goto out;
	while (busy(http)) {
		if (step(http, -1, STEP_MS, &why) < 0)
			goto out;
	}
	return 0;
out:
	give_up(http, &why);
	*err = why;
	return -1;
}

int http_turn(struct http *http, int fd, int wait_ms, struct err *err)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	struct err why = ERR_INIT;

	http->turning = true;
	if (!busy(http)) {
		if (poll(&one, 1, wait_ms) < 0 && errno != EINTR)
			return err_errno(err, "waiting");
		return 0;
	}
	http_lanes_tidy(&http->lanes, now_ms());
	if ((http->curl || http_curl_new(&http->curl, &why) == 0) &&
	    step(http, fd, wait_ms, &why) == 0)
		return 0;
	give_up(http, &why);
	*err = why;
	return -1;
}

int http_left_ms(const struct http *http)
{
	int64_t left = http->run_end ? http->run_end - now_ms() : http->options.run_ms;

	return left > 0 ? (int)left : 0;
}
