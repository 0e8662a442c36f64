/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens and annotations of a service account; see account.h. What the API server says in words is not passed on: it may be anybody's.
 */
#include "keys/account.h"

#include "base/text.h"
#include "keys/answer.h"
#include "keys/http_retry.h"
#include "keys/jwt.h"
#include "keys/token_answer.h"

enum {
	CALLED_MAX = 1024,    /* bytes of "service account 'NAMESPACE/NAME'" */
	STATUS_OK = 200,      /* of the object */
	STATUS_CREATED = 201, /* of a token */
	STATUS_UNAUTHORIZED = 401,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
};

/* What is asked of the API server: the account, or a token of it. */
struct account_token {
	struct token_cache cache; /* first: fetch() gets it back as the token */
	struct account_token *next;
	struct account *account;
	struct span audience;    /* a null span: the account itself */
	struct span text;        /* the token */
	struct secret_pool pool; /* that it lies in */
	struct answer answer;    /* the account; its texts are the call's answer */
	struct kube_server server;
	struct secret_pool of_server;
	struct http_ask ask;
	bool again; /* the server did not know who asked, and credentials were read anew */
};

struct account {
	struct secret_pool *pool;
	const struct key_host *host;
	struct span namespace, name;
	const char *called;
	struct err refused; /* ERR_NONE: it may be used */
	struct account_token object;
	struct account_token *tokens;
};

static void drop_server(struct account_token *token)
{
	secret_pool_release(&token->of_server);
	token->of_server = (struct secret_pool)SECRET_POOL_INIT;
}

static void fail(struct account_token *token, struct http *http, struct err *why)
{
	drop_server(token);
	(void)err_wrap(why, "%s%s", token->audience.data ? "a token of " : "",
		       token->account->called);
	token_failed(&token->cache, http, why);
}

static void refused(struct account_token *token, struct http *http)
{
	const struct account *account = token->account;
	const struct http_call *call = &token->ask.call;
	bool wants_token = token->audience.data != NULL;
	struct err why = ERR_INIT;

	http_tell(call, &why);
	if (!call->failure && call->status == STATUS_UNAUTHORIZED)
		(void)err_hint(&why, "the cluster does not know who asks: a token or certificate "
				     "that has expired, or is for another cluster");
	if (!call->failure && call->status == STATUS_FORBIDDEN)
		(void)err_hint(&why,
			       "who asks may not `%s` %s '%s' in namespace '%s'; " KUBE_RBAC_EXAMPLE
			       " has a Role and RoleBinding that let it",
			       wants_token ? "create" : "get",
			       wants_token ? "serviceaccounts/token" : "serviceaccounts",
			       text_quote(account->name).text, text_quote(account->namespace).text);
	if (!call->failure && call->status == STATUS_NOT_FOUND)
		(void)err_wrap(&why, "the cluster has no such account");
	fail(token, http, &why);
}

static void take_object(struct account_token *token, struct http *http)
{
	struct err why = ERR_INIT;

	answer_release(&token->answer);
	token->answer = (struct answer)ANSWER_INIT;
	if (answer_read(buf_span(&token->ask.call.answer), &token->answer, &why) == 0 &&
	    (!span_is(answer_text(&token->answer, "kind"), "ServiceAccount") ||
	     !span_eq(answer_text(&token->answer, "metadata.name"), token->account->name) ||
	     !span_eq(answer_text(&token->answer, "metadata.namespace"),
		      token->account->namespace)))
		(void)err_set(&why, ERR_FORMAT, "the answer is another object");
	if (why.code) {
		fail(token, http, &why);
		return;
	}
	drop_server(token);
	token_fetched(&token->cache, http, TOKEN_ENDLESS);
}

static int read_token(struct account_token *token, int64_t *ret_ends, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool fresh = SECRET_POOL_INIT;
	const struct key_host *host = token->account->host;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct span text;

	if (answer_read(buf_span(&token->ask.call.answer), &answer, err) < 0 ||
	    answer_secret(&answer, "status.token", &fresh, &text, err) < 0)
		return -1;
	/* One whose end is not told is good for those that wait. */
	if (token_answer_time(&answer, "status.expirationTimestamp", ret_ends) < 0)
		*ret_ends = host->clock(host->cookie);
	secret_pool_release(&token->pool);
	token->pool = fresh;
	fresh = (struct secret_pool)SECRET_POOL_INIT;
	token->text = text;
	return 0;
}

static void take_token(struct account_token *token, struct http *http)
{
	struct err why = ERR_INIT;
	int64_t ends = 0;
	int status = read_token(token, &ends, &why);

	http_ask_reset(&token->ask);
	if (status < 0) {
		fail(token, http, &why);
		return;
	}
	drop_server(token);
	token_fetched(&token->cache, http, ends);
}

static void ask(struct account_token *token, struct http *http, bool again);

