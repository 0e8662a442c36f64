/* SPDX-License-Identifier: Apache-2.0
 *
 * Access tokens of Entra; see azure_token.h. Each candidate is one call. One that is not there at all makes room for the next; one that is there and
 * is refused is the end, as in Azure's own chain: else a document could be opened as somebody else than is meant.
 * Azure SDK: sdk/azidentity (chained_token_credential.go, managed_identity_client.go)
 */
#include "keys/azure_token.h"

#include "base/text.h"
#include "doc/white.h"
#include "keys/account.h"
#include "keys/azure_assertion.h"
#include "keys/http_retry.h"
#include "keys/token_answer.h"

enum {
	IMDS_CONNECT_MS = 1000, /* the service is on this machine or nowhere */
	IMDS_REQUEST_MS = 5 * 1000,
	STATUS_BAD = 400,
	STATUS_NOT_FOUND = 404,
	STATUS_GONE = 410,
};

#define LANE           "azure_token"
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define AUDIENCE       "api://AzureADTokenExchange"
#define TENANT         "azure.workload.identity/tenant-id"
#define CLIENT         "azure.workload.identity/client-id"
#define FROM_ENTRA     "Entra's token endpoint"
#define FROM_IDENTITY  "the managed identity"
#define FROM_CLI       "az account get-access-token"
#define NOTHING_HERE \
	"no Azure credentials here, neither in AZURE_... variables nor as a managed identity"

static void try_candidate(struct azure_token *token, struct http *http);

static const struct azure_credential *candidate(const struct azure_token *token)
{
	return &token->chain->candidates[token->at];
}

static void fail(struct azure_token *token, struct http *http, const struct err *why)
{
	token_failed(&token->cache, http, why);
}

/* This one is not there: the next. */
static void pass(struct azure_token *token, struct http *http, const struct err *why)
{
	if (token->chain->chosen || token->at + 1 == token->chain->count) {
		fail(token, http, why);
		return;
	}
	token->at++;
	try_candidate(token, http);
}

