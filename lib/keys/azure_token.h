/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens of Entra: from what we are to the text behind "Bearer".
 */
#ifndef KEYS_AZURE_TOKEN_H
#define KEYS_AZURE_TOKEN_H

#include "keys/azure_credential.h"
#include "keys/http_ask.h"
#include "keys/key_host.h"
#include "keys/token_cache.h"

#define AZURE_IMDS "http://169.254.169.254"

struct account;
struct account_token;

enum { AZURE_CANDIDATES_MAX = 4 };

/* Who we may be: tried in order till one is there; that one it is from then on, whatever becomes of it. */
struct azure_chain {
	struct account *account; /* AZURE_ACCOUNT */
	struct azure_credential candidates[AZURE_CANDIDATES_MAX];
	size_t count;
	bool chosen; /* it is candidates[at] */
	size_t at;
	/* where the machine's own identity is asked for: App Service's endpoint with its secret; else the metadata service */
	struct span identity_endpoint, identity_header;
	struct span imds; /* "http://169.254.169.254", without a "/" at its end */
};

/* A token for one resource. */
struct azure_token {
	struct token_cache cache; /* first */
	struct azure_token *next; /* the owner's */
	struct azure_chain *chain;
	const struct key_host *host;
	struct span resource; /* "https://vault.azure.net" */
	struct span text;     /* the token, while the cache says that there is one */
	/* ours */
	size_t at; /* who is being tried */
	struct token_wait wait;
	struct account_token *account_token; /* that is waited for */
	struct secret_pool pool;
	struct http_ask ask;
};

/* All that is pointed to must outlive it. */
void azure_token_init(struct azure_token *token, struct span resource, struct azure_chain *chain,
		      const struct key_host *host);
void azure_token_release(struct azure_token *token);

#endif
