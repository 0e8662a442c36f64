/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault's login by a Kubernetes service account; see vault_login.h. The account's token is read for each login, as it rotates.
 */
#include "keys/vault_login.h"

#include "keys/jwt.h"
#include "keys/key_host.h"
#include "keys/vault_address.h"
#include "keys/vault_answer.h"

#include <stdio.h>

#define POD_TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"

enum {
	BODY_MAX = 64 * 1024,   /* bytes: a token has 1 to 4 KiB */
	CLAIMS_MAX = 64 * 1024, /* bytes, of the token's middle part */
	HEADERS = 3,
};

struct vault_login {
	struct token_cache cache; /* first: fetch() gets it back as the login */
	struct vault_login *next;
	struct keyring *ring;
	const struct vault_setup *setup;
	struct span address;
	struct http_call call;
	struct buf url, body;
	const char *headers[HEADERS];
	struct secret_pool pool; /* of the token */
	const char *token;       /* the header */
	int64_t asked;           /* seconds since 1970 */
};

bool vault_login_wanted(const struct keyring *ring)
{
	return key_host_variable(ring->host, "KRM_SOPS_VAULT_LOGIN") != NULL;
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

const char *vault_login_header(const struct vault_login *login)
{
	return login->token;
}

/* The claims of a token, whose signature is Vault's business. */
static int read_claims(struct span token, struct buf *text, struct answer *ret_claims,
		       struct err *err)
{
	size_t first = span_find(token, 0, '.'), second = span_find(token, first + 1, '.');

	if (second >= token.len ||
	    base64url_decode(span_sub(token, first + 1, second - first - 1), text) < 0 ||
	    buf_check(text, err) < 0 || answer_read(buf_span(text), ret_claims, err) < 0)
		return err_set(err, ERR_FORMAT, "it is no JSON web token");
	return 0;
}

static bool meant_for(const struct answer *claims, struct span address)
{
	const struct doc_node *aud = answer_at(claims, "aud"), *one;

	if (aud && aud->kind == DOC_STRING)
		return span_eq(vault_address_trim(aud->str), address);
	if (!aud || aud->kind != DOC_LIST)
		return false;
	doc_each (one, aud) {
		if (one->kind == DOC_STRING && span_eq(vault_address_trim(one->str), address))
			return true;
	}
	return false;
}

/* "system:serviceaccount:NAMESPACE:NAME" to "NAMESPACE_NAME". */
static int add_role(const struct answer *claims, struct buf *out, struct err *err)
{
	const struct span prefix = SPAN("system:serviceaccount:");
	struct span subject = answer_text(claims, "sub"), name;
	size_t colon;

	if (!span_starts(subject, prefix))
		return err_set(err, ERR_FORMAT, "it is not a service account's");
	name = span_from(subject, prefix.len);
	colon = span_find(name, 0, ':');
	buf_add_span(out, span_sub(name, 0, colon));
	buf_add_char(out, '_');
	buf_add_span(out, span_from(name, colon + 1));
	return 0;
}

static int make_body(struct vault_login *login, struct span token, bool named, struct err *err)
{
	const char *said = key_host_variable(login->ring->host, "KRM_SOPS_VAULT_ROLE");
	CLEAN_BUF struct buf text = BUF_INIT(CLAIMS_MAX);
	CLEAN_BUF struct buf role = BUF_INIT(CLAIMS_MAX);
	CLEAN_ANSWER struct answer claims = ANSWER_INIT;

	if (read_claims(token, &text, &claims, err) < 0)
		return -1;
	if (!named && !meant_for(&claims, login->address))
		return err_set(err, ERR_POLICY, "it is not meant for this address (its audience)");
	if (said)
		buf_add_str(&role, said);
	else if (add_role(&claims, &role, err) < 0)
		return -1;
	buf_reset(&login->body);
	buf_add_str(&login->body, "{\"role\":");
	if (buf_check(&role, err) < 0 || jwt_string(buf_span(&role), &login->body, err) < 0)
		return -1;
	buf_add_str(&login->body, ",\"jwt\":");
	if (jwt_string(token, &login->body, err) < 0)
		return -1;
	buf_add_str(&login->body, "}");
	return buf_check(&login->body, err);
}

static int read_token(struct vault_login *login, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct key_host *host = login->ring->host;
	const char *named = key_host_variable(host, "KRM_SOPS_VAULT_JWT_FILE");
	const char *path = named ? named : POD_TOKEN;
	struct span text;

	if (host->read_file(host->cookie, path, &pool, &text, err) < 0)
		return -1;
	if (make_body(login, vault_trim(text), named != NULL, err) < 0)
		return err_wrap(err, "service account token '%s'", text_quote(span_str(path)).text);
	return 0;
}

static int take_token(struct vault_login *login, int64_t *ret_ends, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool fresh = SECRET_POOL_INIT;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	const char *header;
	struct span token;
	int64_t seconds = 0;

	if (vault_answer_read(&login->call, &answer, err) < 0 ||
	    answer_secret(&answer, "auth.client_token", &fresh, &token, err) < 0 ||
	    vault_header(&fresh, "X-Vault-Token", token, &header, err) < 0)
		return err_wrap(err, "login by service account");
	secret_pool_release(&login->pool);
	login->pool = fresh;
	fresh = (struct secret_pool)SECRET_POOL_INIT;
	login->token = header;
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
		token_failed(&login->cache, http, &why);
	else
		token_fetched(&login->cache, http, ends);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct vault_login *login = (struct vault_login *)(void *)cache;
	struct http_call *call = &login->call;
	struct err why = ERR_INIT;

	login->asked = login->ring->host->clock(login->ring->host->cookie);
	if (read_token(login, &why) < 0) {
		token_failed(cache, http, &why);
		return;
	}
	call->body = buf_span(&login->body);
	http_add(http, call);
}

static int make(struct vault_login *login, struct err *err)
{
	const char *path = key_host_variable(login->ring->host, "KRM_SOPS_VAULT_LOGIN");
	struct http_call *call = &login->call;
	size_t n = 0;

	if (vault_url(login->address, span_str(path), &login->url, err) < 0)
		return err_wrap(err, "KRM_SOPS_VAULT_LOGIN");
	login->headers[n++] = "X-Vault-Request: true";
	login->headers[n++] = "Content-Type: application/json";
	if (login->setup->namespace)
		login->headers[n++] = login->setup->namespace;
	call->method = "PUT";
	call->url = (const char *)login->url.data;
	call->headers = login->headers;
	call->header_count = n;
	call->lane = "vault";
	call->tls = &login->setup->tls;
	call->plain = span_starts(login->address, SPAN("http:"));
	call->request_ms = login->setup->request_ms;
	call->done = logged_in;
	call->cookie = login;
	return 0;
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
	if (!login || secret_dup(&ring->pool, address, &login->address, err) < 0)
		return -1;
	login->cache.fetch = fetch;
	login->ring = ring;
	login->setup = setup;
	login->call = (struct http_call)HTTP_CALL_INIT;
	login->url = (struct buf)BUF_INIT(VAULT_URL_MAX);
	login->body = (struct buf)BUF_INIT(BODY_MAX);
	if (make(login, err) < 0) {
		buf_release(&login->url);
		return -1;
	}
	login->next = *list;
	*list = login;
	*ret_login = login;
	return 0;
}

void vault_login_release(struct vault_login *list)
{
	for (; list; list = list->next) {
		http_call_release(&list->call);
		buf_release(&list->url);
		buf_release(&list->body);
		secret_pool_release(&list->pool);
	}
}
