/* SPDX-License-Identifier: Apache-2.0
 *
 * The service account's token that a login shows at one Vault address, wherever it comes from: a file that the operator names; the cluster, which makes one of the
 * ring's account for this address; the pod's own where it is meant for this address (its audience), else one that the cluster makes for the pod's account.
 */
#ifndef KEYS_VAULT_ACCOUNT_H
#define KEYS_VAULT_ACCOUNT_H

#include "keys/account.h"
#include "keys/account_claims.h"
#include "keys/keyring.h"

struct vault_account {
	struct keyring *ring;
	struct span address;
	/* Called once for each vault_account_want(): with the token, which is valid during the call, and what it says of itself; or with why there is none. */
	void (*have)(struct vault_account *account, struct http *http, struct span token,
		     const struct account_claims *claims, const struct err *why);
	/* its own */
	const char *pod_file;
	struct account
		*own; /* the pod's, once its token was found to be meant for others; NULL before */
	struct account_token *made; /* that is waited for */
	struct token_wait wait;
};

/* Sets what is its own. Errors: ERR_LIMIT, ERR_NOMEM. */
int vault_account_init(struct vault_account *account, struct err *err) NODISCARD;

/* Reads the token, or has the cluster make one: it rotates, so nothing of it is kept longer than the cluster says. have() may be called before it returns. */
void vault_account_want(struct vault_account *account, struct http *http);

void vault_account_release(struct vault_account *account);

#endif
