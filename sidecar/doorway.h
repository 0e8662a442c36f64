/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that a worker has accepted and that have not said yet what they speak: peers who may not ask and what is more than there is room for are
 * turned away, the others are handed on to the door of their protocol when their first bytes are there.
 */
#ifndef DOORWAY_H
#define DOORWAY_H

#include "peer.h"
#include "shared.h"

enum {
	DOORWAY_MAX = 64,             /* connections that have not said anything yet */
	DOORWAY_FIRST_MS = 10 * 1000, /* that they may take for it */
};

struct doorway_guest {
	int fd;
	int64_t since;
	bool begun; /* it has said something, and not enough to tell what it speaks */
	const char *head,
		*body; /* what it is told when it has said something; NULL: it may go on */
};

/* Made with the first ones. */
struct doorway {
	int listener; /* not blocking */
	int room;     /* connections at once */
	const struct peer_rules
		*rules; /* NULL: anybody may ask, as who may is told by signatures */
	struct shared_worker
		*own; /* whose counters they are; connections: those here, and those handed on */
	void *cookie;
	/* The descriptor is its owner's from then on. False: it could not be taken, and is closed. */
	bool (*hand_on)(void *cookie, int fd, bool http2);
	/* its own */
	struct doorway_guest guests[DOORWAY_MAX];
	size_t count;
	int64_t told;  /* when a refused peer was told of last */
	int64_t pause; /* until when nothing is accepted, as it could not be; 0: it can */
};

/* One turn: waits for connections, for what they say, and for `control` (-1: not for that), at most a quarter of a second. open: new ones are taken. True
 * where the control has something to say. */
bool doorway_turn(struct doorway *doorway, int control, bool open);

#endif
