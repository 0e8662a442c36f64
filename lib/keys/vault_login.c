/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault's login by a Kubernetes service account; see vault_login.h. The account's token is read or asked for at each login, as it rotates.
 */
#include "keys/vault_login.h"

#include "keys/account.h"
#include "keys/account_claims.h"
#include "keys/jwt.h"
#include "keys/key_host.h"
#include "keys/vault_address.h"
#include "keys/vault_answer.h"

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

enum {
	PATH_LEN_MAX = 4096,
};

struct vault_login {
	struct token_cache cache; /* first: fetch() gets it back as the login */
	struct vault_login *next;
	struct keyring *ring;
	const struct vault_setup *setup;
	struct span address, path;
	struct http_ask ask;
	const char *pod_token;   /* the file */
	struct secret_pool pool; /* of the token */
	struct span token;
	int64_t asked; /* seconds since 1970 */
	struct account
		*own; /* the pod's, once its token was found to be meant for others; NULL before */
	struct account_token *account; /* whose token is waited for */
	struct token_wait wait;
};

bool vault_login_wanted(const struct keyring *ring)
{
	return key_host_variable(ring->host, "KRM_SOPS_VAULT_LOGIN") ||
	       (ring->host && ring->host->vault_instance);
}

struct token_cache *vault_login_cache(struct vault_login *login)
{
	return &login->cache;
}

void vault_login_renew(struct vault_login *list, struct http *http)
{
	const struct key_host *host;

	for (; list; list = list->next) {
		host = list->ring->host;
		token_renew(&list->cache, http, host->clock(host->cookie));
	}
}

struct span vault_login_token(const struct token_cache *cache)
{
	return ((const struct vault_login *)(const void *)cache)->token;
}

static int check_audience(const struct account_claims *claims, struct span address, struct err *err)
{
	return account_claims_for(claims, address)
		       ? 0
		       : err_set(err, ERR_POLICY,
				 "it is not meant for this address (its audience)");
}

/* NAMESPACE_NAME, as Flux calls the role. */
static int add_role(const struct account_claims *claims, struct buf *out, struct err *err)
{
	struct span namespace, name;

	if (account_claims_subject(claims, &namespace, &name, err) < 0)
		return -1;
	buf_add_span(out, namespace);
	buf_add_char(out, '_');
	buf_add_span(out, name);
	return 0;
}

static int make_body(struct vault_login *login, const struct account_claims *claims,
		     struct span token, struct err *err)
{
	const char *said = key_host_variable(login->ring->host, "KRM_SOPS_VAULT_ROLE");
	CLEAN_BUF struct buf role = BUF_INIT(ACCOUNT_TOKEN_MAX);
	struct buf *body = &login->ask.body;

	if (said)
		buf_add_str(&role, said);
	else if (add_role(claims, &role, err) < 0)
		return -1;
	buf_add_str(body, "{\"role\":");
	if (buf_check(&role, err) < 0 || jwt_string(buf_span(&role), body, err) < 0)
		return -1;
	buf_add_str(body, ",\"jwt\":");
	if (jwt_string(token, body, err) < 0)
		return -1;
	buf_add_str(body, "}");
	return 0;
}

static void fail(struct vault_login *login, struct http *http, const struct err *why)
{
	token_failed(&login->cache, http, why);
}

static void logged_in(struct http *http, struct http_call *call);

static int put_together(struct vault_login *login, const struct account_claims *claims,
			struct span token, struct err *err)
{
	struct http_ask *ask = &login->ask;

	if (make_body(login, claims, token, err) < 0)
		return -1;
	vault_ask_begin(ask, login->setup);
	ask->call.done = logged_in;
	ask->call.cookie = login;
	return 0;
}

static void send(struct vault_login *login, struct http *http)
{
	struct err why = ERR_INIT;

	if (http_ask_send(http, &login->ask, &why) < 0)
		fail(login, http, &why);
}

static int take_token(struct vault_login *login, int64_t *ret_ends, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool fresh = SECRET_POOL_INIT;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct span token;
	int64_t seconds = 0;

	if (vault_answer_read(&login->ask.call, &answer, err) < 0 ||
	    answer_secret(&answer, "auth.client_token", &fresh, &token, err) < 0 ||
	    vault_header_value(&fresh, token, &token, err) < 0)
		return err_wrap(err, "login by service account");
	secret_pool_release(&login->pool);
	login->pool = fresh;
	fresh = (struct secret_pool)SECRET_POOL_INIT;
	login->token = token;
	/* 0: it has no end. */
	if (!answer_number(&answer, "auth.lease_duration", &seconds) || seconds <= 0)
		*ret_ends = TOKEN_ENDLESS;
	else
		*ret_ends = login->asked + seconds;
	return 0;
}

static void logged_in(struct http *http, struct http_call *call)
{
	struct vault_login *login = call->cookie;
	struct err why = ERR_INIT;
	int64_t ends = 0;

	if (http_retry(http, call, vault_judge(call)))
		return;
	if (take_token(login, &ends, &why) < 0)
		fail(login, http, &why);
	else
		token_fetched(&login->cache, http, ends);
}

/* The cluster has made a token for this address. */
static void have_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct vault_login *login =
		(struct vault_login *)(void *)((char *)wait - offsetof(struct vault_login, wait));
	struct span token = why ? SPAN_NULL : account_token_text(login->account);
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct err own = ERR_INIT;

	if (why)
		own = *why;
	else if (account_claims_read(token, &claims, &own) < 0 ||
		 check_audience(&claims, login->address, &own) < 0 ||
		 put_together(login, &claims, token, &own) < 0)
		(void)err_wrap(&own, "the token that the cluster has made");
	if (own.code)
		fail(login, http, &own);
	else
		send(login, http);
}

