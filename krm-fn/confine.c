/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening files below a root; see confine.h.
 */
#include "confine.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	WALK_LINKS_MAX = 40,  /* symbolic links followed on one path, as the kernel's own limit */
	WALK_DEPTH_MAX = 256, /* folders held open at a time: real trees stay below 20 */
	RACE_TRIES_MAX =
		32, /* openat2 says EAGAIN where a rename raced with `..`: then once more */
	READ_STEP = 64 * 1024, /* bytes asked of a file at a time where its size is not known */
};

#ifdef KRMSOPS_TEST
bool confine_no_openat2;
#endif

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Both paths have been measured by whoever made them: what does not fit is a bug, and cut rather than written past the end. */
static void copy_path(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memmove(to, from, len);
	to[len] = '\0';
}

/* True where `dir` is `base` or lies below it; then *ret_rest is what is left of it, without a leading slash. */
static bool is_below(const char *dir, const char *base, const char **ret_rest)
{
	size_t len = strlen(base);

	if (len == 1 && base[0] == '/') {
		*ret_rest = dir + 1;
		return dir[0] == '/';
	}
	if (strncmp(dir, base, len) != 0 || (dir[len] && dir[len] != '/'))
		return false;
	*ret_rest = dir[len] ? dir + len + 1 : dir + len;
	return true;
}

/* The folder of ARGOCD_APP_SOURCE_PATH is the working directory's own tail: what is before it is the repository. */
static bool cut_argocd(char *cwd, const char *source_path)
{
	size_t len = strlen(cwd), tail;

	while (*source_path == '/' || (source_path[0] == '.' && source_path[1] == '/'))
		source_path++;
	tail = strlen(source_path);
	while (tail && source_path[tail - 1] == '/')
		tail--;
	if (tail == 0 || (tail == 1 && source_path[0] == '.'))
		return true; /* the application lies at the repository's top */
	if (len <= tail + 1 || memcmp(cwd + len - tail, source_path, tail) != 0 ||
	    cwd[len - tail - 1] != '/')
		return false;
	cwd[len - tail - 1] = '\0';
	return true;
}

/* The nearest folder at or above `dir` with a .git in it (a folder, or a file in a worktree). */
static bool cut_git(char dir[static PATH_MAX])
{
	char probe[PATH_MAX + 8];
	char work[PATH_MAX];
	char *slash;
	struct stat st;

	copy_path(work, sizeof(work), dir);
	for (;;) {
		int len = snprintf(probe, sizeof(probe), "%s/.git", work);

		if (len > 0 && (size_t)len < sizeof(probe) && lstat(probe, &st) == 0 &&
		    (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
			copy_path(dir, PATH_MAX, work[0] ? work : "/");
			return true;
		}
		slash = strrchr(work, '/');
		if (!slash || !work[0])
			return false;
		*slash = '\0';
	}
}

int confine_find_root(const char *given, const char *from, struct confine *ret, struct err *err)
{
	char root[PATH_MAX];
	const char *argocd = getenv("ARGOCD_APP_SOURCE_PATH"), *rest;
	int fd;

	copy_path(root, sizeof(root), from);
	if (given) {
		if (!realpath(given, root))
			return err_errno(err, "cannot use '%s' as root",
					 text_quote(span_str(given)).text);
	} else if (!(argocd && *argocd && cut_argocd(root, argocd))) {
		(void)cut_git(root);
	}
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot use '%s' as root", text_quote(span_str(root)).text);
	*ret = (struct confine){.fd = fd};
	copy_path(ret->root, sizeof(ret->root), root);
	ret->outside = !is_below(from, root, &rest);
	if (!ret->outside)
		copy_path(ret->below, sizeof(ret->below), rest);
	return 0;
}

int confine_open_root(const char *given, struct confine *ret, struct err *err)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_errno(err, "cannot tell the working directory");
	return confine_find_root(given, cwd, ret, err);
}

void confine_clamp(int fd, const char *shown, struct confine *ret)
{
	*ret = (struct confine){.fd = fd, .outside = true, .clamp = true};
	copy_path(ret->root, sizeof(ret->root), shown);
}

static long open_beneath(int root, const char *path, int flags, bool clamp)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags,
		.resolve = (clamp ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS,
	};

#ifdef KRMSOPS_TEST
	if (confine_no_openat2) {
		errno = ENOSYS;
		return -1;
	}
#endif
	return syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The walk of a kernel without openat2: a stack of open folders, so that `..` goes where we came from and never above the root, whatever is
 * moved meanwhile. */
struct walk {
	int fds[WALK_DEPTH_MAX]; /* fds[0] is the root's and not ours */
	size_t depth;
	unsigned links;
	bool clamp;
	char rest[PATH_MAX * 2]; /* what is still to go */
};

static void walk_close(struct walk *w)
{
	while (w->depth > 0)
		close(w->fds[w->depth--]);
}

