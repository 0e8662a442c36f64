/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the supervisor share: its children, the doors that they serve, and the keys that are watched.
 *
 *   supervisor.c ──► supervisor_policy.c    the operator's policy
 *                ──► supervisor_doors.c     sockets, made and removed
 *                ──► supervisor_keys.c      the keeper, and its successor when keys change
 *                ──► supervisor_workers.c   as many as there should be, none that hangs
 *                        └─► supervisor_fork.c
 */
#ifndef SUPERVISOR_PARTS_H
#define SUPERVISOR_PARTS_H

#include "exchange.h"
#include "policy.h"
#include "serve_options.h"
#include "shared.h"
#include "watch.h"
#include "worker.h"

#include <signal.h>

enum {
	DOORS_MAX = SERVE_LISTENS_MAX + 1, /* sockets, and the KMS door */
	RESTART_MS = 500,                  /* between two starts of something that dies at once */
};

struct door {
	const char *name;
	const struct policy_key_set *set;
	struct exchange_line line;
	int listener;
	enum worker_kind kind;
	bool inherited;
	dev_t dev;
	ino_t ino;
};

struct offspring {
	pid_t pid;       /* 0: none */
	int control;     /* our end */
	size_t door;     /* of a worker */
	int64_t leaving; /* since when a worker has been; 0: it is not */
};

struct supervisor {
	const struct serve_options *options;
	struct policy policy;
	char *policy_path;
	struct shared *shared;
	int shared_fd;
	struct door doors[DOORS_MAX];
	size_t door_count;
	struct offspring keeper,
		next_keeper; /* next: reads its keys, takes over when it has them */
	struct offspring workers[SHARED_SLOTS_MAX]; /* beside their parts of what is shared */
	struct watch watch;
	uint64_t print, policy_print;
	int64_t keeper_started, worker_started;
	gid_t group;
	sigset_t signals, before;
};

/* Reads the policy, and settles what is watched. Errors: those of policy_load(). */
int supervisor_policy_first(struct supervisor *supervisor, struct err *err) NODISCARD;

/* Reads it again where its file has changed; true where there is another one now. */
bool supervisor_policy_renew(struct supervisor *supervisor);

/* A child with a control: 0 there, with its end. Errors: ERR_SYSTEM. */
pid_t supervisor_fork(const struct supervisor *supervisor, struct offspring *child, int *ret_end,
		      struct err *err);

/* In the child: it can write its own part of what is shared only, and has no descriptor but these, so that the end of another is seen. */
int supervisor_fork_keep(const struct supervisor *supervisor, const void *own, const int *keep,
			 size_t count, struct err *err) NODISCARD;

/* It is there no more. */
void supervisor_fork_forget(struct offspring *child);

/* The sockets of all options. Errors: those of listen.h. */
int supervisor_doors_open(struct supervisor *supervisor, struct err *err) NODISCARD;

/* Takes no more connections; what we have made is removed. */
void supervisor_doors_close(const struct supervisor *supervisor);

/* The first keeper: nothing is served before the keys are there, and where they can not be read that is the end. 0, -1, or the exit status of one that has
 * said why. */
int supervisor_keys_first(struct supervisor *supervisor, struct err *err) NODISCARD;

/* Starts a keeper where keys have changed or there is none, and hands over to one that has its keys. asked: though nothing has changed. */
void supervisor_keys_mind(struct supervisor *supervisor, int64_t now, bool asked);

/* A child has ended; nothing where it was no keeper. */
void supervisor_keys_reap(struct supervisor *supervisor, pid_t pid);

/* The keys go, at once. */
void supervisor_keys_end(struct supervisor *supervisor);

/* As many as there should be; what dies at once is not started in a hurry. */
void supervisor_workers_fill(struct supervisor *supervisor, int64_t now);

/* One without a sign of life, with a request that takes longer than one may, or that leaves and does not go: it loses what it has, the others lose nothing. */
void supervisor_workers_cut(struct supervisor *supervisor, int64_t now);

/* A child has ended; nothing where it was no worker. */
void supervisor_workers_reap(struct supervisor *supervisor, pid_t pid, int status);

/* Those of that kind are told to leave: to answer what they have, and to end. */
void supervisor_workers_leave(const struct supervisor *supervisor, bool only_kms);

/* Whether there is any. */
bool supervisor_workers_left(const struct supervisor *supervisor);

void supervisor_workers_kill(const struct supervisor *supervisor);

#endif
