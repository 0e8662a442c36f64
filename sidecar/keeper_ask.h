/* SPDX-License-Identifier: Apache-2.0
 *
 * One question of a worker at the keeper, from its first byte to the last of the answer. Nothing here waits: it is called when something may have
 * happened, and does what can be done.
 */
#ifndef KEEPER_ASK_H
#define KEEPER_ASK_H

#include "trail.h"
#include "exchange.h"
#include "keeper_keys.h"
#include "keeper_open.h"
#include "shared.h"

#include "keys/unwrap.h"

enum {
	ASK_FAIL_MS =
		10, /* what fails on a tenant's socket is answered at a multiple of this, so that the time tells nothing */
};

enum { ASK_SMALL = 64 * 1024 /* bytes for which there is always room: a hundred keys */ };

/* Bytes that the questions of one set may take in all: what a worker asks costs its own tenant, and nobody else. One by itself always has room. */
#define ASK_BYTES_MAX ((size_t)256 * 1024 * 1024)

enum ask_state { ASK_READ, ASK_WORK, ASK_REPLY, ASK_OVER };

/* What all questions share. */
struct ask_world {
	struct keeper_keys *keys;
	struct opening_world opening;
	struct trail *trail;
	struct shared_keeper *shared;
	const char *const *sockets; /* names for the audit, one a set */
	size_t *bytes;              /* what the questions of a set take, one a set */
};

struct ask {
	struct ask *next;
	enum ask_state state;
	int fd;
	struct exchange_peer peer;
	int64_t began, due, ends; /* milliseconds, monotonic; due: the answer is not given before */
	struct unwrap_request request;
	struct opening opening;
	struct doc doc; /* holds the request */
	struct buf in, out;
	size_t sent, bytes;
	bool stirred;     /* its descriptor may have something for it */
	uint32_t watched; /* what the keeper waits for on fd: EPOLLIN, EPOLLOUT, or 0 */
};

/* fd is the ask's from now on. Errors: ERR_NOMEM. */
int ask_new(int fd, size_t set, const struct exchange_peer *peer, int64_t ends,
	    struct ask **ret_ask, struct err *err) NODISCARD;

/* Does what can be done; ask->state says how far it is. now: milliseconds, monotonic. */
void ask_go(struct ask *ask, const struct ask_world *world, int64_t now);

/* Not while a service holds on to it (opening_is_held). */
void ask_free(struct ask *ask, const struct ask_world *world);

#endif
