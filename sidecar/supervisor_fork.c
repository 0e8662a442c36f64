/* SPDX-License-Identifier: Apache-2.0
 *
 * How the supervisor makes its children; see supervisor_parts.h.
 */
#include "supervisor_parts.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS = 1024 /* more than a supervisor has: three a door, one a child */ };

_Static_assert(DOORS_MAX * 3 + SHARED_SLOTS_MAX + 64 < FDS, "all descriptors are closed");

pid_t supervisor_fork(const struct supervisor *supervisor, struct offspring *child, int *ret_end,
		      struct err *err)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		(void)err_errno(err, "a control");
		return -1;
	}
	pid = fork();
	if (pid < 0) {
		(void)err_errno(err, "a new process");
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	if (pid == 0) {
		(void)close(fds[0]);
		*ret_end = fds[1];
		(void)sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
		(void)signal(SIGTERM, SIG_IGN); /* the supervisor says when */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		return 0;
	}
	(void)close(fds[1]);
	*child = (struct offspring){.pid = pid, .control = fds[0]};
	return pid;
}

int supervisor_fork_keep(const struct supervisor *supervisor, const void *own, const int *keep,
			 size_t count, struct err *err)
{
	size_t i;
	int fd;

	if (shared_keep(supervisor->shared, supervisor->shared_fd, own, err) < 0)
		return -1;
	for (fd = STDERR_FILENO + 1; fd < FDS; fd++) {
		for (i = 0; i < count && keep[i] != fd; i++)
			;
		if (i == count)
			(void)close(fd);
	}
	return 0;
}

void supervisor_fork_forget(struct offspring *child)
{
	(void)close(child->control);
	*child = (struct offspring){.pid = 0};
}
