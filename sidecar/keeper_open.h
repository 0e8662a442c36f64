/* SPDX-License-Identifier: Apache-2.0
 *
 * The wrapped keys of one question at the keeper (keeper_ask.h), and who has been asked for them. Nothing here waits, and nothing here knows of the
 * socket that the question came by.
 */
#ifndef KEEPER_OPEN_H
#define KEEPER_OPEN_H

#include "keeper_cache.h"

#include "keys/http.h"
#include "keys/keyring.h"
#include "keys/unwrap.h"

enum {
	OPENING_TURN_KEYS =
		16, /* opened without a network in one go; then the other questions have their turn */
};

struct opening_batch;

struct opening_key {
	struct key_request request;
	size_t at; /* the next candidate: a service's number, plus the number of services in the second phase */
	bool over, cached, waiting;
	uint8_t id[CACHE_ID];
};

struct opening {
	size_t set;
	struct span secret; /* whose keys are asked, or empty */
	struct keyring *ring;
	struct opening_key *keys;
	size_t count;
	struct opening_batch *batches; /* that services have not answered yet */
	struct secret_pool pool;       /* of what was opened */
	bool more;                     /* it could go on at once, and lets others go first */
};

/* What all questions share. */
struct opening_world {
	struct keeper_cache *cache; /* NULL: none */
	struct http *http;
};

/* Memory for n keys, in bytes: their state, and that of the batch that a service is given. */
size_t opening_bytes(size_t n);

/* Takes the keys of the request, which stays the caller's, as must the ring that he sets before the first opening_go. Errors: ERR_NOMEM. */
int opening_begin(struct opening *opening, const struct unwrap_request *request,
		  const struct opening_world *world, struct err *err) NODISCARD;

/* Does what can be done; true where no key has anybody left to wait for. now: milliseconds, monotonic. */
bool opening_go(struct opening *opening, const struct opening_world *world, int64_t now);

/* All keys alike failed, and this is why. */
void opening_fail(struct opening *opening, const struct err *why);

/* Takes back what services have answered, also where nobody waits for it any more. */
void opening_collect(struct opening *opening, const struct opening_world *world, int64_t now);

/* True while a service holds on to it: it must not be released. */
bool opening_is_held(const struct opening *opening);

void opening_release(struct opening *opening);

#endif
