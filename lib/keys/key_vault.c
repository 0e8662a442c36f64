/* SPDX-License-Identifier: Apache-2.0
 *
 * The Vault key service; see key_vault.h. For each entry: may its address have our token (vault_address.h); which token (vault_setup.h,
 * vault_login.h); the call; what the answer means (vault_answer.h).
 */
#include "keys/key_vault.h"

#include "keys/key_host.h"
#include "keys/vault_address.h"
#include "keys/vault_answer.h"
#include "keys/vault_login.h"
#include "keys/vault_setup.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	HEADERS = 4,
	BODY_MAX = 64 * 1024, /* bytes: a wrapped data key has a hundred */
};

/* Lies in the ring's pool, with all that it points to. */
struct vault {
	struct keyring *ring;
	const char *source; /* of its Secret; NULL: ambient */
	struct span own_address;
	const char *token;   /* the header; NULL: none, or by login */
	bool found, useless; /* setup and token were looked for; in vain, as `missing` says */
	struct err missing;
	bool login;
	struct vault_setup setup;
	struct vault_login *logins;
};

/* One entry under way. */
struct ask {
	struct token_wait wait; /* first: ready() gets it back as the ask */
	struct http_call call;
	struct batch *batch;
	struct key_request *request;
	struct vault_login *login;
	struct buf url, body;
	const char *headers[HEADERS];
};

/* All that start() was given, till the last has its verdict. */
struct batch {
	struct vault *vault;
	struct secret_pool *pool;
	size_t left;
	size_t count;
	struct ask asks[];
};

static void release(struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		http_call_release(&batch->asks[i].call);
		buf_release(&batch->asks[i].url);
		buf_release(&batch->asks[i].body);
	}
	free(batch);
}

/* Without memory for it there is none. */
static const char *keep_hint(struct secret_pool *pool, const char *hint)
{
	struct err none = ERR_INIT;
	struct span copy;

	if (secret_dup(pool, span_of(hint, strlen(hint) + 1), &copy, &none) < 0)
		return NULL;
	return (const char *)copy.data;
}

static void settle(struct ask *ask, enum key_verdict verdict, const struct err *why)
{
	struct key_request *request = ask->request;

	request->verdict = verdict;
	request->code = why->code;
	snprintf(request->why, sizeof(request->why), "%.*s", KEY_WHY_MAX - 1, why->msg);
	if (why->hint[0])
		request->hint = keep_hint(ask->batch->pool, why->hint);
	if (--ask->batch->left == 0)
		release(ask->batch);
}

static void done(struct http *http, struct http_call *call)
{
	struct ask *ask = call->cookie;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err why = ERR_INIT;

	if (http_retry(http, call, vault_judge(call)))
		return;
	if (vault_answer_read(call, &answer, &why) < 0 ||
	    answer_base64(&answer, "data.plaintext", BASE64_GO, ask->batch->pool,
			  &ask->request->opened, &why) < 0) {
		settle(ask, KEY_FAILED, &why);
		return;
	}
	settle(ask, KEY_OPENED, &why);
}

static void send(struct ask *ask, const char *token, struct http *http)
{
	const struct vault *vault = ask->batch->vault;
	struct http_call *call = &ask->call;
	size_t n = 0;

	ask->headers[n++] = token;
	ask->headers[n++] = "X-Vault-Request: true";
	ask->headers[n++] = "Content-Type: application/json";
	if (vault->setup.namespace)
		ask->headers[n++] = vault->setup.namespace;
	call->method = "PUT";
	call->url = (const char *)ask->url.data;
	call->headers = ask->headers;
	call->header_count = n;
	call->body = buf_span(&ask->body);
	call->lane = "vault";
	call->tls = &vault->setup.tls;
	call->plain = span_starts(buf_span(&ask->url), SPAN("http:"));
	call->request_ms = vault->setup.request_ms;
	call->done = done;
	call->cookie = ask;
	http_add(http, call);
}

static void ready(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct ask *ask = (struct ask *)(void *)wait;

	const char *header = why ? NULL : vault_login_header(ask->login);
	struct err own = ERR_INIT;
	struct span copy;

	/* A copy, as the login may bring another token while this one is under way. */
	if (!why &&
	    secret_dup(ask->batch->pool, span_of(header, strlen(header) + 1), &copy, &own) < 0)
		why = &own;
	if (why)
		settle(ask, KEY_FAILED, why);
	else
		send(ask, (const char *)copy.data, http);
}

/* `enc` is handed on as it is; what would not be a string in JSON is no ciphertext of Vault's. */
static int make_body(struct span enc, struct buf *body, struct err *err)
{
	size_t i;

	enc = vault_trim(enc);
	for (i = 0; i < enc.len; i++) {
		if (enc.data[i] <= ' ' || enc.data[i] >= 0x7f || enc.data[i] == '"' ||
		    enc.data[i] == '\\')
			return err_set(err, ERR_FORMAT, "'enc' is no ciphertext of Vault's");
	}
	if (!span_starts(enc, SPAN("vault:")))
		return err_set(err, ERR_FORMAT, "'enc' is no ciphertext of Vault's");
	buf_add_str(body, "{\"ciphertext\":\"");
	buf_add_span(body, enc);
	buf_add_str(body, "\"}");
	return buf_check(body, err);
}

