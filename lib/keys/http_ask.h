/* SPDX-License-Identifier: Apache-2.0
 *
 * A call together with the texts that it is made of, put together piece by piece: what a key service fills, sends, and reads the answer from.
 * All of it is wiped, as tokens and passwords are among the texts.
 */
#ifndef KEYS_HTTP_ASK_H
#define KEYS_HTTP_ASK_H

#include "keys/http.h"

enum {
	HTTP_ASK_TEXT_MAX =
		256 *
		1024, /* bytes of a URL, of all headers, of a body: tokens of a few KiB, wrapped keys of some more */
	HTTP_ASK_HEADERS = 8, /* of one call */
};

struct http_ask {
	struct http_call call; /* first: done() finds the ask by it */
	struct buf url, headers, body;
	const char *lines[HTTP_ASK_HEADERS];
	size_t line_count;
};

#define HTTP_ASK_INIT                                                                       \
	{                                                                                   \
		.call = HTTP_CALL_INIT, .url = BUF_INIT(HTTP_ASK_TEXT_MAX),                 \
		.headers = BUF_INIT(HTTP_ASK_TEXT_MAX), .body = BUF_INIT(HTTP_ASK_TEXT_MAX) \
	}

/* Wipes all texts and the last answer, keeps what the call is set to otherwise: for the next call of the same kind. */
void http_ask_reset(struct http_ask *ask);

/* "name: value"; at most HTTP_ASK_HEADERS. */
void http_ask_header(struct http_ask *ask, const char *name, struct span value);

/* "name=value", form-encoded, with what stands between it and the one before: "&", or nothing at the start of a body; "?" or "&" in a URL. */
void http_ask_field(struct http_ask *ask, const char *name, struct span value);
void http_ask_query(struct http_ask *ask, const char *name, struct span value);

/* Appends a text with all but letters, digits and -._~ percent-encoded (RFC 3986). */
void http_ask_escape(struct span text, struct buf *out);

/* Puts the call together and queues it. -1 where a text had no room (ERR_NOMEM, ERR_LIMIT), for a header with a line break or NUL in it (ERR_FORMAT),
 * and for too many of them (ERR_BUG). */
int http_ask_send(struct http *http, struct http_ask *ask, struct err *err) NODISCARD;

void http_ask_release(struct http_ask *ask);

#endif
