/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that a sidecar holds (`krm-sops serve`): asked for over its Unix socket, so that this process has none. Documents are read and authenticated here,
 * sources of MACs are looked for here, so everything else stays as it is without a sidecar, to the byte.
 */
#ifndef SOCKET_KEYS_H
#define SOCKET_KEYS_H

#include "keys/key_remote.h"

enum {
	SOCKET_KEYS_MS = 120 * 1000,      /* that an answer may take, as HTTP_RUN_MS */
	SOCKET_KEYS_HEAD_MAX = 16 * 1024, /* bytes of an answer's head */
};

struct socket_keys {
	const char *path;
	int fd; /* kept open from one question to the next; -1: closed */
};

#define SOCKET_KEYS_INIT  \
	{                 \
		.fd = -1, \
	}

/* key_remote.exchange; the cookie is a struct socket_keys. Errors: ERR_UNREACHABLE (nobody listens there, busy, ended), ERR_POLICY (we may not ask), ERR_SYSTEM,
 * ERR_FORMAT (what answers is no sidecar), ERR_LIMIT, ERR_NOMEM. */
int socket_keys_ask(void *cookie, struct span frame, struct buf *ret_body, struct err *err)
	NODISCARD;

/* A connection to the sidecar at that socket, on which nothing takes longer than ms. -1: ERR_UNREACHABLE, ERR_USAGE (the path is too long), ERR_SYSTEM. */
int socket_keys_connect(const char *path, int ms, struct err *err) NODISCARD;

void socket_keys_close(struct socket_keys *keys);

#endif
