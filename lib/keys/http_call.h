/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP call: what is asked, by the rules of http.h, and what came of it.
 */
#ifndef KEYS_HTTP_CALL_H
#define KEYS_HTTP_CALL_H

#include "base/buf.h"
#include "base/secret.h"

enum {
	HTTP_ANSWER_MAX =
		1024 * 1024, /* bytes of an answer's body: far more than any key service says */
	HTTP_HEADERS_MAX = 64 * 1024, /* bytes of an answer's headers */
};

struct http;
struct http_lane;

/* Trust and identity of one endpoint where they are not the run's own (Vault, a cluster). Null spans: none. */
struct http_tls {
	struct span ca_pem, cert_pem, key_pem;
	const char
		*server_name; /* that the certificate must be for, and SNI; NULL: the URL's host */
};

enum http_failure {
	HTTP_NONE = 0,    /* there is an answer: status, headers, answer */
	HTTP_UNREACHABLE, /* refused, reset, no route, timed out: may pass */
	HTTP_UNRESOLVED,  /* the host has no address */
	HTTP_UNTRUSTED,   /* TLS: certificate, name, protocol */
	HTTP_TOO_LARGE,   /* the answer passes its cap */
	HTTP_GARBAGE,     /* what came is not HTTP */
	HTTP_REFUSED,     /* our own rules: scheme, URL that can not be read */
	HTTP_LATE,        /* the run's deadline has come */
	HTTP_DOWN, /* not sent: no call of its lane has reached this host so far, and one has given up; `why` is that one's */
};

/* One call. Made with HTTP_CALL_INIT, then "in" is set; all of it, and what it points to, lives until done() is called the last time. */
struct http_call {
	/* in */
	const char *method; /* "GET", "POST", "PUT" */
	const char *url;    /* absolute */
	const char *const *
		headers; /* "Name: value"; Host and Content-Length are added where they are missing */
	size_t header_count;
	struct span body;
	const char *
		lane; /* names the service: calls of one lane to one host are bounded in number; never NULL */
	const struct http_tls *tls; /* NULL: the run's own trust */
	bool plain;                 /* http:// is allowed */
	bool direct;                /* never through a proxy: metadata services */
	bool together; /* its server speaks HTTP/2 as a rule: calls wait for its first connection and share it, where it does */
	int connect_ms, request_ms; /* 0: the run's own */
	void (*done)(struct http *http,
		     struct http_call *
			     call); /* answered or failed; may add calls, may send this one again */
	void *cookie;
	/* out, valid in done() and until the call is sent again or released */
	enum http_failure failure;
	/* HTTP_NONE: empty; else one clause, without secrets: "connecting to 'vault.example:8200': Connection refused". Its code is what to do about it. */
	struct err why;
	int status;
	struct buf head; /* the answer's headers, as they came; http_call_header() looks into it */
	struct buf answer;
	int tries; /* how often it was sent */
	/* http's own */
	struct http_call *next;
	struct http_lane *in;
	void *handle;
	int64_t not_before; /* milliseconds of CLOCK_MONOTONIC */
	bool lost;          /* the host was not reached, or did not answer in time */
};

#define HTTP_CALL_INIT                                                                  \
	{                                                                               \
		.head = BUF_INIT(HTTP_HEADERS_MAX), .answer = BUF_INIT(HTTP_ANSWER_MAX) \
	}

/* The value of a header of the answer, any letter case in the name, blanks trimmed; a null span where it is not there. The first one counts. */
struct span http_call_header(const struct http_call *call, const char *name);

/* Forgets what came with the try before. */
void http_call_clear(struct http_call *call);

/* Wipes and frees what the call holds and what came; "in" stays. Only when the call is not under way. NULL is fine. */
void http_call_release(struct http_call *call);

#endif
