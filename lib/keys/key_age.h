/* SPDX-License-Identifier: Apache-2.0
 *
 * The age key service: a sops age entry's `enc` to the data key.
 */
#ifndef KEYS_KEY_AGE_H
#define KEYS_KEY_AGE_H

#include "keys/age_identity.h"
#include "keys/keyservice.h"

enum {
	KEY_AGE_IDENTITIES_MAX = 1000, /* each may cost an X25519 operation for each data key */
	KEY_AGE_ENC_MAX = 2 * AGE_HEADER_MAX, /* bytes of one `enc`: the header limit in armor */
	KEY_AGE_OPENED_MAX = 64 * 1024,       /* bytes of an opened data key; sops makes 32 or 33 */
};

/* Its cookie. Lies in the keyring's pool; identities are kept in the order in which they are tried: age's own kinds first. */
struct age_keys {
	struct age_identity *identities;
	size_t count;
	const char *
		own; /* the hint that says whose they are, made when it is first wanted; NULL: not made */
};

/* Takes over a list of identities, all in the pool that `keys` is in. Those that are there already are left out: trying them again would
 * cost time and find nothing. ERR_LIMIT. */
int key_age_add(struct age_keys *keys, struct age_identity *list, struct err *err) NODISCARD;

/* Tries the identities of `keys` on one request and sets its verdict. Where none fits, the hint names the first of them by their recipients: most
 * often they are the keys of another environment. */
int key_age_try(struct age_keys *keys, struct secret_pool *pool, struct key_request *request,
		struct err *err) NODISCARD;

extern const struct keyservice key_age_service;

#endif
