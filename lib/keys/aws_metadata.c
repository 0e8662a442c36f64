/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials from the machine's own services: the container's credential endpoint (EKS Pod Identity, ECS) and EC2 instance metadata, of which
 * only version 2 is spoken. Never through a proxy, and with short deadlines, as on most machines nobody is there.
 * aws-sdk-go-v2: config/resolve_credentials.go, credentials/endpointcreds, feature/ec2/imds
 */
#include "keys/aws_creds_json.h"

#include "base/text.h"
#include "keys/http_retry.h"
#include "keys/url.h"

enum {
	INSTANCE_CONNECT_MS = 400, /* where nobody is there, the address does not even refuse */
	INSTANCE_REQUEST_MS = 1500,
	CONTAINER_CONNECT_MS = 1000,
	CONTAINER_REQUEST_MS = 5000,
	ROLE_NAME_MAX = 64, /* bytes of a role's name at IAM */
	PATH_TEXT_MAX = 128 + ROLE_NAME_MAX,
	TOKEN_MAX = 64 * 1024, /* bytes of a token that is sent or that comes */
};

#define CONTAINER    "the container's credential endpoint"
#define INSTANCE     "EC2 instance metadata"
#define CONTAINER_IP "http://169.254.170.2"
#define ROLES_PATH   "latest/meta-data/iam/security-credentials/"

/* The steps of instance metadata. */
enum { STEP_TOKEN, STEP_ROLE, STEP_CREDENTIALS };

static void fail(struct aws_creds *creds, struct http *http, struct err *why)
{
	(void)err_wrap(why, "%s",
		       creds->source->kind == AWS_SOURCE_CONTAINER ? CONTAINER : INSTANCE);
	aws_creds_fail(creds, http, why);
}

static struct span trim(struct span text)
{
	while (text.len && text.data[text.len - 1] <= ' ')
		text.len--;
	return text;
}

static bool printable(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	}
	return text.len > 0;
}

/* The call's lines are the URL and then one header, "NAME: VALUE", where there is a value. */
static void send(struct aws_creds *creds, struct http *http, const char *method, struct span base,
		 const char *path, const char *header, struct span value)
{
	struct aws_call *call = &creds->call;
	struct err why = ERR_INIT;
	size_t at;

	buf_reset(&call->lines);
	buf_add_span(&call->lines, base);
	buf_add_str(&call->lines, path);
	buf_add_char(&call->lines, 0);
	at = call->lines.len;
	buf_printf(&call->lines, "%s: ", header);
	buf_add_span(&call->lines, value);
	buf_add_char(&call->lines, 0);
	if (buf_check(&call->lines, &why) < 0) {
		fail(creds, http, &why);
		return;
	}
	call->headers[0] = (const char *)call->lines.data + at;
	call->http.url = (const char *)call->lines.data;
	call->http.method = method;
	call->http.headers = call->headers;
	call->http.header_count = value.len ? 1 : 0;
	http_add(http, &call->http);
}

static bool is_role_name(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("+=,.@_-", c))))
			return false;
	}
	return name.len > 0 && name.len <= ROLE_NAME_MAX;
}

static void send_instance(struct aws_creds *creds, struct http *http, const char *path)
{
	send(creds, http, "GET", span_str(creds->metadata.url), path, "X-aws-ec2-metadata-token",
	     creds->metadata_token);
}

/* 200: the step's answer; what it says decides on the next. */
static void next_step(struct aws_creds *creds, struct http *http)
{
	struct span answer = buf_span(&creds->call.http.answer);
	CLEAN_BUF struct buf path = BUF_INIT(PATH_TEXT_MAX);
	struct err why = ERR_INIT;

	switch (creds->step++) {
	case STEP_TOKEN:
		answer = trim(answer);
		if (!printable(answer) || answer.len > TOKEN_MAX)
			(void)err_set(&why, ERR_FORMAT, "its token is none");
		else if (secret_dup(&creds->fresh, answer, &creds->metadata_token, &why) == 0) {
			send_instance(creds, http, ROLES_PATH);
			return;
		}
		break;
	case STEP_ROLE:
		answer = trim(span_sub(answer, 0, span_find(answer, 0, '\n')));
		if (!is_role_name(answer)) {
			(void)err_set(&why, ERR_FORMAT, "its role has no name");
			break;
		}
		buf_add_str(&path, ROLES_PATH);
		buf_add_span(&path, answer);
		buf_add_char(&path, 0);
		if (buf_check(&path, &why) == 0) {
			send_instance(creds, http, (const char *)path.data);
			return;
		}
		break;
	default:
		aws_creds_json(creds, http, answer, "Token", INSTANCE);
		return;
	}
	fail(creds, http, &why);
}