static void done(struct http *http, struct http_call *call)
{
	struct account_token *token = call->cookie;
	int good = token->audience.data ? STATUS_CREATED : STATUS_OK;

	if (http_retry(http, call, http_judge(call)))
		return;
	if (!call->failure && call->status == STATUS_UNAUTHORIZED && !token->again)
		ask(token, http, true);
	else if (call->failure || call->status != good)
		refused(token, http);
	else if (token->audience.data)
		take_token(token, http);
	else
		take_object(token, http);
}

/* Its lifetime is left to the server: an hour. */
static int add_request(struct account_token *token, struct err *err)
{
	struct buf *body = &token->ask.body;

	buf_add_str(&token->ask.url, "/token");
	http_ask_header(&token->ask, "Content-Type", SPAN("application/json"));
	buf_add_str(body, "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\","
			  "\"spec\":{\"audiences\":[");
	if (jwt_string(token->audience, body, err) < 0)
		return -1;
	buf_add_str(body, "]}}");
	return 0;
}

static void ask(struct account_token *token, struct http *http, bool again)
{
	const struct account *account = token->account;
	const struct key_host *host = account->host;
	struct err why = ERR_INIT;

	token->again = again;
	drop_server(token);
	if (account->refused.code) {
		why = account->refused;
		fail(token, http, &why);
		return;
	}
	if (host->cluster(host->cookie, again, &token->of_server, &token->server, &why) < 0 ||
	    kube_ask_begin(&token->ask, &token->server, token->audience.data ? "POST" : "GET",
			   &why) < 0) {
		fail(token, http, &why);
		return;
	}
	kube_ask_object(&token->ask, "api/v1", account->namespace, "serviceaccounts",
			account->name);
	token->ask.call.done = done;
	token->ask.call.cookie = token;
	if ((token->audience.data && add_request(token, &why) < 0) ||
	    http_ask_send(http, &token->ask, &why) < 0)
		fail(token, http, &why);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	ask((struct account_token *)(void *)cache, http, false);
}

static void init_token(struct account_token *token, struct account *account)
{
	*token = (struct account_token){
		.cache = {.fetch = fetch},
		.account = account,
		.pool = SECRET_POOL_INIT,
		.of_server = SECRET_POOL_INIT,
		.answer = ANSWER_INIT,
		.ask = HTTP_ASK_INIT,
	};
}

static void release_token(struct account_token *token)
{
	answer_release(&token->answer);
	secret_pool_release(&token->pool);
	secret_pool_release(&token->of_server);
	http_ask_release(&token->ask);
}

int account_new(struct secret_pool *pool, const struct key_host *host, struct span namespace,
		struct span name, struct account **ret_account, struct err *err)
{
	struct account *account =
		(struct account *)(void *)secret_alloc(pool, sizeof(*account), err);
	CLEAN_BUF struct buf called = BUF_INIT(CALLED_MAX);
	struct span kept;

	buf_printf(&called, "service account '%s/%s'", text_quote(namespace).text,
		   text_quote(name).text);
	buf_add_char(&called, 0);
	if (!account || buf_check(&called, err) < 0 ||
	    secret_dup(pool, buf_span(&called), &kept, err) < 0 ||
	    secret_dup(pool, namespace, &account->namespace, err) < 0 ||
	    secret_dup(pool, name, &account->name, err) < 0)
		return -1;
	account->pool = pool;
	account->host = host;
	account->called = (const char *)kept.data;
	init_token(&account->object, account);
	*ret_account = account;
	return 0;
}

void account_refuse(struct account *account, const struct err *why)
{
	account->refused = *why;
}

void account_release(struct account *account)
{
	struct account_token *token;

	if (!account)
		return;
	release_token(&account->object);
	for (token = account->tokens; token; token = token->next)
		release_token(token);
}

const char *account_called(const struct account *account)
{
	return account->called;
}

struct span account_namespace(const struct account *account)
{
	return account->namespace;
}

struct span account_name(const struct account *account)
{
	return account->name;
}

struct token_cache *account_object(struct account *account)
{
	return &account->object.cache;
}

struct span account_annotation(const struct account *account, const char *name)
{
	return doc_get_str(answer_at(&account->object.answer, "metadata.annotations"), name);
}

int account_token_for(struct account *account, struct span audience,
		      struct account_token **ret_token, struct err *err)
{
	struct account_token *token;

	for (token = account->tokens; token; token = token->next) {
		if (span_eq(token->audience, audience)) {
			*ret_token = token;
			return 0;
		}
	}
	token = (struct account_token *)(void *)secret_alloc(account->pool, sizeof(*token), err);
	if (!token)
		return -1;
	init_token(token, account);
	if (secret_dup(account->pool, audience, &token->audience, err) < 0)
		return -1;
	token->next = account->tokens;
	account->tokens = token;
	*ret_token = token;
	return 0;
}

struct token_cache *account_token_cache(struct account_token *token)
{
	return &token->cache;
}

struct span account_token_text(const struct account_token *token)
{
	return token->text;
}
