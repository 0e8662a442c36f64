/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault's login by a Kubernetes service account; see vault_login.h.
 */
#include "keys/vault_login.h"

#include "keys/jwt.h"
#include "keys/key_host.h"
#include "keys/vault_account.h"
#include "keys/vault_address.h"
#include "keys/vault_answer.h"

struct vault_login {
	struct token_cache cache; /* first: fetch() gets it back as the login */
	struct vault_login *next;
	const struct vault_setup *setup;
	struct vault_account account;
	struct span path;
	struct http_ask ask;
	struct secret_pool pool; /* of the token */
	struct span token;
	int64_t asked; /* seconds since 1970 */
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
		host = list->account.ring->host;
		token_renew(&list->cache, http, host->clock(host->cookie));
	}
}

struct span vault_login_token(const struct token_cache *cache)
{
	return ((const struct vault_login *)(const void *)cache)->token;
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
	const char *said = key_host_variable(login->account.ring->host, "KRM_SOPS_VAULT_ROLE");
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

static void have_token(struct vault_account *account, struct http *http, struct span token,
		       const struct account_claims *claims, const struct err *why)
{
	struct vault_login *login =
		(struct vault_login *)(void *)((char *)account -
					       offsetof(struct vault_login, account));
	struct err own = ERR_INIT;

	if (why || put_together(login, claims, token, &own) < 0 ||
	    http_ask_send(http, &login->ask, &own) < 0)
		fail(login, http, why ? why : &own);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct vault_login *login = (struct vault_login *)(void *)cache;
	const struct key_host *host = login->account.ring->host;
	struct err why = ERR_INIT;

	login->asked = host->clock(host->cookie);
	http_ask_reset(&login->ask);
	if (vault_url(login->account.address, login->path, &login->ask.url, &why) < 0) {
		(void)err_wrap(&why, "the path of the login");
		fail(login, http, &why);
		return;
	}
	vault_account_want(&login->account, http);
}

/* The list's own path first: there may be other logins at other addresses. */
static int find_path(struct vault_login *login, struct err *err)
{
	const struct key_host *host = login->account.ring->host;
	struct span path = SPAN_NULL;

	if (host->vault_instance &&
	    host->vault_instance(host->cookie, login->account.address, &path, err) < 0)
		return -1;
	if (!path.len)
		path = key_host_text(host, "KRM_SOPS_VAULT_LOGIN");
	if (!path.len)
		return err_set(err, ERR_POLICY,
			       "no login path is configured for this address, and no token");
	return secret_dup(&login->account.ring->pool, path, &login->path, err);
}

static int make(struct vault_login *login, struct span address, struct err *err)
{
	struct vault_account *account = &login->account;

	login->cache.fetch = fetch;
	login->ask = (struct http_ask)HTTP_ASK_INIT;
	account->have = have_token;
	if (secret_dup(&account->ring->pool, address, &account->address, err) < 0 ||
	    find_path(login, err) < 0)
		return -1;
	return vault_account_init(account, err);
}

int vault_login_at(struct keyring *ring, struct span address, const struct vault_setup *setup,
		   struct vault_login **list, struct vault_login **ret_login, struct err *err)
{
	struct vault_login *login;

	for (login = *list; login; login = login->next) {
		if (span_eq(login->account.address, address)) {
			*ret_login = login;
			return 0;
		}
	}
	login = (struct vault_login *)(void *)secret_alloc(&ring->pool, sizeof(*login), err);
	if (!login)
		return -1;
	login->account.ring = ring;
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
		vault_account_release(&list->account);
		http_ask_release(&list->ask);
		secret_pool_release(&list->pool);
	}
}
