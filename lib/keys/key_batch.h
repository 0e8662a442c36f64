/* SPDX-License-Identifier: Apache-2.0
 *
 * The wrapped keys of one round at a service that opens them one call each, with a token that they share: what all such services keep of them.
 */
#ifndef KEYS_KEY_BATCH_H
#define KEYS_KEY_BATCH_H

#include "base/text.h"
#include "keys/http_ask.h"
#include "keys/keyservice.h"
#include "keys/token_cache.h"

struct key_batch;

/* One wrapped key on its way. */
struct key_task {
	struct http_ask ask; /* first: done() finds the task by it */
	struct token_wait wait;
	struct key_request *request;
	struct secret_pool *pool;
	void *service;             /* the cookie */
	struct token_cache *token; /* that it was sent with; NULL: with none */
	int64_t token_asked; /* when that one had been asked for: the cache may have another by now */
	struct span detail; /* what its service has found out about it */
	bool over;          /* it has its verdict */
	bool renewed;       /* a token that was not taken has been changed for a new one, once */
};

struct key_batch {
	struct key_task *tasks; /* of the latest round */
	size_t count;
	struct key_batch *
		older; /* rounds that were not over when it began: a program that serves many has several under way */
};

/* Forgets the rounds before whose tasks are all over, and makes a task of each request. ERR_NOMEM. */
int key_batch_start(struct key_batch *batch, void *service, struct secret_pool *pool,
		    struct key_request *requests, size_t n, struct err *err) NODISCARD;

void key_batch_release(struct key_batch *batch);

static inline struct key_task *key_task_of_call(struct http_call *call)
{
	return (struct key_task *)(void *)call;
}

static inline struct key_task *key_task_of_wait(struct token_wait *wait)
{
	return (struct key_task *)(void *)((char *)wait - offsetof(struct key_task, wait));
}

/* The verdict: key lies in the pool. */
void key_task_opened(struct key_task *task, struct span key);
/* The verdict of an answer that has the data key in base64 at that path. from: who has answered, for messages. Status 400 means a wrapped key that this
 * key does not open, or a version of it that is gone: that is no refusal of us. */
void key_task_answered(struct key_task *task, const char *from, const char *path,
		       enum base64_rule rule);
/* The verdict: key_request_failed(). */
void key_task_failed(struct key_task *task, const struct err *why);

#endif
