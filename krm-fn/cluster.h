/* SPDX-License-Identifier: Apache-2.0
 *
 * The Kubernetes API, as far as keys and variables come from it: one named object at a time, of a namespace whose keys may be used. Nothing is listed
 * or watched, nothing is written; tokens of service accounts are made (keys/account.h). Nothing is looked for, and no packet sent, before an object is wanted.
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "host.h"
#include "options.h"
#include "policy.h"

#include "keys/answer.h"

struct cluster_access;

struct cluster {
	const struct options *options;
	const struct policy *policy;
	struct host *host;
	struct cluster_access *access; /* made when first wanted */
};

#define CLUSTER_INIT         \
	{                    \
		.host = NULL \
	}
#define CLEAN_CLUSTER CLEANUP(cluster_release)

/* A kind of object. */
struct cluster_kind {
	const char *api;    /* "api/v1", or "apis/GROUP/VERSION" */
	const char *plural; /* "secrets" */
	const char *kind;   /* "Secret" */
};

extern const struct cluster_kind cluster_secret, cluster_config_map;

/* What was found; the tree points into the text. */
struct cluster_object {
	struct buf text;
	struct answer answer;
};

enum {
	CLUSTER_OBJECT_MAX = 4 * 1024 * 1024, /* bytes of an object as JSON: etcd takes 1.5 MiB */
};

#define CLUSTER_OBJECT_INIT                                                         \
	{                                                                           \
		.text = BUF_INIT((size_t)CLUSTER_OBJECT_MAX), .answer = ANSWER_INIT \
	}
#define CLEAN_CLUSTER_OBJECT CLEANUP(cluster_object_release)

/* The host must be open; all three must outlive the cluster. */
void cluster_init(struct cluster *cluster, const struct options *options,
		  const struct policy *policy, struct host *host);

/* True where the operator has said --cluster, or this is a pod with a service account. */
bool cluster_at_hand(const struct cluster *cluster);

/* Reads one object. ours: what policy_namespace_allowed() calls so. ret_object must be CLUSTER_OBJECT_INIT; *ret_found is false where the cluster has no
 * such object, and ret_object is empty then. Errors: ERR_USAGE for what is no name; ERR_POLICY for a namespace whose keys may not be used (before
 * anything is looked for), for TLS that can not be trusted, for plugins that are not allowed; ERR_DENIED (401, 403, with a hint); ERR_UNREACHABLE;
 * ERR_NO_KEY for other answers; those of files and kubeconfig_read(). */
int cluster_get(struct cluster *cluster, const struct cluster_kind *kind, const char *ours,
		struct span namespace, struct span name, struct cluster_object *ret_object,
		bool *ret_found, struct err *err) NODISCARD;

/* The server for calls of others, and who asks it now; the texts that rotate are copies in the pool, the rest lives as long as the cluster. again: what
 * rotates slowly is read anew, too. Errors: those of cluster_access_new() and cluster_access_refresh(). */
int cluster_server(struct cluster *cluster, bool again, struct secret_pool *pool,
		   struct kube_server *ret_server, struct err *err) NODISCARD;

/* How the cluster is called in messages: "the cluster of context 'NAME'", "the cluster". */
struct cluster_name {
	char text[TEXT_QUOTE_MAX * 4 + 48];
};
struct cluster_name cluster_called(const struct cluster *cluster);

/* The object's tree. */
const struct doc_node *cluster_tree(const struct cluster_object *object);

void cluster_object_release(struct cluster_object *object);

/* Wipes and frees. NULL is fine. */
void cluster_release(struct cluster *cluster);

#endif
