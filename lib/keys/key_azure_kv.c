/* SPDX-License-Identifier: Apache-2.0
 *
 * The Azure Key Vault key service. A vault is asked with a token for what its address says; one that the operator has named says itself what its tokens
 * are for, when it is asked without one. Differs: an entry without a version means the newest, which is looked up first; sops asks for it as it is. sops: azkv/keysource.go (Decrypt);
 * Azure SDK: sdk/security/keyvault/azkeys
 */
#include "keys/key_azure_kv.h"

#include "base/text.h"
#include "keys/azure_ambient.h"
#include "keys/azure_vault.h"
#include "keys/http_retry.h"
#include "keys/jwt.h"
#include "keys/key_batch.h"
#include "keys/token_answer.h"

#include <stdlib.h>

enum {
	ENC_MAX = 64 * 1024, /* bytes of a wrapped key: RSA of 16384 bits makes 2 KiB */
	STATUS_BAD = 400,
	STATUS_UNAUTHORIZED = 401,
	STATUS_CONFLICT = 409,
	STATUS_OK = 200,
};

#define LANE        "azure_kv"
#define FROM        "Azure Key Vault"
#define API_VERSION "7.4"

/* A vault of the operator's, once it has been asked what its tokens are for. */
struct resource {
	struct resource *next;
	struct azure_token token;
};

struct azure_kv {
	const struct key_host *host;
	struct account *account; /* in the place of what the machine has; NULL: none */
	struct secret_pool pool; /* of the credentials, the endpoints, the resources' names */
	struct azure_chain chain;
	struct span suffixes;
	bool resolved;
	struct err unusable; /* why there is no credential; ERR_NONE: there is one */
	struct resource *resources;
	struct key_batch batch;
};

static int find_chain(struct azure_kv *kv, struct err *err)
{
	if (kv->account)
		return azure_ambient_account(kv->host, kv->account, &kv->pool, &kv->chain, err);
	if (azure_ambient_endpoints(kv->host, &kv->pool, &kv->chain, err) < 0)
		return -1;
	return azure_ambient_chain(kv->host, &kv->pool, &kv->chain, err);
}

/* What the machine has is looked for once, by the first document that wants it. */
static void resolve(struct azure_kv *kv)
{
	if (!kv->resolved && find_chain(kv, &kv->unusable) == 0)
		kv->unusable.code = ERR_NONE;
	kv->resolved = true;
}

/* The token for a resource, one for all that want it. NULL with ERR_NOMEM. */
static struct azure_token *token_for(struct azure_kv *kv, struct span name, struct err *err)
{
	struct resource *resource;
	struct span kept;

	for (resource = kv->resources; resource; resource = resource->next) {
		if (span_eq(resource->token.resource, name))
			return &resource->token;
	}
	resource = calloc(1, sizeof(*resource));
	if (!resource) {
		(void)err_nomem(err);
		return NULL;
	}
	if (secret_dup(&kv->pool, name, &kept, err) < 0) {
		free(resource);
		return NULL;
	}
	azure_token_init(&resource->token, kept, &kv->chain, kv->host);
	resource->next = kv->resources;
	kv->resources = resource;
	return &resource->token;
}

static void want_token(struct key_task *task, struct http *http, struct span resource)
{
	struct azure_kv *kv = task->service;
	struct err err = ERR_INIT;
	struct azure_token *token = token_for(kv, resource, &err);

	if (!token) {
		key_task_failed(task, &err);
		return;
	}
	task->token = &token->cache;
	token_want(task->token, http, kv->host->clock(kv->host->cookie), &task->wait);
}

/* The last part of "https://vault/keys/NAME/VERSION". */
static struct span version_of(struct span kid)
{
	size_t at = kid.len;

	while (at > 0 && kid.data[at - 1] != '/')
		at--;
	return span_from(kid, at);
}

static void send(struct key_task *task, struct http *http);

static void have_version(struct key_task *task, struct http *http, const struct answer *answer)
{
	struct span version = version_of(answer_text(answer, "key.kid"));
	struct err err = ERR_INIT;

	if (!azure_name_good(version))
		(void)err_set(&err, ERR_FORMAT, FROM ": the answer names no version of the key");
	else if (secret_dup(task->pool, version, &task->detail, &err) == 0) {
		send(task, http);
		return;
	}
	key_task_failed(task, &err);
}

