/* SPDX-License-Identifier: Apache-2.0
 *
 * What the machine says about Google Cloud: credentials that lie around, and endpoints.
 */
#ifndef KEYS_GCP_AMBIENT_H
#define KEYS_GCP_AMBIENT_H

#include "keys/gcp_token.h"

/* SOPS_GCP_KMS_UNIVERSE_DOMAIN, SOPS_GCP_KMS_ENDPOINT, GCE_METADATA_HOST as sops and Google's libraries read them, and KRM_SOPS_GCP_AUTH_ENDPOINT
 * for the hosts that give tokens. Texts go into the pool. Errors: ERR_USAGE for what is no URL; ERR_POLICY for http:// to another machine. */
int gcp_ambient_endpoints(const struct key_host *host, struct secret_pool *pool,
			  struct gcp_endpoints *ret_endpoints, struct err *err) NODISCARD;

/* The credential that lies around, in sops's order. It may be GCP_METADATA, of which nobody knows yet whether it is there.
 * Errors: what is wrong with the one that is named: it is not passed over. */
int gcp_ambient_credential(const struct key_host *host, const struct gcp_endpoints *endpoints,
			   struct secret_pool *pool, struct gcp_credential *ret_credential,
			   struct err *err) NODISCARD;

#endif
