/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether to ask a key service again, and when. Retries are for what can pass: throttling, 5xx, a reset connection.
 */
#ifndef KEYS_HTTP_RETRY_H
#define KEYS_HTTP_RETRY_H

#include "keys/http.h"

enum http_verdict {
	HTTP_FINAL,     /* answered, or failed for good */
	HTTP_TRANSIENT, /* may pass: 500, 502, 503, 504, 408, reset, timeout */
	HTTP_THROTTLED, /* may pass, later: 429, or a service's own word for it */
};

enum { HTTP_TRIES = 3 /* in all, as the cloud SDKs do */ };

/* By status and failure alone; a service that knows better by the body's error code overrules. */
enum http_verdict http_judge(const struct http_call *call);

/* In done(): sends the call again where the verdict allows it, tries are left and the deadline does not come first, with full jitter over
 * a doubling delay, and not before Retry-After. True: done() will be called again. */
bool http_retry(struct http *http, struct http_call *call, enum http_verdict verdict);

/* For messages about a call that ended badly: "HTTP status 403", or the failure's own text; with the number of tries where more than one. The code
 * is ERR_DENIED for 401 and 403, ERR_UNREACHABLE for what may pass, ERR_NO_KEY for other statuses, the failure's own without one. */
void http_tell(const struct http_call *call, struct err *ret_why);

#endif
