/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/http.c and http_curl: how many calls at a time, how long, how much, what is refused, and what is told of each end. With a server on
 * loopback.
 */
#include "http_server.h"
#include "mangle.h"

#include "keys/http.h"
#include "keys/http_retry.h"

#include <malloc.h>
#include <time.h>

enum { CALLS = 12 };

struct test_call {
	struct http_call call; /* first: done() finds the rest by it */
	char url[128];
	int ends;  /* how often done() was called */
	int again; /* how often it is sent again, */
	int delay; /* after so many milliseconds */
};

static void done(struct http *http, struct http_call *call)
{
	struct test_call *test = (struct test_call *)(void *)call;

	test->ends++;
	if (test->again && call->failure != HTTP_LATE) {
		test->again--;
		http_again(http, call, test->delay);
	}
}

static void set(struct test_call *test, const struct http_server *server, const char *path)
{
	*test = (struct test_call){.call = HTTP_CALL_INIT};
	snprintf(test->url, sizeof(test->url), "http://127.0.0.1:%d%s", server->port, path);
	test->call.method = "GET";
	test->call.url = test->url;
	test->call.lane = "test";
	test->call.plain = true;
	test->call.direct = true;
	test->call.done = done;
}

static void test_release(struct test_call *test)
{
	http_call_release(&test->call);
}

static void http_clean(struct http **http)
{
	http_free(*http);
}

#define CLEAN_HTTP CLEANUP(http_clean)
#define CLEAN_TEST CLEANUP(test_release)

static struct http *make(int at_once, int run_ms)
{
	const struct http_options options = {.at_once = at_once, .run_ms = run_ms};
	struct err err = ERR_INIT;
	struct http *http = NULL;

	assert_int_equal(http_new(&options, &http, &err), 0);
	return http;
}

static void drive(struct http *http)
{
	struct err err = ERR_INIT;

	assert_int_equal(http_drive(http, &err), 0);
}

static int64_t ms_now(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One call on its own; the caller looks at how it ended. */
static void run_one(struct test_call *test)
{
	CLEAN_HTTP struct http *http = make(0, 0);

	http_add(http, &test->call);
	drive(http);
	assert_int_equal(test->ends, 1);
}

static void a_lane_has_so_many_at_a_time(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(3, 0);
	struct test_call tests[CALLS];

	server_start(&server);
	for (int i = 0; i < CALLS; i++) {
		set(&tests[i], &server, "/200/40");
		http_add(http, &tests[i].call);
	}
	drive(http);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(tests[i].ends, 1);
		assert_int_equal(tests[i].call.failure, HTTP_NONE);
		assert_int_equal(tests[i].call.status, 200);
		assert_true(span_is(buf_span(&tests[i].call.answer), "fine"));
		assert_true(span_is(http_call_header(&tests[i].call, "x-test"), "a b"));
		test_release(&tests[i]);
	}
	assert_int_equal(server.requests, CALLS);
	assert_int_equal(server.most, 3);
	assert_int_equal(server.count, 3); /* connections are kept */
}

static void another_service_has_a_lane_of_its_own(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(2, 0);
	struct test_call tests[CALLS];

	server_start(&server);
	for (int i = 0; i < CALLS; i++) {
		set(&tests[i], &server, "/200/60");
		tests[i].call.lane = i % 2 ? "one" : "two";
		http_add(http, &tests[i].call);
	}
	drive(http);
	for (int i = 0; i < CALLS; i++)
		test_release(&tests[i]);
	assert_int_equal(server.most, 4);
}

