/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1 on connections that a worker has accepted: libmicrohttpd, a thread for each connection, found at run time. The only file that knows it. What is
 * answered is another's business (api.h, kms_door.h): whole requests in, whole answers out, both bounded. Slow clients are cut by us, as the library's
 * own time limit begins anew with each byte.
 */
#ifndef HTTP_DOOR_H
#define HTTP_DOOR_H

#include "base/buf.h"

#include <stdint.h>

enum {
	HTTP_HEAD_MS = 10 * 1000, /* that a new connection may take for its first head */
	HTTP_BODY_MS = 30 * 1000, /* that a body may take to come, and an answer to go */
	HTTP_IDLE_MS = 60 * 1000, /* that a kept-alive connection may wait for its next request */
	HTTP_DOOR_HEADERS = 4,    /* of an answer */
};

struct http_door;

struct http_exchange {
	/* in */
	const char *method, *path;
	struct span body;
	/* A header or query argument of the request; NULL where it is not there. */
	const char *(*header)(void *connection, const char *name);
	const char *(*argument)(void *connection, const char *name);
	/* All of the request's headers, in order, to sign over. */
	void (*each_header)(void *connection,
			    void (*fn)(void *cookie, const char *name, const char *value),
			    void *cookie);
	const char *raw_query; /* NULL: not kept */
	void *connection;
	int fd; /* of the connection: its peer */
	/* out */
	int status;
	const char *content_type;
	const char *headers[HTTP_DOOR_HEADERS][2]; /* name, value; NULL name: no more */
	struct buf answer;
};

struct http_door_events {
	void *cookie;
	/* Answers; may wait for others. Runs in the connection's thread. */
	void (*answer)(void *cookie, struct http_exchange *exchange);
	/* A connection is gone; its descriptor is about to be closed. */
	void (*closed)(void *cookie);
	/* A request begins and ends to be worked on: its answer is made, and not yet on its way. */
	void (*began)(void *cookie, int64_t now);
	void (*ended)(void *cookie, int64_t began);
};

/* Loads the library, once per process. Errors: ERR_UNSUPPORTED, with a hint that names the package. */
int http_door_load(struct err *err) NODISCARD;

const char *http_door_version(void);

/* Errors: ERR_SYSTEM. */
int http_door_new(int connections, size_t body_max, const struct http_door_events *events,
		  struct http_door **ret_door, struct err *err) NODISCARD;

/* Gives it a connection; closed by it in any case. False: it could not take it. */
bool http_door_add(struct http_door *door, int fd);

/* Cuts what is too slow; to be called now and then. Returns how many it cut. */
unsigned http_door_cut_slow(struct http_door *door, int64_t now);

/* From now on each answer ends its connection, and idle ones are closed. */
void http_door_leave(struct http_door *door);

void http_door_free(struct http_door *door);

#endif