static void have_key(struct key_task *task, const struct answer *answer)
{
	CLEAN_BUF struct buf key = BUF_INIT(ENC_MAX);
	struct err err = ERR_INIT;
	struct span kept;

	if (base64url_decode(answer_text(answer, "value"), &key) < 0)
		(void)err_set(&err, ERR_FORMAT, FROM ": the answer's value is not base64url");
	else if (buf_check(&key, &err) == 0 && key.len == 0)
		(void)err_set(&err, ERR_FORMAT, FROM ": the answer holds no data key");
	if (err.code || secret_dup(task->pool, buf_span(&key), &kept, &err) < 0)
		key_task_failed(task, &err);
	else
		key_task_opened(task, kept);
}

/* What a refusal comes to: a key that does not open this is no refusal of us. */
static void refused(struct key_task *task)
{
	const struct http_call *call = &task->ask.call;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT, ignored = ERR_INIT;

	(void)token_answer_failed(call, FROM, &err);
	if (!call->failure && call->status == STATUS_BAD)
		err.code = ERR_NO_KEY;
	if (!call->failure && call->status == STATUS_CONFLICT)
		err.code = ERR_UNREACHABLE;
	if (!call->failure && answer_read(buf_span(&call->answer), &answer, &ignored) == 0 &&
	    span_is(answer_text(&answer, "error.innererror.code"), "KeyDisabled"))
		(void)err_set(&err, ERR_NO_KEY, FROM ": the key is disabled");
	key_task_failed(task, &err);
}

/* The vault takes no call without a token, or not this one. True: it is asked again. */
static bool challenged(struct key_task *task, struct http *http)
{
	const struct http_call *call = &task->ask.call;
	struct azure_kv *kv = task->service;
	struct azure_challenge challenge;
	struct azure_vault vault;
	struct err err = ERR_INIT;

	if (task->renewed)
		return false;
	task->renewed = task->token != NULL;
	if (azure_vault_parse(task->request->key->address, kv->suffixes, &vault, &err) < 0 ||
	    azure_challenge_parse(http_call_header(call, "WWW-Authenticate"), &challenge, &err) <
		    0 ||
	    azure_challenge_check(&challenge, vault.authority, &err) < 0) {
		key_task_failed(task, &err);
		return true;
	}
	if (task->token)
		token_forget(task->token);
	want_token(task, http, challenge.resource);
	return true;
}

static void done(struct http *http, struct http_call *call)
{
	struct key_task *task = key_task_of_call(call);
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;

	if (http_retry(http, call, http_judge(call)))
		return;
	if (!call->failure && call->status == STATUS_UNAUTHORIZED && challenged(task, http))
		return;
	if (call->failure || call->status != STATUS_OK)
		refused(task);
	else if (token_answer_read(call, FROM, &answer, &err) < 0)
		key_task_failed(task, &err);
	else if (!task->detail.len)
		have_version(task, http, &answer);
	else
		have_key(task, &answer);
}

/* {"alg":"RSA-OAEP-256","value":"..."}: enc, decoded and encoded again, as sops does. */
static int add_body(struct key_task *task, struct err *err)
{
	CLEAN_BUF struct buf raw = BUF_INIT(ENC_MAX);

	if (base64url_decode(task->request->key->enc, &raw) < 0)
		return err_set(err, ERR_FORMAT, "its 'enc' is not base64url");
	if (buf_check(&raw, err) < 0)
		return -1;
	buf_add_str(&task->ask.body, "{\"alg\":\"RSA-OAEP-256\",\"value\":\"");
	base64url_encode(buf_span(&raw), &task->ask.body);
	buf_add_str(&task->ask.body, "\"}");
	return 0;
}