/* Of one who has many calls under way at a slow service, and one who has a single one; what follows from a call is its owner's. */
static void nobody_waits_behind_another_ones_calls(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(2, 0);
	CLEAN_TEST struct test_call other;
	struct test_call tests[CALLS];
	struct err err = ERR_INIT;
	int ended = 0;

	server_start(&server);
	for (int i = 0; i < CALLS; i++) {
		set(&tests[i], &server, "/200/100");
		tests[i].again = 1;
		http_serve(http, 0);
		http_add(http, &tests[i].call);
	}
	http_serve(http, 1);
	set(&other, &server, "/200/0");
	other.again = 1;
	http_add(http, &other.call);
	while (other.ends < 2)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	for (int i = 0; i < CALLS; i++)
		ended += tests[i].ends;
	assert_in_range(ended, 0, 4);
	drive(http);
	for (int i = 0; i < CALLS; i++)
		test_release(&tests[i]);
}

/* As many hosts as a document likes to name; one who asks besides has his own. */
static void very_many_lanes_are_not_under_way_at_once(void **state)
{
	enum { MANY = 40, MOST = 8 };
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 0);
	struct test_call tests[MANY];
	char names[MANY][32];
	struct err err = ERR_INIT;
	CLEAN_TEST struct test_call other;
	int ended = 0;

	server_start(&server);
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "lane-%d", i);
		set(&tests[i], &server, "/200/50");
		tests[i].call.lane = names[i];
		http_add(http, &tests[i].call);
	}
	http_serve(http, 1);
	set(&other, &server, "/200/0");
	http_add(http, &other.call);
	while (!other.ends)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	for (int i = 0; i < MANY; i++)
		ended += tests[i].ends;
	assert_in_range(ended, 0, MOST);
	drive(http);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(tests[i].call.status, 200);
		test_release(&tests[i]);
	}
	assert_in_range(server.most, 2, MOST + 1);
}

static void one_who_finds_a_host_down_finds_it_for_himself(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 0);
	CLEAN_TEST struct test_call first, second, other;
	struct err err = ERR_INIT;

	server_bind(&server);
	set(&first, &server, "/200/0");
	set(&second, &server, "/200/0");
	set(&other, &server, "/200/0");
	http_add(http, &first.call);
	http_add(http, &second.call);
	while (!second.ends)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	assert_int_equal(second.call.failure, HTTP_DOWN);
	assert_int_equal(listen(server.fd, 1), 0);
	assert_int_equal(pthread_create(&server.acceptor, NULL, server_accept, &server), 0);
	http_serve(http, 1);
	http_add(http, &other.call);
	while (!other.ends)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	assert_int_equal(other.call.status, 200);
}

#ifdef KRMSOPS_TEST
/* sanitizer/allocator_interface.h, which gcc's package does not have */
size_t __sanitizer_get_current_allocated_bytes(void);

static size_t in_use(void)
{
	return __sanitizer_get_current_allocated_bytes();
}
#else
static size_t in_use(void)
{
	return mallinfo2().uordblks;
}
#endif

/* Documents may name hosts without end, and a program that serves runs for long. */
static void hosts_without_a_call_are_forgotten(void **state)
{
	enum { HOSTS = 2000, A_LANE = 100 /* bytes, at least */ };
	CLEAN_HTTP struct http *http = make(1, 0);
	struct err err = ERR_INIT;
	size_t before = 0;

	for (int i = 0; i < HOSTS; i++) {
		CLEAN_TEST struct test_call test = {.call = HTTP_CALL_INIT};

		snprintf(test.url, sizeof(test.url), "ftp://host-%d.example/", i);
		test.call.method = "GET";
		test.call.url = test.url;
		test.call.lane = "test";
		test.call.done = done;
		http_add(http, &test.call);
		while (!test.ends)
			assert_int_equal(http_turn(http, -1, 1000, &err), 0);
		assert_int_equal(test.call.failure, HTTP_REFUSED);
		if (i == HOSTS / 10)
			before = in_use();
	}
	assert_in_range(in_use(), 0, before + HOSTS / 10 * A_LANE);
}

