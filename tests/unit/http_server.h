/* SPDX-License-Identifier: Apache-2.0
 *
 * A server on loopback for tests of what sends HTTP; each connection is a thread. The path says what it answers: "/STATUS/MS" that status after so many
 * milliseconds, "/body/N" and "/head/N" a body or a header of N bytes, "/garbage" what is no HTTP, "/hang" nothing, "/close" the end of the connection.
 * As a proxy it answers for the host that was asked for, and refuses CONNECT with 403.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/attr.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_PEERS = 64, SERVER_TEXT = 4096 };

struct http_peer {
	struct http_server *server;
	pthread_t thread;
	int fd;
};

struct http_server {
	int fd, port;
	atomic_int count; /* of connections */
	pthread_t acceptor;
	struct http_peer peers[SERVER_PEERS];
	atomic_int requests, under_way, most; /* most: that were under way together */
	char last[SERVER_TEXT];               /* request; for tests that send one at a time */
};

static inline void server_say(int fd, const char *head, size_t n, const char *tail)
{
	size_t before = strlen(head), after = strlen(tail), len = before + n + after, at = 0;
	char *text = malloc(len + 1);
	ssize_t put = 1;

	if (!text)
		return;
	memcpy(text, head, before);
	memset(text + before, 'x', n);
	memcpy(text + before + n, tail, after);
	for (; at < len && put > 0; at += put > 0 ? (size_t)put : 0)
		put = send(fd, text + at, len - at, MSG_NOSIGNAL);
	free(text);
}

/* False: the connection ends. */
static inline bool server_answer(int fd, const char *path)
{
	char text[256];
	int n = 0, ms = 0;

	if (sscanf(path, "/body/%d", &n) == 1) {
		/* of no length that is told, so that it is found out only by reading */
		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", (unsigned)n);
		server_say(fd, text, (size_t)n, "\r\n0\r\n\r\n");
	} else if (sscanf(path, "/head/%d", &n) == 1) {
		server_say(fd, "HTTP/1.1 200 x\r\nContent-Length: 0\r\nX-A: ", (size_t)n,
			   "\r\n\r\n");
	} else if (sscanf(path, "/%d/%d", &n, &ms) == 2) {
		usleep((useconds_t)ms * 1000);
		snprintf(text, sizeof(text),
			 "HTTP/1.1 %d x\r\nX-Test:  a b \r\nContent-Length: 4\r\n\r\nfine", n);
		server_say(fd, text, 0, "");
	} else if (strcmp(path, "/garbage") == 0) {
		server_say(fd, "SSH-2.0-x\r\n\r\n", 0, "");
		return false;
	} else if (strcmp(path, "/hang") == 0) {
		return recv(fd, text, sizeof(text), 0) > 0;
	} else {
		return false;
	}
	return true;
}

/* One request, its head only: the tests send no body. */
static inline bool server_serve(struct http_server *server, int fd)
{
	char text[SERVER_TEXT], method[16], target[256];
	const char *path;
	size_t len = 0;
	ssize_t got;
	bool goes_on;
	int now;

	do {
		got = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		text[len] = '\0';
	} while (!strstr(text, "\r\n\r\n") && len < sizeof(text) - 1);
	server->requests++;
	now = ++server->under_way;
	if (now > server->most)
		server->most = now;
	memcpy(server->last, text, len + 1);
	goes_on = sscanf(text, "%15s %255s", method, target) == 2;
	path = goes_on && strncmp(target, "http://", 7) == 0 ? strchr(target + 7, '/') : target;
	if (goes_on && strcmp(method, "CONNECT") == 0)
		server_say(fd, "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", 0, "");
	else
		goes_on = goes_on && path && server_answer(fd, path);
	server->under_way--;
	return goes_on;
}

static inline void *server_peer(void *cookie)
{
	struct http_peer *peer = cookie;

	while (server_serve(peer->server, peer->fd))
		;
	shutdown(peer->fd, SHUT_RDWR);
	return NULL;
}

static inline void *server_accept(void *cookie)
{
	struct http_server *server = cookie;
	struct http_peer *peer;

	while (server->count < SERVER_PEERS) {
		peer = &server->peers[server->count];
		peer->server = server;
		peer->fd = accept(server->fd, NULL, NULL);
		if (peer->fd < 0)
			break;
		server->count++; /* before it is answered */
		if (pthread_create(&peer->thread, NULL, server_peer, peer) != 0) {
			server->count--;
			close(peer->fd);
		}
	}
	return NULL;
}

/* Before it serves, its port refuses connections. */
static inline void server_bind(struct http_server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	memset(server, 0, sizeof(*server));
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->fd >= 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &len), 0);
	server->port = ntohs(at.sin_port);
}

static inline void server_start(struct http_server *server)
{
	server_bind(server);
	assert_int_equal(listen(server->fd, SERVER_PEERS), 0);
	assert_int_equal(pthread_create(&server->acceptor, NULL, server_accept, server), 0);
}

static inline void server_stop(struct http_server *server)
{
	int i;

	if (server->acceptor) {
		shutdown(server->fd, SHUT_RDWR);
		pthread_join(server->acceptor, NULL);
	}
	close(server->fd);
	for (i = 0; i < server->count; i++) {
		shutdown(server->peers[i].fd, SHUT_RDWR);
		pthread_join(server->peers[i].thread, NULL);
		close(server->peers[i].fd);
	}
}

#define CLEAN_SERVER CLEANUP(server_stop)

#endif
