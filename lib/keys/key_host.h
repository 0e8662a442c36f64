/* SPDX-License-Identifier: Apache-2.0
 *
 * What a key service needs of the machine beside HTTP: files (a token that rotates, a profile), variables, the time, helpers. The library touches none
 * of these by itself; a program fills this table (krm-fn/host.c), and tests fill it with tables of their own.
 */
#ifndef KEYS_KEY_HOST_H
#define KEYS_KEY_HOST_H

#include "keys/kube_ask.h"

/* Programs of others that may be run, each where the operator allows it. */
enum key_helper {
	KEY_HELPER_AWS,   /* credential_process of a profile */
	KEY_HELPER_AZURE, /* az account get-access-token */
};

struct key_host {
	void *cookie;
	/* An environment variable; NULL where it is not set. Valid as long as the host. */
	const char *(*variable)(void *cookie, const char *name);
	/* All of a file into the pool, at most 4 MiB. ERR_NOT_FOUND, ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM; the message names the file. */
	int (*read_file)(void *cookie, const char *path, struct secret_pool *pool,
			 struct span *ret_text, struct err *err);
	/* Runs a helper that the operator allows, without a shell. NULL: none is allowed. Errors of keys_run(), ERR_POLICY. */
	int (*run)(void *cookie, enum key_helper helper, const char *command_line,
		   struct secret_pool *pool, struct span *ret_output, struct err *err);
	/* No program at all may be started, GnuPG neither. run is NULL then. */
	bool no_programs;
	/* The terminal at which a person can be asked for a passphrase: "/dev/pts/3". NULL, or answers NULL: there is none. */
	const char *(*terminal)(void *cookie);
	/* Seconds since 1970, UTC: signatures and expiry. */
	int64_t (*clock)(void *cookie);
	/* May a document ask that this AWS role be taken on, that a token be sent to this Vault address? ERR_POLICY with a hint. NULL: any may.
	 * *ret_given: the operator has said so himself. */
	int (*role_allowed)(void *cookie, struct span role, struct err *err);
	int (*vault_allowed)(void *cookie, struct span address, bool *ret_given, struct err *err);
	/* The list of Vault instances that the operator has named: the path of the login by service account at that address, a null span for one that it does
	 * not have. NULL: no such list. Errors: why it can not be read. */
	int (*vault_instance)(void *cookie, struct span address, struct span *ret_path,
			      struct err *err);
	/* The Kubernetes API server; its texts lie in the pool or live as long as the host. again: it did not know who asked, so who asks is read anew. NULL: no
	 * cluster is at hand. */
	int (*cluster)(void *cookie, bool again, struct secret_pool *pool,
		       struct kube_server *ret_server, struct err *err);
};

/* A variable that is set and not empty, else NULL. host may be NULL. */
static inline const char *key_host_variable(const struct key_host *host, const char *name)
{
	const char *value = host && host->variable ? host->variable(host->cookie, name) : NULL;

	return value && *value ? value : NULL;
}

/* The same as a span; a null span where it is not set or empty. */
static inline struct span key_host_text(const struct key_host *host, const char *name)
{
	const char *value = key_host_variable(host, name);

	return value ? span_str(value) : SPAN_NULL;
}

#endif