/* A run with many keys behind a dead host does not wait for each. */
static void what_waits_for_a_host_that_is_down_is_told_so(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 0);
	struct test_call tests[CALLS];
	char want[128];

	server_bind(&server);
	snprintf(want, sizeof(want), "connecting to '127.0.0.1:%d': Connection refused",
		 server.port);
	for (int i = 0; i < CALLS; i++) {
		set(&tests[i], &server, "/200/0");
		http_add(http, &tests[i].call);
	}
	drive(http);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(tests[i].ends, 1);
		assert_int_equal(tests[i].call.failure, i ? HTTP_DOWN : HTTP_UNREACHABLE);
		assert_int_equal(tests[i].call.tries, i ? 0 : 1);
		assert_int_equal(tests[i].call.why.code, ERR_UNREACHABLE);
		assert_string_equal(tests[i].call.why.msg, want);
	}
	/* the next run finds out anew */
	assert_int_equal(listen(server.fd, 1), 0);
	assert_int_equal(pthread_create(&server.acceptor, NULL, server_accept, &server), 0);
	http_add(http, &tests[1].call);
	drive(http);
	assert_int_equal(tests[1].call.failure, HTTP_DOWN);
	http_begin(http);
	http_add(http, &tests[1].call);
	drive(http);
	assert_int_equal(tests[1].call.failure, HTTP_NONE);
	assert_int_equal(tests[1].call.status, 200);
	for (int i = 0; i < CALLS; i++)
		test_release(&tests[i]);
}

/* One that has answered before is only slow, or has lost one connection. */
static void a_host_that_has_answered_is_not_down(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 0);
	struct test_call tests[3];
	static const char *const paths[] = {"/200/0", "/hang", "/200/0"};

	server_start(&server);
	for (int i = 0; i < 3; i++) {
		set(&tests[i], &server, paths[i]);
		tests[i].call.request_ms = 600;
		http_add(http, &tests[i].call);
	}
	drive(http);
	assert_int_equal(tests[1].call.failure, HTTP_UNREACHABLE);
	assert_non_null(strstr(tests[1].call.why.msg, "not whole within 600 ms"));
	assert_int_equal(tests[2].call.status, 200);
	for (int i = 0; i < 3; i++)
		test_release(&tests[i]);
}

static void a_run_ends_at_its_deadline(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 700);
	struct test_call tests[3];
	int64_t start = ms_now();

	server_start(&server);
	set(&tests[0], &server, "/503/0");
	tests[0].again = 1;
	tests[0].delay = 10 * 1000;
	set(&tests[1], &server, "/hang");
	set(&tests[2], &server, "/200/0");
	for (int i = 0; i < 3; i++)
		http_add(http, &tests[i].call);
	assert_true(http_left_ms(http) <= 700);
	drive(http);
	assert_true(ms_now() - start < 5 * 1000);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tests[i].call.failure, HTTP_LATE);
		assert_int_equal(tests[i].call.why.code, ERR_UNREACHABLE);
		assert_int_equal(tests[i].ends, i ? 1 : 2);
	}
	/* what was said last is not forgotten; the last was never sent */
	assert_int_equal(tests[0].call.status, 503);
	assert_int_equal(tests[2].call.tries, 0);
	assert_int_equal(server.requests, 2);
	assert_int_equal(http_left_ms(http), 0);
	for (int i = 0; i < 3; i++)
		test_release(&tests[i]);
}

static void a_call_is_sent_again_when_its_time_has_come(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(0, 0);
	struct test_call test;
	int64_t start = ms_now();

	server_start(&server);
	set(&test, &server, "/429/0");
	test.again = 2;
	test.delay = 50;
	http_add(http, &test.call);
	drive(http);
	assert_int_equal(test.ends, 3);
	assert_int_equal(test.call.tries, 3);
	assert_int_equal(server.requests, 3);
	assert_true(ms_now() - start >= 100);
	test_release(&test);
}

