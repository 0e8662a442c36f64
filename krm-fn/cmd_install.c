/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying ourselves; see cmd_install.h. A file that is there already is replaced when the new one is complete: a build that runs at the moment
 * keeps the old one.
 */
#include "cmd_install.h"

#include "find_program.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF           "/proc/self/exe"
#define KSOPS          "ksops"
#define WITH_KUSTOMIZE "--with-kustomize"
/* Where KSOPS takes it from. */
#define KUSTOMIZE "/usr/local/bin/kustomize"

enum {
	MODE = 0755,
	STEP_MAX = 1 << 30, /* bytes of one sendfile() */
};

static const char help[] =
	"usage: krm-sops install [--with-kustomize] DIR\n"
	"\n"
	"Copies this program to DIR/krm-sops, with a link DIR/ksops to it: for an init\n"
	"container that fills a volume, and has neither a shell nor cp. `ksops install`\n"
	"makes DIR/ksops only.\n"
	"\n"
	"  --with-kustomize    the kustomize of /usr/local/bin, or else of PATH, too\n"
	"\n"
	"The copy needs the libraries that this program needs. One that `make portable`\n"
	"has built needs none but those of glibc.\n"
	"\n"
	"example: krm-sops install /custom-tools\n";

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int copy_bytes(int from, int to, const char *name, struct err *err)
{
	struct stat st;
	off_t left;

	if (fstat(from, &st) < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(name)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYSTEM, "'%s' is not a regular file",
			       text_quote(span_str(name)).text);
	for (left = st.st_size; left > 0;) {
		ssize_t done = sendfile(to, from, NULL, left < STEP_MAX ? (size_t)left : STEP_MAX);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_errno(err, "cannot copy '%s'", text_quote(span_str(name)).text);
		if (done == 0)
			return err_set(err, ERR_SYSTEM, "'%s' became shorter while it was copied",
				       text_quote(span_str(name)).text);
		left -= done;
	}
	return 0;
}

static int fill(int from, const char *from_name, int fd, struct err *err)
{
	if (copy_bytes(from, fd, from_name, err) < 0)
		return -1;
	/* umask is ours, and strict. */
	if (fchmod(fd, MODE) < 0 || fsync(fd) < 0)
		return err_errno(err, "cannot write the copy");
	return 0;
}

static int copy(const char *from_name, int dir, const char *name, struct err *err)
{
	CLEANUP(close_fd) int from = open(from_name, O_RDONLY | O_CLOEXEC);
	CLEANUP(close_fd) int to = -1;
	char temporary[NAME_MAX];

	if (from < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(from_name)).text);
	(void)snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid());
	to = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	if (to < 0)
		return err_errno(err, "cannot create '%s'", name);
	if (fill(from, from_name, to, err) < 0)
		goto failed;
	if (renameat(dir, temporary, dir, name) == 0)
		return 0;
	(void)err_errno(err, "cannot create '%s'", name);
failed:
	(void)unlinkat(dir, temporary, 0);
	return -1;
}

static int link_to(int dir, const char *target, const char *name, struct err *err)
{
	if ((unlinkat(dir, name, 0) < 0 && errno != ENOENT) || symlinkat(target, dir, name) < 0)
		return err_errno(err, "cannot create '%s'", name);
	return 0;
}

static void told(const char *dir, const char *name)
{
	fprintf(stderr, "installed %s%s%s\n", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

static int install(const char *name, const char *dir_name, bool with_kustomize, struct err *err)
{
	CLEANUP(close_fd) int dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char found[PATH_MAX] = KUSTOMIZE;

	if (dir < 0)
		return err_errno(err, "cannot open '%s'", text_quote(span_str(dir_name)).text);
	if (copy(SELF, dir, name, err) < 0)
		return -1;
	told(dir_name, name);
	if (strcmp(name, KSOPS) != 0) {
		if (link_to(dir, name, KSOPS, err) < 0)
			return -1;
		told(dir_name, KSOPS);
	}
	if (!with_kustomize)
		return 0;
	if (access(KUSTOMIZE, R_OK) != 0 && !find_program("kustomize", found))
		return err_set(err, ERR_NOT_FOUND, "no kustomize in /usr/local/bin, nor on PATH");
	if (copy(found, dir, "kustomize", err) < 0)
		return -1;
	told(dir_name, "kustomize");
	return 0;
}

int cmd_install_as(const char *name, int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *dir = NULL;
	bool with_kustomize = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], WITH_KUSTOMIZE) == 0) {
			with_kustomize = true;
		} else if (dir || argv[i][0] == '-') {
			(void)command_usage(&err, cmd_install.name, "unknown argument '%s'",
					    text_quote(span_str(argv[i])).text);
			return command_fail(&err);
		} else {
			dir = argv[i];
		}
	}
	if (!dir || !*dir) {
		(void)err_set(&err, ERR_USAGE, "install requires a destination directory");
		(void)err_hint(&err, "%s install [" WITH_KUSTOMIZE "] DIR", name);
		return command_fail(&err);
	}
	if (install(name, dir, with_kustomize, &err) < 0)
		return command_fail(&err);
	return 0;
}

static int run(int argc, char **argv)
{
	return cmd_install_as("krm-sops", argc, argv);
}

const struct command cmd_install = {
	.name = "install",
	.summary = "a copy of this program into a folder, with the name ksops beside it",
	.help = help,
	.run = run,
};
