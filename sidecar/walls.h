/* SPDX-License-Identifier: Apache-2.0
 *
 * The walls around the sidecar's processes (docs/security.md). A worker, which reads untrusted documents: no new files, no network, no programs, no other
 * processes. The keeper, which has the keys: only what its key services need. Raised when all that has to be loaded is loaded; nothing takes them down.
 */
#ifndef WALLS_H
#define WALLS_H

#include "base/buf.h"

/* What stands. */
enum wall {
	WALL_NO_PRIVILEGES = 1 << 0, /* no capabilities, no_new_privs */
	WALL_NO_DUMP = 1 << 1,       /* no core files, no ptrace by the same user */
	WALL_SECCOMP = 1 << 2,       /* system calls by a list */
	WALL_FILES = 1 << 3,         /* no file can be opened: Landlock, and seccomp for workers */
};

/* Errors: ERR_SYSTEM for what every kernel that we run on has; Landlock may be missing. */
int walls_raise_worker(_Atomic unsigned *ret_walls, struct err *err) NODISCARD;
int walls_raise_keeper(_Atomic unsigned *ret_walls, struct err *err) NODISCARD;

/* ["no-privileges", ...] */
void walls_tell(unsigned walls, struct buf *out);

#endif
