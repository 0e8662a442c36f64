/* SPDX-License-Identifier: Apache-2.0
 *
 * Huawei Cloud's access keys; see hckms_token.h. What is said of them in variables and files is used as it is; a pod's and a machine's own are
 * temporary and are asked for. huaweicloud-sdk-go-v3: core/auth/provider
 */
#include "keys/hckms_token.h"

#include "base/text.h"
#include "doc/white.h"
#include "keys/http_retry.h"
#include "keys/token_answer.h"
#include "keys/url.h"

enum {
	METADATA_CONNECT_MS = 1000, /* the service is on this machine or nowhere */
	METADATA_REQUEST_MS = 5 * 1000,
	PATH_TEXT_MAX = 4096, /* bytes, as PATH_MAX of Linux */
};

#define LANE       "hckms_token"
#define METADATA   "http://169.254.169.254"
#define FROM_POD   "Huawei's pod identity"
#define FROM_ECS   "Huawei's metadata service"
#define USUAL_FILE "/.huaweicloud/credentials"
#define ENV(name)  "HUAWEICLOUD_SDK_" name

static void fail(struct hckms_token *token, struct http *http, const struct err *why)
{
	token_failed(&token->cache, http, why);
}

/* Keeps the keys, copied, in place of those before, and lets those that wait go on. */
static void settle(struct hckms_token *token, struct http *http, const struct hckms_keys *keys,
		   int64_t ends, const char *from)
{
	struct secret_pool pool = SECRET_POOL_INIT;
	struct hckms_keys kept = *keys;
	struct err err = ERR_INIT;

	if (!keys->access.len || !keys->secret.len)
		(void)err_set(&err, ERR_FORMAT, "%s: an access key or a secret key is missing",
			      from);
	else if (secret_dup(&pool, keys->access, &kept.access, &err) == 0 &&
		 secret_dup(&pool, keys->secret, &kept.secret, &err) == 0 &&
		 (!keys->token.len || secret_dup(&pool, keys->token, &kept.token, &err) == 0) &&
		 (!keys->project.len ||
		  secret_dup(&pool, keys->project, &kept.project, &err) == 0)) {
		secret_pool_release(&token->pool);
		token->pool = pool;
		token->keys = kept;
		http_ask_reset(&token->ask);
		token_fetched(&token->cache, http, ends);
		return;
	}
	secret_pool_release(&pool);
	fail(token, http, &err);
}

