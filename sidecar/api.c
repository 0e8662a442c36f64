/* SPDX-License-Identifier: Apache-2.0
 *
 * The sidecar's API; see api.h. Each answer is all or nothing, as on the command line.
 */
#include "api.h"

#include "api_error.h"
#include "exchange.h"
#include "function.h"
#include "guess.h"
#include "manifests.h"
#include "metrics.h"
#include "peer.h"

#include "base/text.h"
#include "decrypt.h"
#include "keys/unwrap.h"

#include <string.h>

#define YAML   "application/yaml"
#define BINARY "application/octet-stream"

/* What a request that needs keys has. */
struct work {
	struct exchange line;
	struct key_remote remote;
};

static const char *const names[] = {
	[API_OTHER] = "other",     [API_RESOURCELIST] = "resourcelist",
	[API_DECRYPT] = "decrypt", [API_FILTER] = "filter",
	[API_UNWRAP] = "unwrap",   [API_KMS] = "kms",
	[API_STATUS] = "status",
};

const char *api_route_name(enum api_route route)
{
	return names[route];
}

static int begin(const struct api *api, const struct http_exchange *exchange, const char *label,
		 struct work *work, struct err *err)
{
	*work = (struct work){
		.line = {.line = api->line, .timeout_ms = api->timeout_ms},
		.remote = {.label = label, .exchange = exchange_ask},
	};
	work->remote.cookie = &work->line;
	return peer_of(exchange->fd, &work->line.peer, err);
}

static void set_session(const struct api *api, struct work *work, struct session *session)
{
	session->policy = *api->policy;
	session->has_policy = true;
	session->no_files = true;
	session->remote = &work->remote;
}

static void give(struct http_exchange *exchange, struct buf *out, const char *type)
{
	exchange->status = 200;
	exchange->content_type = type;
	buf_move(&exchange->answer, out);
}

static int copy_body(const struct http_exchange *exchange, struct buf *text, struct err *err)
{
	buf_add_span(text, exchange->body);
	return buf_check(text, err);
}

static void resource_list(const struct api *api, struct http_exchange *exchange)
{
	CLEAN_FUNCTION struct function fn = FUNCTION_INIT;
	struct err err = ERR_INIT;
	struct work work;

	if (begin(api, exchange, "resourcelist", &work, &err) < 0 ||
	    copy_body(exchange, &fn.text, &err) < 0) {
		api_error_give(exchange, &err);
		return;
	}
	set_session(api, &work, &fn.session);
	if (function_run(&fn, &err) < 0 || buf_check(&fn.out, &err) < 0)
		api_error_give_report(exchange, &fn.transform.report, &err);
	else
		give(exchange, &fn.out, YAML);
}

static void filter(const struct api *api, struct http_exchange *exchange)
{
	CLEAN_BUF struct buf out = BUF_INIT(FUNCTION_OUTPUT_MAX);
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_SESSION struct session session = SESSION_INIT;
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEANUP(transform_release)
	struct transform transform = {.session = &session, .config = &config};
	struct err err = ERR_INIT;
	struct work work;

	if (begin(api, exchange, "filter", &work, &err) < 0) {
		api_error_give(exchange, &err);
		return;
	}
	set_session(api, &work, &session);
	if (session_start(&session, &config, &err) < 0 ||
	    manifests_read(exchange->body, "request", &manifests, &err) < 0) {
		api_error_give(exchange, &err);
		return;
	}
	transform.text = manifests.text;
	transform.doc = &manifests.doc;
	transform.items = manifests.items;
	transform.count = manifests.count;
	if (transform_run(&transform, &out) < 0 || buf_check(&out, &err) < 0)
		api_error_give_report(exchange, &transform.report, &err);
	else
		give(exchange, &out, YAML);
}

/* A type that is named must be one; else the name decides, else the content. */
static int format_of(const struct http_exchange *exchange, const char *name,
		     enum doc_format otherwise, enum doc_format *ret_format, struct err *err)
{
	const char *said = exchange->argument(exchange->connection, name);

