/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts a program, reads what it prints and waits for its end. It is not put into a process group of its own, as it may have to ask the
 * user on the terminal. Refuses output that is too long, a program that takes too long, and any end but exit status 0.
 */
#include "keys_run.h"

#include "keys_read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 5 /* between two looks at a program that closed its output but has not ended */ };

static int start(char *const words[], char *const environment[], int output, pid_t *ret_pid,
		 struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int failed;

	failed = posix_spawn_file_actions_init(&actions);
	if (failed)
		return err_nomem(err);
	failed = posix_spawnattr_init(&attr);
	if (failed) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return err_nomem(err);
	}
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	/* The output first: it may have got the number 0 or 2 where we were started without these. */
	failed = posix_spawn_file_actions_adddup2(&actions, output, 1);
	if (!failed)
		failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (!failed)
		failed = posix_spawnp(ret_pid, words[0], &actions, &attr, words, environment);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (failed)
		return err_set(err, failed == ENOMEM ? ERR_NOMEM : ERR_SYSTEM, "starting it: %s",
			       strerror(failed));
	return 0;
}

/* Waits till the deadline. 1: it has not ended. */
static int wait_till(pid_t pid, int64_t deadline, int *ret_status, struct err *err)
{
	const struct timespec nap = {0, POLL_MS * 1000000L};
	pid_t got;

	for (;;) {
		got = waitpid(pid, ret_status, WNOHANG);
		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return err_errno(err, "waiting for it");
		if (got == 0 && keys_read_clock() >= deadline)
			return 1;
		(void)nanosleep(&nap, NULL);
	}
}

static void kill_and_reap(pid_t pid)
{
	if (kill(pid, SIGKILL) == 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static int finish(pid_t pid, int64_t deadline, struct err *err)
{
	int status = 0, late = wait_till(pid, deadline, &status, err);

	if (late < 0)
		return -1;
	if (late) {
		kill_and_reap(pid);
		return err_set(err, ERR_UNREACHABLE, "not done in time");
	}
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_SYSTEM, "exit status %d", WEXITSTATUS(status));
	return 0;
}

static int run(char *const words[], char *const environment[], int64_t deadline,
	       struct secret_pool *pool, struct span *ret_output, struct err *err)
{
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "making a pipe");
	status = start(words, environment, fds[1], &pid, err);
	(void)close(fds[1]);
	if (status == 0) {
		status = keys_read_fd(fds[0], deadline, pool, ret_output, err);
		if (status < 0)
			kill_and_reap(pid);
	}
	(void)close(fds[0]);
	return status < 0 ? -1 : finish(pid, deadline, err);
}

int keys_run(char *const words[], char *const environment[], int seconds, struct secret_pool *pool,
	     struct span *ret_output, struct err *err)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction before;
	struct span output;
	int status;

	/* Where SIGCHLD is ignored, as some parents leave it to us, the exit status would be lost. */
	(void)sigaction(SIGCHLD, &usual, &before);
	status = run(words, environment, keys_read_clock() + (int64_t)seconds * 1000, pool, &output,
		     err);
	(void)sigaction(SIGCHLD, &before, NULL);
	if (status == 0)
		*ret_output = output;
	return status;
}
