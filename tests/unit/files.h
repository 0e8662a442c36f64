/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of files for one test program, made in the temporary folder and removed at its end; the working directory is in it meanwhile.
 */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include "mangle.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char files_top[] = "/tmp/krm-sops-unit.XXXXXX";

static inline int files_make(void **state)
{
	(void)state;
	return mkdtemp(files_top) && chdir(files_top) == 0 ? 0 : -1;
}

static inline int files_drop(void **state)
{
	char command[sizeof(files_top) + 64];

	(void)state;
	(void)snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", files_top,
		       files_top);
	return chdir("/") < 0 || system(command) != 0;
}

/* Writes a file, and the folders above it. */
static inline void files_put_span(const char *path, struct span content)
{
	char folder[256];
	const char *slash;
	int fd;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		assert_true((size_t)(slash - path) < sizeof(folder));
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = '\0';
		(void)mkdir(folder, 0700);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data ? (const void *)content.data : "", content.len),
			 (ssize_t)content.len);
	close(fd);
}

static inline void files_put(const char *path, const char *content)
{
	files_put_span(path, span_str(content));
}

#endif
