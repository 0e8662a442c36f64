/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/shared.c: each child reads all of it and writes its own part only, whatever it tries.
 */
#include "shared.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FINE = 42 };

static struct shared *shared;
static int shared_fd;

/* How a child ends that has kept the part and runs the body: its exit status, or minus the signal. */
static int run(const void *own, int (*body)(void))
{
	const struct rlimit none = {0, 0};
	struct err err = ERR_INIT;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGSEGV, SIG_DFL); /* not the sanitizer's */
		_exit(shared_keep(shared, shared_fd, own, &err) < 0 ? 1 : body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int write_first(void)
{
	shared->workers[0].requests++;
	return FINE;
}

static int write_second(void)
{
	shared->workers[1].requests++;
	return FINE;
}

static int write_keeper(void)
{
	shared->keeper.keys = 7;
	return FINE;
}

static int write_supervisor(void)
{
	shared->supervisor.keys_loaded = false;
	return FINE;
}

static int read_all(void)
{
	return shared->workers[1].requests == 5 && shared->keeper.keys == 3 &&
			       shared->supervisor.keys_loaded
		       ? FINE
		       : 1;
}

/* What is mapped anew from the descriptor, which a child does not have in the sidecar, can not be written either. */
static int make_writable(void)
{
	void *again;

	if (mprotect(&shared->workers[1], SHARED_PART, PROT_READ | PROT_WRITE) == 0 ||
	    errno != EACCES)
		return 1;
	again = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
	return again == MAP_FAILED ? FINE : 1;
}

static void a_child_writes_its_own_part_alone(void **state)
{
	shared->workers[1].requests = 5;
	shared->keeper.keys = 3;
	shared->supervisor.keys_loaded = true;
	assert_int_equal(run(&shared->workers[0], write_first), FINE);
	assert_int_equal(shared->workers[0].requests, 1);
	assert_int_equal(run(&shared->workers[0], read_all), FINE);
	assert_int_equal(run(&shared->workers[0], write_second), -SIGSEGV);
	assert_int_equal(run(&shared->workers[0], write_keeper), -SIGSEGV);
	assert_int_equal(run(&shared->workers[0], write_supervisor), -SIGSEGV);
	assert_int_equal(run(&shared->workers[0], make_writable), FINE);
	assert_int_equal(run(&shared->workers[SHARED_SLOTS_MAX - 1], write_second), -SIGSEGV);
	assert_int_equal(run(&shared->workers[1], write_second), FINE);
	assert_int_equal(run(&shared->keeper, write_keeper), FINE);
	assert_int_equal(run(&shared->keeper, write_supervisor), -SIGSEGV);
	assert_int_equal(run(&shared->keeper, write_first), -SIGSEGV);
	assert_int_equal(shared->workers[1].requests, 6);
	assert_int_equal(shared->keeper.keys, 7);
	assert_true(shared->supervisor.keys_loaded);
}

static void the_parent_writes_all(void **state)
{
	shared->workers[0].leaving = true;
	shared->workers[SHARED_SLOTS_MAX - 1].beat = shared_clock();
	shared->keeper.cached = 1;
	assert_true(shared->workers[SHARED_SLOTS_MAX - 1].beat > 0);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	shared = shared_new(&shared_fd, &err);
	return shared ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_writes_its_own_part_alone),
		cmocka_unit_test(the_parent_writes_all),
	};

	return cmocka_run_group_tests_name("shared", tests, setup, NULL);
}
