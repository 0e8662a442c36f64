/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of calls; see http.h. A call waits in its lane until there is room, or among the delayed ones until its time has come; then it is
 * under way, with libcurl (http_curl.h); then it is told. A lane is a service at one host: where that host was not reached at all, what
 * waits in the lane is told so at once, or a run with a hundred keys behind a dead host would wait a hundred times.
 */
#include "keys/http.h"

#include "keys/http_curl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum {
	STEP_MS = 1000,    /* longest wait for something to happen: a bound, not a beat */
	DOWN_MS = 1000,    /* how long http_turn() takes a host for down */
	LANES_AT_ONCE = 8, /* that may be full, of one owner */
	LANES_KEPT = 64,   /* without a call, by http_turn(): documents name hosts, without end */
};

/* Calls, first come, first served. */
struct queue {
	struct http_call *first, *last;
};

/* Whose calls they are (http_serve()): one that has calls to very many hosts has a bounded number under way, too. */
struct http_owner {
	struct http_owner *next;
	size_t id;
	int running; /* in all lanes */
};

struct http_lane {
	struct http_lane *next;
	struct http_owner *owner;
	struct queue waiting;
	unsigned users; /* calls that are not over */
	int running;
	bool answered;   /* once, with whatever status */
	struct err down; /* why the host can not be reached; ERR_NONE: it is not known to be down */
	int64_t down_since;
	char name[]; /* the service's name, a line feed, the URL's scheme and host */
};

struct http {
	struct http_options options;
	struct http_curl *curl; /* NULL before the first call is driven */
	struct http_lane *lanes;
	struct http_owner *owners;
	struct http_call *delayed;   /* by not_before */
	struct http_call *under_way; /* with libcurl */
	struct queue ended;          /* to be told */
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

static void push(struct queue *queue, struct http_call *call)
{
	call->next = NULL;
	if (queue->first)
		queue->last->next = call;
	else
		queue->first = call;
	queue->last = call;
}

static struct http_call *pop(struct queue *queue)
{
	struct http_call *call = queue->first;

	if (call)
		queue->first = call->next;
	return call;
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

static void free_lanes(struct http *http)
{
	struct http_lane *lane;

	while (http->lanes) {
		lane = http->lanes;
		http->lanes = lane->next;
		free(lane);
	}
}

void http_free(struct http *http)
{
	struct http_owner *owner;
	struct http_call *call;

	if (!http)
		return;
	for (call = pop_list(&http->under_way); call; call = pop_list(&http->under_way))
		http_curl_stop(http->curl, call);
	http_curl_free(http->curl);
	free_lanes(http);
	while ((owner = http->owners)) {
		http->owners = owner->next;
		free(owner);
	}
	free(http);
}

void http_begin(struct http *http)
{
	http->run_end = 0;
	free_lanes(http);
}

/* "https://vault.example:8200" of a URL: only to tell lanes apart. */
static struct span origin(const char *url)
{
	struct span text = span_str(url);
	size_t at = span_search(text, SPAN("://"));

	at = at == SIZE_MAX ? 0 : at + 3;
	while (at < text.len && text.data[at] != '/' && text.data[at] != '?' &&
	       text.data[at] != '#')
		at++;
	return span_sub(text, 0, at);
}

static bool is_lane(const struct http_lane *lane, size_t owner, struct span service,
		    struct span host)
{
	struct span name = span_str(lane->name);

	return lane->owner->id == owner && name.len == service.len + 1 + host.len &&
	       span_starts(name, service) && name.data[service.len] == '\n' &&
	       span_ends(name, host);
}

/* NULL: no memory. */
static struct http_owner *owner_of(struct http *http, size_t id)
{
	struct http_owner *owner = http->owners;

	while (owner && owner->id != id)
		owner = owner->next;
	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	owner->id = id;
	owner->next = http->owners;
	http->owners = owner;
	return owner;
}

/* Likewise. */
static struct http_lane *lane_of(struct http *http, const struct http_call *call)
{
	struct span service = span_str(call->lane), host = origin(call->url);
	struct http_owner *owner = owner_of(http, http->owner);
	struct http_lane *lane = http->lanes;

	if (!owner)
		return NULL;
	while (lane && !is_lane(lane, http->owner, service, host))
		lane = lane->next;
	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane) + service.len + 1 + host.len + 1);
	if (!lane)
		return NULL;
	memcpy(lane->name, service.data, service.len);
	lane->name[service.len] = '\n';
	memcpy(lane->name + service.len + 1, host.data, host.len);
	lane->owner = owner;
	lane->next = http->lanes;
	http->lanes = lane;
	return lane;
}

