/* SPDX-License-Identifier: Apache-2.0
 *
 * Key material from files and pipes into locked memory.
 */
#ifndef KEYS_READ_H
#define KEYS_READ_H

#include "base/secret.h"

/* Reads the file, which must be a regular file or a pipe, up to KEYS_SECRET_MAX bytes, into the pool.
 * Errors: ERR_NOT_FOUND, ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM; the message names the file. */
int keys_read_file(const char *path, struct secret_pool *pool, struct span *ret_text,
		   struct err *err) NODISCARD;

/* Reads all of fd. deadline: milliseconds of CLOCK_MONOTONIC, or KEYS_READ_NO_DEADLINE; passing it is ERR_UNREACHABLE. */
enum { KEYS_READ_NO_DEADLINE = -1 };
int keys_read_fd(int fd, int64_t deadline, struct secret_pool *pool, struct span *ret_text,
		 struct err *err) NODISCARD;

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t keys_read_clock(void);

#endif
