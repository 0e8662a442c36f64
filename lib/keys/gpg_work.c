/* SPDX-License-Identifier: Apache-2.0
 *
 * GnuPG's helper; see gpg_work.h. In a private home the agent is a child of this process, bound to it by the kernel, on a socket that is bound
 * here: it need not be waited for, nor does it go its own way. gpg starts no other there. In the user's home gpg finds or starts his agent as ever.
 */
#include "keys/gpg_work.h"

#include "keys/gpg_engine.h"
#include "keys/key_gpg.h"

#include "base/text.h"
#include "base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AGENT_FD = 3,       /* where an agent finds its socket (sd_listen_fds(3)) */
	AGENT_BACKLOG = 64, /* connections */
};

/* The private home's gpg.conf. The agent is there already, and whom the keys belong to is nobody's question. */
static const char gpg_conf[] = "no-autostart\n"
			       "no-auto-check-trustdb\n"
			       "trust-model always\n";

static int write_conf(const char *home, struct err *err)
{
	char path[GPG_PATH_MAX];
	ssize_t put = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/gpg.conf", home);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		put = write(fd, gpg_conf, sizeof(gpg_conf) - 1);
		(void)close(fd);
	}
	if (put != (ssize_t)sizeof(gpg_conf) - 1)
		return err_errno(err, "writing into GnuPG's home");
	return 0;
}

static int listen_on(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_LIMIT, "the path of gpg-agent's socket is too long");
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, AGENT_BACKLOG) < 0) {
		(void)err_errno(err, "making gpg-agent's socket");
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

static _Noreturn void run_agent(const char *program, const char *home, int fd, pid_t parent)
{
	char pid[32];

	/* Should the helper have ended before the signal was asked for, its watcher's kill finds this process in the group. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(1);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0)
		_exit(1);
	/* Everything below is close-on-exec but this one. */
	if (fd == AGENT_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, AGENT_FD) < 0)
		_exit(1);
	(void)signal(SIGPIPE, SIG_DFL);
	execl(program, program, "--homedir", home, "--supervised", "--quiet", "--no-options",
	      "--disable-scdaemon", "--no-allow-external-cache", "--no-allow-mark-trusted",
	      "--auto-expand-secmem", (char *)NULL);
	_exit(127);
}

static int start_agent(const char *home, struct err *err)
{
	char program[GPG_PATH_MAX], path[GPG_PATH_MAX];
	pid_t parent = getpid(), pid;
	int fd = -1;

	if (gpg_engine_agent(program, path, err) < 0)
		return -1;
	if (access(program, X_OK) < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "needs gpg-agent, which is not here (Debian: gnupg)");
	if (listen_on(path, &fd, err) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		run_agent(program, home, fd, parent);
	if (pid < 0)
		(void)err_errno(err, "starting gpg-agent");
	(void)close(fd);
	return pid < 0 ? -1 : 0;
}

/* One text that can not be imported, a stub of a card for one, is no reason to do without the others; what was wrong is told where a key is
 * missed. */
static int import_all(struct gpg_engine *engine, const struct gpg_keys *keys,
		      struct err *ret_missed, struct err *err)
{
	bool some = false;

	for (; keys; keys = keys->next) {
		struct err why = ERR_INIT;

		if (gpg_engine_import(engine, keys->text, &why) == 0) {
			some = true;
			continue;
		}
		if (why.code == ERR_NOMEM)
			return err_nomem(err);
		(void)err_wrap(&why, "PGP keys of '%s'", text_quote(span_str(keys->source)).text);
		*ret_missed = why;
	}
	if (!some)
		*err = *ret_missed;
	return some ? 0 : -1;
}

/* The environment has GNUPGHOME for gpgconf, which gpgme asks where the socket is. */
static int set_up_private(const struct gpg_plan *plan, const char *home, struct gpg_engine **engine,
			  struct err *ret_missed, struct err *err)
{
	if (setenv("GNUPGHOME", home, 1) < 0)
		return err_nomem(err);
	if (write_conf(home, err) < 0 || gpg_engine_open(NULL, home, plan->ask, engine, err) < 0 ||
	    start_agent(home, err) < 0)
		return -1;
	return import_all(*engine, plan->keys, ret_missed, err);
}

/* As execvp(3) would find it. */
static int find_program(const char *name, char ret_path[static GPG_PATH_MAX], struct err *err)
{
	const char *at = getenv("PATH");
	int len;

	if (strchr(name, '/'))
		at = NULL;
	for (; at; at = *at ? at + 1 : NULL) {
		size_t part = strcspn(at, ":");

		len = snprintf(ret_path, GPG_PATH_MAX, "%.*s/%s", (int)part, part ? at : ".", name);
		if (len < GPG_PATH_MAX && access(ret_path, X_OK) == 0)
			return 0;
		at += part;
	}
	len = snprintf(ret_path, GPG_PATH_MAX, "%s", name);
	if (strchr(name, '/') && len < GPG_PATH_MAX && access(ret_path, X_OK) == 0)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "needs '%s' (SOPS_GPG_EXEC), which is not here",
		       text_quote(span_str(name)).text);
}

