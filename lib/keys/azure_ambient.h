/* SPDX-License-Identifier: Apache-2.0
 *
 * What the machine says about Azure: who we may be there, and where that is asked.
 */
#ifndef KEYS_AZURE_AMBIENT_H
#define KEYS_AZURE_AMBIENT_H

#include "keys/azure_token.h"

/* Where the machine's own identity is asked for: IDENTITY_ENDPOINT with IDENTITY_HEADER, else the metadata service, else what
 * AZURE_POD_IDENTITY_AUTHORITY_HOST names in its place. Texts go into the pool. Errors: ERR_USAGE for what is no URL, ERR_NOMEM. */
int azure_ambient_endpoints(const struct key_host *host, struct secret_pool *pool,
			    struct azure_chain *chain, struct err *err) NODISCARD;

/* Fills the chain with all that may be, in the order of azidentity's DefaultAzureCredential, narrowed by AZURE_TOKEN_CREDENTIALS: a secret or
 * certificate in AZURE_... variables, workload identity, managed identity, az. Errors: what is wrong with one that is named; ERR_NO_KEY where
 * there is none. */
int azure_ambient_chain(const struct key_host *host, struct secret_pool *pool,
			struct azure_chain *chain, struct err *err) NODISCARD;

/* In the place of that: a service account, at the authority of AZURE_AUTHORITY_HOST or the public cloud's. Errors: those of azure_authority_keep(). */
int azure_ambient_account(const struct key_host *host, struct account *account,
			  struct secret_pool *pool, struct azure_chain *chain, struct err *err)
	NODISCARD;

#endif