/* Without a token, nothing that is of use to anybody is sent. */
static int put_together(struct key_task *task, struct err *err)
{
	const struct azure_kv *kv = task->service;
	const struct sops_key *key = task->request->key;
	const struct azure_token *token = (const struct azure_token *)(const void *)task->token;
	CLEAN_BUF struct buf bearer = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct http_ask *ask = &task->ask;
	struct azure_vault vault;

	http_ask_reset(ask);
	if (azure_vault_parse(key->address, kv->suffixes, &vault, err) < 0)
		return -1;
	buf_printf(&ask->url, "https://%.*s/keys/%.*s/%.*s", (int)vault.authority.len,
		   (const char *)vault.authority.data, (int)key->id.len, (const char *)key->id.data,
		   (int)task->detail.len, (const char *)task->detail.data);
	buf_add_str(&ask->url, task->detail.len ? "/decrypt" : "");
	http_ask_query(ask, "api-version", SPAN(API_VERSION));
	ask->call.method = task->detail.len ? "POST" : "GET";
	ask->call.lane = LANE;
	ask->call.done = done;
	if (task->detail.len)
		http_ask_header(ask, "Content-Type", SPAN("application/json"));
	if (!token)
		return 0;
	buf_add_str(&bearer, "Bearer ");
	buf_add_span(&bearer, token->text);
	http_ask_header(ask, "Authorization", buf_span(&bearer));
	return task->detail.len ? add_body(task, err) : 0;
}

static void send(struct key_task *task, struct http *http)
{
	struct err err = ERR_INIT;

	if (put_together(task, &err) < 0 || http_ask_send(http, &task->ask, &err) < 0)
		key_task_failed(task, &err);
}

static void have_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct key_task *task = key_task_of_wait(wait);

	if (why)
		key_task_failed(task, why);
	else
		send(task, http);
}

static void start_one(struct azure_kv *kv, struct http *http, struct key_task *task)
{
	const struct sops_key *key = task->request->key;
	struct azure_vault vault;
	struct err err = ERR_INIT;

	task->wait.ready = have_token;
	task->detail = key->path;
	if (azure_vault_parse(key->address, kv->suffixes, &vault, &err) < 0)
		key_task_failed(task, &err);
	else if (!azure_name_good(key->id) || (key->path.len && !azure_name_good(key->path))) {
		(void)err_set(&err, ERR_FORMAT, "its name or version is none of a key");
		key_task_failed(task, &err);
	} else if (kv->unusable.code)
		key_task_failed(task, &kv->unusable);
	else if (vault.resource.data)
		want_token(task, http, vault.resource);
	else
		send(task, http);
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct azure_kv *kv = cookie;
	size_t i;

	resolve(kv);
	if (key_batch_start(&kv->batch, kv, pool, requests, n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		start_one(kv, http, &kv->batch.tasks[i]);
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	const struct azure_kv *kv = cookie;
	struct resource *resource;

	for (resource = kv->resources; resource; resource = resource->next)
		token_renew(&resource->token.cache, http, kv->host->clock(kv->host->cookie));
}

static void close_kv(void *cookie)
{
	struct azure_kv *kv = cookie;
	struct resource *resource;

	key_batch_release(&kv->batch);
	while (kv->resources) {
		resource = kv->resources;
		kv->resources = resource->next;
		azure_token_release(&resource->token);
		free(resource);
	}
	secret_pool_release(&kv->pool);
	free(kv);
}

static const struct keyservice service = {
	.name = LANE,
	.type = SOPS_KEY_AZURE_KV,
	.start = start,
	.renew = renew,
	.close = close_kv,
};

int key_azure_kv_add(struct keyring *ring, struct span text, struct err *err)
{
	struct azure_kv *kv = calloc(1, sizeof(*kv));
	const char *suffixes;

	if (!kv)
		return err_nomem(err);
	kv->host = ring->host;
	kv->account = ring->account;
	suffixes = kv->host->variable(kv->host->cookie, "KRM_SOPS_AZURE_VAULT_SUFFIXES");
	if (suffixes)
		kv->suffixes = span_str(suffixes);
	if (text.data) {
		if (azure_ambient_endpoints(kv->host, &kv->pool, &kv->chain, err) < 0 ||
		    azure_credential_parse(text, &kv->pool, &kv->chain.candidates[0], err) < 0)
			goto fail;
		kv->chain.count = 1;
		kv->resolved = true;
	}
	if (keyring_add_service(ring, &service, kv, err) == 0)
		return 0;
fail:
	close_kv(kv);
	return -1;
}
