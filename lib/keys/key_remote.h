/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that another process holds: a key service for every type which hands each wrapped key over and takes the answer (unwrap.h).
 */
#ifndef KEYS_KEY_REMOTE_H
#define KEYS_KEY_REMOTE_H

#include "keys/keyring.h"

/* How the words travel. */
struct key_remote {
	struct span secret; /* "NAMESPACE/NAME" of a secretRef, or empty */
	const char *label;  /* for the other side's audit; NULL: none */
	void *cookie;
	/* Sends the frame, appends the body of the reply's frame to ret_body. Errors: ERR_UNREACHABLE and what else there is. */
	int (*exchange)(void *cookie, struct span frame, struct buf *ret_body, struct err *err);
};

/* Adds a service for each type to the ring; remote must outlive it. Errors: ERR_LIMIT. */
int key_remote_add(struct keyring *ring, struct key_remote *remote, struct err *err) NODISCARD;

#endif
