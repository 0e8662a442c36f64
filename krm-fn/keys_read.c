/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads key material. It goes straight into locked memory, never through a stream's buffer. Refuses directories, devices and sockets, what
 * is too large, and what does not end in time.
 */
#include "keys_read.h"

#include "base/text.h"
#include "base/wipe.h"
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_FIRST = 4096 /* bytes: nearly every key file fits */ };

int64_t keys_read_clock(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits till there is something to read. */
static int wait_for(int fd, int64_t deadline, struct err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int64_t left;
	int ready;

	if (deadline == KEYS_READ_NO_DEADLINE)
		return 0;
	for (;;) {
		left = deadline - keys_read_clock();
		ready = left > 0 ? poll(&poll_fd, 1, left > INT32_MAX ? INT32_MAX : (int)left) : 0;
		if (ready > 0)
			return 0;
		if (ready == 0)
			return err_set(err, ERR_UNREACHABLE, "not done in time");
		if (errno != EINTR)
			return err_errno(err, "waiting");
	}
}

/* One more piece of twice the size, as pieces of the pool do not grow. */
static int grow(struct secret_pool *pool, uint8_t **data, size_t *cap, size_t len, struct err *err)
{
	size_t more = *cap ? *cap * 2 : READ_FIRST;
	uint8_t *piece = secret_alloc(pool, more, err);

	if (!piece)
		return -1;
	if (len) {
		memcpy(piece, *data, len);
		wipe(*data, len);
	}
	*data = piece;
	*cap = more;
	return 0;
}

int keys_read_fd(int fd, int64_t deadline, struct secret_pool *pool, struct span *ret_text,
		 struct err *err)
{
	uint8_t *data = NULL;
	size_t cap = 0, len = 0;
	ssize_t got;

	for (;;) {
		if (len == cap && grow(pool, &data, &cap, len, err) < 0)
			return -1;
		if (wait_for(fd, deadline, err) < 0)
			return -1;
		got = read(fd, data + len, cap - len);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "reading");
		len += (size_t)got;
		if (len > KEYS_SECRET_MAX)
			return err_set(err, ERR_LIMIT, "more than %d bytes", KEYS_SECRET_MAX);
	}
	*ret_text = span_of(data, len);
	return 0;
}

static int read_open(int fd, struct secret_pool *pool, struct span *ret_text, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "looking at it");
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return err_set(err, ERR_SYSTEM, "neither a file nor a pipe");
	return keys_read_fd(fd, KEYS_READ_NO_DEADLINE, pool, ret_text, err);
}

int keys_read_file(const char *path, struct secret_pool *pool, struct span *ret_text,
		   struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), status;

	if (fd < 0)
		return err_errno(err, "reading '%s'", text_quote(span_str(path)).text);
	status = read_open(fd, pool, ret_text, err);
	(void)close(fd);
	if (status < 0)
		return err_wrap(err, "reading '%s'", text_quote(span_str(path)).text);
	return 0;
}
