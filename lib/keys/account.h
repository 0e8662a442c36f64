/* SPDX-License-Identifier: Apache-2.0
 *
 * A Kubernetes service account in whose name keys are opened, as Flux does it by spec.decryption.serviceAccountName: the API server gives a token for the
 * audience that a key service wants (TokenRequest), and the account's annotations say who it is there. Each is asked for once, by the first who wants it
 * while the others wait, and nothing before. fluxcd/pkg: auth/access_token.go
 */
#ifndef KEYS_ACCOUNT_H
#define KEYS_ACCOUNT_H

#include "keys/key_host.h"
#include "keys/token_cache.h"

struct account;
struct account_token; /* for one audience */

/* Lies in the pool, as do copies of both names, which must be names of Kubernetes. The host must have a cluster. Errors: ERR_NOMEM. */
int account_new(struct secret_pool *pool, const struct key_host *host, struct span namespace,
		struct span name, struct account **ret_account, struct err *err) NODISCARD;

/* The operator does not let it be used: whoever wants anything of it is told so, and nobody is asked. */
void account_refuse(struct account *account, const struct err *why);

/* Wipes and frees what lies outside of the pool. Not while a call is under way. NULL is fine. */
void account_release(struct account *account);

/* "service account 'NAMESPACE/NAME'", for messages. */
const char *account_called(const struct account *account);
struct span account_namespace(const struct account *account);
struct span account_name(const struct account *account);

/* The account itself: who wants its annotations waits for it here. */
struct token_cache *account_object(struct account *account);

/* Once the cache says that it is there; a null span where it has none of that name. */
struct span account_annotation(const struct account *account, const char *name);

/* The token for an audience, made when first asked for. Errors: ERR_NOMEM. */
int account_token_for(struct account *account, struct span audience,
		      struct account_token **ret_token, struct err *err) NODISCARD;

/* Who wants the token waits for it here. */
struct token_cache *account_token_cache(struct account_token *token);

/* Once the cache says that it is there. */
struct span account_token_text(const struct account_token *token);

#endif
