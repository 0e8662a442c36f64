/* SPDX-License-Identifier: Apache-2.0
 *
 * The service account of the machine itself, a virtual one or a pod of GKE's, which its metadata service gives tokens for. Anybody could listen at that
 * address elsewhere, so the answer has to say that it is Google's. Go: cloud.google.com/go/compute/metadata
 */
#include "keys/gcp_token_internal.h"

#include "doc/white.h"
#include "keys/http_retry.h"
#include "keys/token_answer.h"

enum {
	CONNECT_MS = 1000, /* the service is on this machine or nowhere */
	REQUEST_MS = 5 * 1000,
	STATUS_OK = 200,
	STATUS_NOT_FOUND = 404,
};

#define FROM         "Google's metadata service"
#define PRODUCT_NAME "/sys/class/dmi/id/product_name"

/* Is this a machine of Google's, where the metadata service must be? Go: cloud.google.com/go/compute/metadata (systemInfoSuggestsGCE) */
static bool on_google(const struct gcp_token *token)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err ignored = ERR_INIT;
	struct span name;

	if (token->endpoints->metadata_given)
		return true;
	return token->host->read_file(token->host->cookie, PRODUCT_NAME, &pool, &name, &ignored) ==
		       0 &&
	       span_search(name, SPAN("Google")) != SIZE_MAX;
}

/* Has it answered, and is it Google's? */
static void check(const struct gcp_token *token, struct err *ret_why)
{
	const struct http_call *call = &token->ask.call;

	if (!call->failure && !span_is(http_call_header(call, "Metadata-Flavor"), "Google"))
		(void)err_set(ret_why, ERR_NO_KEY,
			      "no Google credentials here: what answers at the metadata address "
			      "is not Google's");
	else if (call->failure && !on_google(token))
		(void)err_set(ret_why, ERR_NO_KEY,
			      "no Google credentials here, and no metadata service");
}

static void from_metadata(struct gcp_token *token, struct http *http)
{
	const struct http_call *call = &token->ask.call;
	struct err err = ERR_INIT;

	check(token, &err);
	if (!err.code && !call->failure && call->status == STATUS_NOT_FOUND)
		(void)err_set(&err, ERR_NO_KEY, "the machine has no Google service account");
	if (err.code)
		token_failed(&token->cache, http, &err);
	else
		gcp_token_take(token, http, FROM);
}

static void done_metadata(struct http *http, struct http_call *call)
{
	struct gcp_token *token = call->cookie;

	/* nobody answers on most machines: asking again would only take time */
	if ((call->failure && !on_google(token)) || !http_retry(http, call, http_judge(call)))
		token->answered(token, http);
}

static void begin(struct gcp_token *token, const char *path)
{
	struct span host = token->endpoints->metadata;

	gcp_token_begin(token);
	buf_printf(&token->ask.url, "http://%.*s/computeMetadata/v1/%s", (int)host.len,
		   (const char *)host.data, path);
	http_ask_header(&token->ask, "Metadata-Flavor", SPAN("Google"));
	token->ask.call.plain = token->ask.call.direct = true;
	token->ask.call.connect_ms = CONNECT_MS;
	token->ask.call.request_ms = REQUEST_MS;
	token->ask.call.done = done_metadata;
}

void gcp_metadata_ask(struct gcp_token *token, struct http *http)
{
	begin(token, "instance/service-accounts/default/token");
	http_ask_query(&token->ask, "scopes", SPAN(GCP_SCOPE));
	gcp_token_send(token, http, "GET", from_metadata);
}

void gcp_metadata_get(struct gcp_token *token, struct http *http, const char *path,
		      void (*answered)(struct gcp_token *token, struct http *http))
{
	begin(token, path);
	gcp_token_send(token, http, "GET", answered);
}

struct span gcp_metadata_text(const struct gcp_token *token, struct err *ret_why)
{
	const struct http_call *call = &token->ask.call;
	struct span text = SPAN_NULL;

	check(token, ret_why);
	if (!ret_why->code && (call->failure || call->status != STATUS_OK))
		(void)token_answer_failed(call, FROM, ret_why);
	if (!ret_why->code)
		text = white_trim(buf_span(&call->answer));
	if (!ret_why->code && !text.len)
		(void)err_set(ret_why, ERR_FORMAT, FROM ": the answer is empty");
	return text;
}
