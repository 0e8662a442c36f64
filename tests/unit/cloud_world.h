/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of cloud key services share: a ring on a fake host and a fake network, requests, and a script of the calls that are expected.
 */
#ifndef CLOUD_WORLD_H
#define CLOUD_WORLD_H

#include "age_data.h"
#include "fake_host.h"
#include "fake_http.h"

#include "keys/keyring.h"
#include "keys/token_cache.h"

enum { CLOUD_STEPS = 8, CLOUD_REQUESTS = 4 };

/* One call: what it must look like, and its answer. */
struct cloud_step {
	const char *call;          /* "POST https://host/path"; NULL: no more */
	const char *header;        /* "Name: value" that is sent, or NULL */
	const char *has[3];        /* texts that the body has */
	int status;                /* 0: it is not reached */
	const char *head, *answer; /* NULL: none */
};

struct cloud_world {
	struct http http; /* first */
	struct fake_host host;
	struct keyring ring;
	const struct cloud_step *steps;
	size_t at;
	struct sops_key keys[CLOUD_REQUESTS];
	struct key_request requests[CLOUD_REQUESTS];
};

static inline void cloud_world_answer(struct http *http, struct http_call *call)
{
	struct cloud_world *world = (struct cloud_world *)(void *)http;
	const struct cloud_step *step = &world->steps[world->at++];
	char sent[4096];
	size_t i;

	(void)snprintf(sent, sizeof(sent), "%s %s", call->method, call->url);
	if (!step->call)
		fail_msg("a call more than expected: %s", sent);
	assert_string_equal(sent, step->call);
	assert_int_equal(call->plain, strncmp(call->url, "http://", 7) == 0);
	if (step->header) {
		bool found = false;

		for (i = 0; i < call->header_count; i++)
			found = found || strcmp(call->headers[i], step->header) == 0;
		if (!found)
			fail_msg("%s has no header %s", sent, step->header);
	}
	for (i = 0; i < ARRAY_LEN(step->has) && step->has[i]; i++) {
		if (!fake_http_body_has(call, step->has[i]))
			fail_msg("%s has no '%s' in '%.*s'", sent, step->has[i],
				 (int)call->body.len, (const char *)call->body.data);
	}
	if (!step->status)
		fake_http_fail(call, HTTP_UNREACHABLE);
	else
		fake_http_say(call, step->status, step->head ? step->head : "",
			      step->answer ? step->answer : "");
}

static inline void cloud_world_open(struct cloud_world *world, const char *const *variables,
				    const char *const *files)
{
	*world = (struct cloud_world){
		.http = {.answer = cloud_world_answer, .run_ms = 100 * 1000},
		.host = {.variables = variables, .files = files, .now = 1790000000},
		.ring = KEYRING_INIT,
	};
	world->ring.http = &world->http;
	world->ring.host = fake_host(&world->host);
}

/* Asks the ring's only service for n requests, which the caller has filled in, and sees that exactly these calls were made. */
static inline void cloud_world_ask(struct cloud_world *world, const struct cloud_step *steps,
				   size_t n)
{
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(world->ring.count, 1);
	world->steps = steps;
	world->at = 0;
	for (i = 0; i < n; i++)
		world->requests[i] = (struct key_request){.key = &world->keys[i]};
	assert_int_equal(world->ring.services[0].service->start(world->ring.services[0].cookie,
								&world->http, &world->ring.pool,
								world->requests, n, &err),
			 0);
	assert_int_equal(http_drive(&world->http, &err), 0);
	if (steps[world->at].call)
		fail_msg("a call that did not come: %s; %s", steps[world->at].call,
			 world->requests[0].why);
}

/* A program that serves looks at what ends soon, `seconds` later; exactly these calls are made. */
static inline void cloud_world_renew(struct cloud_world *world, int64_t seconds,
				     const struct cloud_step *steps)
{
	struct err err = ERR_INIT;

	world->host.now += seconds;
	world->steps = steps;
	world->at = 0;
	keyring_renew(&world->ring, &world->http);
	assert_int_equal(http_drive(&world->http, &err), 0);
	if (steps[world->at].call)
		fail_msg("a call that did not come: %s", steps[world->at].call);
}

static inline void cloud_world_opened(const struct cloud_world *world, size_t i, const char *text)
{
	const struct key_request *request = &world->requests[i];

	if (request->verdict != KEY_OPENED)
		fail_msg("request %zu: %d %s", i, request->code, request->why);
	assert_true(span_is(request->opened, text));
}

static inline void cloud_world_failed(const struct cloud_world *world, size_t i, enum err_code code,
				      const char *why)
{
	const struct key_request *request = &world->requests[i];

	assert_int_equal(request->verdict, code == ERR_NO_KEY ? KEY_NOT_MINE : KEY_FAILED);
	if (request->code != code || !strstr(request->why, why))
		fail_msg("request %zu: %d '%s', not %d '%s'", i, request->code, request->why, code,
			 why);
}

static inline void cloud_world_close(struct cloud_world *world)
{
	keyring_release(&world->ring);
}

static inline int cloud_world_setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

#endif