static int find_token(struct vault *vault, struct err *err)
{
	struct keyring *ring = vault->ring;
	struct span token;

	if (vault_setup_read(ring, &vault->setup, err) < 0)
		return -1;
	vault->login = !vault->token && vault_login_wanted(ring);
	if (vault->token || vault->login)
		return 0;
	if (vault_token_find(ring, &token, err) < 0)
		return -1;
	if (!token.len)
		return err_set(err, ERR_NO_KEY,
			       "found no Vault token in 'VAULT_TOKEN', '~/.vault-token'");
	if (vault_header(&ring->pool, "X-Vault-Token", token, &vault->token, err) < 0)
		return err_wrap(err, "Vault token");
	return 0;
}

/* Everything that can be said before anything is sent. */
static int prepare(struct ask *ask, struct err *err)
{
	struct vault *vault = ask->batch->vault;
	const struct sops_key *key = ask->request->key;
	struct span address = vault_address_trim(key->address);

	if (!vault->found) {
		vault->found = true;
		vault->useless = find_token(vault, &vault->missing) < 0;
	}
	if (vault->useless) {
		*err = vault->missing;
		return -1;
	}
	if (vault_address_allowed(vault->ring->host, address, vault->own_address, err) < 0 ||
	    vault_decrypt_url(key, &ask->url, err) < 0 || make_body(key->enc, &ask->body, err) < 0)
		return -1;
	if (!vault->login)
		return 0;
	return vault_login_at(vault->ring, address, &vault->setup, &vault->logins, &ask->login,
			      err);
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct vault *vault = cookie;
	struct batch *batch = calloc(1, sizeof(*batch) + n * sizeof(batch->asks[0]));
	const struct key_host *host = vault->ring->host;
	size_t i;

	if (!batch)
		return err_nomem(err);
	batch->vault = vault;
	batch->pool = pool;
	batch->count = n;
	batch->left = n + 1; /* one for us: it stays until all have begun */
	for (i = 0; i < n; i++) {
		struct ask *ask = &batch->asks[i];
		struct err why = ERR_INIT;

		ask->batch = batch;
		ask->request = &requests[i];
		ask->call = (struct http_call)HTTP_CALL_INIT;
		ask->url = (struct buf)BUF_INIT(VAULT_URL_MAX);
		ask->body = (struct buf)BUF_INIT(BODY_MAX);
		ask->wait.ready = ready;
		if (prepare(ask, &why) < 0)
			settle(ask, why.code == ERR_NO_KEY ? KEY_NOT_MINE : KEY_FAILED, &why);
		else if (ask->login)
			token_want(vault_login_cache(ask->login), http, host->clock(host->cookie),
				   &ask->wait);
		else
			send(ask, vault->token, http);
	}
	if (--batch->left == 0)
		release(batch);
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	vault_login_renew(((struct vault *)cookie)->logins, http);
}

static void close_vault(void *cookie)
{
	vault_login_release(((struct vault *)cookie)->logins);
}

static const struct keyservice service = {
	.name = "vault",
	.type = SOPS_KEY_HC_VAULT,
	.start = start,
	.renew = renew,
	.close = close_vault,
};

/* The service of that source; NULL where it is not there. */
static struct vault *find(const struct keyring *ring, const char *source)
{
	size_t i;

	for (i = 0; i < ring->count; i++) {
		struct vault *vault = ring->services[i].cookie;

		if (ring->services[i].service == &service && vault->source && source &&
		    strcmp(vault->source, source) == 0)
			return vault;
	}
	return NULL;
}

static struct vault *add(struct keyring *ring, const char *source, struct err *err)
{
	struct vault *vault = find(ring, source);
	struct span name;

	if (vault)
		return vault;
	vault = (struct vault *)(void *)secret_alloc(&ring->pool, sizeof(*vault), err);
	if (!vault)
		return NULL;
	vault->ring = ring;
	if (source) {
		if (secret_dup(&ring->pool, span_of(source, strlen(source) + 1), &name, err) < 0)
			return NULL;
		vault->source = (const char *)name.data;
	}
	return keyring_add_service(ring, &service, vault, err) < 0 ? NULL : vault;
}

int key_vault_add_token(struct keyring *ring, const char *source, struct span token,
			struct err *err)
{
	struct vault *vault;

	token = vault_trim(token);
	if (!token.len)
		return 0;
	vault = add(ring, source, err);
	return vault ? vault_header(&ring->pool, "X-Vault-Token", token, &vault->token, err) : -1;
}

int key_vault_add_address(struct keyring *ring, const char *source, struct span address,
			  struct err *err)
{
	struct vault *vault;

	address = vault_address_trim(address);
	if (!address.len)
		return 0;
	vault = add(ring, source, err);
	return vault ? secret_dup(&ring->pool, address, &vault->own_address, err) : -1;
}

int key_vault_add_ambient(struct keyring *ring, struct err *err)
{
	size_t i;

	if (!ring->http)
		return 0;
	for (i = 0; i < ring->count; i++) {
		if (ring->services[i].service == &service)
			return 0;
	}
	return add(ring, NULL, err) ? 0 : -1;
}