	*ret_format = otherwise;
	if (!said || !*said)
		return 0;
	if (doc_format_parse(said, ret_format))
		return 0;
	return err_set(err, ERR_USAGE, "%s is '%s'; it must be yaml, json, dotenv, ini or binary",
		       name, text_quote(span_str(said)).text);
}

static int set_job(const struct http_exchange *exchange, struct decrypt_job *job, struct err *err)
{
	const char *name = exchange->argument(exchange->connection, "filename");
	enum doc_format guess = guess_format(span_str(name ? name : ""), exchange->body);

	if (format_of(exchange, "input-type", guess, &job->in_format, err) < 0)
		return -1;
	return format_of(exchange, "output-type", job->in_format, &job->out_format, err);
}

static void job_release(struct decrypt_job *job)
{
	decrypt_job_release(job);
}

static void decrypt(const struct api *api, struct http_exchange *exchange)
{
	CLEANUP(job_release)
	struct decrypt_job job = {.input = exchange->body, .mac = DECRYPT_MAC_VERIFY};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;
	struct work work;

	if (begin(api, exchange, "decrypt", &work, &err) < 0 || set_job(exchange, &job, &err) < 0 ||
	    key_remote_add(&ring, &work.remote, &err) < 0 ||
	    decrypt_run(&job, 1, &ring, NULL, &err) < 0)
		api_error_give(exchange, &err);
	else
		give(exchange, &job.output,
		     job.out_format == DOC_YAML   ? YAML
		     : job.out_format == DOC_JSON ? "application/json"
						  : BINARY);
}

/* Our own clients read documents themselves and ask for data keys only: the frame goes to the keeper as it came, once it is known to be one. */
static void unwrap(const struct api *api, struct http_exchange *exchange)
{
	CLEAN_BUF struct buf body = BUF_INIT(UNWRAP_BODY_MAX),
			     out = BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct unwrap_request request;
	struct err err = ERR_INIT;
	struct work work;
	size_t len = 0;

	if (begin(api, exchange, "unwrap", &work, &err) < 0 ||
	    unwrap_head(exchange->body, false, &len, &err) < 0 ||
	    unwrap_get_request(span_from(exchange->body, UNWRAP_HEAD), &doc, &request, &err) < 0 ||
	    exchange_ask(&work.line, exchange->body, &body, &err) < 0) {
		api_error_give(exchange, &err);
		return;
	}
	unwrap_frame_reply(buf_span(&body), &out);
	if (buf_check(&out, &err) < 0)
		api_error_give(exchange, &err);
	else
		give(exchange, &out, BINARY);
}

static const struct {
	const char *path, *method;
	enum api_route route;
	void (*answer)(const struct api *api, struct http_exchange *exchange);
} routes[] = {
	{"/v1/resourcelist", "POST", API_RESOURCELIST, resource_list},
	{"/v1/decrypt", "POST", API_DECRYPT, decrypt},
	{"/v1/filter", "POST", API_FILTER, filter},
	{"/v1/unwrap", "POST", API_UNWRAP, unwrap},
	{"/healthz", "GET", API_STATUS, metrics_health},
	{"/readyz", "GET", API_STATUS, metrics_ready},
	{"/metrics", "GET", API_STATUS, metrics_give},
};

enum api_route api_answer(const struct api *api, struct http_exchange *exchange)
{
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(exchange->path, routes[i].path) != 0)
			continue;
		if (strcmp(exchange->method, routes[i].method) != 0) {
			(void)err_set(&err, ERR_USAGE, "'%s' takes %s only", routes[i].path,
				      routes[i].method);
			api_error_give(exchange, &err);
			exchange->status = 405;
			exchange->headers[0][0] = "Allow";
			exchange->headers[0][1] = routes[i].method;
			return API_OTHER;
		}
		routes[i].answer(api, exchange);
		return routes[i].route;
	}
	(void)err_set(&err, ERR_NOT_FOUND, "there is no '%s' here",
		      text_quote(span_str(exchange->path)).text);
	api_error_give(exchange, &err);
	exchange->status = 404;
	return API_OTHER;
}
