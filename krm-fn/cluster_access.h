/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the cluster is and who we are there: a pod's service account, or a kubeconfig.
 */
#ifndef CLUSTER_ACCESS_H
#define CLUSTER_ACCESS_H

#include "kubeconfig.h"
#include "options.h"
#include "policy.h"

#include "keys/http.h"

/* Texts end with a NUL. Two pools, as credentials are read anew and the rest is not. */
struct cluster_access {
	struct secret_pool pool;
	struct kubeconfig config;
	struct http_tls tls;
	bool plain; /* http to this machine (kubectl proxy): no credential is shown */
	/* The credentials of now. */
	struct secret_pool fresh;
	struct span token;  /* a null span: none */
	bool read, rotates; /* the credentials were read, and may be others when read again */
};

/* True in a pod with a service account. */
bool cluster_access_in_pod(void);

/* Finds out where the cluster is: by the kubeconfig where options say --cluster and there is one, else by the pod's service account. *ret is to be
 * released by cluster_access_free(), and holds no credentials yet. Errors: those of files and kubeconfig_read(); ERR_USAGE where there is neither;
 * ERR_POLICY for plain http to another machine. */
int cluster_access_new(const struct options *options, struct cluster_access **ret, struct err *err)
	NODISCARD;

/* Reads token, certificate, or what a plugin prints. What rotates is read for each request: files each time, a plugin when it has not run yet or `again` is
 * set. Errors: those of files; ERR_POLICY for a plugin that the policy does not allow; ERR_FORMAT; those of keys_run(). */
int cluster_access_refresh(struct cluster_access *access, const struct policy *policy, bool again,
			   struct err *err) NODISCARD;

/* Wipes and frees. NULL is fine. */
void cluster_access_free(struct cluster_access *access);

#endif
