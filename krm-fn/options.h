/* SPDX-License-Identifier: Apache-2.0
 *
 * The flags and variables that every verb shares: where the keys of a decryption secretRef lie, which namespace's keys may be used, and
 * what the file system is confined to. They come from the operator (command line, environment), never from Git.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/err.h"

#include <stdbool.h>

enum { OPTIONS_KEY_SECRETS_MAX = 16 /* manifests named on one command line */ };

/* NULL: not said. */
struct options {
	const char *keys;      /* --keys, KRM_SOPS_KEYS: a folder with NAMESPACE/NAME/ in it */
	const char *keys_flat; /* --keys-flat, KRM_SOPS_KEYS_FLAT: a mounted Secret, any name */
	/* --key-secret (may be repeated), KRM_SOPS_KEY_SECRET: files with Secret manifests */
	const char *key_secrets[OPTIONS_KEY_SECRETS_MAX];
	size_t key_secret_count;
	bool key_secret_env; /* they are the variable's, which a flag replaces */
	const char *ns;      /* --namespace, KRM_SOPS_NAMESPACE: whose keys may be used */
	const char *
		ca_file; /* --ca-file, KRM_SOPS_CA_FILE: certificates to trust instead of the system's */
	const char *
		timeout; /* --timeout, KRM_SOPS_TIMEOUT: seconds for all that is asked of the network */
	const char *at_once; /* --at-once, KRM_SOPS_AT_ONCE: calls to one service at a time */
	const char *
		global_age; /* --global-age, KRM_SOPS_GLOBAL_AGE: NAMESPACE/NAME of the Secret whose age keys serve where there is no secretRef */
	/* --default-service-account, KRM_SOPS_DEFAULT_SERVICE_ACCOUNT: whose name keys are opened in where decryption.serviceAccountName says nothing */
	const char *default_account;
	/* --vault-configmap, KRM_SOPS_VAULT_CONFIGMAP: NAMESPACE/NAME of the ConfigMap of trusted Vault instances; see vault_config.h */
	const char *vault_config_map;
	const char *root;   /* --root, KRM_SOPS_ROOT: files are opened below it; see confine.h */
	const char *socket; /* --socket, KRM_SOPS_SOCKET: of a sidecar, which has the keys */
	/* --cluster[=CONTEXT], KRM_SOPS_CLUSTER=CONTEXT or "." for the current one: key Secrets are also looked for there; "" is the current context */
	const char *cluster;
};

#define OPTIONS_INIT         \
	{                    \
		.keys = NULL \
	}

/* Sets every option whose variable is set and not empty. A flag that is taken later wins. */
void options_from_env(struct options *options);

/* Takes argv[*at] where it is one of ours ("--keys DIR" or "--keys=DIR"; "--cluster" takes a value only with "=") and moves *at behind it. 1: taken; 0: not ours, nothing
 * changed; -1: ERR_USAGE, a value is missing or empty, or a flag is given too often. */
int options_take(struct options *options, int argc, char **argv, int *at, struct err *err)
	NODISCARD;

#endif
