/* SPDX-License-Identifier: Apache-2.0
 *
 * How a call to the Kubernetes API begins; see kube_ask.h.
 */
#include "keys/kube_ask.h"

int kube_ask_begin(struct http_ask *ask, const struct kube_server *server, const char *method,
		   struct err *err)
{
	CLEAN_BUF struct buf bearer = BUF_INIT((size_t)HTTP_ASK_TEXT_MAX);

	http_ask_reset(ask);
	ask->call.method = method;
	ask->call.lane = "cluster";
	ask->call.tls = &server->tls;
	ask->call.plain = server->plain;
	buf_add_span(&ask->url, server->url);
	http_ask_header(ask, "Accept", SPAN("application/json"));
	if (!server->token.len)
		return 0;
	buf_add_str(&bearer, "Bearer ");
	buf_add_span(&bearer, server->token);
	if (buf_check(&bearer, err) < 0)
		return -1;
	http_ask_header(ask, "Authorization", buf_span(&bearer));
	return 0;
}

void kube_ask_object(struct http_ask *ask, const char *api, struct span namespace,
		     const char *plural, struct span name)
{
	buf_printf(&ask->url, "/%s/namespaces/", api);
	http_ask_escape(namespace, &ask->url);
	buf_printf(&ask->url, "/%s/", plural);
	http_ask_escape(name, &ask->url);
}
