/* SPDX-License-Identifier: Apache-2.0
 *
 * What a key service is: something that opens wrapped data keys of one type, many at a time. age, PGP, Vault and the clouds stand
 * behind this one interface; nobody above it knows which is which. A service never sees the user's document.
 */
#ifndef KEYS_KEYSERVICE_H
#define KEYS_KEYSERVICE_H

#include "base/secret.h"
#include "sops/sops_meta.h"

enum key_verdict {
	KEY_NOT_TRIED = 0,
	KEY_OPENED,
	KEY_NOT_MINE, /* no identity of ours fits: not an error, try the next; `why` says what was missing */
	KEY_FAILED, /* malformed, denied, unreachable: `why` says it, `code` what to do about it */
};

enum { KEY_WHY_MAX = 256 };

/* One wrapped key to open. In: key. Out: the rest. */
struct key_request {
	const struct sops_key *key;
	enum key_verdict verdict;
	struct span opened; /* KEY_OPENED: the bytes, in the keyring's secret pool */
	enum err_code
		code; /* KEY_FAILED, KEY_NOT_MINE: ERR_NO_KEY, ERR_FORMAT, ERR_DENIED, ERR_UNREACHABLE, ... */
	char why[KEY_WHY_MAX]; /* one line, no secrets: "no identity matched any of the recipients" */
	const char *hint; /* one sentence that says what to do, in the keyring's pool; or NULL */
};

struct http;

struct keyservice {
	const char *name; /* "age" */
	enum sops_key_type type;
	bool offline; /* needs no network and no other process: tried before all others */
	/* Opens what it can of n requests, all of its type; no two of them are equal. Sets verdict of each. Returns -1 only for what concerns
	 * all of them (out of memory). */
	int (*open)(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		    struct err *err);
	/* The same for a service behind the network, which has this instead of open(): adds its calls to http and returns; each verdict is set by the
	 * time http_drive() returns, and the requests stay where they are till then. So all services of a round work at the same time.
	 * Where it returns -1 it has begun nothing, and holds on to none of them. */
	int (*start)(void *cookie, struct http *http, struct secret_pool *pool,
		     struct key_request *requests, size_t n, struct err *err);
	/* Begins to fetch anew those of its credentials that end soon, and waits for nothing: for programs that serve. NULL: it has none. */
	void (*renew)(void *cookie, struct http *http);
	void (*close)(void *cookie);
};

#endif
