/* SPDX-License-Identifier: Apache-2.0
 *
 * KMS Decrypt, one call for each wrapped key; see key_aws_kms.h. A key is asked for once its credentials are there; where KMS says that they have
 * ended, they are fetched anew, once for each key. sops: kms/keysource.go (DecryptContext)
 */
#include "keys/key_aws_kms.h"

#include "base/text.h"
#include "doc/doc_json.h"
#include "keys/answer.h"
#include "keys/aws_access.h"
#include "keys/aws_arn.h"
#include "keys/key_request.h"

#include <stdlib.h>

enum {
	CIPHERTEXT_MAX = 6144, /* bytes that KMS takes */
	PLAINTEXT_MAX = 4096,  /* bytes that KMS seals */
};

/* One request of a round. */
struct job {
	struct job *next;
	struct key_request *request;
	struct secret_pool *pool;
	struct aws_creds *creds;
	unsigned generation; /* of the credentials that it was sent with */
	bool refreshed, over;
	struct token_wait wait;
	struct aws_call call;
};

struct kms {
	struct aws_access access;
	struct aws_keys keys;
	struct job *
		jobs; /* those that are not over, and those that are over since the latest start() */
};

static void finish(struct job *job)
{
	job->over = true;
	aws_call_release(&job->call);
}

static void fail(struct job *job, const struct err *why)
{
	key_request_failed(job->request, job->pool, why);
	finish(job);
}

static struct aws_error error_of(const struct job *job)
{
	const struct http_call *call = &job->call.http;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct span code = http_call_header(call, "x-amzn-ErrorType");
	struct err ignored = ERR_INIT;

	if (call->failure != HTTP_NONE)
		return (struct aws_error){AWS_UNKNOWN, NULL};
	if (!code.len && answer_read(buf_span(&call->answer), &answer, &ignored) == 0)
		code = answer_text(&answer, "__type");
	return aws_error_of(code);
}

static void take(struct job *job)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err why = ERR_INIT;
	struct span plain;

	if (answer_read(buf_span(&job->call.http.answer), &answer, &why) < 0 ||
	    answer_base64(&answer, "Plaintext", BASE64_GO, job->pool, &plain, &why) < 0) {
		(void)err_wrap(&why, "AWS KMS");
		fail(job, &why);
		return;
	}
	if (plain.len > PLAINTEXT_MAX) {
		(void)err_set(&why, ERR_FORMAT, "AWS KMS: a data key of %zu bytes", plain.len);
		fail(job, &why);
		return;
	}
	job->request->opened = plain;
	job->request->verdict = KEY_OPENED;
	finish(job);
}

/* Whose credentials they were: what to look at where they are refused. */
static void add_whose(const struct aws_creds *creds, struct err *why)
{
	const struct aws_creds *first = creds;

	while (first->parent)
		first = first->parent;
	if (creds->parent)
		(void)err_wrap(why, "AWS KMS, role '%s' by %s",
			       text_quote(creds->assume.role_arn).text, first->source->from);
	else
		(void)err_wrap(why, "AWS KMS, credentials of %s", first->source->from);
}

static void done(struct http *http, struct http_call *call)
{
	struct job *job = call->cookie;
	struct aws_error error;
	struct err why = ERR_INIT;

	if (call->failure == HTTP_NONE && call->status == 200) {
		take(job);
		return;
	}
	error = error_of(job);
	if (aws_call_again(&job->call, http, error))
		return;
	if (error.class == AWS_EXPIRED && !job->refreshed &&
	    aws_creds_spoil(job->creds, job->generation)) {
		job->refreshed = true;
		aws_creds_want(job->creds, http, &job->wait);
		return;
	}
	aws_call_tell(&job->call, error, &why);
	if (why.code == ERR_DENIED)
		add_whose(job->creds, &why);
	else
		(void)err_wrap(&why, "AWS KMS");
	fail(job, &why);
}

static void on_creds(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct job *job = (struct job *)(void *)((char *)wait - offsetof(struct job, wait));
	struct err own = ERR_INIT;

	if (why) {
		fail(job, why);
		return;
	}
	job->generation = job->creds->generation;
	job->call.keys = &job->creds->keys;
	if (aws_call_send(&job->call, http, &own) < 0)
		fail(job, &own);
}

/* Differs: a context with a value that is null makes sops crash, one that is not UTF-8 is changed by it. */
static int add_context(const struct doc_node *context, struct buf *body, struct err *err)
{
	const struct doc_style style = {.json_indent = 0};
	const struct doc_node *kid;

	if (!context) {
		buf_add_str(body, "{}");
		return 0;
	}
	doc_each (kid, context) {
		if (kid->kind != DOC_STRING || !utf8_valid(kid->str) || !utf8_valid(kid->key))
			return err_set(err, ERR_FORMAT,
				       "entry '%s' of the encryption context is not a text",
				       text_quote(kid->key).text);
	}
	return doc_json_write_value(context, &style, body, err);
}

