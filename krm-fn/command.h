/* SPDX-License-Identifier: Apache-2.0
 *
 * A verb of the program: one file cmd_VERB.c each, listed in main.c.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/err.h"

struct command {
	const char *name;
	const char *summary; /* one line for --help of the program */
	const char *
		help; /* the whole --help of the verb: fits a screen (24 lines of 80), ends with an example */
	/* argv[0] is the verb. Returns the exit status; has printed its one error by then (command_fail). */
	int (*run)(int argc, char **argv);
};

/* Prints "krm-sops: MESSAGE", what it lists on lines of their own below it, and, where there is one, "krm-sops: hint: HINT" to stderr; returns err_exit_status(err->code). */
int command_fail(const struct err *err);

/* ERR_USAGE "VERB: MESSAGE" with the hint to ask for the verb's help; verb NULL: the function. Always returns -1. */
int command_usage(struct err *err, const char *verb, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A better hint for the word of a command line that is not one of ours, where we know what its writer is used to (sops, a file in place of a
 * command); else the hint stays. Always returns -1. */
int command_hint(struct err *err, const char *word);

/* Reads all of a file, or of stdin for "-", up to DOC_INPUT_MAX bytes. Errors: ERR_NOT_FOUND, ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM. */
struct buf;
int command_read(const char *path, struct buf *ret, struct err *err) NODISCARD;

/* Writes all of buf to stdout, checks every write and the close. -1 with ERR_SYSTEM where anything was short: the caller must then exit
 * with a status that is not 0. */
int command_write(const struct buf *buf, struct err *err) NODISCARD;

#endif