/* Differs: gpg would make the home where there is none; here looking for a key leaves nothing behind. */
static int set_up_user(const struct gpg_plan *plan, struct gpg_engine **engine, struct err *err)
{
	char program[GPG_PATH_MAX];
	struct stat st;

	if (plan->program) {
		if (find_program(plan->program, program, err) < 0)
			return -1;
	} else if (!plan->user_home) {
		return err_set(err, ERR_NO_KEY, "no GnuPG home: neither GNUPGHOME nor HOME is set");
	} else if (stat(plan->user_home, &st) < 0) {
		return err_set(err, ERR_NO_KEY, "no GnuPG home '%s'",
			       text_quote(span_str(plan->user_home)).text);
	}
	return gpg_engine_open(plan->program ? program : NULL, NULL, plan->ask, engine, err);
}

/* Puts what was wrong with keys behind the reason that none fits. */
static void add_missed(struct gpg_answer *answer, const struct err *missed)
{
	struct err why = ERR_INIT;

	(void)err_set(&why, answer->code, "%s (%s)", answer->why, missed->msg);
	gpg_answer_set(answer, KEY_NOT_MINE, &why);
}

static int answer(struct gpg_engine *engine, int socket, const struct err *missed,
		  const struct err *trouble)
{
	CLEAN_BUF struct buf plain = BUF_INIT(KEY_GPG_OPENED_MAX);
	CLEAN_BUF struct buf message = BUF_INIT(KEY_GPG_ENC_MAX);
	struct gpg_question question;
	struct gpg_answer what;
	struct err err = ERR_INIT;
	uint8_t *room;

	if (gpg_wire_receive(socket, &question, sizeof(question), GPG_WIRE_NO_DEADLINE, &err) < 0)
		return -1;
	room = buf_room(&message, question.len);
	if (!room || gpg_wire_receive(socket, room, question.len, GPG_WIRE_NO_DEADLINE, &err) < 0)
		return -1;
	message.len += question.len;
	if (trouble)
		gpg_answer_set(&what, trouble->code == ERR_NO_KEY ? KEY_NOT_MINE : KEY_FAILED,
			       trouble);
	else
		gpg_engine_decrypt(engine, buf_span(&message), &plain, &what);
	if (what.verdict == KEY_NOT_MINE && missed->code)
		add_missed(&what, missed);
	if (gpg_wire_send(socket, &what, sizeof(what), GPG_WIRE_NO_DEADLINE, &err) < 0 ||
	    gpg_wire_send(socket, plain.data, what.len, GPG_WIRE_NO_DEADLINE, &err) < 0)
		return -1;
	return 0;
}

void gpg_work(const struct gpg_plan *plan, const struct gpg_home *home, int socket,
	      const struct err *trouble)
{
	struct gpg_engine *engine = NULL;
	struct err own = ERR_INIT, missed = ERR_INIT;

	if (!trouble && (home ? set_up_private(plan, home->path, &engine, &missed, &own)
			      : set_up_user(plan, &engine, &own)) < 0)
		trouble = &own;
	while (answer(engine, socket, &missed, trouble) == 0) {
		/* gpg processes whose parents have ended are ours in a namespace. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}
