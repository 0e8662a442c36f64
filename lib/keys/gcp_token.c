/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens of Google; see gcp_token.h. Each kind of credential is a short chain of calls, whose last one brings the token; the token of any kind
 * may then be changed for one of a service account. A service account's own key needs no call at all: a token that it signs is as good as one
 * that it is given (AIP-4111), and goes to no host but that of the service. Go: cloud.google.com/go/auth (credentials)
 *
 * Differs: sops asks the file's `token_uri` for a service account's token, over REST.
 */
#include "keys/gcp_token_internal.h"

#include "base/text.h"
#include "keys/http_retry.h"
#include "keys/jwt.h"
#include "keys/token_answer.h"

enum {
	LIFETIME_S =
		3600, /* of a token that we sign, and of one for a service account: the most that there is */
	BACKDATE_S = 10, /* for clocks that are not quite right */
};

#define LANE "gcp_token"

static void fail(struct gcp_token *token, struct http *http, const struct err *why)
{
	token_failed(&token->cache, http, why);
}

static void done(struct http *http, struct http_call *call)
{
	struct gcp_token *token = call->cookie;

	if (!http_retry(http, call, http_judge(call)))
		token->answered(token, http);
}

/* Sends what has been put together. */
void gcp_token_send(struct gcp_token *token, struct http *http, const char *method,
		    void (*answered)(struct gcp_token *token, struct http *http))
{
	struct err err = ERR_INIT;

	token->answered = answered;
	token->ask.call.method = method;
	if (http_ask_send(http, &token->ask, &err) < 0)
		fail(token, http, &err);
}

void gcp_token_begin(struct gcp_token *token)
{
	http_ask_reset(&token->ask);
	token->ask.call.lane = LANE;
	token->ask.call.done = done;
	token->ask.call.cookie = token;
	token->ask.call.plain = token->ask.call.direct = false;
	token->ask.call.connect_ms = token->ask.call.request_ms = 0;
}

/* The URL of one of the provider's hosts, which the operator may have put another in place of. */
void gcp_token_add_url(struct gcp_token *token, struct span url)
{
	const struct span other = token->endpoints->auth;
	size_t path = span_find(url, sizeof("https://") - 1, '/');

	buf_add_span(&token->ask.url, other.len ? other : span_sub(url, 0, path));
	buf_add_span(&token->ask.url, span_from(url, path));
	token->ask.call.plain = span_starts(other, SPAN("http:"));
}

static void add_host_url(struct gcp_token *token, const char *host, const char *path)
{
	CLEAN_BUF struct buf url = BUF_INIT(HTTP_ASK_TEXT_MAX);

	buf_printf(&url, "https://%s.%.*s%s", host, (int)token->endpoints->universe.len,
		   (const char *)token->endpoints->universe.data, path);
	gcp_token_add_url(token, buf_span(&url));
}

/* "Basic" of a client's name and password. */
void gcp_token_add_basic(struct gcp_token *token)
{
	const struct gcp_credential *credential = &token->credential;
	CLEAN_BUF struct buf pair = BUF_INIT(HTTP_ASK_TEXT_MAX);
	CLEAN_BUF struct buf value = BUF_INIT(HTTP_ASK_TEXT_MAX);

	if (!credential->client_id.len)
		return;
	http_ask_escape(credential->client_id, &pair);
	buf_add_char(&pair, ':');
	http_ask_escape(credential->client_secret, &pair);
	buf_add_str(&value, "Basic ");
	base64_encode(buf_span(&pair), true, &value);
	http_ask_header(&token->ask, "Authorization", buf_span(&value));
}

static void have_token(struct gcp_token *token, struct http *http, struct span text, int64_t ends);

