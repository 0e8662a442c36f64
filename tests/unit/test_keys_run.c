/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-fn/keys_run.c and keys_read.c: programs whose output is a key, started without a shell, bounded in time and output, leaving nothing
 * behind.
 */
#include "mangle.h"

#include "keys_read.h"
#include "keys_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(const char *const *words, int seconds, struct span *output, struct secret_pool *pool,
	       struct err *err)
{
	return keys_run((char *const *)(uintptr_t)words, environ, seconds, pool, output, err);
}

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void gives_back_what_is_printed(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span output;

	assert_int_equal(run(WORDS("printf", "a\\nb"), 10, &output, &pool, &err), 0);
	assert_true(span_is(output, "a\nb"));
	assert_int_equal(run(WORDS("true"), 10, &output, &pool, &err), 0);
	assert_int_equal(output.len, 0);
	assert_int_equal(run(WORDS("head", "-c", "1000000", "/dev/zero"), 10, &output, &pool, &err),
			 0);
	assert_int_equal(output.len, 1000000);
	/* No shell looks at the words. */
	assert_int_equal(run(WORDS("printf", "%s", "$HOME;`x`"), 10, &output, &pool, &err), 0);
	assert_true(span_is(output, "$HOME;`x`"));
	/* Its input is at its end, its errors are not seen. */
	assert_int_equal(
		run(WORDS("sh", "-c", "cat; echo no >&2; echo yes"), 10, &output, &pool, &err), 0);
	assert_true(span_is(output, "yes\n"));
}

static void ends_what_takes_too_long(void **state)
{
	static const char *const scripts[] = {
		"sleep 60",
		"echo $$; exec sleep 60",
		"exec >&-; sleep 60", /* closes its output, goes on */
		"sleep 60 & exit 0",  /* a child of its own holds the output */
		"trap '' TERM INT HUP; sleep 60",
	};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct err err = ERR_INIT;
		struct span output = SPAN_NULL;
		int64_t start = keys_read_clock(), took;

		assert_int_equal(run(WORDS("sh", "-c", scripts[i]), 1, &output, &pool, &err), -1);
		took = keys_read_clock() - start;
		assert_int_equal(err.code, ERR_UNREACHABLE);
		assert_string_equal(err.msg, "not done in time");
		assert_true(took >= 900 && took < 20000);
		assert_null(output.data);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
		assert_int_equal(errno, ECHILD);
	}
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void leaves_no_descriptor_and_no_child(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span output;
	size_t before = open_files();

	for (int i = 0; i < 5; i++) {
		assert_int_equal(run(WORDS("true"), 10, &output, &pool, &err), 0);
		assert_int_equal(run(WORDS("false"), 10, &output, &pool, &err), -1);
		assert_int_equal(run(WORDS("/nowhere/x"), 10, &output, &pool, &err), -1);
		assert_int_equal(
			run(WORDS("head", "-c", "5000000", "/dev/zero"), 10, &output, &pool, &err),
			-1);
	}
	assert_int_equal(open_files(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Only the three usual descriptors get through. */
static void passes_no_descriptor_on(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span output;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(run(WORDS("sh", "-c", "ls /proc/$$/fd | sort -n | head -4 | tr '\\n' ' '"),
			     10, &output, &pool, &err),
			 0);
	close(fd);
	assert_true(span_starts(output, SPAN("0 1 2 ")));
	assert_true(output.len <= 9); /* the shell may hold one of its own */
}

static void sees_the_status_where_children_are_ignored(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span output;

	(void)signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run(WORDS("sh", "-c", "exit 7"), 10, &output, &pool, &err), -1);
	assert_string_equal(err.msg, "exit status 7");
	assert_true(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

static void runs_without_the_usual_descriptors(void **state)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct secret_pool pool = SECRET_POOL_INIT;
		struct err err = ERR_INIT;
		struct span output = SPAN_NULL;

		(void)close(0);
		(void)close(1);
		(void)close(2);
		if (run(WORDS("sh", "-c", "cat; echo out"), 10, &output, &pool, &err) < 0)
			_exit(1);
		_exit(span_is(output, "out\n") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_is_printed),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(leaves_no_descriptor_and_no_child),
		cmocka_unit_test(passes_no_descriptor_on),
		cmocka_unit_test(sees_the_status_where_children_are_ignored),
		cmocka_unit_test(runs_without_the_usual_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
