/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that are trusted, as a file. libcurl (7.87 and later) reads a file once and keeps what it has made of it, but a text in memory it reads
 * anew for each connection: with the system's whole bundle that is 35 ms of CPU each. So a large text gets memory that has a file's name; where that can
 * not be had (no /proc, a wall) it stays a text.
 */
#include "keys/http_curl_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	LARGE = 16 * 1024 /* bytes: some certificates; less is read faster than it is looked for */
};

static int write_all(int fd, struct span text)
{
	ssize_t done;

	while (text.len) {
		done = write(fd, text.data, text.len);
		if (done <= 0)
			return -1;
		text = span_from(text, (size_t)done);
	}
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

/* As libcurl will: there may be no /proc, or a wall before it. */
static bool can_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static bool fill(struct http_trust *trust, struct span pem)
{
	void *map;

	snprintf(trust->path, sizeof(trust->path), "/proc/self/fd/%d", trust->fd);
	if (write_all(trust->fd, pem) < 0 || !can_open(trust->path))
		return false;
	map = mmap(NULL, pem.len, PROT_READ, MAP_SHARED, trust->fd, 0);
	if (map == MAP_FAILED)
		return false;
	trust->pem = span_of(map, pem.len);
	return true;
}

const char *http_curl_trust(struct http_trusts *trusts, struct span pem)
{
	struct http_trust *trust;
	size_t i;

	if (pem.len < LARGE)
		return NULL;
	for (i = 0; i < trusts->count; i++) {
		if (span_eq(trusts->list[i].pem, pem))
			return trusts->list[i].path;
	}
	if (i == HTTP_TRUSTS_MAX)
		return NULL;
	trust = &trusts->list[i];
	trust->fd = memfd_create("certificates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (trust->fd < 0)
		return NULL;
	if (!fill(trust, pem)) {
		(void)close(trust->fd);
		return NULL;
	}
	trusts->count++;
	return trust->path;
}

void http_curl_trust_release(struct http_trusts *trusts)
{
	size_t i;

	for (i = 0; i < trusts->count; i++) {
		(void)munmap((void *)(uintptr_t)trusts->list[i].pem.data, trusts->list[i].pem.len);
		(void)close(trusts->list[i].fd);
	}
	trusts->count = 0;
}
