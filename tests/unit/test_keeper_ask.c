/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/keeper_ask.c where a service can not even begin: whoever asks is told so, and nothing waits for what will never come.
 */
#include "files.h"

#include "keeper_ask.h"
#include "serve_options.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int begins_nothing(void *cookie, struct http *http, struct secret_pool *pool,
			  struct key_request *requests, size_t n, struct err *err)
{
	return err_nomem(err);
}

static void is_closed(void *cookie)
{
}

static const struct keyservice broken = {
	.name = "broken", .type = SOPS_KEY_AGE, .start = begins_nothing, .close = is_closed};

static void put_question(int fd)
{
	static const struct sops_key key = {
		.type = SOPS_KEY_AGE, .id = SPAN("age1x"), .enc = SPAN("none")};
	const struct key_request requests[] = {{.key = &key}, {.key = &key}};
	CLEAN_BUF struct buf frame = BUF_INIT(UNWRAP_BODY_MAX);

	unwrap_put_request(SPAN_NULL, SPAN("test"), requests, ARRAY_LEN(requests), &frame);
	assert_int_equal(write(fd, frame.data, frame.len), frame.len);
}

static void a_service_that_can_not_begin_leaves_nothing_under_way(void **state)
{
	static struct serve_options options = SERVE_OPTIONS_INIT;
	static const char *const sockets[] = {"one"};
	struct keeper_keys keys = KEEPER_KEYS_INIT;
	struct exchange_peer peer = {.uid = 1};
	struct shared_keeper *shared = calloc(1, sizeof(*shared));
	struct trail trail;
	size_t bytes = 0;
	struct ask_world world = {.keys = &keys,
				  .trail = &trail,
				  .shared = shared,
				  .sockets = sockets,
				  .bytes = &bytes};
	struct keyring *ring;
	struct err err = ERR_INIT;
	struct ask *ask;
	int fds[2];

	assert_non_null(shared);
	options.listen_count = 1;
	options.listens[0].path = sockets[0];
	assert_int_equal(secret_init(&err), 0);
	assert_int_equal(trail_open(&trail, "audit", &err), 0);
	assert_int_equal(keeper_keys_load(&keys, &options, &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN_NULL, &ring, &err), 0);
	assert_int_equal(keyring_add_service(ring, &broken, NULL, &err), 0);
	world.opening.http = keeper_keys_http(&keys);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	put_question(fds[0]);
	assert_int_equal(ask_new(fds[1], 0, &peer, shared_clock() + 60000, &ask, &err), 0);
	ask_go(ask, &world, shared_clock());
	assert_false(opening_is_held(&ask->opening));
	assert_int_equal(ask->state, ASK_OVER);
	assert_int_equal(shared->unwraps_failed, 2);
	ask_free(ask, &world);
	(void)close(fds[0]);
	(void)close(trail.fd);
	keeper_keys_release(&keys);
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_that_can_not_begin_leaves_nothing_under_way),
	};

	return cmocka_run_group_tests_name("keeper_ask", tests, files_make, files_drop);
}
