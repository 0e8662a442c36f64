/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and ending other programs; see child.h. They are not put into a process group of their own, as one may have to ask the user on the
 * terminal.
 */
#include "child.h"

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

/* The descriptor becomes number `to` of the child. */
static int redirect(posix_spawn_file_actions_t *actions, int fd, int to, int flags)
{
	return fd < 0 ? posix_spawn_file_actions_addopen(actions, to, "/dev/null", flags, 0)
		      : posix_spawn_file_actions_adddup2(actions, fd, to);
}

static int set_files(const struct child *child, posix_spawn_file_actions_t *actions)
{
	/* The output first: it may have got the number 0 or 2 where we were started without these. */
	int failed = redirect(actions, child->output, STDOUT_FILENO, O_WRONLY);

	if (!failed)
		failed = redirect(actions, child->messages, STDERR_FILENO, O_WRONLY);
	if (!failed)
		failed = redirect(actions, -1, STDIN_FILENO, O_RDONLY);
	if (!failed && child->folder)
		failed = posix_spawn_file_actions_addchdir_np(actions, child->folder);
	return failed;
}

int child_start(const struct child *child, pid_t *ret_pid, struct err *err)
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
	failed = set_files(child, &actions);
	if (!failed)
		failed = posix_spawnp(ret_pid, child->words[0], &actions, &attr, child->words,
				      child->environment);
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

void child_kill(pid_t pid)
{
	if (kill(pid, SIGKILL) == 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

int child_finish(pid_t pid, int64_t deadline, struct err *err)
{
	int status = 0, late = wait_till(pid, deadline, &status, err);

	if (late < 0)
		return -1;
	if (late) {
		child_kill(pid);
		return err_set(err, ERR_UNREACHABLE, "not done in time");
	}
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_SYSTEM, "exit status %d", WEXITSTATUS(status));
	return 0;
}

int child_with_signal(int (*body)(void *cookie, struct err *err), void *cookie, struct err *err)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction before;
	int status;

	(void)sigaction(SIGCHLD, &usual, &before);
	status = body(cookie, err);
	(void)sigaction(SIGCHLD, &before, NULL);
	return status;
}
