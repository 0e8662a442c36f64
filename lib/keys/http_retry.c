/* SPDX-License-Identifier: Apache-2.0
 *
 * Which ends of a call may pass, and how long to wait before the next try: full jitter, so that many callers who were turned away together do
 * not come back together. Retry-After is what the service asks for at least; one that asks for more than a minute is as good as a no.
 */
#include "keys/http_retry.h"

#include <sodium.h>
#include <stdio.h>

enum {
	DELAY_MS = 200,            /* the first delay is drawn below this; doubled each time */
	DELAY_THROTTLED_MS = 1000, /* the same where the service asked for less traffic */
	RETRY_AFTER_MAX = 60,      /* seconds */
};

enum http_verdict http_judge(const struct http_call *call)
{
	if (call->failure == HTTP_UNREACHABLE)
		return HTTP_TRANSIENT;
	if (call->failure)
		return HTTP_FINAL;
	switch (call->status) {
	case 429:
		return HTTP_THROTTLED;
	case 408:
	case 500:
	case 502:
	case 503:
	case 504:
		return HTTP_TRANSIENT;
	default:
		return HTTP_FINAL;
	}
}

/* Seconds; 0 where there is none or it is a date, which needs a clock that agrees with the server's. */
static unsigned retry_after(const struct http_call *call)
{
	struct span text = http_call_header(call, "Retry-After");
	unsigned seconds = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
		if (seconds <= RETRY_AFTER_MAX)
			seconds = seconds * 10 + (text.data[i] - '0');
	}
	return seconds;
}

bool http_retry(struct http *http, struct http_call *call, enum http_verdict verdict)
{
	uint32_t below = verdict == HTTP_THROTTLED ? DELAY_THROTTLED_MS : DELAY_MS;
	unsigned least;

	if (verdict == HTTP_FINAL || call->tries >= HTTP_TRIES)
		return false;
	least = call->failure ? 0 : retry_after(call);
	if (least > RETRY_AFTER_MAX)
		return false;
	if (call->tries > 1)
		below <<= call->tries - 1;
	below = randombytes_uniform(below) + least * 1000;
	if ((int)below >= http_left_ms(http))
		return false;
	http_again(http, call, (int)below);
	return true;
}

/* Where the service's own words say nothing better. */
static enum err_code code_of(const struct http_call *call)
{
	if (http_judge(call) != HTTP_FINAL)
		return ERR_UNREACHABLE;
	return call->status == 401 || call->status == 403 ? ERR_DENIED : ERR_NO_KEY;
}

void http_tell(const struct http_call *call, struct err *ret_why)
{
	struct err why = ERR_INIT;

	if (call->failure)
		why = call->why;
	else
		(void)err_set(&why, code_of(call), "HTTP status %d", call->status);
	if (call->failure == HTTP_LATE && call->status)
		(void)err_wrap(&why, "HTTP status %d", call->status);
	if (call->tries > 1)
		(void)err_wrap(&why, "%d tries", call->tries);
	*ret_why = why;
}
