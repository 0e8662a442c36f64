/* SPDX-License-Identifier: Apache-2.0
 *
 * Plaintext to a file: all of it or nothing, readable by its owner only.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/buf.h"

/* Writes a new file beside the one that path names (through symbolic links), mode 0600, and renames it into place. Signals that end us wait
 * till that is over, so none leaves a piece behind. What is no regular file (a device, a pipe) is written to directly.
 * Errors: ERR_SYSTEM, ERR_NOT_FOUND (no such folder), ERR_NOMEM. */
int output_file(const char *path, const struct buf *content, struct err *err) NODISCARD;

/* Writes all of text to an open file. -1 with errno. */
int output_all(int fd, struct span text) NODISCARD;

#endif