/* Keeps the token in place of the one before, and lets those that wait go on. */
static void settle(struct azure_token *token, struct http *http, const struct answer *answer,
		   const char *from)
{
	const int64_t now = token->host->clock(token->host->cookie);
	struct secret_pool fresh = SECRET_POOL_INIT;
	struct span text = answer_text(answer, "access_token");
	struct err err = ERR_INIT;
	int64_t ends = now;
	struct span kept;

	if (!text.len)
		text = answer_text(answer, "accessToken");
	if (token_answer_seconds(answer, "expires_in", &ends))
		ends += now;
	else if (!token_answer_seconds(answer, "expires_on", &ends))
		ends = now; /* good for those that wait */
	if (!text.len)
		(void)err_set(&err, ERR_FORMAT, "%s: the answer holds no token", from);
	if (!text.len || secret_dup(&fresh, text, &kept, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	secret_pool_release(&token->pool);
	token->pool = fresh;
	token->text = kept;
	http_ask_reset(&token->ask);
	token->chain->chosen = true;
	token->chain->at = token->at;
	token_fetched(&token->cache, http, ends);
}

static void take_answer(struct azure_token *token, struct http *http, const char *from)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;

	if (token_answer_read(&token->ask.call, from, &answer, &err) < 0)
		fail(token, http, &err);
	else
		settle(token, http, &answer, from);
}

static void done_entra(struct http *http, struct http_call *call)
{
	if (!http_retry(http, call, http_judge(call)))
		take_answer(call->cookie, http, FROM_ENTRA);
}

static void done_identity(struct http *http, struct http_call *call)
{
	struct azure_token *token = call->cookie;
	bool named = candidate(token)->named;
	enum http_verdict verdict = http_judge(call);
	struct err err = ERR_INIT;

	/* both while the identity is being made known to the machine */
	if (!call->failure && (call->status == STATUS_NOT_FOUND || call->status == STATUS_GONE))
		verdict = HTTP_TRANSIENT;
	/* nobody answers on most machines: asking again would only take time */
	if (named && http_retry(http, call, verdict))
		return;
	if (!call->failure && call->status == 200) {
		take_answer(token, http, FROM_IDENTITY);
		return;
	}
	(void)token_answer_failed(call, FROM_IDENTITY, &err);
	if (!call->failure && call->status == STATUS_BAD)
		err.code = ERR_NO_KEY; /* the machine has no identity, or not this one */
	if (verdict != HTTP_FINAL)
		err.code = ERR_UNREACHABLE;
	if (named && err.code != ERR_NO_KEY) {
		fail(token, http, &err);
		return;
	}
	if (!named)
		(void)err_set(&err, ERR_NO_KEY, NOTHING_HERE);
	pass(token, http, &err);
}

static void begin_ask(struct azure_token *token, const char *method)
{
	http_ask_reset(&token->ask);
	token->ask.call.lane = LANE;
	token->ask.call.method = method;
	token->ask.call.cookie = token;
	token->ask.call.plain = token->ask.call.direct = false;
	token->ask.call.connect_ms = token->ask.call.request_ms = 0;
}

static void send_ask(struct azure_token *token, struct http *http)
{
	struct err err = ERR_INIT;

	if (http_ask_send(http, &token->ask, &err) < 0)
		fail(token, http, &err);
}

static void ask_identity(struct azure_token *token, struct http *http)
{
	const struct azure_chain *chain = token->chain;
	const struct azure_credential *credential = candidate(token);
	struct http_ask *ask = &token->ask;
	bool service = chain->identity_endpoint.len > 0;

	begin_ask(token, "GET");
	buf_add_span(&ask->url, service ? chain->identity_endpoint : chain->imds);
	if (!service)
		buf_add_str(&ask->url, "/metadata/identity/oauth2/token");
	http_ask_query(ask, "api-version", service ? SPAN("2019-08-01") : SPAN("2018-02-01"));
	http_ask_query(ask, "resource", token->resource);
	if (credential->client.len)
		http_ask_query(ask, "client_id", credential->client);
	if (service)
		http_ask_header(ask, "X-IDENTITY-HEADER", chain->identity_header);
	else
		http_ask_header(ask, "Metadata", SPAN("true"));
	ask->call.plain = ask->call.direct = true;
	ask->call.connect_ms = IMDS_CONNECT_MS;
	ask->call.request_ms = IMDS_REQUEST_MS;
	ask->call.done = done_identity;
	send_ask(token, http);
}

/* What shows who we are: a secret, what we sign, what the cluster has signed. */
static int add_proof(struct azure_token *token, struct err *err)
{
	const struct azure_credential *credential = candidate(token);
	const struct key_host *host = token->host;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct span proof;

	if (credential->kind == AZURE_SECRET) {
		http_ask_field(&token->ask, "client_secret", credential->secret);
		return 0;
	}
	if (credential->kind == AZURE_CERTIFICATE) {
		if (azure_assertion_sign(credential, buf_span(&token->ask.url),
					 host->clock(host->cookie), &text, err) < 0)
			return -1;
		proof = buf_span(&text);
	} else if (credential->kind == AZURE_ACCOUNT) {
		proof = account_token_text(token->account_token);
	} else {
		buf_add_span(&text, credential->token_file);
		buf_add_char(&text, 0);
		if (buf_check(&text, err) < 0 ||
		    host->read_file(host->cookie, (const char *)text.data, &pool, &proof, err) < 0)
			return -1;
		proof = white_trim(proof);
	}
	http_ask_field(&token->ask, "client_assertion_type", SPAN(ASSERTION_TYPE));
	http_ask_field(&token->ask, "client_assertion", proof);
	return 0;
}

static void ask_entra(struct azure_token *token, struct http *http)
{
	const struct azure_credential *credential = candidate(token);
	CLEAN_BUF struct buf scope = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct http_ask *ask = &token->ask;
	struct err err = ERR_INIT;

	begin_ask(token, "POST");
	buf_add_span(&ask->url, credential->authority);
	buf_add_char(&ask->url, '/');
	http_ask_escape(credential->tenant, &ask->url);
	buf_add_str(&ask->url, "/oauth2/v2.0/token");
	buf_add_span(&scope, token->resource);
	buf_add_str(&scope, "/.default");
	http_ask_field(ask, "client_id", credential->client);
	http_ask_field(ask, "grant_type", SPAN("client_credentials"));
	http_ask_field(ask, "scope", buf_span(&scope));
	if (add_proof(token, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	http_ask_header(ask, "Content-Type", SPAN("application/x-www-form-urlencoded"));
	ask->call.plain = span_starts(credential->authority, SPAN("http:"));
	ask->call.done = done_entra;
	send_ask(token, http);
}

static void on_account_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct azure_token *token =
		(struct azure_token *)(void *)((char *)wait - offsetof(struct azure_token, wait));

	if (why)
		fail(token, http, why);
	else
		ask_entra(token, http);
}

/* Who it is in which tenant, the account says itself. fluxcd/pkg: auth/azure/options.go (getIdentity) */
static void on_account(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct azure_token *token =
		(struct azure_token *)(void *)((char *)wait - offsetof(struct azure_token, wait));
	struct account *account = token->chain->account;
	struct azure_credential *credential = &token->chain->candidates[token->at];
	struct err err = ERR_INIT;

	if (why) {
		fail(token, http, why);
		return;
	}
	credential->tenant = account_annotation(account, TENANT);
	credential->client = account_annotation(account, CLIENT);
	if (!credential->tenant.len || !credential->client.len)
		(void)err_set(&err, ERR_NO_KEY, "%s has no annotation '%s'",
			      account_called(account), credential->tenant.len ? CLIENT : TENANT);
	if (err.code ||
	    account_token_for(account, SPAN(AUDIENCE), &token->account_token, &err) < 0) {
		fail(token, http, &err);
		return;
	}
	token->wait = (struct token_wait){.ready = on_account_token};
	token_want(account_token_cache(token->account_token), http,
		   token->host->clock(token->host->cookie), &token->wait);
}

static void ask_account(struct azure_token *token, struct http *http)
{
	token->wait = (struct token_wait){.ready = on_account};
	token_want(account_object(token->chain->account), http,
		   token->host->clock(token->host->cookie), &token->wait);
}

/* az, where the operator allows helpers. Its words are put together from what is none of the document's. */
static void ask_cli(struct azure_token *token, struct http *http)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf line = BUF_INIT(HTTP_ASK_TEXT_MAX);
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span output;

	buf_add_str(&line, FROM_CLI " -o json --resource ");
	buf_add_span(&line, token->resource);
	buf_add_char(&line, 0);
	if (buf_check(&line, &err) == 0 &&
	    token->host->run(token->host->cookie, KEY_HELPER_AZURE, (const char *)line.data, &pool,
			     &output, &err) == 0 &&
	    answer_read(output, &answer, &err) == 0) {
		settle(token, http, &answer, FROM_CLI);
		return;
	}
	if (err.code == ERR_POLICY || err.code == ERR_NOT_FOUND)
		(void)err_set(&err, ERR_NO_KEY, NOTHING_HERE);
	else
		(void)err_wrap(&err, FROM_CLI);
	pass(token, http, &err);
}

static void try_candidate(struct azure_token *token, struct http *http)
{
	switch (candidate(token)->kind) {
	case AZURE_MANAGED:
		ask_identity(token, http);
		break;
	case AZURE_CLI:
		ask_cli(token, http);
		break;
	case AZURE_ACCOUNT:
		ask_account(token, http);
		break;
	case AZURE_SECRET:
	case AZURE_CERTIFICATE:
	case AZURE_FEDERATED:
		ask_entra(token, http);
		break;
	}
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct azure_token *token = (struct azure_token *)(void *)cache;

	token->at = token->chain->chosen ? token->chain->at : 0;
	try_candidate(token, http);
}

void azure_token_init(struct azure_token *token, struct span resource, struct azure_chain *chain,
		      const struct key_host *host)
{
	*token = (struct azure_token){
		.cache = {.fetch = fetch},
		.chain = chain,
		.host = host,
		.resource = resource,
		.ask = HTTP_ASK_INIT,
	};
}

void azure_token_release(struct azure_token *token)
{
	http_ask_release(&token->ask);
	secret_pool_release(&token->pool);
}
