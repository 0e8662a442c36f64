/* SPDX-License-Identifier: Apache-2.0
 *
 * Flux's ConfigMap of the Vault instances that it trusts (--sops-vault-configmap of kustomize-controller), which the operator names: each with its address, and
 * the path of the login by service account there.
 *
 *   data:
 *     config.yaml: |
 *       instances:
 *       - address: https://vault.example.com:8200
 *         loginPath: auth/kubernetes/login
 */
#ifndef VAULT_CONFIG_H
#define VAULT_CONFIG_H

#include "cluster.h"
#include "item.h"
#include "options.h"

#include "keys/kube_name.h"

struct vault_config {
	char called[2 * KUBE_NAME_MAX + 2]; /* "NAMESPACE/NAME" */
	struct doc doc;
	struct buf text;                  /* config.yaml */
	const struct doc_node *instances; /* NULL: `why` says why not */
	struct err why;
};

enum { VAULT_CONFIG_MAX = 4 * 1024 * 1024 /* bytes of it: etcd takes 1.5 MiB an object */ };

#define VAULT_CONFIG_INIT                                                   \
	{                                                                   \
		.doc = DOC_INIT, .text = BUF_INIT((size_t)VAULT_CONFIG_MAX) \
	}

/* Looks where key Secrets are looked for: NAMESPACE/NAME/config.yaml below --keys, the manifests of --key-secret, the cluster (NULL: not there). That it is nowhere,
 * or malformed, is remembered for whoever asks. Errors: ERR_USAGE where the option is not NAMESPACE/NAME; ERR_NOMEM. */
int vault_config_load(const struct options *options, struct cluster *cluster,
		      struct vault_config *ret_config, struct err *err) NODISCARD;

/* The path of the login at that address, a null span where the list does not have it. Errors: why there is no list. */
int vault_config_path(const struct vault_config *config, struct span address, struct span *ret_path,
		      struct err *err) NODISCARD;

void vault_config_release(struct vault_config *config);

#endif
