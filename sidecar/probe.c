/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking a sidecar how it is; see probe.h. Of the answer only the beginning counts.
 */
#include "probe.h"

#include "socket_keys.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* One that is busy says so with another status, and is alive: it is not to be ended when there is most to do. */
#define ALIVE "HTTP/1.1 "
#define READY "HTTP/1.1 200 "

static int ask(int fd, const char *path, bool live, struct err *err)
{
	const char *target = live ? "healthz" : "readyz";
	char text[128], answer[sizeof(READY) - 1];
	int len = snprintf(text, sizeof(text),
			   "GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			   target);
	ssize_t n = send(fd, text, (size_t)len, MSG_NOSIGNAL) == len
			    ? recv(fd, answer, sizeof(answer), MSG_WAITALL)
			    : -1;

	if (n < 0)
		return err_set(err, ERR_UNREACHABLE, "sidecar '%s': no answer: %s",
			       text_quote(span_str(path)).text, strerror(errno));
	if (span_starts(span_of(answer, (size_t)n), live ? SPAN(ALIVE) : SPAN(READY)))
		return 0;
	return err_set(err, ERR_UNREACHABLE, "sidecar '%s': /%s answers '%s'",
		       text_quote(span_str(path)).text, target,
		       text_quote(span_of(answer, (size_t)n)).text);
}

int probe_run(const struct serve_options *options, struct err *err)
{
	bool live = strcmp(options->probe, "live") == 0;
	size_t i;

	for (i = 0; i < options->listen_count; i++) {
		const char *path = options->listens[i].path;
		int fd = socket_keys_connect(path, PROBE_MS, err), r;

		if (fd < 0)
			return -1;
		r = ask(fd, path, live, err);
		(void)close(fd);
		if (r < 0)
			return -1;
	}
	return 0;
}