/* Where nobody answers, or who answers has no role for us, there are no credentials: nothing that would pass. Who has given us a token is there. */
static void explain(const struct aws_creds *creds, const struct http_call *call, struct err *why)
{
	if (call->failure == HTTP_NONE && (call->status >= 500 || call->status == 429))
		return;
	if (call->failure != HTTP_NONE && creds->step > STEP_TOKEN)
		return;
	why->code = ERR_NO_KEY;
	(void)err_wrap(why,
		       "no AWS credentials in the environment, in shared files or of a container");
}

static void done(struct http *http, struct http_call *call)
{
	struct aws_creds *creds = call->cookie;
	bool instance = creds->source->kind == AWS_SOURCE_INSTANCE;
	struct err why = ERR_INIT;

	if (call->failure == HTTP_NONE && call->status == 200) {
		if (instance)
			next_step(creds, http);
		else
			aws_creds_json(creds, http, buf_span(&call->answer), "Token", CONTAINER);
		return;
	}
	if (http_retry(http, call, http_judge(call)))
		return;
	http_tell(call, &why);
	if (instance) {
		(void)err_wrap(&why, INSTANCE);
		explain(creds, call, &why);
		aws_creds_fail(creds, http, &why);
	} else {
		fail(creds, http, &why);
	}
}

/* Plain http only to where a token stays on the machine. Differs: the SDK resolves names and takes those that lead there. */
static int check_container(struct span text, struct err *err)
{
	struct url url;

	if (url_parse(text, &url, err) < 0)
		return err_wrap(err, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	if (!url.plain || url_loopback(&url) || span_is(url.host, "169.254.170.2") ||
	    span_is(url.host, "169.254.170.23") || span_is(url.host, "fd00:ec2::23"))
		return 0;
	return err_set(err, ERR_POLICY,
		       "AWS_CONTAINER_CREDENTIALS_FULL_URI with http to another host than this "
		       "machine, 169.254.170.2, 169.254.170.23, [fd00:ec2::23]");
}

/* The file is read each time, as the kubelet changes it. Differs: white space at its end is cut off, where the SDK gives up. */
static int container_token(const struct aws_creds *creds, struct secret_pool *pool,
			   struct span *ret_token, struct err *err)
{
	const struct key_host *host = creds->clock->host;
	CLEAN_BUF struct buf path = BUF_INIT(TOKEN_MAX);
	struct span token = creds->source->auth_token;

	buf_add_span(&path, creds->source->token_file);
	buf_add_char(&path, 0);
	if (buf_check(&path, err) < 0)
		return -1;
	if (creds->source->token_file.len &&
	    host->read_file(host->cookie, (const char *)path.data, pool, &token, err) < 0)
		return -1;
	token = trim(token);
	if ((token.len || creds->source->token_file.len) && !printable(token))
		return err_set(err, ERR_FORMAT,
			       "its authorization token is empty or has a byte "
			       "that can not be sent");
	*ret_token = token;
	return 0;
}

static void fetch_container(struct aws_creds *creds, struct http *http)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf whole = BUF_INIT(TOKEN_MAX);
	struct span token;
	struct err why = ERR_INIT;

	if (span_starts(creds->source->url, SPAN("/")))
		buf_add_str(&whole, CONTAINER_IP);
	buf_add_span(&whole, creds->source->url);
	if (buf_check(&whole, &why) < 0 || check_container(buf_span(&whole), &why) < 0 ||
	    container_token(creds, &pool, &token, &why) < 0) {
		fail(creds, http, &why);
		return;
	}
	creds->call.http.connect_ms = CONTAINER_CONNECT_MS;
	creds->call.http.request_ms = CONTAINER_REQUEST_MS;
	send(creds, http, "GET", buf_span(&whole), "", "Authorization", token);
}

void aws_metadata_fetch(struct aws_creds *creds, struct http *http)
{
	struct http_call *call = &creds->call.http;
	struct err why = ERR_INIT;

	call->done = done;
	call->cookie = creds;
	call->lane = "AWS metadata";
	call->plain = call->direct = true;
	if (creds->source->kind == AWS_SOURCE_CONTAINER) {
		fetch_container(creds, http);
		return;
	}
	call->connect_ms = INSTANCE_CONNECT_MS;
	call->request_ms = INSTANCE_REQUEST_MS;
	if (aws_endpoint_parse(creds->source->url, &creds->metadata, &why) < 0) {
		fail(creds, http, &why);
		return;
	}
	send(creds, http, "PUT", span_str(creds->metadata.url), "latest/api/token",
	     "X-aws-ec2-metadata-token-ttl-seconds", SPAN("300"));
}
