/* SPDX-License-Identifier: Apache-2.0
 *
 * All or nothing into a file; see output.h.
 */
#include "output.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *path, struct err *err)
{
	return err_errno(err, "cannot write '%s'", text_quote(span_str(path)).text);
}

int output_all(int fd, struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		ssize_t put = write(fd, text.data + at, text.len - at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += (size_t)put;
	}
	return 0;
}

/* close() may be the first to tell of a full disk. */
static int close_checked(int fd, int so_far)
{
	int saved = errno, r = close(fd);

	if (so_far < 0) {
		errno = saved;
		return -1;
	}
	return r < 0 && errno != EINTR ? -1 : 0;
}

static int write_special(const char *path, const struct buf *content)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -1 : close_checked(fd, output_all(fd, buf_span(content)));
}

static int replace(const char *path, const struct buf *content)
{
	char temp[PATH_MAX];
	int fd, r, saved;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= (int)sizeof(temp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(temp, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return -1;
	r = output_all(fd, buf_span(content));
	if (r == 0)
		r = fsync(fd);
	r = close_checked(fd, r);
	if (r == 0)
		r = rename(temp, path);
	if (r < 0) {
		saved = errno;
		(void)unlink(temp);
		errno = saved;
	}
	return r;
}

int output_file(const char *path, const struct buf *content, struct err *err)
{
	char real[PATH_MAX];
	const char *target = path;
	struct stat st;
	sigset_t all, before;
	int r, saved;

	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return write_special(path, content) < 0 ? fail(path, err) : 0;
		if (!realpath(path, real))
			return fail(path, err);
		target = real;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	r = replace(target, content);
	saved = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return r < 0 ? fail(path, err) : 0;
}
