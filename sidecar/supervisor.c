/* SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor; see supervisor.h.
 */
#include "supervisor.h"

#include "command.h"
#include "exchange.h"
#include "grpc_door.h"
#include "http_door.h"
#include "keeper.h"
#include "listen.h"
#include "report.h"
#include "watch.h"
#include "worker.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	DOORS_MAX = SERVE_LISTENS_MAX + 1, /* sockets, and the KMS door */
	TICK_MS = 200,                     /* between two looks at everything */
	READY_MS = 60 *
		   1000, /* that a keeper may take to read its keys (a command may ask somebody) */
	BEAT_MS = 10 * 1000,  /* without a sign of life a worker hangs */
	RESTART_MS = 500,     /* between two starts of something that dies at once */
	LEAVE_MS = 35 * 1000, /* that all may take at the end */
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

struct child {
	pid_t pid;   /* 0: none */
	int control; /* our end */
	size_t door;
};

struct supervisor {
	const struct serve_options *options;
	struct policy policy;
	char *policy_path;
	struct shared *shared;
	struct door doors[DOORS_MAX];
	size_t door_count;
	struct child keeper, next_keeper; /* next: reads its keys, takes over when it has them */
	struct child workers[SHARED_SLOTS_MAX]; /* beside the slots */
	struct watch watch;
	uint64_t print;
	int64_t keeper_started, worker_started;
	gid_t group;
	sigset_t signals, before;
};

/* In a child: what is not its own is closed, so that the end of another is seen. */
static void keep_only(const int *keep, size_t count)
{
	int limit = 1024, fd;
	size_t i;

	for (fd = STDERR_FILENO + 1; fd < limit; fd++) {
		for (i = 0; i < count && keep[i] != fd; i++)
			;
		if (i == count)
			(void)close(fd);
	}
}

static int control_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "a control");
	return 0;
}

/* 0 in the child, whose end is *ret_end. */
static pid_t make_child(const struct supervisor *supervisor, struct child *child, int *ret_end,
			struct err *err)
{
	int fds[2];
	pid_t pid;

	if (control_pair(fds, err) < 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		(void)err_errno(err, "a new process");
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	if (pid == 0) {
		(void)close(fds[0]);
		*ret_end = fds[1];
		(void)sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
		(void)signal(SIGTERM, SIG_IGN); /* the supervisor says when */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		return 0;
	}
	(void)close(fds[1]);
	*child = (struct child){.pid = pid, .control = fds[0]};
	return pid;
}

static void run_keeper(struct supervisor *supervisor, int control)
{
	const char *sockets[DOORS_MAX];
	int lines[DOORS_MAX], keep[DOORS_MAX + 1];
	struct keeper_start start = {
		.options = supervisor->options,
		.shared = supervisor->shared,
		.lines = lines,
		.sockets = sockets,
		.line_count = supervisor->door_count,
		.control = control,
	};
	size_t i;

	for (i = 0; i < supervisor->door_count; i++) {
		lines[i] = keep[i] = supervisor->doors[i].line.keeper;
		sockets[i] = supervisor->doors[i].name;
	}
	keep[i] = control;
	keep_only(keep, i + 1);
	_exit(keeper_run(&start));
}

static int start_keeper(struct supervisor *supervisor, struct child *child, struct err *err)
{
	int end = -1;
	pid_t pid = make_child(supervisor, child, &end, err);

	if (pid == 0)
		run_keeper(supervisor, end);
	supervisor->keeper_started = shared_clock();
	return pid < 0 ? -1 : 0;
}

static void run_worker(struct supervisor *supervisor, size_t slot, size_t at, int control)
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
		.slot = &supervisor->shared->slots[slot],
		.slots = SHARED_SLOTS_MAX,
		.listener = door->listener,
		.line = door->line.worker,
		.control = control,
	};

	keep_only(keep, ARRAY_LEN(keep));
	_exit(worker_run(&start));
}