/* What came with the try before is forgotten. */
static void clear(struct http_call *call)
{
	call->failure = HTTP_NONE;
	call->why = (struct err)ERR_INIT;
	call->status = 0;
	call->lost = false;
	buf_reset(&call->head);
	buf_reset(&call->answer);
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
	clear(call);
	call->tries = 0;
	call->in = lane_of(http, call);
	if (call->in) {
		call->in->users++;
		push(&call->in->waiting, call);
		return;
	}
	http->no_memory = true;
	call->failure = HTTP_REFUSED;
	(void)err_nomem(&call->why);
	push(&http->ended, call);
}

static void late(struct http *http, struct http_call *call)
{
	call->failure = HTTP_LATE;
	(void)err_set(&call->why, ERR_UNREACHABLE, "not done within the %d ms that a run has",
		      http->options.run_ms);
	push(&http->ended, call);
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
		call->in->running--;
		call->in->owner->running--;
		late(http, call);
	}
	for (call = pop_list(&http->delayed); call; call = pop_list(&http->delayed))
		late(http, call);
	for (lane = http->lanes; lane; lane = lane->next) {
		for (call = pop(&lane->waiting); call; call = pop(&lane->waiting))
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

	clear(call);
	status = http_curl_start(http->curl, call, &bounds, err);
	if (status) {
		push(&http->ended, call);
		return status < 0 ? -1 : 0;
	}
	call->tries++;
	call->in->running++;
	call->in->owner->running++;
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
		push(&call->in->waiting, call);
	}
	for (lane = http->lanes; lane; lane = lane->next) {
		while (lane->waiting.first && lane->running < http->options.at_once &&
		       lane->owner->running < LANES_AT_ONCE * http->options.at_once) {
			call = pop(&lane->waiting);
			/* One that was sent before finds out by itself. */
			if (lane->down.code && !call->tries) {
				call->failure = HTTP_DOWN;
				call->why = lane->down;
				push(&http->ended, call);
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
		call->in->running--;
		call->in->owner->running--;
		if (call->failure)
			buf_reset(&call->answer);
		push(&http->ended, call);
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
	else if (!call->failure && lane) {
		lane->answered = true;
		lane->down.code = ERR_NONE;
	}
	if (lane)
		http->owner = lane->owner->id;
	http->told = call;
	call->done(http, call);
	if (lost && http->told && !lane->answered) {
		lane->down = why;
		lane->down_since = now_ms();
	}
	if (lane)
		lane->users--;
	http->told = NULL;
}

static bool busy(const struct http *http)
{
	const struct http_lane *lane = http->lanes;

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
	for (call = pop(&http->ended); call; call = pop(&http->ended))
		tell(http, call);
	return http->no_memory ? err_nomem(err) : 0;
}

/* Tells every call that is left, and those that are added meanwhile, that nothing more comes. */
static void give_up(struct http *http, const struct err *why)
{
	struct http_call *call;

	while (busy(http)) {
		end_all(http);
		for (call = pop(&http->ended); call; call = pop(&http->ended)) {
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

/* A program that runs for long has no run of its own. */
static void tidy_lanes(struct http *http)
{
	struct http_lane **at = &http->lanes, *lane;
	int64_t now = now_ms();
	size_t kept = 0;

	while ((lane = *at)) {
		if (lane->down.code && now >= lane->down_since + DOWN_MS)
			lane->down.code = ERR_NONE;
		if (lane->users || lane->down.code || ++kept <= LANES_KEPT) {
			at = &lane->next;
			continue;
		}
		*at = lane->next;
		free(lane);
	}
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
	tidy_lanes(http);
	if ((http->curl || http_curl_new(&http->curl, &why) == 0) &&
	    step(http, fd, wait_ms, &why) == 0)
		return 0;
	give_up(http, &why);
	*err = why;
	return -1;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span http_header(const struct http_call *call, const char *name)
{
	struct span head = buf_span(&call->head), line;
	size_t at, end, len = strlen(name);

	for (at = 0; at < head.len; at = end + 1) {
		end = span_find(head, at, '\n');
		line = span_sub(head, at, end - at);
		if (line.len <= len || line.data[len] != ':' ||
		    strncasecmp((const char *)line.data, name, len) != 0)
			continue;
		line = span_from(line, len + 1);
		while (line.len && blank(line.data[0]))
			line = span_from(line, 1);
		while (line.len && blank(line.data[line.len - 1]))
			line.len--;
		return line;
	}
	return SPAN_NULL;
}

int http_left_ms(const struct http *http)
{
	int64_t left = http->run_end ? http->run_end - now_ms() : http->options.run_ms;

	return left > 0 ? (int)left : 0;
}

void http_call_release(struct http_call *call)
{
	if (!call)
		return;
	buf_release(&call->head);
	buf_release(&call->answer);
}