static int write_body(const struct sops_key *key, struct buf *body, struct err *err)
{
	CLEAN_BUF struct buf sealed = BUF_INIT(CIPHERTEXT_MAX);

	if (base64_decode(BASE64_GO, key->enc, &sealed) < 0)
		return err_set(err, ERR_FORMAT, "its 'enc' is not base64");
	if (buf_check(&sealed, err) < 0)
		return err_wrap(err, "its 'enc'");
	buf_add_str(body, "{\"CiphertextBlob\":\"");
	base64_encode(buf_span(&sealed), true, body);
	buf_add_str(body, "\",\"EncryptionContext\":");
	if (add_context(key->context, body, err) < 0)
		return -1;
	buf_add_str(body, ",\"KeyId\":\""); /* an ARN has no character that JSON escapes */
	buf_add_span(body, key->id);
	buf_add_str(body, "\"}");
	return buf_check(body, err);
}

static int prepare(struct kms *kms, struct job *job, struct err *err)
{
	const struct sops_key *key = job->request->key;
	struct aws_call *call = &job->call;
	struct aws_place *place;
	struct span region;

	if (aws_arn_key(key->id, &region, err) < 0 || write_body(key, &call->body, err) < 0 ||
	    aws_access_of(&kms->access, key->profile, key->role, region, &place, &job->creds, err) <
		    0)
		return -1;
	call->clock = &kms->access.clock;
	call->service = AWS_KMS;
	call->region = place->region;
	call->endpoint = &place->kms;
	call->tls = place->tls;
	call->content_type = "application/x-amz-json-1.1";
	call->target = "TrentService.Decrypt";
	call->http.done = done;
	call->http.cookie = job;
	job->wait.ready = on_creds;
	return 0;
}

static void free_jobs(struct kms *kms, bool all)
{
	struct job **at = &kms->jobs, *job;

	while ((job = *at)) {
		if (!all && !job->over) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		aws_call_release(&job->call);
		free(job);
	}
}

static int add_job(struct kms *kms, struct key_request *request, struct secret_pool *pool,
		   struct err *err)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return err_nomem(err);
	job->call = (struct aws_call)AWS_CALL_INIT;
	job->request = request;
	job->pool = pool;
	job->next = kms->jobs;
	kms->jobs = job;
	return 0;
}

/* The jobs lie in front of all others, the last one first. */
static void drop_jobs(struct kms *kms, size_t n)
{
	struct job *job;

	for (; n; n--) {
		job = kms->jobs;
		kms->jobs = job->next;
		free(job);
	}
}

static void begin(struct kms *kms, struct http *http, struct job *job)
{
	struct err why = ERR_INIT;

	if (prepare(kms, job, &why) < 0)
		fail(job, &why);
	else
		aws_creds_want(job->creds, http, &job->wait);
}

static int start(void *cookie, struct http *http, struct secret_pool *pool,
		 struct key_request *requests, size_t n, struct err *err)
{
	struct kms *kms = cookie;
	struct job *job;
	size_t i;

	/* A program that serves many has other rounds under way. */
	free_jobs(kms, false);
	if (!kms->jobs)
		aws_access_tidy(&kms->access);
	for (i = 0; i < n; i++) {
		if (add_job(kms, &requests[n - 1 - i], pool, err) < 0) {
			drop_jobs(kms, i);
			return -1;
		}
	}
	for (job = kms->jobs, i = 0; i < n; job = job->next, i++)
		begin(kms, http, job);
	return 0;
}

static void renew(void *cookie, struct http *http)
{
	struct kms *kms = cookie;
	struct aws_creds *creds;

	for (creds = kms->access.creds; creds; creds = creds->next)
		aws_creds_renew(creds, http);
}

static void close_all(void *cookie)
{
	struct kms *kms = cookie;

	free_jobs(kms, true);
	aws_access_release(&kms->access);
	free(kms);
}

static const struct keyservice service = {
	.name = "AWS KMS",
	.type = SOPS_KEY_KMS,
	.start = start,
	.renew = renew,
	.close = close_all,
};

static int take_options(struct keyring *ring, struct kms *kms,
			const struct key_aws_kms_options *options, struct err *err)
{
	const struct aws_keys *keys = options->keys;
	struct aws_access *access = &kms->access;
	struct span from;

	access->clock.host = ring->host;
	access->no_profiles = options->no_profiles;
	if (!keys) {
		access->account = ring->account;
		return 0;
	}
	if (secret_dup(&access->pool, span_of(options->from, strlen(options->from) + 1), &from,
		       err) < 0 ||
	    secret_dup(&access->pool, keys->access_key, &kms->keys.access_key, err) < 0 ||
	    secret_dup(&access->pool, keys->secret_key, &kms->keys.secret_key, err) < 0 ||
	    secret_dup(&access->pool, keys->session_token, &kms->keys.session_token, err) < 0)
		return -1;
	access->given_from = (const char *)from.data;
	access->given = &kms->keys;
	return 0;
}

int key_aws_kms_add(struct keyring *ring, const struct key_aws_kms_options *options,
		    struct err *err)
{
	struct kms *kms;

	if (!ring->host || !ring->http)
		return err_set(err, ERR_BUG, "a key service without a network");
	kms = calloc(1, sizeof(*kms));
	if (!kms)
		return err_nomem(err);
	kms->access = (struct aws_access)AWS_ACCESS_INIT;
	if (take_options(ring, kms, options, err) < 0 ||
	    keyring_add_service(ring, &service, kms, err) < 0) {
		close_all(kms);
		return -1;
	}
	return 0;
}
