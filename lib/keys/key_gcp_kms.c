/* SPDX-License-Identifier: Apache-2.0
 *
 * The Google Cloud KMS key service, over REST: sops's own client speaks gRPC by default, but what is asked and answered is the same. Where it is
 * asked is Google's own endpoint or the operator's, whatever the document says. sops: gcpkms/keysource.go (Decrypt)
 */
#include "keys/key_gcp_kms.h"

#include "base/text.h"
#include "keys/gcp_ambient.h"
#include "keys/gcp_resource.h"
#include "keys/http_retry.h"
#include "keys/key_batch.h"

#include <stdlib.h>

enum {
	ENC_MAX =
		64 *
		1024, /* bytes of an opened or wrapped key: Google's own limit for what it wraps */
	STATUS_UNAUTHENTICATED = 401,
};

#define LANE "gcp_kms"
#define FROM "Google Cloud KMS"

struct gcp_kms {
	const struct key_host *host;
	struct account *account; /* in the place of what the machine has; NULL: none */
	struct secret_pool pool; /* of the credential and the endpoints */
	struct gcp_endpoints endpoints;
	struct gcp_token token;
	bool resolved;
	struct err unusable; /* why there is no credential; ERR_NONE: there is one */
	struct key_batch batch;
};

/* What the machine has is looked for once, by the first document that wants it. */
static void resolve(struct gcp_kms *kms)
{
	struct gcp_credential credential;

	if (kms->resolved)
		return;
	kms->resolved = true;
	if (gcp_ambient_endpoints(kms->host, &kms->pool, &kms->endpoints, &kms->unusable) < 0)
		return;
	if (kms->account)
		credential = (struct gcp_credential){.kind = GCP_ACCOUNT, .account = kms->account};
	else if (gcp_ambient_credential(kms->host, &kms->endpoints, &kms->pool, &credential,
					&kms->unusable) < 0)
		return;
	gcp_token_init(&kms->token, &credential, &kms->endpoints, kms->host);
	kms->unusable.code = ERR_NONE;
}

static void done(struct http *http, struct http_call *call)
{
	struct key_task *task = key_task_of_call(call);
	struct gcp_kms *kms = task->service;

	if (http_retry(http, call, http_judge(call)))
		return;
	if (!call->failure && call->status == STATUS_UNAUTHENTICATED && !task->renewed &&
	    kms->token.credential.kind != GCP_ACCESS_TOKEN) {
		/* it may have ended before its time */
		task->renewed = true;
		token_forget(&kms->token.cache);
		token_want(&kms->token.cache, http, kms->host->clock(kms->host->cookie),
			   &task->wait);
		return;
	}
	key_task_answered(task, FROM, "plaintext", BASE64_STRICT);
}

/* enc is decoded and encoded again, as sops does: line breaks in it would be none of JSON's. */
static int put_together(struct key_task *task, struct err *err)
{
	const struct gcp_kms *kms = task->service;
	const struct sops_key *key = task->request->key;
	CLEAN_BUF struct buf raw = BUF_INIT(ENC_MAX);
	CLEAN_BUF struct buf bearer = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct http_ask *ask = &task->ask;

	http_ask_reset(ask);
	if (base64_decode(BASE64_GO, key->enc, &raw) < 0)
		return err_set(err, ERR_FORMAT, "its 'enc' is not base64");
	buf_add_span(&ask->url, kms->endpoints.kms);
	if (buf_check(&raw, err) < 0 || gcp_resource_path(key->id, &ask->url, err) < 0)
		return -1;
	buf_add_str(&bearer, "Bearer ");
	buf_add_span(&bearer, kms->token.text);
	http_ask_header(ask, "Authorization", buf_span(&bearer));
	http_ask_header(ask, "Content-Type", SPAN("application/json"));
	if (kms->token.credential.quota_project.len)
		http_ask_header(ask, "X-Goog-User-Project", kms->token.credential.quota_project);
	buf_add_str(&ask->body, "{\"ciphertext\":\"");
	base64_encode(buf_span(&raw), true, &ask->body);
	buf_add_str(&ask->body, "\"}");
	ask->call.method = "POST";
	ask->call.lane = LANE;
	ask->call.together = true;
	ask->call.plain = span_starts(kms->endpoints.kms, SPAN("http:"));
	ask->call.done = done;
	return 0;
}

static void have_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct key_task *task = key_task_of_wait(wait);
	struct err err = ERR_INIT;

	if (why)
		key_task_failed(task, why);
	else if (put_together(task, &err) < 0 || http_ask_send(http, &task->ask, &err) < 0)
		key_task_failed(task, &err);
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct gcp_kms *kms = cookie;
	size_t i;

	resolve(kms);
	if (key_batch_start(&kms->batch, kms, pool, requests, n, err) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		struct key_task *task = &kms->batch.tasks[i];
		CLEAN_BUF struct buf path = BUF_INIT(HTTP_ASK_TEXT_MAX);
		struct err why = ERR_INIT;

		task->wait.ready = have_token;
		/* no token is fetched for what is no key of Google's */
		if (gcp_resource_path(task->request->key->id, &path, &why) < 0)
			key_task_failed(task, &why);
		else if (kms->unusable.code)
			key_task_failed(task, &kms->unusable);
		else
			token_want(&kms->token.cache, http, kms->host->clock(kms->host->cookie),
				   &task->wait);
	}
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	struct gcp_kms *kms = cookie;

	token_renew(&kms->token.cache, http, kms->host->clock(kms->host->cookie));
}

static void close_kms(void *cookie)
{
	struct gcp_kms *kms = cookie;

	key_batch_release(&kms->batch);
	gcp_token_release(&kms->token);
	secret_pool_release(&kms->pool);
	free(kms);
}

static const struct keyservice service = {
	.name = LANE,
	.type = SOPS_KEY_GCP_KMS,
	.start = start,
	.renew = renew,
	.close = close_kms,
};

int key_gcp_kms_add(struct keyring *ring, struct span text, struct err *err)
{
	struct gcp_kms *kms = calloc(1, sizeof(*kms));
	struct gcp_credential credential;

	if (!kms)
		return err_nomem(err);
	kms->host = ring->host;
	kms->account = ring->account;
	if (text.data) {
		if (gcp_ambient_endpoints(kms->host, &kms->pool, &kms->endpoints, err) < 0 ||
		    gcp_credential_parse(text, kms->endpoints.universe, &kms->pool, &credential,
					 err) < 0)
			goto fail;
		gcp_token_init(&kms->token, &credential, &kms->endpoints, kms->host);
		kms->resolved = true;
	}
	if (keyring_add_service(ring, &service, kms, err) == 0)
		return 0;
fail:
	close_kms(kms);
	return -1;
}
