/* SPDX-License-Identifier: Apache-2.0
 *
 * One POST after the other over a Unix socket; see socket_keys.h. HTTP/1.1 by hand, as all that comes is our own sidecar's: a status, a length, a body.
 */
#include "socket_keys.h"

#include "base/text.h"
#include "keys/unwrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LENGTH "content-length:"

struct answer {
	int status;
	size_t body;
	bool close;
};

static int fail(const char *path, const char *what, struct err *err)
{
	(void)err_set(err, ERR_UNREACHABLE, "sidecar '%s': %s: %s", text_quote(span_str(path)).text,
		      what, strerror(errno));
	return err_hint(err, "krm-sops serve --listen unix://%s ... is what answers there",
			text_quote(span_str(path)).text);
}

static int no_sidecar(const struct socket_keys *keys, struct err *err)
{
	return err_set(err, ERR_FORMAT, "what answers on '%s' is no krm-sops sidecar",
		       text_quote(span_str(keys->path)).text);
}

int socket_keys_connect(const char *path, int ms, struct err *err)
{
	const struct timeval limit = {.tv_sec = ms / 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "socket '%s': the path is longer than %zu bytes",
			       text_quote(span_str(path)).text, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	(void)fail(path, "cannot connect", err);
	(void)close(fd);
	return -1;
}

static int connect_to(struct socket_keys *keys, struct err *err)
{
	keys->fd = socket_keys_connect(keys->path, SOCKET_KEYS_MS, err);
	return keys->fd < 0 ? -1 : 0;
}

/* false: the connection is gone. */
static bool send_all(int fd, struct span bytes)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = span_from(bytes, (size_t)n);
	}
	return true;
}

static bool send_request(const struct socket_keys *keys, struct span frame)
{
	char head[160];
	int len = snprintf(
		head, sizeof(head),
		"POST /v1/unwrap HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
		"Content-Length: %zu\r\n\r\n",
		frame.len);

	return send_all(keys->fd, span_of(head, (size_t)len)) && send_all(keys->fd, frame);
}

static ssize_t receive(int fd, uint8_t *room, size_t len)
{
	ssize_t n;

	do {
		n = recv(fd, room, len, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* The head, byte by byte behind it the body's beginning: so one byte at a time until the empty line. Heads are short. */
static int read_head(const struct socket_keys *keys, struct buf *head, struct err *err)
{
	while (!span_ends(buf_span(head), SPAN("\r\n\r\n"))) {
		uint8_t *room = buf_room(head, 1);
		ssize_t n;

		if (!room)
			return head->bad == ERR_LIMIT ? no_sidecar(keys, err)
						      : buf_check(head, err);
		n = receive(keys->fd, room, 1);
		if (n <= 0)
			return fail(keys->path, "reading its answer", err);
		head->len++;
	}
	return 0;
}

static int parse_head(const struct socket_keys *keys, struct span head, struct answer *ret,
		      struct err *err)
{
	size_t at, end;

	if (!span_starts(head, SPAN("HTTP/1.1 ")) || head.len < 13)
		return no_sidecar(keys, err);
	*ret = (struct answer){.status = (int)strtol((const char *)head.data + 9, NULL, 10),
			       .body = SIZE_MAX};
	for (at = span_find(head, 0, '\n') + 1; at < head.len; at = end + 1) {
		struct span line;

		end = span_find(head, at, '\n');
		line = span_sub(head, at, end - at);
		if (line.len > strlen(LENGTH) &&
		    strncasecmp((const char *)line.data, LENGTH, strlen(LENGTH)) == 0)
			ret->body = strtoul((const char *)line.data + strlen(LENGTH), NULL, 10);
		if (line.len > 11 && strncasecmp((const char *)line.data, "connection:", 11) == 0)
			ret->close = span_search(line, SPAN("close")) != SIZE_MAX;
	}
	if (ret->body > (size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD)
		return no_sidecar(keys, err);
	return 0;
}

static int read_body(const struct socket_keys *keys, size_t len, struct buf *body, struct err *err)
{
	uint8_t *room = buf_room(body, len ? len : 1);

	if (!room)
		return buf_check(body, err);
	while (body->len < len) {
		ssize_t n = receive(keys->fd, body->data + body->len, len - body->len);

		if (n <= 0)
			return fail(keys->path, "reading its answer", err);
		body->len += (size_t)n;
	}
	return 0;
}

/* Its own words are JSON with the text in front; they are shown as they are, quoted. */
static int refused(const struct socket_keys *keys, int status, struct span body, struct err *err)
{
	const struct span begin = SPAN("{\"error\": \"");
	struct span text = span_starts(body, begin) ? span_from(body, begin.len) : SPAN("");
	enum err_code code = status == 403                    ? ERR_POLICY
			     : status == 503 || status == 429 ? ERR_UNREACHABLE
							      : ERR_FORMAT;

	text = span_sub(text, 0, span_find(text, 0, '"'));
	return err_set(err, code, "sidecar '%s': HTTP status %d: %s",
		       text_quote(span_str(keys->path)).text, status, text_quote(text).text);
}

static int exchange(struct socket_keys *keys, struct span frame, struct buf *ret_body,
		    bool *ret_again, struct err *err)
{
	CLEAN_BUF struct buf head = BUF_INIT(SOCKET_KEYS_HEAD_MAX),
			     body = BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	struct answer answer = {.status = 0};
	bool fresh = keys->fd < 0;
	size_t len = 0;

	*ret_again = false;
	if (fresh && connect_to(keys, err) < 0)
		return -1;
	/* Also where not all could be sent there may be an answer that says why. */
	(void)send_request(keys, frame);
	if (read_head(keys, &head, err) < 0) {
		*ret_again = !fresh && err->code == ERR_UNREACHABLE && !head.len;
		return -1;
	}
	if (parse_head(keys, buf_span(&head), &answer, err) < 0 ||
	    read_body(keys, answer.body, &body, err) < 0)
		return -1;
	if (answer.close)
		socket_keys_close(keys);
	if (answer.status != 200)
		return refused(keys, answer.status, buf_span(&body), err);
	if (unwrap_head(buf_span(&body), true, &len, err) < 0 || len != body.len - UNWRAP_HEAD)
		return no_sidecar(keys, err);
	buf_add_span(ret_body, span_from(buf_span(&body), UNWRAP_HEAD));
	return buf_check(ret_body, err);
}

int socket_keys_ask(void *cookie, struct span frame, struct buf *ret_body, struct err *err)
{
	struct socket_keys *keys = cookie;
	bool again = true;
	int r = -1;

	/* A kept connection may have been closed since: then once more on a new one. */
	while (r < 0 && again) {
		r = exchange(keys, frame, ret_body, &again, err);
		if (r < 0)
			socket_keys_close(keys);
	}
	return r;
}

void socket_keys_close(struct socket_keys *keys)
{
	if (keys->fd >= 0)
		(void)close(keys->fd);
	keys->fd = -1;
}