static void ask_cluster(struct vault_login *login, struct http *http, struct account *account)
{
	const struct key_host *host = login->ring->host;
	struct err why = ERR_INIT;

	if (account_token_for(account, login->address, &login->account, &why) < 0) {
		fail(login, http, &why);
		return;
	}
	login->wait = (struct token_wait){.ready = have_token};
	token_want(account_token_cache(login->account), http, host->clock(host->cookie),
		   &login->wait);
}

/* The account that the pod's token is of, which the cluster is asked about instead. */
static int find_own(struct vault_login *login, const struct account_claims *claims, struct err *err)
{
	struct span namespace, name;

	if (login->own)
		return 0;
	if (account_claims_subject(claims, &namespace, &name, err) < 0)
		return -1;
	return account_new(&login->ring->pool, login->ring->host, namespace, name, &login->own,
			   err);
}

/* A token that lies in a file. *ret_ask: it is meant for somebody else, and the cluster can make one that is not. */
static int read_token(struct vault_login *login, bool *ret_ask, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct key_host *host = login->ring->host;
	const char *named = key_host_variable(host, "KRM_SOPS_VAULT_JWT_FILE");
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct span token;

	if (host->read_file(host->cookie, named ? named : login->pod_token, &pool, &token, err) < 0)
		return -1;
	token = vault_trim(token);
	if (account_claims_read(token, &claims, err) < 0)
		return -1;
	*ret_ask = !named && host->cluster && !account_claims_for(&claims, login->address);
	if (*ret_ask)
		return find_own(login, &claims, err);
	if (!named && check_audience(&claims, login->address, err) < 0)
		return -1;
	return put_together(login, &claims, token, err);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct vault_login *login = (struct vault_login *)(void *)cache;
	const struct key_host *host = login->ring->host;
	const char *named = key_host_variable(host, "KRM_SOPS_VAULT_JWT_FILE");
	struct err why = ERR_INIT;
	bool ask = false;

	login->asked = host->clock(host->cookie);
	http_ask_reset(&login->ask);
	if (vault_url(login->address, login->path, &login->ask.url, &why) < 0) {
		(void)err_wrap(&why, "the path of the login");
		fail(login, http, &why);
		return;
	}
	if (!named && login->ring->account) {
		ask_cluster(login, http, login->ring->account);
		return;
	}
	if (read_token(login, &ask, &why) < 0) {
		(void)err_wrap(&why, "service account token '%s'",
			       text_quote(span_str(named ? named : login->pod_token)).text);
		fail(login, http, &why);
	} else if (ask) {
		ask_cluster(login, http, login->own);
	} else {
		send(login, http);
	}
}

/* KRM_SOPS_SERVICE_ACCOUNT: where else the pod's account is mounted, as krm-sops reads it for the cluster itself. */
static int find_pod_token(struct vault_login *login, struct err *err)
{
	const char *said = key_host_variable(login->ring->host, "KRM_SOPS_SERVICE_ACCOUNT");
	CLEAN_BUF struct buf path = BUF_INIT(PATH_LEN_MAX);
	struct span kept;

	buf_printf(&path, "%s/token", said ? said : POD_FOLDER);
	buf_add_char(&path, 0);
	if (buf_check(&path, err) < 0 ||
	    secret_dup(&login->ring->pool, buf_span(&path), &kept, err) < 0)
		return -1;
	login->pod_token = (const char *)kept.data;
	return 0;
}

/* The list's own path first: there may be other logins at other addresses. */
static int find_path(struct vault_login *login, struct err *err)
{
	const struct key_host *host = login->ring->host;
	struct span path = SPAN_NULL;

	if (host->vault_instance &&
	    host->vault_instance(host->cookie, login->address, &path, err) < 0)
		return -1;
	if (!path.len)
		path = key_host_text(host, "KRM_SOPS_VAULT_LOGIN");
	if (!path.len)
		return err_set(err, ERR_POLICY,
			       "no login path is configured for this address, and no token");
	return secret_dup(&login->ring->pool, path, &login->path, err);
}

static int make(struct vault_login *login, struct span address, struct err *err)
{
	struct secret_pool *pool = &login->ring->pool;

	login->cache.fetch = fetch;
	login->ask = (struct http_ask)HTTP_ASK_INIT;
	if (secret_dup(pool, address, &login->address, err) < 0 || find_path(login, err) < 0)
		return -1;
	return find_pod_token(login, err);
}

int vault_login_at(struct keyring *ring, struct span address, const struct vault_setup *setup,
		   struct vault_login **list, struct vault_login **ret_login, struct err *err)
{
	struct vault_login *login;

	for (login = *list; login; login = login->next) {
		if (span_eq(login->address, address)) {
			*ret_login = login;
			return 0;
		}
	}
	login = (struct vault_login *)(void *)secret_alloc(&ring->pool, sizeof(*login), err);
	if (!login)
		return -1;
	login->ring = ring;
	login->setup = setup;
	if (make(login, address, err) < 0)
		return -1;
	login->next = *list;
	*list = login;
	*ret_login = login;
	return 0;
}

void vault_login_release(struct vault_login *list)
{
	for (; list; list = list->next) {
		account_release(list->own);
		http_ask_release(&list->ask);
		secret_pool_release(&list->pool);
	}
}