static int start_worker(struct supervisor *supervisor, size_t door, struct err *err)
{
	struct shared_slot *slot;
	int end = -1;
	pid_t pid;
	size_t i = 0;

	while (i < SHARED_SLOTS_MAX && supervisor->workers[i].pid)
		i++;
	if (i == SHARED_SLOTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d workers", SHARED_SLOTS_MAX);
	slot = &supervisor->shared->slots[i];
	slot->connections = 0;
	slot->requests = 0;
	slot->oldest = 0;
	slot->leaving = false;
	slot->beat = shared_clock();
	pid = make_child(supervisor, &supervisor->workers[i], &end, err);
	if (pid == 0)
		run_worker(supervisor, i, door, end);
	if (pid < 0)
		return -1;
	supervisor->workers[i].door = door;
	slot->pid = pid;
	supervisor->worker_started = shared_clock();
	return 0;
}

static size_t workers_of(const struct supervisor *supervisor, size_t door)
{
	size_t i, n = 0;

	for (i = 0; i < SHARED_SLOTS_MAX; i++)
		n += supervisor->workers[i].pid && supervisor->workers[i].door == door &&
		     !supervisor->shared->slots[i].leaving;
	return n;
}

/* As many as there should be; what dies at once is not started in a hurry. */
static void fill_workers(struct supervisor *supervisor, int64_t now)
{
	struct err err = ERR_INIT;
	size_t door;

	for (door = 0; door < supervisor->door_count; door++) {
		while (workers_of(supervisor, door) < (size_t)supervisor->options->workers) {
			if (supervisor->shared->worker_restarts &&
			    now < supervisor->worker_started + RESTART_MS)
				return;
			if (start_worker(supervisor, door, &err) < 0) {
				(void)command_fail(&err);
				return;
			}
			now = shared_clock();
		}
	}
}

static void forget_child(struct child *child)
{
	(void)close(child->control);
	*child = (struct child){.pid = 0};
}

/* They hold the door's key pair, which may have changed too. */
static void renew_kms_workers(struct supervisor *supervisor)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		const struct child *worker = &supervisor->workers[i];

		if (worker->pid && supervisor->doors[worker->door].kind == WORKER_KMS)
			(void)shutdown(worker->control, SHUT_RDWR);
	}
}

/* The keys that were read are in use; an older keeper answers what it has begun. */
static void take_over(struct supervisor *supervisor)
{
	const char go = KEEPER_GO;

	if (supervisor->keeper.pid) {
		(void)close(supervisor->keeper.control);
		supervisor->shared->reloads++;
	}
	renew_kms_workers(supervisor);
	(void)send(supervisor->next_keeper.control, &go, 1, MSG_NOSIGNAL);
	supervisor->keeper = supervisor->next_keeper;
	supervisor->next_keeper = (struct child){.pid = 0};
	supervisor->shared->keys_loaded = true;
}

static bool is_ready(const struct child *child)
{
	char byte = 0;

	return recv(child->control, &byte, 1, MSG_DONTWAIT) == 1 && byte == KEEPER_READY;
}

static void reap_keeper(struct supervisor *supervisor, int64_t now)
{
	forget_child(&supervisor->keeper);
	supervisor->shared->keeper_restarts++;
	supervisor->shared->keys_loaded = false;
	supervisor->print = 0; /* looked at again in the next round */
	report_note("the process with the keys has ended unexpectedly; a new one is started");
	(void)now;
}

static void reap(struct supervisor *supervisor, int64_t now)
{
	int status;
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == supervisor->keeper.pid)
			reap_keeper(supervisor, now);
		if (pid == supervisor->next_keeper.pid) {
			forget_child(&supervisor->next_keeper);
			supervisor->shared->reload_failures++;
		}
		for (i = 0; i < SHARED_SLOTS_MAX; i++) {
			struct shared_slot *slot = &supervisor->shared->slots[i];

			if (pid != supervisor->workers[i].pid)
				continue;
			/* One that left on its own was counted when it did. */
			if (!slot->leaving || !WIFEXITED(status))
				supervisor->shared->worker_restarts++;
			if (WIFSIGNALED(status))
				report_note("a worker of '%s' was ended by signal %d",
					    supervisor->doors[supervisor->workers[i].door].name,
					    WTERMSIG(status));
			forget_child(&supervisor->workers[i]);
			slot->pid = 0;
			slot->connections = 0;
		}
	}
}

/* A worker without a sign of life, or with a request that takes longer than one may: it loses what it has, the others lose nothing. */
static void kill_hung(struct supervisor *supervisor, int64_t now)
{
	size_t i;

	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		struct shared_slot *slot = &supervisor->shared->slots[i];
		int64_t oldest = slot->oldest;

		if (!supervisor->workers[i].pid)
			continue;
		if (now > slot->beat + BEAT_MS ||
		    (oldest && now > oldest + supervisor->options->request_ms))
			(void)kill(supervisor->workers[i].pid, SIGKILL);
	}
}

