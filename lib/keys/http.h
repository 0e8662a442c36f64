/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTPS calls, many at once: what the key services that live behind a network stand on. A service adds calls and is told of each one's end,
 * where it may add others (first the token, then the key); http_drive() runs until nobody has anything left to ask. Here is decided only how
 * bytes travel: deadlines, trust, sizes, how many at a time. What an answer means and whether to ask again is the service's business
 * (http_retry.h). The only part of the program that opens a socket to the outside.
 *
 * TLS is verified always. No redirect is followed. Plain http only where the call says so. Nothing goes through a proxy that is for this machine
 * itself. Answers are capped. All memory that the HTTP library frees is wiped, as tokens and data keys go through it.
 */
#ifndef KEYS_HTTP_H
#define KEYS_HTTP_H

#include "keys/http_call.h"

enum {
	HTTP_CONNECT_MS = 5 * 1000,  /* default of http_options.connect_ms */
	HTTP_REQUEST_MS = 30 * 1000, /* default of http_options.request_ms */
	HTTP_RUN_MS = 120 * 1000,    /* default of http_options.run_ms */
	HTTP_AT_ONCE = 16,           /* default of http_options.at_once */
};

struct http; /* a run's connections, kept alive from call to call */

/* Zeroes and NULL mean the defaults. */
struct http_options {
	struct span
		ca_pem; /* certificates that are trusted instead of the system's; a null span: the system's */
	int connect_ms; /* to connect, TLS handshake included */
	int request_ms; /* one try of one call, connecting included */
	int run_ms; /* all of a run, from its first call on; a retry never begins that would pass it */
	int at_once; /* calls of one lane at a time, to one host; eight times as many to all */
};

/* Reads no environment but what the HTTP library itself reads for proxies (https_proxy, no_proxy), loads nothing yet. Errors: ERR_NOMEM. */
int http_new(const struct http_options *options, struct http **ret_http, struct err *err) NODISCARD;

/* Ends what is under way without calling done(), wipes and frees. NULL is fine. */
void http_free(struct http *http);

/* Begins a run: its deadline counts from the next call on, and what was found to be down is tried again. Only while no call is left. */
void http_begin(struct http *http);

/* For a program that serves several: calls that are added from now on, and those that follow from them in done(), are this one's. Each has lanes of its own,
 * so that nobody waits behind another's calls, or hears that a host is down because another has found it so. */
void http_serve(struct http *http, size_t owner);

/* Queues a call; nothing is sent before http_drive(). It does not fail: what is wrong is told by done(). A call may be added again once it has ended. */
void http_add(struct http *http, struct http_call *call);

/* In done() only: the same call (with what was changed in it) after delay_ms. Where the run's deadline comes first, done() is called again with
 * HTTP_LATE and the status of the last answer. */
void http_again(struct http *http, struct http_call *call, int delay_ms);

/* Runs until no call is left. -1 for what concerns all: ERR_NOMEM, ERR_SYSTEM,
 * ERR_UNSUPPORTED (no libcurl here; the hint names the package): then done() has been called for each call that was left, with HTTP_REFUSED. */
int http_drive(struct http *http, struct err *err) NODISCARD;

/* One step of the same for a program that waits for others too: returns when a call was told its end, when fd is readable (an epoll descriptor, for
 * many), or after wait_ms. The deadline counts from the last call that was added, and a host that was found down is tried again after a second.
 * Errors as above. */
int http_turn(struct http *http, int fd, int wait_ms, struct err *err) NODISCARD;

/* Milliseconds until the run's deadline; at least 0. */
int http_left_ms(const struct http *http);

#endif