/* Puts a link's target in front of the rest. -1 with errno. */
static int follow(struct walk *w, const char *name, const char *after)
{
	char target[PATH_MAX], joined[sizeof(w->rest)];
	ssize_t len = readlinkat(w->fds[w->depth], name, target, sizeof(target) - 1);
	int n;

	if (len < 0)
		return -1;
	target[len] = '\0';
	if (++w->links > WALK_LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (target[0] == '/' && !w->clamp) {
		errno = EXDEV;
		return -1;
	}
	if (target[0] == '/')
		walk_close(w);
	n = snprintf(joined, sizeof(joined), "%s/%s", target, after);
	if (n < 0 || (size_t)n >= sizeof(joined)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	copy_path(w->rest, sizeof(w->rest), joined);
	return 0;
}

/* One name of the path: descends, climbs, follows, or opens the last. 1: done, *ret_fd is set; 0: go on; -1 with errno. */
static int step(struct walk *w, int flags, int *ret_fd)
{
	char name[NAME_MAX + 1], after[sizeof(w->rest)];
	char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");
	struct stat st;
	bool last;
	int fd;

	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, from, len);
	name[len] = '\0';
	copy_path(after, sizeof(after), from + len + strspn(from + len, "/"));
	last = !after[0];
	if (len == 0 || strcmp(name, ".") == 0) {
		copy_path(w->rest, sizeof(w->rest), after);
		if (!last)
			return 0;
		*ret_fd = openat(w->fds[w->depth], ".", flags | O_NOFOLLOW);
		return *ret_fd < 0 ? -1 : 1;
	}
	if (strcmp(name, "..") == 0) {
		if (w->depth == 0 && !w->clamp) {
			errno = EXDEV;
			return -1;
		}
		if (w->depth > 0)
			close(w->fds[w->depth--]);
		copy_path(w->rest, sizeof(w->rest), last ? "." : after);
		return 0;
	}
	if (fstatat(w->fds[w->depth], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return follow(w, name, after);
	if (last) {
		/* O_NOFOLLOW: a link put here since the look above is refused (ELOOP), not followed. */
		*ret_fd = openat(w->fds[w->depth], name, flags | O_NOFOLLOW);
		return *ret_fd < 0 ? -1 : 1;
	}
	if (w->depth + 1 == WALK_DEPTH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(w->fds[w->depth], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	w->fds[++w->depth] = fd;
	copy_path(w->rest, sizeof(w->rest), after);
	return 0;
}

static int walk_open(int root, const char *path, int flags, bool clamp)
{
	CLEANUP(walk_close) struct walk w = {.fds = {root}, .clamp = clamp};
	int fd = -1, done = 0;

	if (strlen(path) >= sizeof(w.rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	copy_path(w.rest, sizeof(w.rest), path);
	while (done == 0)
		done = step(&w, flags, &fd);
	return done < 0 ? -1 : fd;
}

int confine_open(const struct confine *confine, const char *path, int flags, struct err *err)
{
	char full[PATH_MAX * 2];
	const char *rest = path;
	unsigned tries = 0;
	int n;
	long fd;

	if (path[0] == '/' && !confine->clamp) {
		if (!is_below(path, confine->root, &rest))
			goto leaves;
		n = snprintf(full, sizeof(full), "./%s", rest);
	} else {
		n = snprintf(full, sizeof(full), "./%s/%s", confine->below, rest);
	}
	if (n < 0 || (size_t)n >= sizeof(full)) {
		errno = ENAMETOOLONG;
		return err_errno(err, "cannot open '%s'", text_quote(span_str(path)).text);
	}
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	do
		fd = open_beneath(confine->fd, full, flags, confine->clamp);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN) && tries++ < RACE_TRIES_MAX);
	/* EPERM: a seccomp filter that does not know the call (old container runtimes). */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = walk_open(confine->fd, full, flags, confine->clamp);
	if (fd >= 0)
		return (int)fd;
	if (errno != EXDEV)
		return err_errno(err, "cannot open '%s'", text_quote(span_str(path)).text);
leaves:
	(void)err_set(err, ERR_POLICY, "'%s' leads out of '%s'", text_quote(span_str(path)).text,
		      text_quote(span_str(confine->root)).text);
	return err_hint(err, "files are opened only below the root; set it with --root");
}

int confine_read(const struct confine *confine, const char *path, size_t max, struct buf *ret,
		 struct err *err)
{
	CLEANUP(close_fd) int fd = confine_open(confine, path, 0, err);
	CLEAN_BUF struct buf in = BUF_INIT(max + 1);
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(path)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FORMAT, "'%s' is not a regular file",
			       text_quote(span_str(path)).text);
	if (st.st_size > 0 && (uint64_t)st.st_size <= max)
		(void)buf_room(&in, (size_t)st.st_size + 1);
	do {
		size_t room = in.cap - in.len > 0 ? in.cap - in.len : READ_STEP;
		uint8_t *to;

		if (room > in.limit - in.len)
			room = in.limit - in.len;
		to = buf_room(&in, room);
		if (!to)
			return buf_check(&in, err);
		got = read(fd, to, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "cannot read '%s'", text_quote(span_str(path)).text);
		in.len += (size_t)got;
	} while (got != 0 && in.len <= max);
	if (in.len > max)
		return err_set(err, ERR_LIMIT, "'%s' has more than %zu bytes",
			       text_quote(span_str(path)).text, max);
	buf_move(ret, &in);
	return 0;
}

void confine_close(struct confine *confine)
{
	if (confine->fd >= 0)
		close(confine->fd);
	confine->fd = -1;
}