/* For a program that waits for others too. */
static void a_turn_ends_with_the_other_descriptor(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(0, 0);
	struct err err = ERR_INIT;
	CLEAN_TEST struct test_call test;
	int64_t start = ms_now();
	int fds[2], turns;

	server_start(&server);
	assert_int_equal(pipe(fds), 0);
	/* with nothing to do: till the time is over, or till it can be read */
	assert_int_equal(http_turn(http, fds[0], 30, &err), 0);
	assert_true(ms_now() - start >= 30);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(http_turn(http, fds[0], 60 * 1000, &err), 0);
	set(&test, &server, "/200/700");
	http_add(http, &test.call);
	/* with a call under way it can be read at once, and again, till somebody does */
	for (turns = 0; turns < 5; turns++) {
		assert_int_equal(http_turn(http, fds[0], 60 * 1000, &err), 0);
		assert_int_equal(test.ends, 0);
	}
	assert_int_equal(read(fds[0], &(char){0}, 1), 1);
	while (!test.ends)
		assert_int_equal(http_turn(http, fds[0], 60 * 1000, &err), 0);
	assert_int_equal(test.call.status, 200);
	assert_true(ms_now() - start < 30 * 1000);
	close(fds[0]);
	close(fds[1]);
}

static void a_host_that_is_down_is_tried_again_in_turns(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_HTTP struct http *http = make(1, 0);
	CLEAN_TEST struct test_call first, second;
	struct err err = ERR_INIT;

	server_bind(&server);
	set(&first, &server, "/200/0");
	set(&second, &server, "/200/0");
	http_add(http, &first.call);
	http_add(http, &second.call);
	while (!second.ends)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	assert_int_equal(second.call.failure, HTTP_DOWN);
	assert_int_equal(listen(server.fd, 1), 0);
	assert_int_equal(pthread_create(&server.acceptor, NULL, server_accept, &server), 0);
	usleep(1100 * 1000);
	http_add(http, &second.call);
	while (second.ends < 2)
		assert_int_equal(http_turn(http, -1, 1000, &err), 0);
	assert_int_equal(second.call.status, 200);
}

