/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes over a socket within a deadline; see gpg_wire.h.
 */
#include "keys/gpg_wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int64_t gpg_wire_clock(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, int64_t deadline, struct err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int64_t left = -1;
	int ready;

	for (;;) {
		if (deadline != GPG_WIRE_NO_DEADLINE) {
			left = deadline - gpg_wire_clock();
			if (left <= 0)
				return err_set(err, ERR_UNREACHABLE, "no answer in time");
		}
		ready = poll(&poll_fd, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return err_errno(err, "waiting for GnuPG");
	}
}

static int gone(struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "ended without an answer");
}

int gpg_wire_send(int fd, const void *data, size_t len, int64_t deadline, struct err *err)
{
	const uint8_t *at = data;
	ssize_t sent;

	while (len) {
		if (wait_for(fd, POLLOUT, deadline, err) < 0)
			return -1;
		sent = send(fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (sent < 0)
			return errno == EPIPE || errno == ECONNRESET
				       ? gone(err)
				       : err_errno(err, "asking GnuPG");
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

int gpg_wire_receive(int fd, void *data, size_t len, int64_t deadline, struct err *err)
{
	uint8_t *at = data;
	ssize_t got;

	while (len) {
		if (wait_for(fd, POLLIN, deadline, err) < 0)
			return -1;
		got = recv(fd, at, len, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return gone(err);
		if (got < 0)
			return err_errno(err, "hearing from GnuPG");
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

bool gpg_answer_good(const struct gpg_answer *answer, size_t len_max)
{
	size_t i;

	if (answer->verdict != KEY_OPENED && answer->verdict != KEY_NOT_MINE &&
	    answer->verdict != KEY_FAILED)
		return false;
	for (i = 0; i < ARRAY_LEN(answer->fingerprints); i++) {
		if (!ends(answer->fingerprints[i], sizeof(answer->fingerprints[i])))
			return false;
	}
	return (unsigned)answer->code <= ERR_BUG &&
	       answer->len <= (answer->verdict == KEY_OPENED ? len_max : 0) &&
	       ends(answer->why, sizeof(answer->why));
}

void gpg_answer_set(struct gpg_answer *answer, enum key_verdict verdict, const struct err *why)
{
	*answer = (struct gpg_answer){.verdict = verdict, .code = why->code};
	memcpy(answer->why, why->msg, strnlen(why->msg, sizeof(answer->why) - 1));
}
