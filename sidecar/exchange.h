/* SPDX-License-Identifier: Apache-2.0
 *
 * How a worker's question about wrapped keys (keys/unwrap.h) reaches the keeper, the process that has the keys. Each socket that we listen on
 * has one line to the keeper, shared by all its workers: which line a question comes in by says whose it is, whatever the worker says. Over the
 * line goes one end of a fresh socket pair with a few words on who asks; question and answer go over that pair. So questions of many threads
 * and workers never mix, and a worker that dies takes only its own with it.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "base/buf.h"

#include <sys/types.h>

/* By which door a question came in. EXCHANGE_PAIR: it is none, but a worker of the KMS door that asks for the key pair (kms_pair.h). */
enum exchange_door { EXCHANGE_HTTP, EXCHANGE_GRPC, EXCHANGE_KMS, EXCHANGE_PAIR };

/* Who asks, for the audit. */
struct exchange_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	enum exchange_door door;
};

struct exchange_line {
	int worker, keeper; /* the two ends; -1: closed */
};

/* Errors: ERR_SYSTEM. */
int exchange_line_open(struct exchange_line *ret_line, struct err *err) NODISCARD;

/* The worker's side: a cookie for key_remote's exchange(). */
struct exchange {
	int line;       /* exchange_line.worker */
	int timeout_ms; /* for the whole answer */
	struct exchange_peer peer;
};

/* key_remote.exchange. Errors: ERR_UNREACHABLE (the keeper is gone or too slow, there are no descriptors left), ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM. */
int exchange_ask(void *cookie, struct span frame, struct buf *ret_body, struct err *err) NODISCARD;

/* The keeper's side: the next question's descriptor, which may block, or -1 where none waits or what came is no question. */
int exchange_accept(int line, struct exchange_peer *ret_peer);

#endif
