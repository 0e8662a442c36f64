/* SPDX-License-Identifier: Apache-2.0
 *
 * The wrapped keys of one round; see key_batch.h.
 */
#include "keys/key_batch.h"

#include "base/wipe.h"
#include "keys/key_request.h"
#include "keys/token_answer.h"

#include <stdlib.h>

enum { STATUS_BAD = 400 };

static void free_round(struct key_batch *round)
{
	size_t i;

	for (i = 0; i < round->count; i++)
		http_ask_release(&round->tasks[i].ask);
	wipe_free(round->tasks, round->count * sizeof(*round->tasks));
	round->tasks = NULL;
	round->count = 0;
}

static bool is_over(const struct key_batch *round)
{
	size_t i;

	for (i = 0; i < round->count && round->tasks[i].over; i++)
		;
	return i == round->count;
}

static void free_older(struct key_batch *batch, bool all)
{
	struct key_batch **at = &batch->older, *round;

	while ((round = *at)) {
		if (!all && !is_over(round)) {
			at = &round->older;
			continue;
		}
		*at = round->older;
		free_round(round);
		free(round);
	}
}

/* Makes room for the next round. */
static int set_aside(struct key_batch *batch, struct err *err)
{
	struct key_batch *older;

	free_older(batch, false);
	if (is_over(batch)) {
		free_round(batch);
		return 0;
	}
	older = calloc(1, sizeof(*older));
	if (!older)
		return err_nomem(err);
	*older = *batch;
	*batch = (struct key_batch){.older = older};
	return 0;
}

int key_batch_start(struct key_batch *batch, void *service, struct secret_pool *pool,
		    struct key_request *requests, size_t n, struct err *err)
{
	size_t i;

	if (set_aside(batch, err) < 0)
		return -1;
	batch->tasks = calloc(n ? n : 1, sizeof(*batch->tasks));
	if (!batch->tasks)
		return err_nomem(err);
	batch->count = n;
	for (i = 0; i < n; i++) {
		struct key_task *task = &batch->tasks[i];

		task->ask = (struct http_ask)HTTP_ASK_INIT;
		task->request = &requests[i];
		task->pool = pool;
		task->service = service;
	}
	return 0;
}

void key_batch_release(struct key_batch *batch)
{
	free_older(batch, true);
	free_round(batch);
}

void key_task_failed(struct key_task *task, const struct err *why)
{
	key_request_failed(task->request, task->pool, why);
	task->over = true;
}

void key_task_opened(struct key_task *task, struct span key)
{
	task->request->opened = key;
	task->request->verdict = KEY_OPENED;
	task->over = true;
}

void key_task_answered(struct key_task *task, const char *from, const char *path,
		       enum base64_rule rule)
{
	const struct http_call *call = &task->ask.call;
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;
	struct span key;

	if (token_answer_read(call, from, &answer, &err) < 0) {
		if (!call->failure && call->status == STATUS_BAD)
			err.code = ERR_NO_KEY;
	} else if (answer_base64(&answer, path, rule, task->pool, &key, &err) == 0) {
		key_task_opened(task, key);
		return;
	} else {
		(void)err_wrap(&err, "%s", from);
	}
	key_task_failed(task, &err);
}
