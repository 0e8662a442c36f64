/* SPDX-License-Identifier: Apache-2.0
 *
 * The verdict of a wrapped key that was not opened, as every service gives it.
 */
#ifndef KEYS_KEY_REQUEST_H
#define KEYS_KEY_REQUEST_H

#include "keys/keyservice.h"

/* KEY_NOT_MINE for ERR_NO_KEY, else KEY_FAILED, with the reason's code, text and hint; the hint is copied into the pool. */
void key_request_failed(struct key_request *request, struct secret_pool *pool,
			const struct err *why);

#endif
