/* SPDX-License-Identifier: Apache-2.0
 *
 * Making the place in memory; see stage.h. What is put into it is stage_fill.c's.
 */
#include "stage.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LINE_MAX_MAP = 64 /* bytes of a line of uid_map */ };

static bool write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(line);
	bool good = fd >= 0 && write(fd, line, (size_t)len) == len;

	if (fd >= 0)
		close(fd);
	return good;
}

static bool map_id(const char *path, unsigned id)
{
	char line[LINE_MAX_MAP];

	(void)snprintf(line, sizeof(line), "%u %u 1", id, id);
	return write_line(path, line);
}

/* root needs no user namespace of its own, and would lose its rights over the files of others in one. */
static bool leave_namespace(void)
{
	unsigned uid = geteuid(), gid = getegid();
	bool left;

	if (uid == 0)
		return unshare(CLONE_NEWNS) == 0;
	/* The maps belong to root for a process that can not be looked into. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	left = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	if (left) {
		(void)write_line("/proc/self/setgroups", "deny");
		left = map_id("/proc/self/uid_map", uid) && map_id("/proc/self/gid_map", gid);
	}
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return left;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = dir != NULL;

	while (dir && empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

/* A folder that we may cover without hiding anything from ourselves: one that is empty. A new one would be left behind. */
static const char *find_cover(void)
{
	static const char *const folders[] = {"/mnt",  "/media",     "/srv",  "/opt",
					      "/home", "/var/empty", "/boot", "/var/opt"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(folders); i++) {
		if (is_empty(folders[i]))
			return folders[i];
	}
	return NULL;
}

static bool open_namespace(struct stage *stage)
{
	const char *cover = find_cover();
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (!cover || !leave_namespace() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	/* ramfs, as tmpfs may be swapped out. */
	if (mount("krm-sops", cover, "ramfs", flags, "mode=0700") < 0 &&
	    mount("krm-sops", cover, "tmpfs", flags, "mode=0700") < 0)
		return false;
	(void)snprintf(stage->path, sizeof(stage->path), "%s", cover);
	stage->fd = open(cover, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stage->own_namespace = true;
	return stage->fd >= 0;
}

static bool in_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static bool make_folder(const char *base, char path[static PATH_MAX])
{
	int len;

	if (!base || base[0] != '/' || !in_memory(base))
		return false;
	len = snprintf(path, PATH_MAX, "%s/krm-sops-XXXXXX", base);
	return len > 0 && len < PATH_MAX && mkdtemp(path) != NULL;
}

static int open_memory(struct stage *stage, struct err *err)
{
	if (!make_folder("/dev/shm", stage->path) &&
	    !make_folder(getenv("XDG_RUNTIME_DIR"), stage->path)) {
		(void)err_set(
			err, ERR_POLICY,
			"there is no place in memory for decrypted files: no namespaces, and "
			"neither '/dev/shm' nor XDG_RUNTIME_DIR is a tmpfs that can be written");
		return err_hint(err,
				"in a pod, mount an emptyDir with 'medium: Memory' at /dev/shm");
	}
	if (janitor_start(stage->path, &stage->janitor, err) < 0) {
		janitor_remove(stage->path);
		return -1;
	}
	stage->fd = open(stage->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return stage->fd < 0 ? err_errno(err, "cannot open '%s'", stage->path) : 0;
}

int stage_open(enum stage_mode mode, struct stage *ret_stage, struct err *err)
{
	if (mode != STAGE_MEMORY && open_namespace(ret_stage))
		return 0;
	if (mode == STAGE_NAMESPACE) {
		(void)err_set(err, ERR_POLICY, "a mount namespace of our own is not allowed here");
		return err_hint(err, "--stage memory does without");
	}
	return open_memory(ret_stage, err);
}

void stage_close(struct stage *stage)
{
	if (stage->fd >= 0)
		close(stage->fd);
	stage->fd = -1;
	if (stage->own_namespace)
		(void)umount2(stage->path, MNT_DETACH);
	stage->own_namespace = false;
	janitor_end(&stage->janitor);
	stage_index_release(&stage->index);
}
