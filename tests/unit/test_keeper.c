/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/keeper.c with workers that mean harm: whatever one set's worker does on its line, another set's question is answered soon, and the keeper does
 * not turn in circles. The keeper is a process of its own, as it is in the sidecar.
 */
#include "files.h"

#include "exchange.h"
#include "keeper.h"
#include "kms_pair.h"
#include "shared.h"

#include "keys/unwrap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SETS = 2,
	SOON_MS = 5000, /* on a busy machine, with sanitizers */
	FLOOD = 2000,   /* more questions than there is room for on a line */
	MANY_KEYS = 4000,
};

struct world {
	pid_t pid;
	struct exchange_line lines[SETS];
	int control;
};

static int keeper_start(void **state)
{
	static struct world world;
	static struct serve_options options = SERVE_OPTIONS_INIT;
	static const char *const sockets[SETS] = {"one", "two"};
	static struct shared_keeper shared;
	int fds[2], lines[SETS];
	struct keeper_start start = {.options = &options,
				     .shared = &shared,
				     .lines = lines,
				     .sockets = sockets,
				     .line_count = SETS};
	struct err err = ERR_INIT;
	char byte = 0;
	int i;

	if (files_make(state) < 0 || secret_init(&err) < 0)
		return -1;
	files_put("keys/some.agekey",
		  "AGE-SECRET-KEY-"
		  "17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU\n");
	options.audit = "audit";
	options.keys.keys_flat = "keys";
	files_put("pair", "[default]\naws_access_key_id = AKIADOOR\n"
			  "aws_secret_access_key = door+canary\n");
	options.listen_count = SETS - 1;
	options.aws_kms = "127.0.0.1:1"; /* the last line is its */
	options.kms_pair = "pair";
	options.request_ms = 4 * SOON_MS;
	options.listens[0].path = sockets[0];
	for (i = 0; i < SETS; i++) {
		if (exchange_line_open(&world.lines[i], &err) < 0)
			return -1;
		lines[i] = world.lines[i].keeper;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	start.control = fds[1];
	world.control = fds[0];
	world.pid = fork();
	if (world.pid == 0) {
		(void)close(fds[0]);
		_exit(keeper_run(&start));
	}
	(void)close(fds[1]);
	*state = &world;
	if (read(world.control, &byte, 1) != 1 || byte != KEEPER_READY)
		return -1;
	byte = KEEPER_GO;
	return write(world.control, &byte, 1) == 1 ? 0 : -1;
}

/* It ends when its control does, with nothing left undone. */
static int keeper_stop(void **state)
{
	const struct world *world = *state;
	int status = -1;

	(void)close(world->control);
	if (waitpid(world->pid, &status, 0) != world->pid || status != 0)
		return -1;
	return files_drop(state);
}

/* A file for somebody else: its stanza costs what a real one costs. */
#define WRAPPED                                                              \
	"-----BEGIN AGE ENCRYPTED FILE-----\n"                               \
	"YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBDUWtKQ1FrSkNRa0pDUWtK\n" \
	"Q1FrSkNRa0pDUWtKQ1FrSkNRa0pDUWtKQ1FrCkFBQUFBQUFBQUFBQUFBQUFBQUFB\n" \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEKLS0tIEFBQUFBQUFBQUFBQUFBQUFBQUFB\n" \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" \
	"AAAAAAAAAAA=\n"                                                     \
	"-----END AGE ENCRYPTED FILE-----\n"

/* A question with `count` keys that nobody has. */
static void put_question(size_t count, struct buf *frame)
{
	static const struct sops_key key = {
		.type = SOPS_KEY_AGE, .id = SPAN("age1x"), .enc = SPAN(WRAPPED)};
	struct key_request *requests = calloc(count, sizeof(*requests));

	assert_non_null(requests);
	for (size_t i = 0; i < count; i++)
		requests[i].key = &key;
	unwrap_put_request(SPAN_NULL, SPAN("test"), requests, count, frame);
	free(requests);
	assert_int_equal(frame->bad, 0);
}

static void answered_soon(const struct world *world, int set)
{
	CLEAN_BUF struct buf frame = BUF_INIT(UNWRAP_BODY_MAX), body = BUF_INIT(UNWRAP_BODY_MAX);
	struct exchange exchange = {.line = world->lines[set].worker, .timeout_ms = SOON_MS};
	struct err err = ERR_INIT;

	put_question(1, &frame);
	if (exchange_ask(&exchange, buf_span(&frame), &body, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(body.len > 0);
}

/* Hands an end over as a worker does; both ends stay open here. False: the line is full. */
static bool hand_over(const struct world *world, int set, int fd, size_t words)
{
	struct exchange_peer peer = {.uid = 1};
	char bytes[sizeof(peer) + 8] = {0};
	struct iovec part = {bytes, words};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *cmsg;

	memcpy(bytes, &peer, sizeof(peer));
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&message);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	return sendmsg(world->lines[set].worker, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static void the_key_pair_is_for_the_line_of_the_kms_door_alone(void **state)
{
	const struct world *world = *state;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct kms_pair pair;
	struct err err = ERR_INIT;

	assert_int_equal(kms_pair_ask(world->lines[1].worker, SOON_MS, &pool, &pair, &err), 0);
	assert_true(span_eq(pair.access_key, SPAN("AKIADOOR")));
	assert_true(span_eq(pair.secret_key, SPAN("door+canary")));
	assert_int_equal(kms_pair_ask(world->lines[0].worker, SOON_MS, &pool, &pair, &err), -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
}

static double cpu_of(pid_t pid)
{
	struct timespec spent;
	clockid_t its;

	assert_int_equal(clock_getcpuclockid(pid, &its), 0);
	assert_int_equal(clock_gettime(its, &spent), 0);
	return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

static void rest(int ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

	(void)nanosleep(&time, NULL);
}

/* Too much at once is worth another try. */
static void without_descriptors_it_is_worth_another_try(void **state)
{
	const struct world *world = *state;
	CLEAN_BUF struct buf frame = BUF_INIT(UNWRAP_BODY_MAX), body = BUF_INIT(UNWRAP_BODY_MAX);
	struct exchange exchange = {.line = world->lines[0].worker, .timeout_ms = SOON_MS};
	struct rlimit before, none;
	struct err err = ERR_INIT;
	int r;

	put_question(1, &frame);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	r = exchange_ask(&exchange, buf_span(&frame), &body, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -1);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	answered_soon(world, 0);
}

static void both_sets_are_answered(void **state)
{
	answered_soon(*state, 0);
	answered_soon(*state, 1);
}

/* Questions that say nothing, over one pair, as many as the line takes. */
static void a_flood_on_one_line_leaves_the_other_alone(void **state)
{
	const struct world *world = *state;
	double before;
	int fds[2], i;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (i = 0; i < FLOOD; i++) {
		if (!hand_over(world, 0, fds[1], sizeof(struct exchange_peer)))
			rest(1);
	}
	answered_soon(world, 1);
	before = cpu_of(world->pid);
	rest(500);
	assert_true(cpu_of(world->pid) - before < 0.2);
	(void)close(fds[0]);
	(void)close(fds[1]);
	answered_soon(world, 0);
}

static void what_is_no_question_is_dropped(void **state)
{
	const struct world *world = *state;
	static const char nonsense[] = "KSQ1\0\0\0\4\0\0\0\1xxxxxxxxxxxxxxxx";
	double before;
	int fds[2], file;

	file = open("audit", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_true(hand_over(world, 0, -1, sizeof(struct exchange_peer)));
	assert_true(hand_over(world, 0, fds[1], 1));
	assert_true(hand_over(world, 0, fds[1], sizeof(struct exchange_peer) + 8));
	assert_true(hand_over(world, 0, file, sizeof(struct exchange_peer)));
	assert_true(hand_over(world, 0, fds[1], sizeof(struct exchange_peer)));
	assert_int_equal(write(fds[0], nonsense, sizeof(nonsense)), sizeof(nonsense));
	answered_soon(world, 0);
	/* Our end of what it was handed is still open, and has something to say: that must not stir it any more. */
	(void)!write(fds[0], nonsense, sizeof(nonsense));
	rest(50);
	before = cpu_of(world->pid);
	rest(500);
	assert_true(cpu_of(world->pid) - before < 0.2);
	(void)close(file);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* A question with very many keys takes its time, in turns with others. */
static void a_long_question_lets_others_go_first(void **state)
{
	CLEAN_BUF struct buf frame = BUF_INIT(UNWRAP_BODY_MAX);
	const struct world *world = *state;
	struct pollfd answer = {.events = POLLIN};
	int fds[2];

	put_question(MANY_KEYS, &frame);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_true(hand_over(world, 0, fds[1], sizeof(struct exchange_peer)));
	(void)close(fds[1]);
	(void)signal(SIGPIPE, SIG_IGN);
	while (frame.len) {
		ssize_t n = write(fds[0], frame.data, frame.len);

		assert_true(n > 0);
		memmove(frame.data, frame.data + n, frame.len - (size_t)n);
		frame.len -= (size_t)n;
	}
	rest(20); /* it has begun */
	answered_soon(world, 1);
	answer.fd = fds[0];
	assert_int_equal(poll(&answer, 1, 0), 0);
	assert_int_equal(poll(&answer, 1, 4 * SOON_MS), 1);
	assert_true(answer.revents & POLLIN);
	(void)close(fds[0]);
}

/* A set's questions may take a bounded part of memory: what is announced beyond that is not waited for. */
static void one_set_can_not_take_all_memory(void **state)
{
	static const uint8_t head[UNWRAP_HEAD] = {'K', 'S', 'Q', '1', 4, 0, 0, 0}; /* 64 MiB */
	const struct world *world = *state;
	struct pollfd ends[8];
	int fds[2], i, tries, open_ends = 0;

	for (i = 0; i < (int)ARRAY_LEN(ends); i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		assert_int_equal(write(fds[0], head, sizeof(head)), sizeof(head));
		assert_true(hand_over(world, 0, fds[1], sizeof(struct exchange_peer)));
		(void)close(fds[1]);
		ends[i] = (struct pollfd){.fd = fds[0], .events = POLLIN};
	}
	answered_soon(world, 1);
	for (tries = 0; tries < SOON_MS / 50 && open_ends != 4; tries++) {
		rest(50);
		(void)poll(ends, ARRAY_LEN(ends), 0);
		for (i = open_ends = 0; i < (int)ARRAY_LEN(ends); i++)
			open_ends += ends[i].revents == 0;
	}
	assert_int_equal(open_ends, 4);
	for (i = 0; i < (int)ARRAY_LEN(ends); i++)
		(void)close(ends[i].fd);
	answered_soon(world, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sets_are_answered),
		cmocka_unit_test(without_descriptors_it_is_worth_another_try),
		cmocka_unit_test(the_key_pair_is_for_the_line_of_the_kms_door_alone),
		cmocka_unit_test(a_flood_on_one_line_leaves_the_other_alone),
		cmocka_unit_test(what_is_no_question_is_dropped),
		cmocka_unit_test(a_long_question_lets_others_go_first),
		cmocka_unit_test(one_set_can_not_take_all_memory),
	};

	return cmocka_run_group_tests_name("keeper", tests, keeper_start, keeper_stop);
}
