/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a program and reads what it prints. Refuses output that is too long, a program that takes too long, and any end but exit status 0.
 */
#include "keys_run.h"

#include "child.h"
#include "keys_read.h"

#include <fcntl.h>
#include <unistd.h>

struct run {
	char *const *words, *const *environment;
	int64_t deadline;
	struct secret_pool *pool;
	struct span output;
};

static int run(void *cookie, struct err *err)
{
	struct run *run = cookie;
	struct child child = {.words = run->words, .environment = run->environment, .messages = -1};
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "making a pipe");
	child.output = fds[1];
	status = child_start(&child, &pid, err);
	(void)close(fds[1]);
	if (status == 0) {
		status = keys_read_fd(fds[0], run->deadline, run->pool, &run->output, err);
		if (status < 0)
			child_kill(pid);
	}
	(void)close(fds[0]);
	return status < 0 ? -1 : child_finish(pid, run->deadline, err);
}

int keys_run(char *const words[], char *const environment[], int seconds, struct secret_pool *pool,
	     struct span *ret_output, struct err *err)
{
	struct run one = {
		.words = words,
		.environment = environment,
		.deadline = keys_read_clock() + (int64_t)seconds * 1000,
		.pool = pool,
	};

	if (child_with_signal(run, &one, err) < 0)
		return -1;
	*ret_output = one.output;
	return 0;
}