static void take_credential(struct hckms_token *token, struct http *http, const char *from)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct hckms_keys keys;
	int64_t ends;

	if (token_answer_read(&token->ask.call, from, &answer, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	if (token_answer_time(&answer, "credential.expires_at", &ends) < 0)
		ends = token->host->clock(token->host->cookie);
	keys = (struct hckms_keys){
		.access = answer_text(&answer, "credential.access"),
		.secret = answer_text(&answer, "credential.secret"),
		.token = answer_text(&answer, "credential.securitytoken"),
		.project = key_host_text(token->host, ENV("PROJECT_ID")),
	};
	settle(token, http, &keys, ends, from);
}

static void done_pod(struct http *http, struct http_call *call)
{
	if (!http_retry(http, call, http_judge(call)))
		take_credential(call->cookie, http, FROM_POD);
}

static void begin_ask(struct hckms_token *token, const char *method)
{
	http_ask_reset(&token->ask);
	token->ask.call.method = method;
	token->ask.call.lane = LANE;
	token->ask.call.cookie = token;
	token->ask.call.plain = token->ask.call.direct = true;
	token->ask.call.connect_ms = METADATA_CONNECT_MS;
	token->ask.call.request_ms = METADATA_REQUEST_MS;
}

static void send_ask(struct hckms_token *token, struct http *http,
		     void (*done)(struct http *http, struct http_call *call))
{
	struct err err = ERR_INIT;

	token->ask.call.done = done;
	if (http_ask_send(http, &token->ask, &err) < 0)
		fail(token, http, &err);
}

static void ask_pod(struct hckms_token *token, struct http *http, struct span address)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const char *path =
		token->host->variable(token->host->cookie, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	struct err err = ERR_INIT;
	struct span text;
	struct url url;

	if (url_parse(address, &url, &err) < 0 || (url.plain && !url_link_local(&url))) {
		(void)err_set(&err, ERR_USAGE,
			      "HC_CONTAINER_CREDENTIALS_FULL_URI is no URL that a token may go to");
	} else if (!path || !*path) {
		(void)err_set(&err, ERR_USAGE, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE is not set");
	} else if (token->host->read_file(token->host->cookie, path, &pool, &text, &err) == 0) {
		begin_ask(token, "POST");
		buf_add_span(&token->ask.url, address);
		http_ask_header(&token->ask, "Authorization", white_trim(text));
		http_ask_header(&token->ask, "Content-Type", SPAN("application/json"));
		buf_add_str(&token->ask.body, "{}");
		token->ask.call.plain = url.plain;
		send_ask(token, http, done_pod);
		return;
	}
	fail(token, http, &err);
}

static void done_ecs(struct http *http, struct http_call *call)
{
	take_credential(call->cookie, http, FROM_ECS);
}

/* Nobody answers on most machines, or somebody who is not Huawei. */
static void done_ecs_token(struct http *http, struct http_call *call)
{
	struct hckms_token *token = call->cookie;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span text = SPAN_NULL;

	if (call->failure || call->status != 200 || !call->answer.len)
		(void)err_set(&err, ERR_NO_KEY,
			      "no Huawei Cloud credentials here, neither in HUAWEICLOUD_SDK_... "
			      "variables nor in a profile nor from a metadata service");
	else if (secret_dup(&pool, white_trim(buf_span(&call->answer)), &text, &err) == 0) {
		begin_ask(token, "GET");
		buf_add_str(&token->ask.url, METADATA "/openstack/latest/securitykey");
		http_ask_header(&token->ask, "X-Metadata-Token", text);
		send_ask(token, http, done_ecs);
		return;
	}
	fail(token, http, &err);
}

static void ask_ecs(struct hckms_token *token, struct http *http)
{
	begin_ask(token, "PUT");
	buf_add_str(&token->ask.url, METADATA "/meta-data/latest/api/token");
	http_ask_header(&token->ask, "X-Metadata-Token-Ttl-Seconds", SPAN("300"));
	send_ask(token, http, done_ecs_token);
}

/* True where there is a profile: it has been used, or has failed. */
static bool from_profile(struct hckms_token *token, struct http *http)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf path = BUF_INIT(PATH_TEXT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct span named = key_host_text(token->host, ENV("CREDENTIALS_FILE"));
	const struct doc_node *basic;
	struct hckms_keys keys;
	struct err err = ERR_INIT;
	struct span text;

	if (!named.len && !key_host_text(token->host, "HOME").len)
		return false;
	buf_add_span(&path, named.len ? named : key_host_text(token->host, "HOME"));
	buf_add_str(&path, named.len ? "" : USUAL_FILE);
	buf_add_char(&path, 0);
	if (buf_check(&path, &err) < 0 ||
	    token->host->read_file(token->host->cookie, (const char *)path.data, &pool, &text,
				   &err) < 0) {
		if (!named.len && err.code == ERR_NOT_FOUND)
			return false;
		fail(token, http, &err);
		return true;
	}
	if (doc_read(DOC_INI, text, &doc, &err) < 0) {
		/* a syntax error's message may show what it stands beside */
		(void)err_set(&err, ERR_FORMAT, "'%s' is not INI",
			      text_quote(span_str((const char *)path.data)).text);
		fail(token, http, &err);
		return true;
	}
	basic = doc_get(doc.first, "basic");
	if (!basic || basic->kind != DOC_MAP)
		basic = doc.first;
	keys = (struct hckms_keys){
		.access = doc_get_str(basic, "ak"),
		.secret = doc_get_str(basic, "sk"),
		.token = doc_get_str(basic, "security_token"),
		.project = doc_get_str(basic, "project_id"),
	};
	settle(token, http, &keys, TOKEN_ENDLESS, (const char *)path.data);
	return true;
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct hckms_token *token = (struct hckms_token *)(void *)cache;
	struct span pod = key_host_text(token->host, "HC_CONTAINER_CREDENTIALS_FULL_URI");
	struct hckms_keys keys = {
		.access = key_host_text(token->host, ENV("AK")),
		.secret = key_host_text(token->host, ENV("SK")),
		.token = key_host_text(token->host, ENV("SECURITY_TOKEN")),
		.project = key_host_text(token->host, ENV("PROJECT_ID")),
	};

	if (keys.access.len && keys.secret.len)
		settle(token, http, &keys, TOKEN_ENDLESS, ENV("AK"));
	else if (from_profile(token, http))
		return;
	else if (pod.len)
		ask_pod(token, http, pod);
	else
		ask_ecs(token, http);
}

void hckms_token_init(struct hckms_token *token, const struct key_host *host)
{
	*token =
		(struct hckms_token){.cache = {.fetch = fetch}, .host = host, .ask = HTTP_ASK_INIT};
}

void hckms_token_release(struct hckms_token *token)
{
	http_ask_release(&token->ask);
	secret_pool_release(&token->pool);
}
