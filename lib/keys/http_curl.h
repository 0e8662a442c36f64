/* SPDX-License-Identifier: Apache-2.0
 *
 * One try of one call over libcurl: the half of http that knows the library. It is loaded when the first call is made, as loading takes longer
 * than most runs; what can not be had then is told in one message.
 */
#ifndef KEYS_HTTP_CURL_H
#define KEYS_HTTP_CURL_H

#include "keys/http.h"

struct http_curl; /* the library's handle for many transfers at a time, with its connections */

/* Bounds and trust of one try. */
struct http_try {
	int connect_ms, request_ms; /* both above 0 */
	struct span ca_pem;         /* the run's own; a null span: the system's */
};

/* Loads the library, once per process. Errors: ERR_UNSUPPORTED with a hint that names the package, ERR_SYSTEM, ERR_NOMEM. */
int http_curl_new(struct http_curl **ret_curl, struct err *err) NODISCARD;

/* Closes all connections. No call may be under way. NULL is fine. */
void http_curl_free(struct http_curl *curl);

/* Sends the call. 0: it is under way; 1: our own rules refuse it, call->failure and why say so; -1: ERR_NOMEM. */
int http_curl_start(struct http_curl *curl, struct http_call *call, const struct http_try *bounds,
		    struct err *err) NODISCARD;

/* Ends one that is under way. */
void http_curl_stop(struct http_curl *curl, struct http_call *call);

/* Waits up to wait_ms for anything to happen, or for fd to be readable (-1: none), and lets it. -1: ERR_SYSTEM, ERR_NOMEM. */
int http_curl_step(struct http_curl *curl, int wait_ms, int fd, struct err *err) NODISCARD;

/* One that has ended since, with failure, why and status set; NULL where there is none. */
struct http_call *http_curl_ended(struct http_curl *curl);

#endif