static void mind_keys(struct supervisor *supervisor, int64_t now, bool asked)
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
	if (start_keeper(supervisor, &supervisor->next_keeper, &err) < 0)
		(void)command_fail(&err);
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
	bool left = true;
	size_t i;

	listen_notify("STOPPING=1");
	for (i = 0; i < supervisor->door_count; i++) {
		const struct door *door = &supervisor->doors[i];

		if (door->kind == WORKER_API && !door->inherited)
			listen_remove(door->name, door->dev, door->ino);
		(void)close(door->listener);
	}
	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		if (supervisor->workers[i].pid)
			(void)shutdown(supervisor->workers[i].control, SHUT_RDWR);
	}
	while (left && shared_clock() < until) {
		reap(supervisor, shared_clock());
		for (i = 0, left = false; i < SHARED_SLOTS_MAX; i++)
			left = left || supervisor->workers[i].pid;
		if (left)
			(void)wait_signal(supervisor);
	}
	for (i = 0; i < SHARED_SLOTS_MAX; i++) {
		if (supervisor->workers[i].pid)
			(void)kill(supervisor->workers[i].pid, SIGKILL);
	}
	for (i = 0; i < 2; i++) {
		const struct child *child = i ? &supervisor->next_keeper : &supervisor->keeper;

		if (!child->pid)
			continue;
		(void)kill(child->pid, SIGKILL);
		(void)waitpid(child->pid, NULL, 0);
	}
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
		reap(supervisor, now);
		mind_keys(supervisor, now, signal == SIGHUP);
		kill_hung(supervisor, now);
		fill_workers(supervisor, now);
	}
}

static int open_door(struct supervisor *supervisor, const struct serve_listen *listen,
		     struct err *err)
{
	struct door *door = &supervisor->doors[supervisor->door_count];
	struct stat st;

	*door = (struct door){.name = listen->path, .kind = WORKER_API};
	if (listen->keyset)
		door->set = policy_key_set(&supervisor->policy, listen->keyset);
	if (exchange_line_open(&door->line, err) < 0)
		return -1;
	door->listener = listen_inherited(listen->path);
	door->inherited = door->listener >= 0;
	if (!door->inherited)
		door->listener = listen_unix(listen->path, supervisor->group, err);
	if (door->listener < 0)
		return -1;
	if (lstat(listen->path, &st) == 0) {
		door->dev = st.st_dev;
		door->ino = st.st_ino;
	}
	supervisor->door_count++;
	return 0;
}

static int open_kms_door(struct supervisor *supervisor, struct err *err)
{
	struct door *door = &supervisor->doors[supervisor->door_count];
	int port = 0;

	*door = (struct door){.name = supervisor->options->aws_kms, .kind = WORKER_KMS};
	if (exchange_line_open(&door->line, err) < 0)
		return -1;
	door->listener = listen_loopback(supervisor->options->aws_kms, &port, err);
	if (door->listener < 0)
		return -1;
	supervisor->door_count++;
	return 0;
}

static int open_doors(struct supervisor *supervisor, struct err *err)
{
	const struct serve_options *options = supervisor->options;
	size_t i;

	supervisor->group = (gid_t)-1;
	if (options->group && listen_group(options->group, &supervisor->group, err) < 0)
		return -1;
	for (i = 0; i < options->listen_count; i++) {
		if (open_door(supervisor, &options->listens[i], err) < 0)
			return -1;
	}
	return options->aws_kms ? open_kms_door(supervisor, err) : 0;
}

/* The first keeper: nothing is served before the keys are there, and where they can not be read that is the end. */
static int first_keeper(struct supervisor *supervisor, struct err *err)
{
	struct pollfd one = {.events = POLLIN};
	int status = 0;

	supervisor->print = watch_fingerprint(&supervisor->watch);
	if (start_keeper(supervisor, &supervisor->next_keeper, err) < 0)
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

static void hold_signals(struct supervisor *supervisor)
{
	(void)sigemptyset(&supervisor->signals);
	(void)sigaddset(&supervisor->signals, SIGTERM);
	(void)sigaddset(&supervisor->signals, SIGINT);
	(void)sigaddset(&supervisor->signals, SIGHUP);
	(void)sigaddset(&supervisor->signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &supervisor->signals, &supervisor->before);
}

static int set_up(struct supervisor *supervisor, struct err *err)
{
	struct err none = ERR_INIT;

	if (policy_load(&supervisor->policy, err) < 0 || http_door_load(err) < 0)
		return -1;
	if (grpc_door_load(&none) < 0)
		report_note("%s: it is not offered", none.msg);
	if (supervisor->policy.path) {
		/* It may point into the environment, which workers wipe. */
		supervisor->policy_path = strdup(supervisor->policy.path);
		if (!supervisor->policy_path)
			return err_nomem(err);
		supervisor->policy.path = supervisor->policy_path;
	}
	supervisor->shared = shared_new(err);
	if (!supervisor->shared)
		return -1;
	hold_signals(supervisor);
	watch_init(&supervisor->watch, supervisor->options, &supervisor->policy);
	return open_doors(supervisor, err);
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
	} else {
		status = first_keeper(supervisor, &err);
		if (status < 0)
			status = command_fail(&err);
		if (status == 0) {
			fill_workers(supervisor, shared_clock());
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
