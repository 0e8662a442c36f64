/* SPDX-License-Identifier: Apache-2.0
 *
 * Load for the sidecar: clients that each send one request again and again over a kept-alive connection to a Unix socket, and check each answer.
 *
 *	sidecar_load SOCKET PATH BODY EXPECTED CLIENTS REQUESTS|SECONDSs
 *
 * REQUESTS are each client's; with an `s` behind, the time that all of them go on. EXPECTED is the file with the answer's bytes; "-" takes any with status
 * 200. A connection that the server ends is made anew (counted), and the request sent again. Prints one line of JSON: requests that were answered; wrong: status 200
 * and other bytes, or never answered; failed: another status; refused: 429 or 503, sent again; reconnects; requests a second; p50, p90 and p99 in
 * microseconds. Exit status 1 where an answer was wrong.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, TRIES = 50, TIMES_MAX = 200 * 1000 };

struct bytes {
	char *data;
	size_t len;
};

struct client {
	pthread_t thread;
	const char *socket, *path;
	const struct bytes *request, *expected; /* expected->data NULL: any */
	long requests, done, wrong, failed, refused, reconnects;
	double until;  /* microseconds; 0: the requests count */
	double *times; /* microseconds; of the first TIMES_MAX */
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct bytes read_file(const char *path)
{
	struct bytes bytes = {.data = NULL};
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file) {
		perror(path);
		exit(2);
	}
	bytes.data = malloc(ANSWER_MAX);
	while (bytes.data &&
	       (n = fread(bytes.data + bytes.len, 1, ANSWER_MAX - bytes.len, file)) > 0)
		bytes.len += n;
	fclose(file);
	return bytes;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_all(int fd, const struct bytes *bytes)
{
	size_t at = 0;
	ssize_t n;

	while (at < bytes->len) {
		n = send(fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Reads one answer. The status; 0: the connection ended. *ret_body points into buffer. */
static int receive(int fd, char *buffer, struct bytes *ret_body, bool *ret_close)
{
	size_t len = 0, head = 0, body = 0;
	char *end, *field;
	ssize_t n;

	for (;;) {
		n = recv(fd, buffer + len, 64 * 1024 - 1, 0);
		if (n <= 0)
			return 0;
		len += (size_t)n;
		buffer[len] = '\0';
		if (!head) {
			end = strstr(buffer, "\r\n\r\n");
			if (!end)
				continue;
			head = (size_t)(end - buffer) + 4;
			field = strcasestr(buffer, "\r\nContent-Length:");
			body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
			field = strcasestr(buffer, "\r\nConnection: close");
			*ret_close = field && field < end;
		}
		if (len >= head + body)
			break;
	}
	*ret_body = (struct bytes){buffer + head, body};
	return atoi(buffer + 9);
}

static bool goes_on(const struct client *client)
{
	return client->until > 0 ? now_us() < client->until : client->done < client->requests;
}

static void *run(void *arg)
{
	struct client *client = arg;
	char *buffer = malloc(ANSWER_MAX);
	struct bytes body;
	int fd = -1, status, tries = 0;
	bool ends;
	double began;

	while (buffer && tries < TRIES && goes_on(client)) {
		if (fd < 0) {
			fd = open_socket(client->socket);
			if (fd < 0) {
				tries++;
				usleep(20000);
				continue;
			}
		}
		began = now_us();
		ends = false;
		status = send_all(fd, client->request) ? receive(fd, buffer, &body, &ends) : 0;
		if (status == 0 || ends) {
			close(fd);
			fd = -1;
		}
		if (status == 0) {
			client->reconnects++;
			tries++;
			continue;
		}
		tries = 0;
		if (status == 503 || status == 429) {
			client->refused++;
			usleep(10000);
			continue;
		}
		if (client->done < TIMES_MAX)
			client->times[client->done] = now_us() - began;
		client->done++;
		if (status != 200)
			client->failed++;
		else if (client->expected->data &&
			 (body.len != client->expected->len ||
			  memcmp(body.data, client->expected->data, body.len) != 0))
			client->wrong++;
	}
	if (tries == TRIES)
		client->wrong++;
	if (fd >= 0)
		close(fd);
	free(buffer);
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct bytes request = {.data = NULL}, body, expected = {.data = NULL};
	long clients, requests, i, timed = 0, done = 0, wrong = 0, failed = 0, refused = 0,
				   reconnects = 0, some;
	struct client *all;
	double *times, began, took;
	bool by_time_limit;

	if (argc != 7) {
		fputs("usage: sidecar_load SOCKET PATH BODY EXPECTED CLIENTS REQUESTS|SECONDSs\n",
		      stderr);
		return 2;
	}
	body = read_file(argv[3]);
	if (strcmp(argv[4], "-") != 0)
		expected = read_file(argv[4]);
	clients = atol(argv[5]);
	requests = atol(argv[6]);
	by_time_limit = strchr(argv[6], 's') != NULL;
	some = by_time_limit || requests > TIMES_MAX ? TIMES_MAX : requests;
	request.data = malloc(body.len + 1024);
	request.len = (size_t)sprintf(request.data,
				      "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
				      argv[2], body.len);
	memcpy(request.data + request.len, body.data, body.len);
	request.len += body.len;
	all = calloc((size_t)clients, sizeof(*all));
	times = calloc((size_t)(clients * some), sizeof(*times));
	began = now_us();
	for (i = 0; i < clients; i++) {
		all[i] = (struct client){.socket = argv[1],
					 .path = argv[2],
					 .request = &request,
					 .expected = &expected,
					 .requests = requests,
					 .until = by_time_limit ? began + (double)requests * 1e6
								: 0};
		all[i].times = calloc((size_t)some, sizeof(double));
		pthread_create(&all[i].thread, NULL, run, &all[i]);
	}
	for (i = 0; i < clients; i++) {
		pthread_join(all[i].thread, NULL);
		some = all[i].done < TIMES_MAX ? all[i].done : TIMES_MAX;
		memcpy(times + timed, all[i].times, (size_t)some * sizeof(double));
		timed += some;
		done += all[i].done;
		failed += all[i].failed;
		wrong += all[i].wrong;
		refused += all[i].refused;
		reconnects += all[i].reconnects;
		free(all[i].times);
	}
	took = now_us() - began;
	qsort(times, (size_t)timed, sizeof(double), by_time);
	printf("{\"requests\": %ld, \"wrong\": %ld, \"failed\": %ld, \"refused\": %ld, \"reconnects\": %ld, \"per_second\": %.0f, "
	       "\"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f}\n",
	       done, wrong, failed, refused, reconnects, (double)done / took * 1e6,
	       timed ? times[timed / 2] : 0, timed ? times[timed * 9 / 10] : 0,
	       timed ? times[timed * 99 / 100] : 0);
	free(all);
	free(times);
	free(request.data);
	free(body.data);
	free(expected.data);
	return wrong ? 1 : 0;
}
