/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine as key services see it: the network with the operator's bounds, files, variables, the time, the policy's answers. Made before keys are
 * looked for, costs next to nothing till a service asks.
 */
#ifndef HOST_H
#define HOST_H

#include "options.h"
#include "policy.h"

#include "keys/http.h"
#include "keys/key_host.h"
#include "keys/keyring.h"

struct cluster;
struct host_variable;
struct vault_config;

struct host {
	struct key_host table; /* its cookie is this struct: it must not be moved */
	struct http *http;
	struct secret_pool
		pool; /* of variables that were taken out of the environment, and the certificates */
	struct host_variable *taken;
	const struct policy
		*policy;   /* the run's; NULL: the operator's is loaded when first asked */
	struct policy own; /* that one */
	struct cluster *cluster;
	const struct vault_config *vault;
};

#define HOST_INIT                                            \
	{                                                    \
		.pool = SECRET_POOL_INIT, .own = POLICY_INIT \
	}
#define CLEAN_HOST CLEANUP(host_release)

enum {
	HOST_TIMEOUT_MAX = 3600, /* seconds, of --timeout */
	HOST_AT_ONCE_MAX = 256,  /* of --at-once: connections to one host */
};

/* Makes the network by --ca-file, --timeout and --at-once, and gives it and the table to the ring, which must not outlive the host. policy may be
 * NULL: then the operator's is loaded when a service asks. Errors: ERR_USAGE for options, those of a file for --ca-file. */
int host_open(struct host *host, const struct options *options, const struct policy *policy,
	      struct keyring *ring, struct err *err) NODISCARD;

/* Lets services have tokens of the cluster's service accounts; it must outlive the host's use. */
void host_use_cluster(struct host *host, struct cluster *cluster);

/* Vault instances that are trusted, with their logins; likewise. */
void host_use_vault_config(struct host *host, const struct vault_config *config);

/* Closes the network, wipes and frees. NULL is fine. */
void host_release(struct host *host);

#endif
