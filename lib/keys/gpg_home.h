/* SPDX-License-Identifier: Apache-2.0
 *
 * A private home for GnuPG: a folder of mode 0700 in memory, with a path short enough for the agent's socket, that is gone when its maker is.
 * Best in a mount namespace of its own, where nobody else sees it and the kernel takes it away; else in a folder that is a tmpfs, held by a
 * lock, so that a later run can tell and remove what was left behind by one that was killed together with its watcher.
 */
#ifndef KEYS_GPG_HOME_H
#define KEYS_GPG_HOME_H

#include "base/err.h"

#include <stdbool.h>

enum {
	GPG_HOME_MAX =
		80, /* bytes: with /S.gpg-agent.browser behind it within the 108 of a socket's path, as measured */
	GPG_HOME_BASES = 3,
};

struct gpg_home {
	char path[GPG_HOME_MAX + 1]; /* absolute */
	int lock; /* the folder, locked; -1 in a namespace, where nobody else sees it */
};

#define GPG_HOME_INIT      \
	{                  \
		.lock = -1 \
	}

/* Moves the calling process, which must have one thread, into a mount namespace of its own, and its children into a PID namespace, and makes the
 * home there. Where user ids must be mapped for that, the process is dumpable for a moment: so it should hold no keys.
 * 0: done; 1: not allowed here, nothing was done; -1: ERR_SYSTEM. */
int gpg_home_unshare(struct gpg_home *home, struct err *err) NODISCARD;

/* Makes the home in the first of the folders (NULLs are passed over) that lies in memory and has room for a socket's path, and removes what dead
 * runs left there. ERR_UNSUPPORTED where there is none: keys are not put on a disk. */
int gpg_home_make(struct gpg_home *home, const char *const bases[static GPG_HOME_BASES],
		  struct err *err) NODISCARD;

/* Removes the folder with all in it. */
void gpg_home_remove(struct gpg_home *home);

/* Removes from the folders what dead runs left there. */
void gpg_home_sweep(const char *const bases[static GPG_HOME_BASES]);

#ifdef KRMSOPS_TEST
extern bool gpg_home_no_namespaces; /* tests of the folder: act as if namespaces were not allowed */
#endif

#endif
