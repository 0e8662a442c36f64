/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets to listen on; see listen.h.
 */
#include "listen.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SYSTEMD_FIRST = 3 /* sd_listen_fds(3): SD_LISTEN_FDS_START */ };

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* The folder is made where only it is missing: a volume of Kubernetes may be written to by all, a folder in it not. */
static int make_folder(const char *folder)
{
	mode_t before = umask(0);
	int r = mkdir(folder, 0755);

	(void)umask(before);
	return r < 0 && errno == EEXIST ? 0 : r;
}

/* Whoever may write to the folder can put a socket of his own in the place of ours. */
static int check_folder(const char *path, struct err *err)
{
	char copy[PATH_MAX];
	const char *folder;
	struct stat st;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return err_set(err, ERR_USAGE, "socket '%s': the path is too long",
			       text_quote(span_str(path)).text);
	folder = dirname(copy);
	if (stat(folder, &st) < 0 &&
	    (errno != ENOENT || make_folder(folder) < 0 || stat(folder, &st) < 0))
		return err_errno(err, "folder of socket '%s'", text_quote(span_str(path)).text);
	if (st.st_mode & (S_IWGRP | S_IWOTH) || (st.st_uid != geteuid() && st.st_uid != 0)) {
		(void)err_set(err, ERR_POLICY, "socket '%s': others may write to its folder",
			      text_quote(span_str(path)).text);
		return err_hint(
			err,
			"use a folder of its own with mode 0755 or less, such as /run/krm-sops");
	}
	return 0;
}

/* A socket that a server of ours left behind: nobody answers there, and it is ours. */
static int clear_stale(const char *path, const struct sockaddr_un *address, struct err *err)
{
	CLEANUP(close_fd) int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : err_errno(err, "socket '%s'", text_quote(span_str(path)).text);
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return err_set(err, ERR_POLICY,
			       "socket '%s': something that is not ours lies there",
			       text_quote(span_str(path)).text);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "socket '%s'", text_quote(span_str(path)).text);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return err_set(err, ERR_POLICY, "socket '%s': another server listens there",
			       text_quote(span_str(path)).text);
	return unlink(path) < 0 ? err_errno(err, "removing stale socket '%s'",
					    text_quote(span_str(path)).text)
				: 0;
}

int listen_unix(const char *path, gid_t group, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mode = group == (gid_t)-1 ? 0600 : 0660, before;
	CLEANUP(close_fd) int fd = -1;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "socket '%s': the path is longer than %zu bytes",
			       text_quote(span_str(path)).text, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (check_folder(path, err) < 0 || clear_stale(path, &address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "socket '%s'", text_quote(span_str(path)).text);
	/* The mode is there from the first moment on; the group can only be given afterwards, and only widens. */
	before = umask(0777 & ~(mode_t)0600);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)umask(before);
	if (r < 0)
		return err_errno(err, "socket '%s'", text_quote(span_str(path)).text);
	if ((group != (gid_t)-1 && (chown(path, (uid_t)-1, group) < 0 || chmod(path, mode) < 0)) ||
	    listen(fd, LISTEN_BACKLOG) < 0) {
		(void)err_errno(err, "socket '%s'", text_quote(span_str(path)).text);
		(void)unlink(path);
		return -1;
	}
	r = fd;
	fd = -1;
	return r;
}

static int bind_loopback(int family, const struct sockaddr *address, socklen_t len, struct err *err)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0)
		return err_errno(err, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address, len) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
		(void)err_errno(err, "listening on loopback");
		(void)close(fd);
		return -1;
	}
	return fd;
}

int listen_loopback(const char *address, int *ret_port, struct err *err)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr_in four = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool is_six = span_starts(span_str(address), SPAN("[::1]:"));
	const char *digits = NULL;
	socklen_t len = sizeof(four);
	long port = -1;
	int fd;

	if (is_six || span_starts(span_str(address), SPAN("127.0.0.1:")))
		digits = address + strlen(is_six ? "[::1]:" : "127.0.0.1:");
	if (digits && *digits && digits[strspn(digits, "0123456789")] == '\0')
		port = strtol(digits, NULL, 10);
	if (port < 0 || port > 65535) {
		(void)err_set(err, ERR_USAGE, "'%s' is not 127.0.0.1:PORT or [::1]:PORT",
			      text_quote(span_str(address)).text);
		return err_hint(
			err,
			"only processes of the same pod may reach it, so it listens on loopback only");
	}
	six.sin6_port = four.sin_port = htons((uint16_t)port);
	fd = is_six ? bind_loopback(AF_INET6, (struct sockaddr *)&six, sizeof(six), err)
		    : bind_loopback(AF_INET, (struct sockaddr *)&four, sizeof(four), err);
	if (fd < 0)
		return -1;
	*ret_port = (int)port;
	if (!is_six && getsockname(fd, (struct sockaddr *)&four, &len) == 0)
		*ret_port = ntohs(four.sin_port);
	return fd;
}

int listen_inherited(const char *path)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	struct sockaddr_un address;
	socklen_t len;
	long n, i;

	if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
		return -1;
	n = strtol(count, NULL, 10);
	for (i = 0; i < n && i < 1000; i++) {
		int fd = (int)(SYSTEMD_FIRST + i);

		memset(&address, 0, sizeof(address));
		len = sizeof(address);
		if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
		    address.sun_family != AF_UNIX ||
		    strncmp(address.sun_path, path, sizeof(address.sun_path)) != 0)
			continue;
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		return fd;
	}
	return -1;
}

void listen_remove(const char *path, dev_t dev, ino_t ino)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == dev && st.st_ino == ino)
		(void)unlink(path);
}

void listen_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	(void)close(fd);
}

int listen_group(const char *name, gid_t *ret_gid, struct err *err)
{
	const struct group *group = getgrnam(name);
	char *end;
	unsigned long gid;

	if (group) {
		*ret_gid = group->gr_gid;
		return 0;
	}
	gid = strtoul(name, &end, 10);
	if (end == name || *end || gid >= UINT_MAX)
		return err_set(err, ERR_USAGE, "serve: there is no group '%s'",
			       text_quote(span_str(name)).text);
	*ret_gid = (gid_t)gid;
	return 0;
}
