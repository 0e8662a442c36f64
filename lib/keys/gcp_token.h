/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens of Google: from what a credential says to the text behind "Bearer".
 */
#ifndef KEYS_GCP_TOKEN_H
#define KEYS_GCP_TOKEN_H

#include "keys/gcp_credential.h"
#include "keys/http_ask.h"
#include "keys/key_host.h"
#include "keys/token_cache.h"

#define GCP_UNIVERSE      "googleapis.com"
#define GCP_METADATA_HOST "169.254.169.254"

/* Where things are; all of it the provider's or the operator's word. */
struct gcp_endpoints {
	struct span universe; /* "googleapis.com" */
	struct span kms;      /* "https://cloudkms.googleapis.com", without a "/" at its end */
	struct span
		auth; /* "https://host" in place of each of the provider's hosts that give tokens; null span: those themselves */
	struct span metadata; /* host[:port] */
	bool metadata_given;  /* the operator has said so: there is one */
};

struct account_token;

struct gcp_token {
	struct token_cache cache; /* first */
	const struct gcp_endpoints *endpoints;
	const struct key_host *host;
	struct gcp_credential credential;
	struct span text; /* the token, while the cache says that there is one */
	/* ours */
	struct secret_pool pool;
	struct http_ask ask;
	void (*answered)(struct gcp_token *token, struct http *http);
	struct token_wait wait;
	struct account_token *account_token; /* that is waited for */
	struct span project, location;       /* GCP_ACCOUNT: of the GKE cluster */
	struct secret_pool account_pool;     /* likewise: of the texts that are put together */
};

/* credential's texts, endpoints and host must outlive it. */
void gcp_token_init(struct gcp_token *token, const struct gcp_credential *credential,
		    const struct gcp_endpoints *endpoints, const struct key_host *host);
void gcp_token_release(struct gcp_token *token);

#endif
