/* SPDX-License-Identifier: Apache-2.0
 *
 * A wall around a child process: it reads what it is given and nothing else of the file system. Where the kernel has Landlock (5.13).
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

enum landlock_right { LANDLOCK_READ, LANDLOCK_RUN /* read and execute */ };

struct landlock_path {
	const char *
		path; /* a file, or a folder with all below it; one that is not there is passed over */
	enum landlock_right right;
};

/* Binds the calling process and what it executes, for good. For a child behind fork(). false: the kernel has no Landlock; nothing is bound then. */
bool landlock_bind(const struct landlock_path *paths, size_t count);

#endif
