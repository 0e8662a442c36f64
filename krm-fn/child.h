/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that is started, waited for, and killed where it takes too long. Without a shell; its signals are the usual ones whatever ours are.
 */
#ifndef CHILD_H
#define CHILD_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

/* words[0] is found by PATH. Input is /dev/null; output and messages are descriptors, -1 for /dev/null. folder: where it works, NULL for where
 * we do. */
struct child {
	char *const *words;
	char *const *environment;
	const char *folder;
	int output, messages;
};

/* Errors: ERR_SYSTEM, ERR_NOMEM. */
int child_start(const struct child *child, pid_t *ret_pid, struct err *err) NODISCARD;

/* Waits till the deadline (keys_read_clock()), then kills it. Errors: ERR_UNREACHABLE (not done in time), ERR_SYSTEM (exit status not 0,
 * killed). */
int child_finish(pid_t pid, int64_t deadline, struct err *err) NODISCARD;

void child_kill(pid_t pid);

/* Where SIGCHLD is ignored, as some parents leave it to us, the exit status would be lost: runs the body with it as usual. */
int child_with_signal(int (*body)(void *cookie, struct err *err), void *cookie, struct err *err)
	NODISCARD;

#endif
