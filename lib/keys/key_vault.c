/* SPDX-License-Identifier: Apache-2.0
 *
 * The Vault key service; see key_vault.h. For each entry: may its address have our token (vault_address.h); which token (vault_setup.h,
 * vault_login.h); the call; what the answer means (vault_answer.h).
 */
#include "keys/key_vault.h"

#include "keys/key_batch.h"
#include "keys/key_host.h"
#include "keys/vault_address.h"
#include "keys/vault_answer.h"
#include "keys/vault_login.h"
#include "keys/vault_setup.h"

/* Lies in the ring's pool, with all that it points to. */
struct vault {
	struct keyring *ring;
	const char *source; /* of its Secret; NULL: ambient */
	struct span own_address;
	struct span token;   /* empty: none, or by login */
	bool found, useless; /* setup and token were looked for; in vain, as `missing` says */
	struct err missing;
	bool login;
	struct vault_setup setup;
	struct vault_login *logins;
	struct key_batch batch;
};

enum {
	STATUS_FORBIDDEN = 403,
	LOGIN_AGAIN_S = 5, /* between two logins that a refusal leads to */
};

static void start_one(struct vault *vault, struct http *http, struct key_task *task);

/* A token may be revoked before its lease ends, which Vault tells by the same 403 as that it may not use this key: so there is a login once for each key, and
 * not where the last one was just now. */
static bool log_in_again(struct key_task *task, struct http *http)
{
	const struct http_call *call = &task->ask.call;
	struct vault *vault = task->service;
	const struct key_host *host = vault->ring->host;

	if (call->failure || call->status != STATUS_FORBIDDEN || !task->token || task->renewed)
		return false;
	if (task->token->asked == task->token_asked) {
		if (host->clock(host->cookie) < task->token_asked + LOGIN_AGAIN_S)
			return false;
		token_forget(task->token);
	}
	task->renewed = true;
	http_ask_reset(&task->ask);
	start_one(vault, http, task);
	return true;
}

static void done(struct http *http, struct http_call *call)
{
	struct key_task *task = key_task_of_call(call);
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err why = ERR_INIT;
	struct span key;

	if (http_retry(http, call, vault_judge(call)) || log_in_again(task, http))
		return;
	if (vault_answer_read(call, &answer, &why) < 0 ||
	    answer_base64(&answer, "data.plaintext", BASE64_GO, task->pool, &key, &why) < 0)
		key_task_failed(task, &why);
	else
		key_task_opened(task, key);
}

static void send(struct key_task *task, struct span token, struct http *http)
{
	const struct vault *vault = task->service;
	struct http_ask *ask = &task->ask;
	struct err why = ERR_INIT;

	http_ask_header(ask, "X-Vault-Token", token);
	vault_ask_begin(ask, &vault->setup);
	ask->call.done = done;
	if (http_ask_send(http, ask, &why) < 0)
		key_task_failed(task, &why);
}

static void ready(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct key_task *task = key_task_of_wait(wait);

	if (why) {
		key_task_failed(task, why);
		return;
	}
	task->token_asked = task->token->asked;
	send(task, vault_login_token(task->token), http);
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
	vault->login = !vault->token.len && vault_login_wanted(ring);
	if (vault->token.len || vault->login)
		return 0;
	if (vault_token_find(ring, &token, err) < 0)
		return -1;
	if (!token.len)
		return err_set(err, ERR_NO_KEY,
			       "found no Vault token in 'VAULT_TOKEN', '~/.vault-token'");
	if (vault_header_value(&ring->pool, token, &vault->token, err) < 0)
		return err_wrap(err, "Vault token");
	return 0;
}

/* Everything that can be said before anything is sent. *ret_login: NULL where there is a token already. */
static int prepare(struct vault *vault, struct key_task *task, struct vault_login **ret_login,
		   struct err *err)
{
	const struct sops_key *key = task->request->key;
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
	    vault_decrypt_url(key, &task->ask.url, err) < 0 ||
	    make_body(key->enc, &task->ask.body, err) < 0)
		return -1;
	*ret_login = NULL;
	if (!vault->login)
		return 0;
	return vault_login_at(vault->ring, address, &vault->setup, &vault->logins, ret_login, err);
}

static void start_one(struct vault *vault, struct http *http, struct key_task *task)
{
	const struct key_host *host = vault->ring->host;
	struct vault_login *login;
	struct err why = ERR_INIT;

	task->wait.ready = ready;
	if (prepare(vault, task, &login, &why) < 0) {
		key_task_failed(task, &why);
	} else if (login) {
		task->token = vault_login_cache(login);
		token_want(task->token, http, host->clock(host->cookie), &task->wait);
	} else {
		send(task, vault->token, http);
	}
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct vault *vault = cookie;
	size_t i;

	if (key_batch_start(&vault->batch, vault, pool, requests, n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		start_one(vault, http, &vault->batch.tasks[i]);
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	vault_login_renew(((struct vault *)cookie)->logins, http);
}

static void close_vault(void *cookie)
{
	struct vault *vault = cookie;

	key_batch_release(&vault->batch);
	vault_login_release(vault->logins);
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
	return vault ? vault_header_value(&ring->pool, token, &vault->token, err) : -1;
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
	if (!ring->http || keyring_has(ring, SOPS_KEY_HC_VAULT))
		return 0;
	return add(ring, NULL, err) ? 0 : -1;
}
