/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes around GnuPG. One helper serves a run; above it stands a watcher, which ends it, and all that it started, as soon as the program
 * closes the connection or is gone, SIGKILL included, and takes the private home away:
 *
 *	program ──fork──► watcher ──fork──► helper (gpg_work.c) ──► gpg-agent, and gpg for each message
 *	   │ │               │                  │
 *	   │ └── life (pipe) ┘                  │      the program's end of the pipe closes: all ends
 *	   └──────────── questions (socket) ────┘      the watcher is killed: the kernel kills helper and agent
 *
 * Both are forks without exec: they give up every descriptor, all keys that are not for GnuPG, and the environment but for what GnuPG needs.
 */
#ifndef KEYS_GPG_WATCH_H
#define KEYS_GPG_WATCH_H

#include "keys/gpg_home.h"

#include "base/secret.h"

#include <sys/types.h>

/* A text of keys to import, in the order in which they were added. */
struct gpg_keys {
	struct gpg_keys *next;
	struct span text;
	const char *source;
};

/* What the helper works with; all of it lives as long as the connection. */
struct gpg_plan {
	bool private; /* a home of its own with `keys` in it; else the user's home */
	struct gpg_keys *keys;
	const char *user_home;    /* of the user's keyring, NULL: none is known */
	const char *program;      /* SOPS_GPG_EXEC, or NULL */
	char *const *environment; /* all that GnuPG sees: NAME=VALUE, NULL at the end */
	const char *
		bases[GPG_HOME_BASES]; /* folders where a home may be made; NULLs are passed over */
	bool ask;                      /* a person can be asked for a passphrase */
	const struct secret_pool
		*pool; /* that all of this lies in: others are wiped in the helper */
};

/* The program's end. */
struct gpg_link {
	pid_t watcher; /* 0: none */
	int socket, life;
};

#define GPG_LINK_INIT                     \
	{                                 \
		.socket = -1, .life = -1, \
	}

/* ERR_SYSTEM, ERR_NOMEM. What fails later is the answer to each question. */
int gpg_link_open(const struct gpg_plan *plan, struct gpg_link *link, struct err *err) NODISCARD;

/* Ends the helper and waits, not for long, till all is gone. False: the watcher did not end well, its home may be there still. */
bool gpg_link_close(struct gpg_link *link);

#endif
