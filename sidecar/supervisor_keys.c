/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper and its successors; see supervisor_parts.h. Keys are never changed in a keeper: where they have changed a new one reads them, and takes over
 * when it has them, while the old one answers what it has begun. A new one that can not read them leaves all as it was.
 */
#include "command.h"
#include "keeper.h"
#include "report.h"
#include "supervisor_parts.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READY_MS = 60 *
		   1000, /* that a keeper may take to read its keys (a command may ask somebody) */
};

static int run_keeper(struct supervisor *supervisor, int control)
{
	const char *sockets[DOORS_MAX];
	int lines[DOORS_MAX], keep[DOORS_MAX + 1];
	struct keeper_start start = {
		.options = supervisor->options,
		.shared = &supervisor->shared->keeper,
		.lines = lines,
		.sockets = sockets,
		.line_count = supervisor->door_count,
		.control = control,
	};
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < supervisor->door_count; i++) {
		lines[i] = keep[i] = supervisor->doors[i].line.keeper;
		sockets[i] = supervisor->doors[i].name;
	}
	keep[i] = control;
	if (supervisor_fork_keep(supervisor, start.shared, keep, i + 1, &err) < 0)
		return command_fail(&err);
	return keeper_run(&start);
}

static int start_next(struct supervisor *supervisor, struct err *err)
{
	int end = -1;
	pid_t pid = supervisor_fork(supervisor, &supervisor->next_keeper, &end, err);

	if (pid == 0)
		_exit(run_keeper(supervisor, end));
	supervisor->keeper_started = shared_clock();
	return pid < 0 ? -1 : 0;
}

static bool is_ready(const struct offspring *keeper)
{
	char byte = 0;

	return recv(keeper->control, &byte, 1, MSG_DONTWAIT) == 1 && byte == KEEPER_READY;
}

/* The keys that were read are in use; an older keeper answers what it has begun. Workers know the policy, those of the KMS door its key pair, too. */
static void take_over(struct supervisor *supervisor)
{
	const char go = KEEPER_GO;

	if (supervisor->keeper.pid) {
		(void)close(supervisor->keeper.control);
		supervisor->shared->supervisor.reloads++;
	}
	supervisor_workers_leave(supervisor, !supervisor_policy_renew(supervisor));
	(void)send(supervisor->next_keeper.control, &go, 1, MSG_NOSIGNAL);
	supervisor->keeper = supervisor->next_keeper;
	supervisor->next_keeper = (struct offspring){.pid = 0};
	supervisor->shared->supervisor.keys_loaded = true;
}

int supervisor_keys_first(struct supervisor *supervisor, struct err *err)
{
	struct pollfd one = {.events = POLLIN};
	int status = 0;

	supervisor->print = watch_fingerprint(&supervisor->watch);
	if (start_next(supervisor, err) < 0)
		return -1;
	one.fd = supervisor->next_keeper.control;
	while (poll(&one, 1, READY_MS) < 0 && errno == EINTR)
		;
	if (is_ready(&supervisor->next_keeper)) {
		take_over(supervisor);
		return 0;
	}
	(void)kill(supervisor->next_keeper.pid, SIGKILL);
	(void)waitpid(supervisor->next_keeper.pid, &status, 0);
	supervisor->next_keeper.pid = 0;
	/* It has said why. */
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1;
}

void supervisor_keys_mind(struct supervisor *supervisor, int64_t now, bool asked)
{
	struct err err = ERR_INIT;
	uint64_t print;

	if (supervisor->next_keeper.pid && is_ready(&supervisor->next_keeper))
		take_over(supervisor);
	if (supervisor->next_keeper.pid) {
		if (now > supervisor->keeper_started + READY_MS)
			(void)kill(supervisor->next_keeper.pid, SIGKILL);
		return;
	}
	print = watch_fingerprint(&supervisor->watch);
	if (print == supervisor->print && supervisor->keeper.pid && !asked)
		return;
	if (!supervisor->keeper.pid && now < supervisor->keeper_started + RESTART_MS)
		return;
	supervisor->print = print;
	if (start_next(supervisor, &err) < 0)
		(void)command_fail(&err);
}

void supervisor_keys_reap(struct supervisor *supervisor, pid_t pid)
{
	if (pid == supervisor->keeper.pid) {
		supervisor_fork_forget(&supervisor->keeper);
		supervisor->shared->supervisor.keeper_restarts++;
		supervisor->shared->supervisor.keys_loaded = false;
		supervisor->print = 0; /* looked at again in the next round */
		report_note(
			"the process with the keys has ended unexpectedly; a new one is started");
	} else if (pid == supervisor->next_keeper.pid) {
		supervisor_fork_forget(&supervisor->next_keeper);
		supervisor->shared->supervisor.reload_failures++;
	}
}

static void end(const struct offspring *keeper)
{
	if (!keeper->pid)
		return;
	(void)kill(keeper->pid, SIGKILL);
	(void)waitpid(keeper->pid, NULL, 0);
}

void supervisor_keys_end(struct supervisor *supervisor)
{
	end(&supervisor->next_keeper);
	end(&supervisor->keeper);
}
