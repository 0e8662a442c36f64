/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ways to a token of Google's have in common: gcp_token.c, gcp_external.c, gcp_metadata.c.
 */
#ifndef KEYS_GCP_TOKEN_INTERNAL_H
#define KEYS_GCP_TOKEN_INTERNAL_H

#include "keys/gcp_token.h"

#define GCP_SCOPE "https://www.googleapis.com/auth/cloud-platform"

/* Starts a call anew: what was said and answered before is wiped. */
void gcp_token_begin(struct gcp_token *token);

/* The URL of one of the provider's hosts, which the operator may have put another in place of. */
void gcp_token_add_url(struct gcp_token *token, struct span url);

/* "Basic" of the client's name and password, where the credential has them. */
void gcp_token_add_basic(struct gcp_token *token);

/* Sends what has been put together; answered() is called when it has ended and is not tried again. */
void gcp_token_send(struct gcp_token *token, struct http *http, const char *method,
		    void (*answered)(struct gcp_token *token, struct http *http));

/* Takes the token out of the answer: access_token and expires_in. from: who gave it, for messages. */
void gcp_token_take(struct gcp_token *token, struct http *http, const char *from);

/* Changes another's token for one of Google's (RFC 8693), as the credential says. */
void gcp_external_exchange(struct gcp_token *token, struct http *http, struct span subject);

/* A text of the metadata service: "project/project-id". answered() takes it from the answer by gcp_metadata_text(), which is a null span, with why, where
 * it is not Google's or is empty. */
void gcp_metadata_get(struct gcp_token *token, struct http *http, const char *path,
		      void (*answered)(struct gcp_token *token, struct http *http));
struct span gcp_metadata_text(const struct gcp_token *token, struct err *ret_why);

/* The first call of a token that others have, and of the machine's own. */
void gcp_external_ask(struct gcp_token *token, struct http *http);
void gcp_metadata_ask(struct gcp_token *token, struct http *http);
void gcp_account_ask(struct gcp_token *token, struct http *http);

#endif
