/* SPDX-License-Identifier: Apache-2.0
 *
 * GnuPG's private home in a folder that lies in memory; see gpg_home.h. A folder's maker holds a lock on it as long as it lives; who gets the
 * lock of a folder that he did not make has found one whose maker is dead. Links are not followed, and only folders of our own user are touched.
 */
#include "keys/gpg_home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX "krm-sops-gpg."

enum {
	TRIES_MAX = 16, /* names that a sweep may take away under us */
	DEPTH_MAX = 4,  /* folders within each other: GnuPG makes two */
};

static bool in_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 &&
	       ((unsigned long)fs.f_type == TMPFS_MAGIC || (unsigned long)fs.f_type == RAMFS_MAGIC);
}

static int open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Takes `fd` over. */
static void remove_content(int fd, int depth)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(folder))) {
		int below;

		if (!is_name(entry) || unlinkat(dirfd(folder), entry->d_name, 0) == 0)
			continue;
		below = depth < DEPTH_MAX ? open_folder(dirfd(folder), entry->d_name) : -1;
		if (below < 0)
			continue;
		remove_content(below, depth + 1);
		(void)unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(folder);
}

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       st.st_nlink > 0;
}

/* What runs left behind that were killed together with their watchers. */
static void sweep(const char *base)
{
	int at = open_folder(AT_FDCWD, base), fd;
	DIR *folder = at < 0 ? NULL : fdopendir(at);
	struct dirent *entry;

	if (!folder) {
		if (at >= 0)
			(void)close(at);
		return;
	}
	while ((entry = readdir(folder))) {
		if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		fd = open_folder(dirfd(folder), entry->d_name);
		if (fd < 0)
			continue;
		if (!is_ours(fd) || flock(fd, LOCK_EX | LOCK_NB) < 0) {
			(void)close(fd);
			continue;
		}
		remove_content(fd, 0);
		(void)unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(folder);
}

/* 0: made and locked; 1: a sweep was quicker; -1: errno. */
static int try_make(struct gpg_home *home, const char *base)
{
	snprintf(home->path, sizeof(home->path), "%s/" PREFIX "XXXXXX", base);
	if (!mkdtemp(home->path))
		return -1;
	home->lock = open_folder(AT_FDCWD, home->path);
	if (home->lock >= 0 && flock(home->lock, LOCK_EX | LOCK_NB) == 0 && is_ours(home->lock))
		return 0;
	if (home->lock >= 0)
		(void)close(home->lock);
	home->lock = -1;
	return 1;
}

static bool make_in(struct gpg_home *home, const char *base)
{
	int tries, made = 1;

	if (base[0] != '/' || strlen(base) + sizeof("/" PREFIX "XXXXXX") > GPG_HOME_MAX ||
	    !in_memory(base))
		return false;
	sweep(base);
	for (tries = 0; tries < TRIES_MAX && made == 1; tries++)
		made = try_make(home, base);
	return made == 0;
}

void gpg_home_sweep(const char *const bases[static GPG_HOME_BASES])
{
	size_t i;

	for (i = 0; i < GPG_HOME_BASES; i++) {
		if (bases[i])
			sweep(bases[i]);
	}
}

int gpg_home_make(struct gpg_home *home, const char *const bases[static GPG_HOME_BASES],
		  struct err *err)
{
	size_t i;

	for (i = 0; i < GPG_HOME_BASES; i++) {
		if (bases[i] && make_in(home, bases[i]))
			return 0;
	}
	return err_set(err, ERR_UNSUPPORTED,
		       "needs a folder in memory (tmpfs) with a short path for GnuPG's keys: "
		       "/dev/shm, XDG_RUNTIME_DIR or TMPDIR");
}

void gpg_home_remove(struct gpg_home *home)
{
	int fd;

	if (home->lock < 0)
		return;
	fd = open_folder(AT_FDCWD, home->path);
	if (fd >= 0)
		remove_content(fd, 0);
	(void)rmdir(home->path);
	(void)close(home->lock);
	home->lock = -1;
}
