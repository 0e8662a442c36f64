/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder that is gone when we are, however we end: a child process waits for our end on a pipe and then removes it. A signal handler can not
 * do that (SIGKILL), and PR_SET_PDEATHSIG is about the thread that forked, not about us.
 */
#ifndef JANITOR_H
#define JANITOR_H

#include "base/err.h"

#include <sys/types.h>

struct janitor {
	int pipe; /* our end; the system closes it when we end. -1: no janitor */
	pid_t pid;
};

#define JANITOR_INIT        \
	{                   \
		.pipe = -1, \
	}
#define CLEAN_JANITOR CLEANUP(janitor_end)

/* To be called while no secret is in memory that is not in the environment too: the janitor is a copy of us. `path` is the folder, absolute.
 * Errors: ERR_SYSTEM. */
int janitor_start(const char *path, struct janitor *ret_janitor, struct err *err) NODISCARD;

/* Has the folder removed now and waits for that. NULL and a janitor that was never started are fine. */
void janitor_end(struct janitor *janitor);

/* Removes what is below the folder and the folder itself; follows no link. Best effort. */
void janitor_remove(const char *path);

#endif
