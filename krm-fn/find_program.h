/* SPDX-License-Identifier: Apache-2.0
 *
 * A program on PATH. Parts of it that are empty or relative are passed over: they would be the working directory, which may be the repository.
 */
#ifndef FIND_PROGRAM_H
#define FIND_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

/* Writes the path of the first regular file of that name that may be run. A name with a slash is taken as it is, and may be ret_path itself. */
bool find_program(const char *name, char ret_path[static PATH_MAX]);

#endif
