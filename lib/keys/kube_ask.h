/* SPDX-License-Identifier: Apache-2.0
 *
 * A call to the Kubernetes API: what all of them begin with.
 */
#ifndef KEYS_KUBE_ASK_H
#define KEYS_KUBE_ASK_H

#include "keys/http_ask.h"

/* The API server, and who asks it. */
struct kube_server {
	struct span url;   /* "https://10.0.0.1:443", without a "/" at its end */
	struct span token; /* a null span: none */
	struct http_tls tls;
	bool plain; /* http, to this machine itself */
};

#define KUBE_RBAC_EXAMPLE "examples/cluster/rbac.yaml"

/* Starts a call anew: what was said and answered before is wiped. The URL is the server's, the path is the caller's to add. The server's texts must live as
 * long as the call. Errors: ERR_LIMIT, ERR_NOMEM. */
int kube_ask_begin(struct http_ask *ask, const struct kube_server *server, const char *method,
		   struct err *err) NODISCARD;

/* Adds "/api/v1/namespaces/NAMESPACE/PLURAL/NAME" with api "api/v1". */
void kube_ask_object(struct http_ask *ask, const char *api, struct span namespace,
		     const char *plural, struct span name);

#endif
