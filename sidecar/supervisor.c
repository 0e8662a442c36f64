/* SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor; see supervisor.h. Here is its life, from the policy to the end of the last child; what it minds lies in files of its own
 * (supervisor_parts.h).
 */
#include "supervisor.h"

#include "command.h"
#include "grpc_door.h"
#include "http_door.h"
#include "listen.h"
#include "report.h"
#include "supervisor_parts.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum {
	TICK_MS = 200,        /* between two looks at everything */
	LEAVE_MS = 35 * 1000, /* that all may take at the end */
	FDS_A_CONNECTION = 3, /* that a worker has for each: itself, and a question to the keeper */
	FDS_BESIDES = 128,
};

static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		supervisor_keys_reap(supervisor, pid);
		supervisor_workers_reap(supervisor, pid, status);
	}
}

static int wait_signal(const struct supervisor *supervisor)
{
	const struct timespec tick = {0, TICK_MS * 1000000L};

	return sigtimedwait(&supervisor->signals, NULL, &tick);
}

/* No new connections, the requests that are there are answered, then the keys go. */
static void shut_down(struct supervisor *supervisor)
{
	int64_t until = shared_clock() + LEAVE_MS;

	listen_notify("STOPPING=1");
	supervisor_doors_close(supervisor);
	supervisor_workers_leave(supervisor, false);
	for (reap(supervisor); supervisor_workers_left(supervisor) && shared_clock() < until;
	     reap(supervisor))
		(void)wait_signal(supervisor);
	supervisor_workers_kill(supervisor);
	supervisor_keys_end(supervisor);
}

static void serve(struct supervisor *supervisor)
{
	int64_t now;
	int signal;

	for (;;) {
		signal = wait_signal(supervisor);
		if (signal == SIGTERM || signal == SIGINT)
			return;
		now = shared_clock();
		reap(supervisor);
		supervisor_keys_mind(supervisor, now, signal == SIGHUP);
		supervisor_workers_cut(supervisor, now);
		supervisor_workers_fill(supervisor, now);
	}
}

static void hold_signals(struct supervisor *supervisor)
{
	(void)sigemptyset(&supervisor->signals);
	(void)sigaddset(&supervisor->signals, SIGTERM);
	(void)sigaddset(&supervisor->signals, SIGINT);
	(void)sigaddset(&supervisor->signals, SIGHUP);
	(void)sigaddset(&supervisor->signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &supervisor->signals, &supervisor->before);
}

/* A thousand connections need more than the usual 1024 descriptors; so what the system allows is used. Children have it from us. */
static void raise_descriptors(const struct serve_options *options)
{
	rlim_t need = (rlim_t)options->connections * FDS_A_CONNECTION + FDS_BESIDES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < need)
		report_note(
			"--connections %d need up to %lu descriptors, the system allows %lu: beyond these connections are refused",
			options->connections, (unsigned long)need, (unsigned long)limit.rlim_max);
}

static int set_up(struct supervisor *supervisor, struct err *err)
{
	struct err none = ERR_INIT;

	raise_descriptors(supervisor->options);
	if (supervisor_policy_first(supervisor, err) < 0 || http_door_load(err) < 0)
		return -1;
	if (grpc_door_load(&none) < 0)
		report_note("%s: it is not offered", none.msg);
	supervisor->shared = shared_new(&supervisor->shared_fd, err);
	if (!supervisor->shared)
		return -1;
	hold_signals(supervisor);
	return supervisor_doors_open(supervisor, err);
}

int supervisor_run(const struct serve_options *options)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	struct err err = ERR_INIT;
	int status = 1;

	if (!supervisor) {
		(void)err_nomem(&err);
		return command_fail(&err);
	}
	supervisor->options = options;
	supervisor->policy = (struct policy)POLICY_INIT;
	if (set_up(supervisor, &err) < 0) {
		status = command_fail(&err);
		supervisor_doors_close(supervisor);
	} else {
		status = supervisor_keys_first(supervisor, &err);
		if (status < 0)
			status = command_fail(&err);
		if (status == 0) {
			supervisor_workers_fill(supervisor, shared_clock());
			listen_notify("READY=1");
			serve(supervisor);
		}
		shut_down(supervisor);
	}
	policy_release(&supervisor->policy);
	free(supervisor->policy_path);
	free(supervisor);
	return status;
}
