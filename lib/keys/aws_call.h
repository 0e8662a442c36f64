/* SPDX-License-Identifier: Apache-2.0
 *
 * One POST to KMS or STS: its headers, its signature, and what to do when it does not go well: ask again, set the clock right, give up.
 */
#ifndef KEYS_AWS_CALL_H
#define KEYS_AWS_CALL_H

#include "keys/aws_endpoint.h"
#include "keys/aws_error.h"
#include "keys/aws_sigv4.h"
#include "keys/http.h"
#include "keys/key_host.h"

enum {
	AWS_CALL_HEADERS_MAX = 8,
	AWS_CALL_LINES_MAX = 64 * 1024, /* bytes of its headers: a session token among them */
	AWS_BODY_MAX =
		128 *
		1024, /* bytes of its body: a web identity token, or a ciphertext with its context */
};

/* What signs. */
struct aws_keys {
	struct span access_key, secret_key;
	struct span session_token; /* empty: none */
	int64_t expires;           /* second since 1970; TOKEN_ENDLESS: never */
};

/* True where all bytes can stand in a header, and there are two keys. ERR_FORMAT. */
int aws_keys_check(const struct aws_keys *keys, struct err *err) NODISCARD;

/* The time as the services see it. */
struct aws_clock {
	const struct key_host *host;
	int64_t skew; /* seconds to add to the host's clock, once a service has said so */
};

int64_t aws_clock_now(const struct aws_clock *clock);

/* In: all up to body. It lives where it does not move until its last done(). */
struct aws_call {
	struct http_call
		http; /* done and cookie are set by the owner, the rest by aws_call_send() */
	struct aws_clock *clock;
	enum aws_service service;
	struct span region;
	const struct aws_endpoint *endpoint;
	const struct http_tls *tls;
	const struct aws_keys *keys; /* NULL: unsigned */
	const char *content_type;
	const char *target; /* x-amz-target, or NULL */
	struct buf body;
	/* its own */
	struct buf lines;
	const char *headers[AWS_CALL_HEADERS_MAX];
	int64_t signed_at; /* the time in the latest signature */
	bool clock_set;
};

#define AWS_CALL_INIT                                                   \
	{                                                               \
		.http = HTTP_CALL_INIT, .body = BUF_INIT(AWS_BODY_MAX), \
		.lines = BUF_INIT(AWS_CALL_LINES_MAX)                   \
	}

/* Signs with the present keys and adds it. Errors: ERR_NOMEM, ERR_LIMIT, ERR_BUG. */
int aws_call_send(struct aws_call *call, struct http *http, struct err *err) NODISCARD;

/* In done(), for an answer that is no success: signs and sends it again where that can help (throttling, 5xx, reset, a clock that is wrong by
 * minutes). True: done() will be called again. */
bool aws_call_again(struct aws_call *call, struct http *http, struct aws_error error);

/* In done(), when it is not sent again: why it failed, in one clause without secrets: "AccessDeniedException (HTTP status 400)". */
void aws_call_tell(const struct aws_call *call, struct aws_error error, struct err *ret_why);

/* Wipes and frees what it holds. NULL is fine. */
void aws_call_release(struct aws_call *call);

#endif
