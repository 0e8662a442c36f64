/* SPDX-License-Identifier: Apache-2.0
 *
 * Between a worker and the keeper; see exchange.h.
 */
#include "exchange.h"

#include "keys/unwrap.h"
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int exchange_line_open(struct exchange_line *ret_line, struct err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "making a line to the keeper");
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	ret_line->worker = fds[0];
	ret_line->keeper = fds[1];
	return 0;
}

static int gone(struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "the process that holds the keys is not there");
}

/* Waits for the other side; -1 where it does not come in time. */
static int wait_for(int fd, short what, int64_t deadline, struct err *err)
{
	struct pollfd one = {.fd = fd, .events = what};
	int64_t left = deadline - shared_clock();
	int r;

	if (left <= 0)
		return err_set(err, ERR_UNREACHABLE, "no key service has answered in time");
	r = poll(&one, 1, (int)left);
	if (r < 0 && errno != EINTR)
		return err_errno(err, "waiting for the keeper");
	return 0;
}

/* Hands one end over. A keeper that has too much to do takes no more from the line, so that it may be full. */
static int hand_over(const struct exchange *exchange, int fd, int64_t deadline, struct err *err)
{
	struct exchange_peer peer = exchange->peer;
	struct iovec words = {&peer, sizeof(peer)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct msghdr message = {
		.msg_iov = &words,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	while ((sent = sendmsg(exchange->line, &message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return gone(err);
		if (wait_for(exchange->line, POLLOUT, deadline, err) < 0)
			return -1;
	}
	return sent == (ssize_t)sizeof(peer) ? 0 : gone(err);
}

static int send_all(int fd, struct span frame, int64_t deadline, struct err *err)
{
	while (frame.len) {
		ssize_t n = send(fd, frame.data, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			frame = span_from(frame, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return gone(err);
		else if (wait_for(fd, POLLOUT, deadline, err) < 0)
			return -1;
	}
	return 0;
}

static int receive(int fd, uint8_t *data, size_t len, int64_t deadline, struct err *err)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = recv(fd, data + at, len - at, MSG_DONTWAIT);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return gone(err);
		else if (wait_for(fd, POLLIN, deadline, err) < 0)
			return -1;
	}
	return 0;
}

static int ask(int fd, struct span frame, int64_t deadline, struct buf *ret_body, struct err *err)
{
	uint8_t head[UNWRAP_HEAD], *room;
	size_t len = 0;

	if (send_all(fd, frame, deadline, err) < 0 ||
	    receive(fd, head, sizeof(head), deadline, err) < 0 ||
	    unwrap_head(span_of(head, sizeof(head)), true, &len, err) < 0)
		return -1;
	room = buf_room(ret_body, len);
	if (!room)
		return buf_check(ret_body, err);
	if (receive(fd, room, len, deadline, err) < 0)
		return -1;
	ret_body->len += len;
	return 0;
}

int exchange_ask(void *cookie, struct span frame, struct buf *ret_body, struct err *err)
{
	const struct exchange *exchange = cookie;
	int64_t deadline = shared_clock() + exchange->timeout_ms;
	int fds[2], r;
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		bool many = errno == EMFILE || errno == ENFILE;

		(void)err_errno(err, "asking for keys");
		/* When others are through there are some again. */
		if (many)
			err->code = ERR_UNREACHABLE;
		return -1;
	}
	/* As much as there is room for goes first, so that the keeper finds a question whole when it hears of it. */
	n = send(fds[0], frame.data, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	r = hand_over(exchange, fds[1], deadline, err);
	(void)close(fds[1]);
	if (r == 0)
		r = ask(fds[0], span_from(frame, n > 0 ? (size_t)n : 0), deadline, ret_body, err);
	(void)close(fds[0]);
	return r;
}

/* Whatever descriptors came, the first one is ours and the rest is closed. */
static int take_fd(struct msghdr *message)
{
	struct cmsghdr *cmsg;
	int first = -1, fd;
	size_t i;

	for (cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= cmsg->cmsg_len; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (first < 0)
				first = fd;
			else
				(void)close(fd);
		}
	}
	return first;
}

int exchange_accept(int line, struct exchange_peer *ret_peer)
{
	struct iovec words = {ret_peer, sizeof(*ret_peer)};
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = {
		.msg_iov = &words,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(line, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int fd;

	if (n < 0)
		return -1;
	fd = take_fd(&message);
	if (fd < 0)
		return -1;
	if (n != (ssize_t)sizeof(*ret_peer) || ret_peer->door > EXCHANGE_PAIR) {
		(void)close(fd);
		return -1;
	}
	return fd;
}
