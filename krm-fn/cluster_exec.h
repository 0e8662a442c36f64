/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin of a kubeconfig: a program that prints credentials (aws eks get-token, gke-gcloud-auth-plugin, kubelogin).
 * kubernetes/client-go: plugin/pkg/client/auth/exec
 */
#ifndef CLUSTER_EXEC_H
#define CLUSTER_EXEC_H

#include "kubeconfig.h"

/* A null span: it has printed none. */
struct cluster_credential {
	struct span token, cert_pem, key_pem;
};

/* Runs it, without a shell and a terminal, and without our own keys in its environment. ca_pem is told to a plugin that wants to know the cluster. What it
 * prints lies in the pool. The caller has asked the policy. Errors: those of keys_run(); ERR_FORMAT for what is no ExecCredential of its version. */
int cluster_exec(const struct kubeconfig *config, struct span ca_pem, struct secret_pool *pool,
		 struct cluster_credential *ret, struct err *err) NODISCARD;

#endif
