/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts and watches GnuPG's helper; see gpg_watch.h. The watcher is in a session of its own and takes no signal of a terminal or of a service
 * manager: it ends when the program or the helper does.
 */
#include "keys/gpg_watch.h"

#include "base/wipe.h"
#include "keys/gpg_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CLOSE_MS = 5000, /* that the program waits for the watcher's end; a millisecond is usual */
	CLOSE_POLL_US = 500,
	LIFE_FD = 3, /* what the watcher keeps: the pipe's end, */
	BOND_FD =
		LIFE_FD, /* in the helper: the other end of the pair whose first the watcher has, */
	SOCKET_FD,       /* and for the helper its socket */
	NEXT_FD,
};

static void close_from(int first)
{
	long fd, max = sysconf(_SC_OPEN_MAX);

	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
	for (fd = first; fd < (max > 0 ? max : 65536); fd++)
		(void)close((int)fd);
}

/* The two descriptors get their numbers, stdin, stdout and stderr go nowhere, all others are closed. */
static void keep_only(int life, int socket)
{
	/* Above all numbers that are written to, so that neither is overwritten. */
	int first = fcntl(life, F_DUPFD, NEXT_FD), second = fcntl(socket, F_DUPFD, NEXT_FD);
	int null, fd;

	if (first < 0 || second < 0 || dup2(first, LIFE_FD) < 0 || dup2(second, SOCKET_FD) < 0)
		_exit(1);
	null = open("/dev/null", O_RDWR); /* now none of these two numbers */
	for (fd = 0; fd <= 2; fd++) {
		if (null < 0 || dup2(null, fd) < 0)
			(void)close(fd);
	}
	(void)fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC);
	close_from(NEXT_FD);
}

static void reset_signals(void)
{
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void ignore_signals(void)
{
	static const int numbers[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP, SIGPIPE,
				      SIGTSTP, SIGUSR1, SIGUSR2, SIGALRM};
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++)
		(void)signal(numbers[i], SIG_IGN);
}

/* The program's variables, wherever they lie, and the keys of other services: the helper has no use for them. */
static void forget(const struct gpg_plan *plan)
{
	char **at;

	for (at = environ; at && *at; at++)
		wipe(*at, strlen(*at));
	environ = (char **)plan->environment;
	secret_forget_others(plan->pool);
}

/* From here on this process ends when the watcher does, however that ends. */
static void bind_to_watcher(void)
{
	struct pollfd bond = {.fd = BOND_FD, .events = POLLIN};

	/* The bond tells whether it has ended before the signal was asked for. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || poll(&bond, 1, 0) != 0)
		_exit(1);
}

/* Waits for the end of the program or of the helper; what the program does not need any more ends at once. */
static void wait_for_end(pid_t helper, int bond)
{
	struct pollfd ends[] = {{.fd = LIFE_FD, .events = POLLIN}, {.fd = bond, .events = POLLIN}};

	while (poll(ends, ARRAY_LEN(ends), -1) < 0 && errno == EINTR)
		;
	/* The helper leads a group of which all are that did not leave it: gpg, the agent, pinentry. */
	(void)kill(-helper, SIGKILL);
	(void)kill(helper, SIGKILL);
	while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The helper: all that the watcher had is closed but for the bond and the socket. */
static _Noreturn void help(const struct gpg_plan *plan, const struct gpg_home *home, int bond,
			   const struct err *trouble)
{
	if (dup2(bond, BOND_FD) < 0)
		_exit(1);
	(void)fcntl(BOND_FD, F_SETFD, FD_CLOEXEC);
	close_from(NEXT_FD);
	bind_to_watcher();
	(void)setsid();
	reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	gpg_work(plan, home, SOCKET_FD, trouble);
}

static _Noreturn void watch(const struct gpg_plan *plan)
{
	struct gpg_home home = GPG_HOME_INIT;
	struct err trouble = ERR_INIT;
	int bond[2], made = 0;
	pid_t helper;

	if (plan->private) {
		made = gpg_home_unshare(&home, &trouble);
		if (made == 1)
			made = gpg_home_make(&home, plan->bases, &trouble);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bond) < 0)
		_exit(1);
	helper = fork();
	if (helper == 0)
		help(plan, plan->private ? &home : NULL, bond[1], made < 0 ? &trouble : NULL);
	(void)close(SOCKET_FD);
	(void)close(bond[1]);
	if (helper > 0)
		wait_for_end(helper, bond[0]);
	gpg_home_remove(&home);
	_exit(0);
}

int gpg_link_open(const struct gpg_plan *plan, struct gpg_link *link, struct err *err)
{
	int life[2] = {-1, -1}, sockets[2] = {-1, -1};
	pid_t pid = -1;

	if (pipe2(life, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0)
		pid = fork();
	if (pid == 0) {
		keep_only(life[0], sockets[1]);
		(void)setsid();
		reset_signals();
		ignore_signals();
		forget(plan);
		watch(plan);
	}
	if (pid < 0)
		(void)err_errno(err, "starting the helper for GnuPG");
	if (life[0] >= 0)
		(void)close(life[0]);
	if (sockets[1] >= 0)
		(void)close(sockets[1]);
	if (pid < 0) {
		if (life[1] >= 0)
			(void)close(life[1]);
		if (sockets[0] >= 0)
			(void)close(sockets[0]);
		return -1;
	}
	*link = (struct gpg_link){.watcher = pid, .socket = sockets[0], .life = life[1]};
	return 0;
}

bool gpg_link_close(struct gpg_link *link)
{
	const struct timespec nap = {0, CLOSE_POLL_US * 1000L};
	int64_t left = CLOSE_MS * 1000L / CLOSE_POLL_US;
	int status = 0;
	pid_t got = 0;

	if (!link->watcher)
		return true;
	(void)close(link->socket);
	(void)close(link->life);
	while (left-- > 0) {
		got = waitpid(link->watcher, &status, WNOHANG);
		if (got == link->watcher || (got < 0 && errno != EINTR))
			break;
		(void)nanosleep(&nap, NULL);
	}
	*link = (struct gpg_link)GPG_LINK_INIT;
	return got != 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
