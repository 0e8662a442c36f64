/* SPDX-License-Identifier: Apache-2.0
 *
 * http.h without a network, for tests of what stands on it: calls are answered by a function of the test, in the order in which they were added,
 * all that are there at once before any done() runs, so that calls are as far under way together as they can be. A program that includes this has no
 * other http_*() of that header.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include "keys/http.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct http {
	/* Fills status, head, answer; or failure. */
	void (*answer)(struct http *http, struct http_call *call);
	void *cookie;
	struct http_call *first, *last;
	int sent;
	int run_ms;               /* what is left of the run; each wait takes from it */
	const struct err *broken; /* there is no network at all, and why; NULL: there is one */
};

static inline void fake_http_say(struct http_call *call, int status, const char *head,
				 const char *body)
{
	call->status = status;
	buf_add_str(&call->head, head);
	buf_add_str(&call->answer, body);
}

static inline void fake_http_fail(struct http_call *call, enum http_failure failure)
{
	call->failure = failure;
	(void)err_set(&call->why, ERR_UNREACHABLE, "connecting to 'fake': connection refused");
}

/* The value of a header that was sent, or NULL. */
static inline const char *fake_http_sent(const struct http_call *call, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < call->header_count; i++) {
		if (strncasecmp(call->headers[i], name, len) == 0 &&
		    strncmp(call->headers[i] + len, ": ", 2) == 0)
			return call->headers[i] + len + 2;
	}
	return NULL;
}

static inline bool fake_http_body_has(const struct http_call *call, const char *text)
{
	return span_search(call->body, span_str(text)) != SIZE_MAX;
}

static inline void fake_http_queue(struct http *http, struct http_call *call)
{
	call->next = NULL;
	if (http->first)
		http->last->next = call;
	else
		http->first = call;
	http->last = call;
}

void http_add(struct http *http, struct http_call *call)
{
	assert_non_null(call->method);
	assert_non_null(call->url);
	assert_non_null(call->lane);
	assert_non_null(call->done);
	call->tries = 0;
	fake_http_queue(http, call);
}

void http_again(struct http *http, struct http_call *call, int delay_ms)
{
	if (delay_ms > http->run_ms) {
		call->failure = HTTP_LATE;
		(void)err_set(&call->why, ERR_UNREACHABLE, "the run's deadline has come");
		call->done(http, call);
		return;
	}
	http->run_ms -= delay_ms;
	fake_http_queue(http, call);
}

static inline int fake_http_refuse(struct http *http, struct err *err)
{
	struct http_call *call;

	while ((call = http->first)) {
		http->first = call->next;
		call->failure = HTTP_REFUSED;
		call->why = *http->broken;
		call->done(http, call);
	}
	*err = *http->broken;
	return -1;
}

int http_drive(struct http *http, struct err *err)
{
	struct http_call *call, *next, *batch;

	if (http->broken && http->first)
		return fake_http_refuse(http, err);
	while (http->first) {
		batch = http->first;
		http->first = http->last = NULL;
		for (call = batch; call; call = call->next) {
			http->sent++;
			call->tries++;
			http_call_clear(call);
			http->answer(http, call);
		}
		for (call = batch; call; call = next) {
			next = call->next;
			call->done(http, call);
		}
	}
	return 0;
}

int http_left_ms(const struct http *http)
{
	return http->run_ms;
}

int http_new(const struct http_options *options, struct http **ret_http, struct err *err)
{
	return err_set(err, ERR_BUG, "tests make their own");
}

void http_free(struct http *http)
{
}

void http_begin(struct http *http)
{
}

#endif
