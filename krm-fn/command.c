/* SPDX-License-Identifier: Apache-2.0
 *
 * What every verb does at its edge: read the input whole, write the output whole, print the one error. See command.h.
 */
#include "command.h"

#include "output.h"

#include "base/buf.h"
#include "base/text.h"
#include "doc/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_STEP = 64 * 1024, /* bytes asked of a pipe at a time */
	USAGE_MAX = 1024,      /* bytes of what is wrong with a command line */
};

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

int command_usage(struct err *err, const char *verb, const char *fmt, ...)
{
	char what[USAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)err_set(err, ERR_USAGE, "%s%s%s", verb ? verb : "", verb ? ": " : "", what);
	return err_hint(err, "see krm-sops %s%s--help", verb ? verb : "", verb ? " " : "");
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

int command_hint(struct err *err, const char *word)
{
	static const char *const of_sops[] = {
		"encrypt",    "edit",       "rotate",
		"updatekeys", "set",        "unset",
		"exec-env",   "exec-file",  "publish",
		"filestatus", "groups",     "keyservice",
		"-e",         "--encrypt",  "-r",
		"--rotate",   "-s",         "--show-master-keys",
		"--add-age",  "--rm-age",   "--set",
		"-i",         "--in-place",
	};
	static const char *const versions[] = {"version", "-v", "-V"};
	struct stat st;

	if (is_one_of(word, of_sops, ARRAY_LEN(of_sops)))
		return err_hint(err, "krm-sops only decrypts (krm-sops decrypt, or -d); sops does "
				     "the rest");
	if (is_one_of(word, versions, ARRAY_LEN(versions)))
		return err_hint(err, "krm-sops --version");
	if (word[0] == '-' || stat(word, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return err_hint(err, "for a folder: krm-sops build DIR, krm-sops check DIR");
	return err_hint(err, "to print a file decrypted: krm-sops decrypt FILE");
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
	if (output_all(STDOUT_FILENO, buf_span(buf)) < 0)
		return err_errno(err, "cannot write to stdout");
	/* A full disk or a broken network file may be told only now. */
	if (close(STDOUT_FILENO) < 0 && errno != EINTR)
		return err_errno(err, "cannot write to stdout");
	return 0;
}