/* access_token and expires_in of an answer; from: who gave it, for messages. */
void gcp_token_take(struct gcp_token *token, struct http *http, const char *from)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span text;
	int64_t seconds;

	if (token_answer_read(&token->ask.call, from, &answer, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	text = answer_text(&answer, "access_token");
	if (!text.len || !token_answer_seconds(&answer, "expires_in", &seconds)) {
		(void)err_set(&err, ERR_FORMAT, "%s: its answer holds no token", from);
		fail(token, http, &err);
		return;
	}
	have_token(token, http, text, token->host->clock(token->host->cookie) + seconds);
}

static void from_oauth2(struct gcp_token *token, struct http *http)
{
	gcp_token_take(token, http, "Google's token endpoint");
}

static void ask_user(struct gcp_token *token, struct http *http)
{
	const struct gcp_credential *credential = &token->credential;

	if (credential->kind == GCP_EXTERNAL_USER) {
		gcp_token_add_url(token, credential->token_url);
		gcp_token_add_basic(token);
	} else {
		add_host_url(token, "oauth2", "/token");
	}
	http_ask_field(&token->ask, "grant_type", SPAN("refresh_token"));
	http_ask_field(&token->ask, "refresh_token", credential->refresh_token);
	if (credential->kind == GCP_USER) {
		http_ask_field(&token->ask, "client_id", credential->client_id);
		http_ask_field(&token->ask, "client_secret", credential->client_secret);
	}
	http_ask_header(&token->ask, "Content-Type", SPAN("application/x-www-form-urlencoded"));
	gcp_token_send(token, http, "POST", from_oauth2);
}

static void sign(struct gcp_token *token, struct http *http)
{
	const struct gcp_credential *credential = &token->credential;
	CLEAN_BUF struct buf audience = BUF_INIT(HTTP_ASK_TEXT_MAX);
	CLEAN_BUF struct buf text = BUF_INIT(HTTP_ASK_TEXT_MAX);
	const int64_t now = token->host->clock(token->host->cookie) - BACKDATE_S;
	const struct jwt_claim header = {.name = "kid", .text = credential->key_id};
	struct err err = ERR_INIT;

	buf_printf(&audience, "https://%s.%.*s/",
		   credential->impersonate.len ? "iamcredentials" : "cloudkms",
		   (int)token->endpoints->universe.len,
		   (const char *)token->endpoints->universe.data);
	{
		const struct jwt_claim claims[] = {
			{.name = "iss", .text = credential->email},
			{.name = "sub", .text = credential->email},
			{.name = "aud", .text = buf_span(&audience)},
			{.name = "iat", .number = now},
			{.name = "exp", .number = now + LIFETIME_S},
		};

		if (buf_check(&audience, &err) < 0 ||
		    jwt_sign(&credential->key, CRYPTO_RS256, &header,
			     credential->key_id.len ? 1 : 0, claims, ARRAY_LEN(claims), &text,
			     &err) < 0) {
			(void)err_wrap(&err, "signing with the service account's key");
			fail(token, http, &err);
			return;
		}
	}
	have_token(token, http, buf_span(&text), now + LIFETIME_S);
}

/* Keeps the token in place of the one before, and lets those that wait go on: whatever they do, nothing here is touched after. */
static void settle(struct gcp_token *token, struct http *http, struct span text, int64_t ends)
{
	struct secret_pool fresh = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span kept;

	if (secret_dup(&fresh, text, &kept, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	secret_pool_release(&token->pool);
	token->pool = fresh;
	token->text = kept;
	http_ask_reset(&token->ask);
	token_fetched(&token->cache, http, ends);
}

static void from_impersonation(struct gcp_token *token, struct http *http)
{
	static const char from[] = "Google's service account credentials";
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span text;
	int64_t ends;

	if (token_answer_read(&token->ask.call, from, &answer, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	text = answer_text(&answer, "accessToken");
	if (!text.len || token_answer_time(&answer, "expireTime", &ends) < 0) {
		(void)err_set(&err, ERR_FORMAT, "%s: the answer holds no token", from);
		fail(token, http, &err);
		return;
	}
	settle(token, http, text, ends);
}

static void impersonate(struct gcp_token *token, struct http *http, struct span bearer)
{
	const struct gcp_credential *credential = &token->credential;
	CLEAN_BUF struct buf value = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct buf *body = &token->ask.body;
	struct err err = ERR_INIT;
	size_t i;

	buf_add_str(&value, "Bearer ");
	buf_add_span(&value, bearer);
	gcp_token_begin(token);
	gcp_token_add_url(token, credential->impersonate);
	http_ask_header(&token->ask, "Authorization", buf_span(&value));
	http_ask_header(&token->ask, "Content-Type", SPAN("application/json"));
	buf_printf(body, "{\"lifetime\":\"%llds\",\"scope\":[\"" GCP_SCOPE "\"]",
		   (long long)(credential->lifetime ? credential->lifetime : LIFETIME_S));
	for (i = 0; i < credential->delegate_count; i++) {
		buf_add_str(body, i ? "," : ",\"delegates\":[");
		if (jwt_string(credential->delegates[i], body, &err) < 0) {
			fail(token, http, &err);
			return;
		}
	}
	buf_add_str(body, credential->delegate_count ? "]}" : "}");
	gcp_token_send(token, http, "POST", from_impersonation);
}

static void have_token(struct gcp_token *token, struct http *http, struct span text, int64_t ends)
{
	if (token->credential.impersonate.len)
		impersonate(token, http, text);
	else
		settle(token, http, text, ends);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct gcp_token *token = (struct gcp_token *)(void *)cache;

	gcp_token_begin(token);
	switch (token->credential.kind) {
	case GCP_ACCESS_TOKEN:
		have_token(token, http, token->credential.token, TOKEN_ENDLESS);
		break;
	case GCP_SERVICE_ACCOUNT:
		sign(token, http);
		break;
	case GCP_USER:
	case GCP_EXTERNAL_USER:
		ask_user(token, http);
		break;
	case GCP_EXTERNAL:
		gcp_external_ask(token, http);
		break;
	case GCP_METADATA:
		gcp_metadata_ask(token, http);
		break;
	case GCP_ACCOUNT:
		gcp_account_ask(token, http);
		break;
	}
}

void gcp_token_init(struct gcp_token *token, const struct gcp_credential *credential,
		    const struct gcp_endpoints *endpoints, const struct key_host *host)
{
	*token = (struct gcp_token){
		.cache = {.fetch = fetch},
		.credential = *credential,
		.endpoints = endpoints,
		.host = host,
		.ask = HTTP_ASK_INIT,
	};
}

void gcp_token_release(struct gcp_token *token)
{
	http_ask_release(&token->ask);
	secret_pool_release(&token->pool);
	secret_pool_release(&token->account_pool);
}
