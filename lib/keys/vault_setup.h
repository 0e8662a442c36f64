/* SPDX-License-Identifier: Apache-2.0
 *
 * How Vault is talked to, by the variables of its own client: namespace, certificates, deadline, token. Read when the first entry needs it.
 */
#ifndef KEYS_VAULT_SETUP_H
#define KEYS_VAULT_SETUP_H

#include "keys/http_ask.h"
#include "keys/keyring.h"

enum {
	VAULT_TOKEN_MAX = 16 * 1024 /* bytes: service tokens have 100, batch tokens some hundreds */
};

/* Lies, with all that it points to, in the ring's pool. */
struct vault_setup {
	struct span namespace; /* a null span: none */
	struct http_tls tls;
	int request_ms; /* 0: the run's */
};

/* VAULT_NAMESPACE, VAULT_CACERT, VAULT_CACERT_BYTES, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_TLS_SERVER_NAME, VAULT_CLIENT_TIMEOUT.
 * VAULT_SKIP_VERIFY is not obeyed, and noted. Errors: those of files; ERR_FORMAT; ERR_UNSUPPORTED for VAULT_CAPATH; ERR_NOMEM. */
int vault_setup_read(struct keyring *ring, struct vault_setup *ret_setup, struct err *err)
	NODISCARD;

/* The ambient token: VAULT_TOKEN, else ~/.vault-token; a null span where there is none. Errors: those of the file. */
int vault_token_find(struct keyring *ring, struct span *ret_token, struct err *err) NODISCARD;

/* A copy of a token or namespace in the pool, without the white space around it. ERR_FORMAT for one that no header takes, ERR_LIMIT, ERR_NOMEM. */
int vault_header_value(struct secret_pool *pool, struct span value, struct span *ret_value,
		       struct err *err) NODISCARD;

/* What every call to Vault has beside its URL, body and token. setup must outlive the call. */
void vault_ask_begin(struct http_ask *ask, const struct vault_setup *setup);

#endif
