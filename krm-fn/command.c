/* SPDX-License-Identifier: Apache-2.0
 *
 * What every verb does at its edge: read the input whole, write the output whole, print the one error. See command.h.
 */
#include "command.h"

#include "base/buf.h"
#include "base/text.h"
#include "doc/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 64 * 1024 }; /* bytes asked of a pipe at a time */

/* Each line feed in it begins a line, and the separator before it goes (err.h). */
static void print_message(const char *msg)
{
	const char *margin = "", *end;
	size_t len;

	for (; (end = strchr(msg, '\n')) != NULL; msg = end + 1) {
		len = (size_t)(end - msg);
		while (len && (msg[len - 1] == ' ' || msg[len - 1] == ';'))
			len--;
		fprintf(stderr, "krm-sops: %s%.*s\n", margin, (int)len, msg);
		margin = "  ";
	}
	fprintf(stderr, "krm-sops: %s%s\n", margin, msg);
}

int command_fail(const struct err *err)
{
	print_message(err->msg);
	if (err->hint[0])
		fprintf(stderr, "krm-sops: hint: %s\n", err->hint);
	return err_exit_status(err->code);
}

static void close_fd(const int *fd)
{
	if (*fd > STDERR_FILENO)
		close(*fd);
}

int command_read(const char *path, struct buf *ret, struct err *err)
{
	CLEANUP(close_fd) int fd = -1;
	CLEAN_BUF struct buf in = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	struct stat st;
	uint8_t *room;
	ssize_t got;

	fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(path)).text);
	/* One allocation of the right size where the size is known: a large file is then never copied. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= DOC_INPUT_MAX)
		(void)buf_room(&in, (size_t)st.st_size + 1);
	do {
		size_t step = in.cap - in.len > 1 ? in.cap - in.len : READ_STEP;

		if (step > in.limit - in.len)
			step = in.limit - in.len;
		room = buf_room(&in, step);
		if (!room)
			return buf_check(&in, err);
		got = read(fd, room, step);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "cannot read '%s'", text_quote(span_str(path)).text);
		in.len += (size_t)got;
	} while (got != 0 && in.len <= DOC_INPUT_MAX);
	if (in.len > DOC_INPUT_MAX)
		return err_set(err, ERR_LIMIT, "'%s' has more than %d bytes",
			       text_quote(span_str(path)).text, DOC_INPUT_MAX);
	buf_move(ret, &in);
	return 0;
}

int command_write(const struct buf *buf, struct err *err)
{
	size_t at = 0;

	while (at < buf->len) {
		ssize_t put = write(STDOUT_FILENO, buf->data + at, buf->len - at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(err, "cannot write to stdout");
		at += (size_t)put;
	}
	/* A full disk or a broken network file may be told only now. */
	if (close(STDOUT_FILENO) < 0 && errno != EINTR)
		return err_errno(err, "cannot write to stdout");
	return 0;
}
