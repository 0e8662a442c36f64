/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking a sidecar how it is; see probe.h. Of the answer only the status counts.
 */
#include "probe.h"

#include "socket_keys.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GOOD "HTTP/1.1 200 "

static int ask(int fd, const char *path, const char *target, struct err *err)
{
	char text[128], answer[sizeof(GOOD) - 1];
	int len = snprintf(text, sizeof(text),
			   "GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			   target);
	ssize_t n = send(fd, text, (size_t)len, MSG_NOSIGNAL) == len
			    ? recv(fd, answer, sizeof(answer), MSG_WAITALL)
			    : -1;

	if (n < 0)
		return err_set(err, ERR_UNREACHABLE, "sidecar '%s': no answer: %s",
			       text_quote(span_str(path)).text, strerror(errno));
	if (n == sizeof(answer) && memcmp(answer, GOOD, sizeof(answer)) == 0)
		return 0;
	return err_set(err, ERR_UNREACHABLE, "sidecar '%s': /%s answers '%s'",
		       text_quote(span_str(path)).text, target,
		       text_quote(span_of(answer, (size_t)n)).text);
}

int probe_run(const struct serve_options *options, struct err *err)
{
	const char *target = strcmp(options->probe, "live") == 0 ? "healthz" : "readyz";
	size_t i;

	for (i = 0; i < options->listen_count; i++) {
		const char *path = options->listens[i].path;
		int fd = socket_keys_connect(path, PROBE_MS, err), r;

		if (fd < 0)
			return -1;
		r = ask(fd, path, target, err);
		(void)close(fd);
		if (r < 0)
			return -1;
	}
	return 0;
}
