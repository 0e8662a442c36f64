/* SPDX-License-Identifier: Apache-2.0
 *
 * The kubeconfig, as kubectl reads it: where a cluster is, whom we trust there, and who we are. Several files are one configuration, in which the
 * first that has an entry of a name wins. Bytes in, bytes out: files and plugins that it names are cluster_access.c's business.
 * kubernetes/client-go: tools/clientcmd
 */
#ifndef KUBECONFIG_H
#define KUBECONFIG_H

#include "base/secret.h"

enum {
	KUBECONFIG_FILES_MAX = 32,  /* named by KUBECONFIG */
	KUBECONFIG_WORDS_MAX = 256, /* arguments, and variables, of a plugin */
};

struct kubeconfig_file {
	const char *path; /* for messages, and what its relative paths are relative to */
	struct span text;
};

/* A program that prints credentials. */
struct kubeconfig_exec {
	const char *api_version; /* of what it prints; NULL: there is no plugin */
	char **words;            /* command and arguments, as for execve(2) */
	char **variables;        /* "NAME=VALUE", NULL at the end */
	bool cluster_info;       /* it wants to be told of the cluster */
};

/* What the context says. Texts have a NUL behind them and lie, with all else, in the pool; a null span or NULL where nothing is said. Of a thing that
 * can be given as data or as a file, at most one is. */
struct kubeconfig {
	struct span context;
	struct span server;      /* without a slash at its end */
	struct span server_name; /* tls-server-name */
	struct span ca_pem, ca_file;
	struct span cert_pem, cert_file, key_pem, key_file;
	struct span token, token_file;
	struct kubeconfig_exec exec;
};

/* Reads the files together. context: a name, or NULL for the current one. ret is written only on success. What we can not do, or should not
 * (insecure-skip-tls-verify, auth-provider, passwords, impersonation, proxy-url), is refused where the context uses it.
 * Errors: ERR_FORMAT with the file, ERR_USAGE (no such context), ERR_POLICY, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NOMEM. */
int kubeconfig_read(const struct kubeconfig_file *files, size_t count, const char *context,
		    struct secret_pool *pool, struct kubeconfig *ret, struct err *err) NODISCARD;

#endif
