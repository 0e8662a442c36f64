/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds and reads the file with the operator's policy; see policy.h.
 */
#include "policy.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads the file whole. Asked of the open file, so that it can not be swapped after the look at its mode. */
static int read_file(const char *path, struct buf *ret, struct err *err)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint8_t *room;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot read policy '%s'", text_quote(span_str(path)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_POLICY, "policy '%s' is not a regular file",
			       text_quote(span_str(path)).text);
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		(void)err_set(err, ERR_POLICY,
			      "policy '%s' may be written by others than its owner",
			      text_quote(span_str(path)).text);
		return err_hint(err, "chmod go-w '%s'", text_quote(span_str(path)).text);
	}
	do {
		room = buf_room(ret, (size_t)4096);
		if (!room)
			return buf_check(ret, err) < 0 ? err_wrap(err, "policy '%s'",
								  text_quote(span_str(path)).text)
						       : 0;
		got = read(fd, room, 4096);
		if (got < 0 && errno != EINTR)
			return err_errno(err, "cannot read policy '%s'",
					 text_quote(span_str(path)).text);
		ret->len += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	return 0;
}

int policy_load(struct policy *ret_policy, struct err *err)
{
	const char *named = getenv("KRM_SOPS_POLICY");
	const char *path = named && *named ? named : POLICY_PATH;
	CLEAN_BUF struct buf text = BUF_INIT(POLICY_FILE_MAX);

	if (read_file(path, &text, err) < 0) {
		if (err->code == ERR_NOT_FOUND && path != named) {
			*err = (struct err)ERR_INIT;
			return 0;
		}
		return -1;
	}
	return policy_parse(buf_span(&text), path, ret_policy, err);
}