static void ends_are_told_apart(void **state)
{
	static const struct {
		const char *path;
		enum http_failure failure;
		enum err_code code;
		const char *why;
	} table[] = {
		{"/body/100", HTTP_NONE, ERR_NONE, ""},
		{"/body/101", HTTP_TOO_LARGE, ERR_LIMIT, "too much sent by '127.0.0.1:"},
		{"/body/2000000", HTTP_TOO_LARGE, ERR_LIMIT, "too much sent by '127.0.0.1:"},
		{"/head/60000", HTTP_NONE, ERR_NONE, ""},
		{"/head/70000", HTTP_TOO_LARGE, ERR_LIMIT, "too much sent by '127.0.0.1:"},
		{"/head/200000", HTTP_TOO_LARGE, ERR_LIMIT, "too much sent by '127.0.0.1:"},
		{"/garbage", HTTP_GARBAGE, ERR_FORMAT, "no HTTP is spoken by '127.0.0.1:"},
		{"/close", HTTP_UNREACHABLE, ERR_UNREACHABLE, "connection broken by '127.0.0.1:"},
		{"/hang", HTTP_UNREACHABLE, ERR_UNREACHABLE, "answer of '127.0.0.1:"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SERVER struct http_server server;
		CLEAN_TEST struct test_call test;

		server_start(&server);
		set(&test, &server, table[i].path);
		test.call.answer = (struct buf)BUF_INIT(100);
		test.call.request_ms = strcmp(table[i].path, "/hang") == 0 ? 100 : 20 * 1000;
		run_one(&test);
		assert_int_equal(test.call.failure, table[i].failure);
		assert_int_equal(test.call.why.code, table[i].code);
		assert_memory_equal(test.call.why.msg, table[i].why, strlen(table[i].why));
		if (test.call.failure)
			assert_int_equal(test.call.answer.len, 0);
	}
}

/* A host that takes the connection and says nothing: TLS is a part of connecting, and has that deadline. */
static void a_connection_has_its_own_deadline(void **state)
{
	CLEAN_SERVER struct http_server server;
	CLEAN_TEST struct test_call test;
	int64_t start = ms_now();

	server_start(&server);
	set(&test, &server, "/200/0");
	snprintf(test.url, sizeof(test.url), "https://127.0.0.1:%d/200/0", server.port);
	test.call.connect_ms = 200;
	test.call.request_ms = 20 * 1000;
	run_one(&test);
	assert_int_equal(test.call.failure, HTTP_UNREACHABLE);
	assert_int_equal(test.call.why.code, ERR_UNREACHABLE);
	assert_non_null(strstr(test.call.why.msg, "connecting to '127.0.0.1:"));
	assert_non_null(strstr(test.call.why.msg, "not done within 200 ms"));
	assert_true(ms_now() - start < 5 * 1000);
}

static void nothing_is_sent_that_our_rules_refuse(void **state)
{
	static const char *const split[] = {"X-Token: a\r\nX-More: b"};
	CLEAN_SERVER struct http_server server;

	server_start(&server);
	for (int i = 0; i < 5; i++) {
		CLEAN_TEST struct test_call test;

		set(&test, &server, "/200/0");
		if (i == 0)
			test.call.plain = false;
		else if (i == 1)
			snprintf(test.url, sizeof(test.url), "http://u@127.0.0.1:%d/200/0",
				 server.port);
		else if (i == 2)
			snprintf(test.url, sizeof(test.url), "file:///etc/hostname");
		else if (i == 3)
			snprintf(test.url, sizeof(test.url),
				 "http://127.0.0.1:%d/200/0 HTTP/1.1\r\n", server.port);
		else {
			test.call.headers = split;
			test.call.header_count = 1;
		}
		run_one(&test);
		assert_int_equal(test.call.failure, HTTP_REFUSED);
		assert_int_equal(test.call.why.code, ERR_POLICY);
		assert_int_equal(test.call.tries, 0);
	}
	assert_int_equal(server.count, 0);
}

/* Metadata services hand out credentials: no proxy sees a call to them. 0.0.0.0 leads here too, but is not called loopback. */
static void a_direct_call_goes_past_every_proxy(void **state)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy"};
	static const char *const schemes[] = {"http", "https", "http"};

	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	for (int i = 0; i < 6; i++) {
		CLEAN_SERVER struct http_server server, proxy;
		CLEAN_TEST struct test_call test;
		const bool direct = i >= 3, tls = i % 3 == 1;
		char value[64], line[128];

		server_start(&server);
		server_start(&proxy);
		snprintf(value, sizeof(value), "http://127.0.0.1:%d", proxy.port);
		assert_int_equal(setenv(names[i % 3], value, 1), 0);
		set(&test, &server, "/200/0");
		snprintf(test.url, sizeof(test.url), "%s://0.0.0.0:%d/200/0", schemes[i % 3],
			 server.port);
		test.call.direct = direct;
		test.call.connect_ms = 500; /* the server speaks no TLS */
		run_one(&test);
		assert_int_equal(proxy.count, !direct);
		assert_int_equal(server.count, direct);
		if (direct)
			assert_int_equal(test.call.failure, tls ? HTTP_UNREACHABLE : HTTP_NONE);
		else if (tls)
			assert_non_null(strstr(test.call.why.msg,
					       "the proxy answered with HTTP status 403"));
		snprintf(line, sizeof(line),
			 tls ? "CONNECT 0.0.0.0:%d HTTP/1.1\r\n"
			     : "GET http://0.0.0.0:%d/200/0 HTTP/1.1\r\n",
			 server.port);
		assert_int_equal(strncmp(proxy.last, line, strlen(line)) == 0, !direct);
		unsetenv(names[i % 3]);
	}
}

/* A proxy would ask another machine. */
static void this_machine_is_asked_by_ourselves(void **state)
{
	CLEAN_SERVER struct http_server server, proxy;
	CLEAN_TEST struct test_call test;
	char value[64];

	server_start(&server);
	server_start(&proxy);
	snprintf(value, sizeof(value), "http://127.0.0.1:%d", proxy.port);
	assert_int_equal(setenv("http_proxy", value, 1), 0);
	set(&test, &server, "/200/0");
	test.call.direct = false;
	run_one(&test);
	unsetenv("http_proxy");
	assert_int_equal(test.call.status, 200);
	assert_int_equal(proxy.count, 0);
}

