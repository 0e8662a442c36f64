/* SPDX-License-Identifier: Apache-2.0
 *
 * The Huawei Cloud KMS key service. What sops has had wrapped is the data key in base64, so that is what is opened; `enc` is Huawei's text as it is.
 * Requests are signed, so no secret leaves the machine but temporary keys' token. sops: hckms/keysource.go (Decrypt)
 */
#include "keys/key_hckms.h"

#include "base/text.h"
#include "keys/hckms_region.h"
#include "keys/hckms_token.h"
#include "keys/http_retry.h"
#include "keys/jwt.h"
#include "keys/key_batch.h"

#include <stdlib.h>

#define LANE "hckms"
#define FROM "Huawei Cloud KMS"

struct hckms {
	const struct key_host *host;
	struct hckms_token token;
	struct hckms_project *projects;
	struct key_batch batch;
};

static void done(struct http *http, struct http_call *call)
{
	struct key_task *task = key_task_of_call(call);

	if (!http_retry(http, call, http_judge(call)))
		key_task_answered(task, FROM, "plain_text", BASE64_GO);
}

static int put_together(struct key_task *task, struct span project, struct err *err)
{
	const struct hckms *kms = task->service;
	const struct sops_key *key = task->request->key;
	struct hckms_keys keys = kms->token.keys;
	struct http_ask *ask = &task->ask;
	struct hckms_id id;

	keys.project = project;
	http_ask_reset(ask);
	if (hckms_id_parse(key->id, &id, err) < 0 ||
	    hckms_endpoint(kms->host, id.region, &ask->url, err) < 0)
		return -1;
	buf_add_str(&ask->url, "/v1.0/");
	http_ask_escape(project, &ask->url);
	buf_add_str(&ask->url, "/kms/decrypt-data");
	buf_add_str(&ask->body, "{\"cipher_text\":");
	if (jwt_string(key->enc, &ask->body, err) < 0)
		return -1;
	buf_add_str(&ask->body, ",\"encryption_algorithm\":\"SYMMETRIC_DEFAULT\",\"key_id\":\"");
	buf_add_span(&ask->body, id.key);
	buf_add_str(&ask->body, "\"}");
	http_ask_header(ask, "Content-Type", SPAN("application/json;charset=UTF-8"));
	ask->call.method = "POST";
	ask->call.lane = LANE;
	ask->call.plain = span_starts(buf_span(&ask->url), SPAN("http:"));
	ask->call.done = done;
	return hckms_sign(ask, &keys, kms->host->clock(kms->host->cookie), err);
}

static void send(struct key_task *task, struct http *http, struct span project)
{
	struct err err = ERR_INIT;

	if (put_together(task, project, &err) < 0 || http_ask_send(http, &task->ask, &err) < 0)
		key_task_failed(task, &err);
}

/* The project of a region, one for all that want it. NULL with ERR_NOMEM. */
static struct hckms_project *project_of(struct hckms *kms, struct span region, struct err *err)
{
	struct hckms_project *project;

	for (project = kms->projects; project; project = project->next) {
		if (span_eq(project->region, region))
			return project;
	}
	project = calloc(1, sizeof(*project));
	if (!project) {
		(void)err_nomem(err);
		return NULL;
	}
	if (hckms_project_init(project, region, &kms->token, err) < 0) {
		free(project);
		return NULL;
	}
	project->next = kms->projects;
	kms->projects = project;
	return project;
}

static void have_project(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct key_task *task = key_task_of_wait(wait);
	const struct hckms_project *project;

	if (why) {
		key_task_failed(task, why);
		return;
	}
	project = (const struct hckms_project *)(const void *)task->token;
	send(task, http, project->id);
}

static void have_keys(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct key_task *task = key_task_of_wait(wait);
	struct hckms *kms = task->service;
	struct hckms_project *project;
	struct err err = ERR_INIT;

	if (why) {
		key_task_failed(task, why);
		return;
	}
	if (kms->token.keys.project.len) {
		send(task, http, kms->token.keys.project);
		return;
	}
	project = project_of(kms, task->detail, &err);
	if (!project) {
		key_task_failed(task, &err);
		return;
	}
	task->token = &project->cache;
	task->wait.ready = have_project;
	token_want(task->token, http, kms->host->clock(kms->host->cookie), &task->wait);
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct hckms *kms = cookie;
	size_t i;

	if (key_batch_start(&kms->batch, kms, pool, requests, n, err) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		struct key_task *task = &kms->batch.tasks[i];
		struct hckms_id id;
		struct err why = ERR_INIT;

		if (hckms_id_parse(task->request->key->id, &id, &why) < 0) {
			key_task_failed(task, &why);
			continue;
		}
		task->detail = id.region;
		task->wait.ready = have_keys;
		token_want(&kms->token.cache, http, kms->host->clock(kms->host->cookie),
			   &task->wait);
	}
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	struct hckms *kms = cookie;

	token_renew(&kms->token.cache, http, kms->host->clock(kms->host->cookie));
}

static void close_kms(void *cookie)
{
	struct hckms *kms = cookie;
	struct hckms_project *project;

	key_batch_release(&kms->batch);
	while (kms->projects) {
		project = kms->projects;
		kms->projects = project->next;
		hckms_project_release(project);
		free(project);
	}
	hckms_token_release(&kms->token);
	free(kms);
}

static const struct keyservice service = {
	.name = LANE,
	.type = SOPS_KEY_HCKMS,
	.start = start,
	.renew = renew,
	.close = close_kms,
};

int key_hckms_add(struct keyring *ring, struct err *err)
{
	struct hckms *kms = calloc(1, sizeof(*kms));

	if (!kms)
		return err_nomem(err);
	kms->host = ring->host;
	hckms_token_init(&kms->token, ring->host);
	if (keyring_add_service(ring, &service, kms, err) == 0)
		return 0;
	close_kms(kms);
	return -1;
}
