/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is at the other end of a Unix socket, and may it ask?
 */
#ifndef PEER_H
#define PEER_H

#include "exchange.h"
#include "policy.h"

struct peer_rules {
	const char *socket;               /* for messages */
	const struct policy_key_set *set; /* NULL: none */
	gid_t group;                      /* --group; (gid_t)-1: none */
};

/* Asks the kernel. Errors: ERR_SYSTEM. */
int peer_of(int fd, struct exchange_peer *ret_peer, struct err *err) NODISCARD;

/* Our own uid, the group that the operator named, and whom the key set lists. Groups are all that the peer was in when it connected by fd. A refusal says in err
 * whom it would take to allow it. ERR_POLICY. */
int peer_check(const struct peer_rules *rules, int fd, const struct exchange_peer *peer,
	       struct err *err) NODISCARD;

#endif
