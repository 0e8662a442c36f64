/* SPDX-License-Identifier: Apache-2.0
 *
 * Who comes in; see doorway.h.
 */
#include "doorway.h"

#include "command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TICK_MS = 250,
	FULL_MS = 50,    /* that a full worker leaves newcomers to the others of its socket */
	PREFACE = 3,     /* bytes that tell HTTP/2 from HTTP/1.1 */
	HEARD_MAX = 256, /* reads of what somebody who is turned away has said: a megabyte */
};

/* A last word to somebody who gets no thread. */
static void turn_away(int fd, const char *head, const char *body)
{
	char text[512], rest[4096];
	int i, len = snprintf(
		       text, sizeof(text),
		       "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		       head, strlen(body), body);

	/* What is left unread would take our words with it. But who talks without an end would keep us from all others. */
	for (i = 0; i < HEARD_MAX && recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0; i++)
		;
	(void)send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

/* Once a second at most: whoever is refused can try as often as he likes. */
static void tell_refused(struct doorway *doorway, const struct err *err, int64_t now)
{
	if (doorway->told && now < doorway->told + 1000)
		return;
	doorway->told = now;
	(void)command_fail(err);
}

/* Sets what somebody who may not ask is told. */
static void check_peer(struct doorway *doorway, struct doorway_guest *one, int64_t now)
{
	struct exchange_peer peer;
	struct err err = ERR_INIT;

	if (!doorway->rules || (peer_of(one->fd, &peer, &err) == 0 &&
				peer_check(doorway->rules, one->fd, &peer, &err) == 0))
		return;
	doorway->own->refused_peers++;
	tell_refused(doorway, &err, now);
	one->head = "403 Forbidden";
	one->body = "{\"error\": \"this socket is not for you\", \"exitStatus\": 77}\n";
}

static void take_connection(struct doorway *doorway, int fd, int64_t now)
{
	struct doorway_guest one = {.fd = fd, .since = now};

	doorway->own->accepted++;
	check_peer(doorway, &one, now);
	if (!one.head && doorway->own->connections >= doorway->room) {
		doorway->own->refused_busy++;
		one.head = "503 Service Unavailable\r\nRetry-After: 1";
		one.body =
			"{\"error\": \"more connections than there is room for\", \"exitStatus\": 75}\n";
	}
	if (doorway->count == DOORWAY_MAX) {
		turn_away(fd, one.head ? one.head : "503 Service Unavailable\r\nRetry-After: 1",
			  one.body ? one.body : "{}\n");
		return;
	}
	doorway->own->connections += !one.head;
	doorway->guests[doorway->count++] = one;
}

static void accept_all(struct doorway *doorway, int64_t now)
{
	int fd, i;

	/* Some, not all that there are: the other workers of the socket want some too. */
	for (i = 0; i < 4; i++) {
		fd = accept4(doorway->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			/* Out of descriptors: whoever waits would be told of again and again. */
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
				doorway->pause = now + FULL_MS;
			return;
		}
		take_connection(doorway, fd, now);
	}
}

/* One that has said something is handed on, or told no; one that is gone or says nothing for too long is closed. */
static void look_at(struct doorway *doorway, size_t i, bool ready, int64_t now)
{
	struct doorway_guest *one = &doorway->guests[i];
	char first[PREFACE];
	ssize_t n = ready ? recv(one->fd, first, sizeof(first), MSG_PEEK | MSG_DONTWAIT) : 0;
	/* errno is that of an earlier call where there is no more to come. */
	bool gone = ready && (n == 0 || (n < 0 && errno != EAGAIN));
	bool http2 = n >= PREFACE && memcmp(first, "PRI", PREFACE) == 0;

	if (ready && n > 0 && one->head) {
		turn_away(one->fd, one->head, one->body);
	} else if (ready && n > 0 && (n >= PREFACE || memcmp(first, "PRI", (size_t)n) != 0)) {
		if (!doorway->hand_on(doorway->cookie, one->fd, http2))
			doorway->own->connections--;
	} else if (gone || now > one->since + DOORWAY_FIRST_MS) {
		(void)close(one->fd);
		doorway->own->connections -= !one->head;
		doorway->own->cut_slow += !ready;
	} else {
		one->begun = ready && n > 0;
		return;
	}
	doorway->guests[i] = doorway->guests[--doorway->count];
}

bool doorway_turn(struct doorway *doorway, int control, bool open)
{
	bool full = doorway->own->connections >= doorway->room || doorway->pause > shared_clock();
	struct pollfd fds[2 + DOORWAY_MAX];
	size_t count = doorway->count, i;
	bool begun = false;
	int64_t now;

	fds[0] = (struct pollfd){.fd = open && !full ? doorway->listener : -1, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = control, .events = POLLIN};
	for (i = 0; i < count; i++) {
		const struct doorway_guest *one = &doorway->guests[i];

		/* What one that has begun has said is still there, and would be told of again and again. */
		fds[2 + i] = (struct pollfd){.fd = one->begun ? -1 : one->fd, .events = POLLIN};
		begun = begun || one->begun;
	}
	if (poll(fds, 2 + count, full || begun ? FULL_MS : TICK_MS) < 0)
		return false;
	now = shared_clock();
	for (i = count; i-- > 0;)
		look_at(doorway, i, fds[2 + i].revents || doorway->guests[i].begun, now);
	if (fds[1].revents)
		return true;
	if (fds[0].revents || (full && open))
		accept_all(doorway, now);
	return false;
}
