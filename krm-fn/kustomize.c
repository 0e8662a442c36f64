/* SPDX-License-Identifier: Apache-2.0
 *
 * Running kustomize; see kustomize.h. It reads what the repository's authors wrote, and with its load restrictor off any path that they wrote:
 * so it runs behind a wall (landlock.h), without the variables and descriptors that hold credentials, and never longer than we do.
 */
#include "kustomize.h"

#include "find_program.h"
#include "landlock.h"

#include "base/text.h"
#include "doc/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READ_STEP = 64 * 1024,
	ARGS_MAX = 6,
	VARIABLES_MAX = 4096, /* of the environment, where it is handed on */
	OUTPUT_MAX = DOC_INPUT_MAX + 1,
};

static bool names_kubectl(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash ? slash + 1 : path, "kubectl", 7) == 0;
}

int kustomize_find(const char *given, struct kustomize *ret, struct err *err)
{
	if (given) {
		if (!realpath(given, ret->path) || !find_program(ret->path, ret->path))
			return err_set(err, ERR_USAGE, "'%s' is no program",
				       text_quote(span_str(given)).text);
		ret->kubectl = names_kubectl(given);
		return 0;
	}
	ret->kubectl = false;
	if (find_program("kustomize", ret->path))
		return 0;
	ret->kubectl = find_program("kubectl", ret->path);
	if (ret->kubectl)
		return 0;
	(void)err_set(err, ERR_USAGE, "neither kustomize nor kubectl is on PATH");
	return err_hint(err, "install kustomize 5 (https://kubectl.docs.kubernetes.io/installation/"
			     "kustomize/), or name it with --kustomize FILE");
}

/* With remote bases, git and its like need most of it. */
static bool is_credential(const char *variable)
{
	static const char *const prefixes[] = {"SOPS_",        "KRM_SOPS_",  "AWS_",       "VAULT_",
					       "AZURE_",       "GOOGLE_",    "ARM_",       "BAO_",
					       "HUAWEICLOUD_", "GNUPGHOME=", "KUBECONFIG="};
	size_t i;

	for (i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static void make_environment(bool remote, char *list[static VARIABLES_MAX + 1])
{
	/* `envs:` takes the value of a bare name from the environment: the same everywhere. No PATH: it starts nothing. */
	static char home[] = "HOME=/nonexistent";
	size_t n = 0, i;

	list[n++] = home;
	if (remote)
		n = 0;
	for (i = 0; remote && environ[i] && n < VARIABLES_MAX; i++) {
		if (!is_credential(environ[i]))
			list[n++] = environ[i];
	}
	list[n] = NULL;
}

static void wall_in(const struct kustomize *kustomize, const char *root)
{
	/* For what is not one static file: its loader, its libraries, the shell of a wrapper. */
	const struct landlock_path paths[] = {
		{root, LANDLOCK_READ},
		{kustomize->path, LANDLOCK_RUN},
		{"/usr", LANDLOCK_RUN},
		{"/bin", LANDLOCK_RUN},
		{"/lib", LANDLOCK_RUN},
		{"/lib64", LANDLOCK_RUN},
		{"/nix/store", LANDLOCK_RUN},
		{"/etc/ld.so.cache", LANDLOCK_READ},
		{"/dev/null", LANDLOCK_READ},
		{"/dev/urandom", LANDLOCK_READ},
		{"/sys/kernel/mm/transparent_hugepage", LANDLOCK_READ},
	};

	(void)landlock_bind(paths, ARRAY_LEN(paths));
}

/* Behind fork(): no return. */
static void become(const struct kustomize *kustomize, const char *root, char *const args[],
		   char *const environment[], const int ends[2], pid_t parent)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null;

	/* The parent may have ended before the request was in place. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(126);
	(void)sigaction(SIGPIPE, &usual, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(ends[0], STDOUT_FILENO) < 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0 || chdir(root) < 0)
		_exit(126);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	if (!kustomize->remote)
		wall_in(kustomize, root);
	execve(kustomize->path, args, environment);
	_exit(127);
}

/* One end that has something to say, or its end. Messages past their limit are read and dropped, so that the child does not hang. */
static int take(struct pollfd *from, struct buf *to, bool cut, struct err *err)
{
	uint8_t waste[4096];
	size_t step = cut && to->limit - to->len < READ_STEP ? to->limit - to->len : READ_STEP;
	uint8_t *room = step ? buf_room(to, step) : NULL;
	ssize_t got;

	if (!room && buf_check(to, err) < 0)
		return -1;
	got = room ? read(from->fd, room, step) : read(from->fd, waste, sizeof(waste));
	if (got < 0 && errno == EINTR)
		return 0;
	if (got < 0)
		return err_errno(err, "reading what kustomize prints");
	if (room)
		to->len += (size_t)got;
	if (got == 0)
		from->fd = -1;
	return 0;
}

static int take_all(const int ends[2], struct buf *out, struct buf *messages, struct err *err)
{
	struct pollfd from[] = {{.fd = ends[0], .events = POLLIN},
				{.fd = ends[1], .events = POLLIN}};

	while (from[0].fd >= 0 || from[1].fd >= 0) {
		if (poll(from, ARRAY_LEN(from), -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(err, "waiting for kustomize");
		}
		if (from[0].fd >= 0 && from[0].revents && take(&from[0], out, false, err) < 0)
			return -1;
		if (from[1].fd >= 0 && from[1].revents && take(&from[1], messages, true, err) < 0)
			return -1;
	}
	return 0;
}

static int finish(pid_t pid, struct err *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, "waiting for kustomize");
	}
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "kustomize was killed by signal %d",
			       WTERMSIG(status));
	if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
		return err_set(err, ERR_SYSTEM, "kustomize could not be started");
	if (WEXITSTATUS(status))
		return err_set(err, ERR_FORMAT, "kustomize failed");
	return 0;
}

