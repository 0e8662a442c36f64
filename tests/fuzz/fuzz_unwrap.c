/* SPDX-License-Identifier: Apache-2.0
 *
 * The words about wrapped keys: a request that is accepted is written back byte for byte; an accepted reply has a key exactly where one was opened.
 */
#include "keys/unwrap.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct span body)
{
	CLEAN_BUF struct buf again = BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct unwrap_request got;
	struct key_request *requests;
	struct err err = ERR_INIT;
	size_t i;

	if (unwrap_get_request(body, &doc, &got, &err) < 0) {
		assert(err.code != ERR_NONE);
		return;
	}
	requests = calloc(got.count + 1, sizeof(*requests));
	assert(requests);
	for (i = 0; i < got.count; i++)
		requests[i].key = &got.keys[i];
	unwrap_put_request(got.secret, got.label, requests, got.count, &again);
	assert(!again.bad && span_eq(span_from(buf_span(&again), UNWRAP_HEAD), body));
	free(requests);
}

static void reply(struct span body, size_t n)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct key_request got[3] = {{.verdict = KEY_NOT_TRIED}};
	struct err err = ERR_INIT;
	size_t i;

	if (unwrap_get_reply(body, &pool, got, n, &err) < 0)
		return;
	for (i = 0; i < n; i++)
		assert((got[i].verdict == KEY_OPENED) == (got[i].opened.len > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	static bool ready;

	if (!ready)
		assert(secret_init(&err) == 0);
	ready = true;
	request(span_of(data, size));
	reply(span_of(data, size), size % 4);
	return 0;
}
