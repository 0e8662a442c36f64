/* SPDX-License-Identifier: Apache-2.0
 *
 * Running kubectl; see kubectl.h. The objects reach it by a file in memory that has no name.
 */
#include "kubectl.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	VARIABLES_MAX = 4096,
	READ_STEP = 64 * 1024,
	NO_PROGRAM = 127,
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int hand_over(int fd, struct span objects, struct err *err)
{
	if (output_all(fd, objects) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "writing the objects for kubectl");
	return 0;
}

/* It needs the user's own for its credentials, but not what is for us. */
static void make_environment(char *scratch, char *list[static VARIABLES_MAX + 2])
{
	size_t n = 0, i;

	for (i = 0; environ[i] && n < VARIABLES_MAX; i++) {
		if (strncmp(environ[i], "SOPS_", 5) != 0 &&
		    strncmp(environ[i], "KRM_SOPS_", 9) != 0 &&
		    strncmp(environ[i], "TMPDIR=", 7) != 0)
			list[n++] = environ[i];
	}
	list[n++] = scratch;
	list[n] = NULL;
}

static void become(int in, int out, char *const environment[], pid_t parent)
{
	static char kubectl[] = "kubectl", diff[] = "diff", from[] = "-f", dash[] = "-";
	char *const args[] = {kubectl, diff, from, dash, NULL};
	struct sigaction usual = {.sa_handler = SIG_DFL};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent ||
	    dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(NO_PROGRAM);
	(void)sigaction(SIGPIPE, &usual, NULL);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	execvpe(kubectl, args, environment);
	_exit(NO_PROGRAM);
}

static int read_all(int fd, struct buf *out, struct err *err)
{
	ssize_t got = 1;

	while (got != 0) {
		uint8_t *room = buf_room(out, READ_STEP);

		if (!room)
			return buf_check(out, err);
		got = read(fd, room, READ_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "reading what kubectl prints");
		out->len += (size_t)got;
	}
	return 0;
}

static int finish(pid_t pid, bool *ret_differs, struct err *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, "waiting for kubectl");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) {
		*ret_differs = WEXITSTATUS(status) == 1;
		return 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
		(void)err_set(err, ERR_USAGE, "no kubectl on PATH");
		return err_hint(err,
				"--against PATH compares with another build instead of a cluster");
	}
	return err_set(err, ERR_SYSTEM, "kubectl diff failed");
}

int kubectl_diff(struct span objects, const char *scratch, struct buf *out, bool *ret_differs,
		 struct err *err)
{
	CLEANUP(close_fd) int in = memfd_create("objects", MFD_CLOEXEC);
	char variable[PATH_MAX + 8], *environment[VARIABLES_MAX + 2];
	const pid_t parent = getpid();
	int ends[2], status;
	pid_t pid;

	if (in < 0)
		return err_errno(err, "making a file in memory");
	if (hand_over(in, objects, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "making a pipe");
	(void)snprintf(variable, sizeof(variable), "TMPDIR=%s", scratch);
	make_environment(variable, environment);
	pid = fork();
	if (pid == 0)
		become(in, ends[1], environment, parent);
	(void)close(ends[1]);
	status = pid < 0 ? err_errno(err, "starting kubectl") : read_all(ends[0], out, err);
	(void)close(ends[0]);
	if (pid > 0 && status < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return status < 0 ? -1 : finish(pid, ret_differs, err);
}