/* A repository that is built with functions: what they decrypt is decrypted here without them. */
static int explain(struct span messages, struct err *err)
{
	if (err->code == ERR_FORMAT &&
	    span_search(messages, SPAN("external plugins disabled")) != SIZE_MAX)
		(void)err_set(err, ERR_FORMAT,
			      "kustomize failed: no function is run here, as under Flux; build "
			      "a folder that names none under transformers: or generators:, or "
			      "use kustomize build --enable-alpha-plugins --enable-exec");
	return -1;
}

struct pipes {
	int out[2], messages[2];
};

static void close_pipes(const struct pipes *pipes)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (pipes->out[i] >= 0)
			close(pipes->out[i]);
		if (pipes->messages[i] >= 0)
			close(pipes->messages[i]);
	}
}

static int run(const struct kustomize *kustomize, const char *root, char *const args[],
	       struct buf *out, struct buf *messages, struct err *err)
{
	CLEANUP(close_pipes) struct pipes pipes = {{-1, -1}, {-1, -1}};
	char *environment[VARIABLES_MAX + 1];
	const pid_t parent = getpid();
	pid_t pid;

	make_environment(kustomize->remote, environment);
	if (pipe2(pipes.out, O_CLOEXEC) < 0 || pipe2(pipes.messages, O_CLOEXEC) < 0)
		return err_errno(err, "making a pipe");
	pid = fork();
	if (pid == 0)
		become(kustomize, root, args, environment,
		       (const int[2]){pipes.out[1], pipes.messages[1]}, parent);
	if (pid < 0)
		return err_errno(err, "starting kustomize");
	close(pipes.out[1]);
	close(pipes.messages[1]);
	pipes.out[1] = pipes.messages[1] = -1;
	if (take_all((const int[2]){pipes.out[0], pipes.messages[0]}, out, messages, err) < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return -1;
	}
	return finish(pid, err) < 0 ? explain(buf_span(messages), err) : 0;
}

int kustomize_build(const struct kustomize *kustomize, const char *root, const char *folder,
		    struct buf *out, struct buf *messages, struct err *err)
{
	static char build[] = "build", of_kubectl[] = "kustomize";
	static char restrictor[] = "--load-restrictor=LoadRestrictionsNone";
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction before;
	char path[2 * PATH_MAX], program[PATH_MAX];
	char *const args[ARGS_MAX] = {program, kustomize->kubectl ? of_kubectl : build, restrictor,
				      path, NULL};
	int status;

	(void)snprintf(program, sizeof(program), "%s", kustomize->path);
	(void)snprintf(path, sizeof(path), "%s/%s", root, folder);
	/* Where SIGCHLD is ignored, as some parents leave it to us, the exit status would be lost. */
	(void)sigaction(SIGCHLD, &usual, &before);
	status = run(kustomize, root, args, out, messages, err);
	(void)sigaction(SIGCHLD, &before, NULL);
	return status;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+' || c >= 0x80;
}

static bool is_secret(struct span word, const struct span *opened, const struct span *closed,
		      size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (span_search(opened[i], word) != SIZE_MAX &&
		    span_search(closed[i], word) == SIZE_MAX)
			return true;
	}
	return false;
}

void kustomize_redact(struct span messages, const struct span *opened, const struct span *closed,
		      size_t count, struct buf *out)
{
	size_t at = 0, end;

	while (at < messages.len) {
		struct span word;

		for (end = at; end < messages.len && is_word(messages.data[end]); end++)
			;
		word = span_sub(messages, at, end - at);
		/* Behind a backslash the first letter may belong to that: "\n". */
		if (word.len && (is_secret(word, opened, closed, count) ||
				 (at && messages.data[at - 1] == '\\' && word.len > 1 &&
				  is_secret(span_from(word, 1), opened, closed, count))))
			buf_add_str(out, "<redacted>");
		else
			buf_add_span(out, word);
		if (end < messages.len)
			buf_add_char(out, messages.data[end]);
		at = end + 1;
	}
}
