/* SPDX-License-Identifier: Apache-2.0
 *
 * The child that cleans up; see janitor.h. It holds no descriptor but the pipe, is in a session of its own, so that no signal of the terminal or of
 * our process group reaches it, and is deaf to those that could be sent to it.
 */
#include "janitor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEPTH_MAX = 256 /* folders in each other: walk.h copies no tree that is deeper than 64 */ };

static void empty_folder(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int below;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || depth == DEPTH_MAX)
			continue;
		below = openat(dirfd(dir), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			empty_folder(below, depth + 1);
		(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void janitor_remove(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		empty_folder(fd, 0);
	(void)rmdir(path);
}

static void be_deaf(void)
{
	static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				      SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		(void)signal(signals[i], SIG_IGN);
}

static void keep_only(int fd)
{
	if (fd > 0)
		(void)close_range(0, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0U, 0);
}

static void wait_and_remove(int fd, const char *path)
{
	char byte;
	ssize_t got;

	be_deaf();
	(void)setsid();
	keep_only(fd);
	do
		got = read(fd, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	janitor_remove(path);
}

int janitor_start(const char *path, struct janitor *ret_janitor, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "making a pipe");
	pid = fork();
	if (pid == 0) {
		wait_and_remove(ends[0], path);
		_exit(0);
	}
	(void)close(ends[0]);
	if (pid < 0) {
		(void)err_errno(err, "starting a process that cleans up");
		(void)close(ends[1]);
		return -1;
	}
	*ret_janitor = (struct janitor){.pipe = ends[1], .pid = pid};
	return 0;
}

void janitor_end(struct janitor *janitor)
{
	if (!janitor || janitor->pipe < 0)
		return;
	(void)close(janitor->pipe);
	janitor->pipe = -1;
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
