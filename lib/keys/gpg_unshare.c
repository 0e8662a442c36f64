/* SPDX-License-Identifier: Apache-2.0
 *
 * GnuPG's private home in namespaces of its own; see gpg_home.h. The tmpfs is mounted over a folder that GnuPG does not need, seen by the helper
 * and its children alone; when the last of them ends the kernel drops it with all that is in it. The first child is the init of its PID
 * namespace: when it ends the kernel kills all others in there, agents that went their own way included.
 */
#include "keys/gpg_home.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef KRMSOPS_TEST
bool gpg_home_no_namespaces;
#endif

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t put;

	if (fd < 0)
		return -1;
	put = write(fd, text, len);
	(void)close(fd);
	return put == (ssize_t)len ? 0 : -1;
}

/* Each id is itself. The kernel lets only a dumpable process write its map (its files in /proc belong to root else). */
static int map_ids(uid_t uid, gid_t gid)
{
	char text[64];
	int mapped;

	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	mapped = write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	if (mapped == 0)
		mapped = write_file("/proc/self/setgroups", "deny");
	if (mapped == 0)
		mapped = write_file("/proc/self/gid_map", text);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return mapped;
}

static int enter(void)
{
	const int inner = CLONE_NEWNS | CLONE_NEWPID;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(inner) == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | inner) < 0)
		return -1;
	return map_ids(uid, gid);
}

/* Of these GnuPG needs none, and one of them is everywhere. */
static const char *const places[] = {"/dev/shm", "/mnt", "/tmp"};

static int mount_home(struct gpg_home *home)
{
	/* Keys are not to be swapped out: kernels before 6.4 have no word for that. */
	static const char *const options[] = {"mode=0700,size=64m,noswap", "mode=0700,size=64m"};
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	size_t i, k;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	for (i = 0; i < ARRAY_LEN(places); i++) {
		for (k = 0; k < ARRAY_LEN(options); k++) {
			if (mount("tmpfs", places[i], "tmpfs", flags, options[k]) < 0)
				continue;
			snprintf(home->path, sizeof(home->path), "%s", places[i]);
			return 0;
		}
	}
	return -1;
}

/* What fails half-way leaves a process that is good for nothing: so a child tries it first. */
static bool allowed(void)
{
	struct gpg_home home = GPG_HOME_INIT;
	pid_t child;
	int status;

#ifdef KRMSOPS_TEST
	if (gpg_home_no_namespaces)
		return false;
#endif
	child = fork();
	if (child == 0)
		_exit(enter() == 0 && mount_home(&home) == 0 ? 0 : 1);
	if (child < 0)
		return false;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int gpg_home_unshare(struct gpg_home *home, struct err *err)
{
	if (!allowed())
		return 1;
	if (enter() < 0 || mount_home(home) < 0)
		return err_errno(err, "making a namespace for GnuPG's keys");
	return 0;
}
