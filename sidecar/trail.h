/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit trail, who had which key opened: one JSON line for each wrapped key, success and failure. Never content.
 */
#ifndef TRAIL_H
#define TRAIL_H

#include "exchange.h"
#include "serve_options.h"

#include "keys/keyservice.h"

enum {
	/* lines a second of one socket, of what was opened and of what was not; what is above is counted and told in one line. Apart, so that nobody's
	 * noise drowns what others have opened, or he himself. */
	TRAIL_RATE = 2000,
	TRAIL_SOCKETS = SERVE_LISTENS_MAX + 1,
	TRAIL_LINE_MAX = 4096, /* bytes */
};

struct trail {
	int fd;
	int64_t second; /* that `lines` are of */
	unsigned lines[TRAIL_SOCKETS][2];
	uint64_t lost, told;
	bool cut; /* the line that was written last has no end, as the disk was full */
};

struct trail_event {
	size_t set;          /* the socket's number */
	const char *socket;  /* path, or the KMS door's address */
	const char *key_set; /* NULL: none */
	struct exchange_peer peer;
	struct span label, secret; /* untrusted text */
	const struct key_request *request;
	bool cached;
};

/* Appends to path (made with mode 0600), or goes to stderr where that is NULL. Errors: ERR_SYSTEM, ERR_NOT_FOUND. */
int trail_open(struct trail *trail, const char *path, struct err *err) NODISCARD;

/* now: seconds since 1970. A line that can not be written is counted as lost. */
void trail_write(struct trail *trail, const struct trail_event *event, int64_t now);

/* The line alone, with its line feed. */
void trail_line(const struct trail_event *event, int64_t now, struct buf *out);

#endif