static void what_is_freed_is_told_nobody(void **state)
{
	CLEAN_SERVER struct http_server server;
	struct http *http = make(1, 0);
	struct err err = ERR_INIT;
	CLEAN_TEST struct test_call first, second;

	server_start(&server);
	set(&first, &server, "/hang");
	set(&second, &server, "/200/0");
	http_add(http, &first.call);
	http_add(http, &second.call);
	assert_int_equal(http_turn(http, -1, 20, &err), 0);
	http_free(http);
	assert_int_equal(first.ends + second.ends, 0);
}

static int find_header(struct span input, void *arg)
{
	struct http_call call = HTTP_CALL_INIT;
	struct span value;

	call.head = (struct buf){.data = (uint8_t *)(uintptr_t)input.data, .len = input.len};
	value = http_call_header(&call, arg);
	if (value.data) {
		assert_true(value.data >= input.data &&
			    value.data + value.len <= input.data + input.len);
		assert_true(span_find(value, 0, '\n') >= value.len);
	}
	return 0;
}

static void finds_a_header(void **state)
{
	static const struct {
		const char *head, *value; /* of Retry-After; NULL: none */
	} table[] = {
		{"HTTP/1.1 429 x\r\nRetry-After: 7\r\n\r\n", "7"},
		{"retry-after:7", "7"},
		{"RETRY-AFTER: \t 7 \t\r\n", "7"},
		{"Retry-After: 1\r\nRetry-After: 2\r\n", "1"},
		{"Retry-After:\r\nX: y\r\n", ""},
		{"X-Retry-After: 7\r\n", NULL},
		{"Retry-After-X: 7\r\n", NULL},
		{"Retry-After : 7\r\n", NULL},
		{" Retry-After: 7\r\n", NULL},
		{"Retry-Afte", NULL},
		{"Retry-After", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct http_call call = HTTP_CALL_INIT;
		struct span value;

		buf_add_str(&call.head, table[i].head);
		value = http_call_header(&call, "Retry-After");
		assert_int_equal(value.data != NULL, table[i].value != NULL);
		assert_true(!table[i].value || span_eq(value, span_str(table[i].value)));
		http_call_release(&call);
	}
	mangle_all(SPAN("HTTP/1.1 200 OK\r\nA: b\r\nRetry-After:  7 \r\n\r\n"), find_header,
		   (char[]){"Retry-After"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lane_has_so_many_at_a_time),
		cmocka_unit_test(another_service_has_a_lane_of_its_own),
		cmocka_unit_test(nobody_waits_behind_another_ones_calls),
		cmocka_unit_test(very_many_lanes_are_not_under_way_at_once),
		cmocka_unit_test(one_who_finds_a_host_down_finds_it_for_himself),
		cmocka_unit_test(hosts_without_a_call_are_forgotten),
		cmocka_unit_test(what_waits_for_a_host_that_is_down_is_told_so),
		cmocka_unit_test(a_host_that_has_answered_is_not_down),
		cmocka_unit_test(a_run_ends_at_its_deadline),
		cmocka_unit_test(a_call_is_sent_again_when_its_time_has_come),
		cmocka_unit_test(a_turn_ends_with_the_other_descriptor),
		cmocka_unit_test(a_host_that_is_down_is_tried_again_in_turns),
		cmocka_unit_test(ends_are_told_apart),
		cmocka_unit_test(a_connection_has_its_own_deadline),
		cmocka_unit_test(nothing_is_sent_that_our_rules_refuse),
		cmocka_unit_test(a_direct_call_goes_past_every_proxy),
		cmocka_unit_test(this_machine_is_asked_by_ourselves),
		cmocka_unit_test(what_is_freed_is_told_nobody),
		cmocka_unit_test(finds_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
