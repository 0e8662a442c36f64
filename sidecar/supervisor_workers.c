/* SPDX-License-Identifier: Apache-2.0
 *
 * The workers of all doors; see supervisor_parts.h. What a worker says of itself is believed only as far as it concerns itself: it can not have others
 * ended, nor have more made than twice as many as its door should have.
 */
#include "command.h"
#include "report.h"
#include "supervisor_parts.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BEAT_MS = 10 * 1000,  /* without a sign of life a worker hangs */
	LEAVE_MS = 35 * 1000, /* that one may take to leave: more than it gives its requests */
};

_Static_assert(2 * SERVE_WORKERS_ALL <= SHARED_SLOTS_MAX, "each worker has a part of its own");

static int run_worker(struct supervisor *supervisor, size_t slot, size_t at, int control)
{
	const struct door *door = &supervisor->doors[at];
	const int keep[] = {door->listener, door->line.worker, control};
	const struct worker_start start = {
		.kind = door->kind,
		.options = supervisor->options,
		.policy = &supervisor->policy,
		.set = door->set,
		.socket = door->name,
		.group = supervisor->group,
		.shared = supervisor->shared,
		.own = &supervisor->shared->workers[slot],
		.listener = door->listener,
		.line = door->line.worker,
		.control = control,
	};
	struct err err = ERR_INIT;

	if (supervisor_fork_keep(supervisor, start.own, keep, ARRAY_LEN(keep), &err) < 0)
		return command_fail(&err);
	return worker_run(&start);
}

/* All of a door's; or without those that leave. */
static size_t count(const struct supervisor *supervisor, size_t door, bool all)
{
	size_t i, n = 0;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		const struct offspring *worker = &supervisor->workers[i];

		n += worker->pid && worker->door == door &&
		     (all || !supervisor->shared->workers[i].leaving);
	}
	return n;
}

static int start(struct supervisor *supervisor, size_t door, struct err *err)
{
	struct shared_supervisor *told = &supervisor->shared->supervisor;
	struct shared_worker *own;
	int end = -1, i = 0;
	pid_t pid;

	while (i < SHARED_SLOTS_MAX && supervisor->workers[i].pid)
		i++;
	if (i == SHARED_SLOTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d workers", SHARED_SLOTS_MAX);
	own = &supervisor->shared->workers[i];
	own->connections = 0;
	own->requests = 0;
	own->oldest = 0;
	own->leaving = false;
	own->beat = shared_clock();
	pid = supervisor_fork(supervisor, &supervisor->workers[i], &end, err);
	if (pid == 0)
		_exit(run_worker(supervisor, (size_t)i, door, end));
	if (pid < 0)
		return -1;
	supervisor->workers[i].door = door;
	supervisor->worker_started = shared_clock();
	told->slots = i < told->slots ? told->slots : i + 1;
	told->workers++;
	return 0;
}

void supervisor_workers_fill(struct supervisor *supervisor, int64_t now)
{
	size_t door, wanted = (size_t)supervisor->options->workers;
	struct err err = ERR_INIT;

	for (door = 0; door < supervisor->door_count; door++) {
		while (count(supervisor, door, false) < wanted &&
		       count(supervisor, door, true) < 2 * wanted) {
			if (supervisor->shared->supervisor.worker_restarts &&
			    now < supervisor->worker_started + RESTART_MS)
				return;
			if (start(supervisor, door, &err) < 0) {
				(void)command_fail(&err);
				return;
			}
			now = shared_clock();
		}
	}
}

void supervisor_workers_cut(struct supervisor *supervisor, int64_t now)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		const struct shared_worker *its = &supervisor->shared->workers[i];
		struct offspring *worker = &supervisor->workers[i];
		int64_t oldest;

		if (!worker->pid)
			continue;
		oldest = its->oldest;
		if (!worker->leaving && its->leaving)
			worker->leaving = now;
		if (now > its->beat + BEAT_MS ||
		    (oldest && now > oldest + supervisor->options->request_ms) ||
		    (worker->leaving && now > worker->leaving + LEAVE_MS))
			(void)kill(worker->pid, SIGKILL);
	}
}

static void forget(struct supervisor *supervisor, size_t at, int status)
{
	struct shared_worker *its = &supervisor->shared->workers[at];
	struct offspring *worker = &supervisor->workers[at];

	/* One that left on its own was counted when it did. */
	if (!its->leaving || !WIFEXITED(status))
		supervisor->shared->supervisor.worker_restarts++;
	if (WIFSIGNALED(status))
		report_note("a worker of '%s' was ended by signal %d",
			    supervisor->doors[worker->door].name, WTERMSIG(status));
	supervisor_fork_forget(worker);
	its->connections = 0;
	supervisor->shared->supervisor.workers--;
}

void supervisor_workers_reap(struct supervisor *supervisor, pid_t pid, int status)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		if (supervisor->workers[i].pid == pid)
			forget(supervisor, i, status);
	}
}

void supervisor_workers_leave(const struct supervisor *supervisor, bool only_kms)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		const struct offspring *worker = &supervisor->workers[i];

		if (worker->pid &&
		    (!only_kms || supervisor->doors[worker->door].kind == WORKER_KMS))
			(void)shutdown(worker->control, SHUT_RDWR);
	}
}

bool supervisor_workers_left(const struct supervisor *supervisor)
{
	return supervisor->shared->supervisor.workers > 0;
}

void supervisor_workers_kill(const struct supervisor *supervisor)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		if (supervisor->workers[i].pid)
			(void)kill(supervisor->workers[i].pid, SIGKILL);
	}
}
