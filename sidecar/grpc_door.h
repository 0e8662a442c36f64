/* SPDX-License-Identifier: Apache-2.0
 *
 * sops's key service over HTTP/2 (gRPC, unary, no TLS: the socket's mode and the peer's uid are what guards it): connections that a worker has accepted and
 * that begin with HTTP/2's preface. libnghttp2, found at run time; where it is not there, such connections are closed. The only file that knows it.
 */
#ifndef GRPC_DOOR_H
#define GRPC_DOOR_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum {
	GRPC_STREAMS_MAX = 16,      /* calls at once on one connection */
	GRPC_HEADER_MAX = 8 * 1024, /* bytes of one call's headers */
	GRPC_HEAD_MS = 10 * 1000,   /* that a new connection may take for its first frame */
	GRPC_CALL_MS = 30 * 1000,   /* that a call may take to come, and its answer to go */
	GRPC_IDLE_MS =
		10 * 60 * 1000, /* between two calls: sops keeps its connection for one run */
};

struct grpc_door_events {
	void *cookie;
	/* Answers one call of a path with a body; returns a grpc_status, with a message in err where it is not GRPC_OK. May wait. */
	int (*call)(void *cookie, int fd, const char *path, struct span body, struct buf *answer,
		    struct err *err);
	void (*closed)(void *cookie);
	/* It is about to be, for being too slow: whoever sends byte by byte. */
	void (*cut)(void *cookie);
};

/* Loads the library, once per process. Errors: ERR_UNSUPPORTED, with a hint that names the package. */
int grpc_door_load(struct err *err) NODISCARD;
bool grpc_door_is_loaded(void);

/* Gives the connection a thread of its own, which closes it. False: it could not, and the descriptor is still the caller's. events and leaving must live as long
 * as the process. leaving: it ends when nothing is under way. */
bool grpc_door_add(int fd, const struct grpc_door_events *events, const _Atomic bool *leaving);

#endif
