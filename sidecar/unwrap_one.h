/* SPDX-License-Identifier: Apache-2.0
 *
 * One wrapped key for a door that knows nothing of documents (sops's key service, the KMS door).
 */
#ifndef UNWRAP_ONE_H
#define UNWRAP_ONE_H

#include "exchange.h"

#include "sops/sops_meta.h"

/* Asks the keeper; the key comes into the pool. Errors: why it was not opened, with its code; those of exchange_ask(). */
struct secret_pool;
int unwrap_one(struct exchange *line, const char *label, const struct sops_key *key,
	       struct secret_pool *pool, struct span *ret_key, struct err *err) NODISCARD;

#endif
