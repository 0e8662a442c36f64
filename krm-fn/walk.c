/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over the files below a root; see walk.h. Every name is opened below an open folder and never through a link, so that nothing in
 * the tree leads out of it, and nothing that changes it meanwhile does.
 */
#include "walk.h"

#include "base/arena.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NAMES_MAX = 64 * 1024 * 1024, /* bytes of the names of one folder: half a million files */
	READ_STEP = 64 * 1024,        /* bytes asked at a time of a file that has grown */
};

struct walk {
	const struct walk_options *options;
	walk_visit *visit;
	void *cookie;
	size_t files, skipped;
	bool limit;
	size_t path_len;
	char path
		[WALK_PATH_MAX]; /* of the folder we are in, relative to the root, with a slash at its end; "" for the root */
};

enum kind { KIND_FILE, KIND_LINK, KIND_FOLDER };

struct name {
	const char *text;
	enum kind kind;
};

struct names {
	struct arena arena;
	struct name *list;
	size_t count, room;
};

#define NAMES_INIT                             \
	{                                      \
		.arena = ARENA_INIT(NAMES_MAX) \
	}

static void names_release(struct names *names)
{
	arena_release(&names->arena);
	free(names->list);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if ((x->kind == KIND_FOLDER) != (y->kind == KIND_FOLDER))
		return x->kind == KIND_FOLDER ? 1 : -1;
	return strcmp(x->text, y->text);
}

static bool kind_of_mode(mode_t mode, enum kind *ret)
{
	*ret = S_ISDIR(mode) ? KIND_FOLDER : S_ISLNK(mode) ? KIND_LINK : KIND_FILE;
	return S_ISDIR(mode) || S_ISLNK(mode) || S_ISREG(mode);
}

/* A folder, regular file or link, told without following it. false for all else, and where it is gone. */
static bool classify(int dir, const struct dirent *entry, enum kind *ret)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return kind_of_mode(DTTOIF(entry->d_type), ret);
	/* Some file systems do not say. */
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       kind_of_mode(st.st_mode, ret);
}

static int names_add(struct names *names, const char *text, enum kind kind, struct err *err)
{
	char *copy = arena_str(&names->arena, span_str(text), err);

	if (!copy)
		return -1;
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		struct name *list = reallocarray(names->list, room, sizeof(*list));

		if (!list)
			return err_nomem(err);
		names->list = list;
		names->room = room;
	}
	names->list[names->count++] = (struct name){copy, kind};
	return 0;
}

static int names_read(DIR *dir, bool links, struct names *names, struct err *err)
{
	const struct dirent *entry;
	enum kind kind;

	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, ".git") == 0)
			continue;
		if (classify(dirfd(dir), entry, &kind) && (links || kind != KIND_LINK) &&
		    names_add(names, entry->d_name, kind, err) < 0)
			return -1;
	}
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare);
	return 0;
}

static bool path_push(struct walk *walk, const char *name, bool is_dir)
{
	size_t len = strlen(name);

	if (len + is_dir >= sizeof(walk->path) - walk->path_len)
		return false;
	memcpy(walk->path + walk->path_len, name, len + 1);
	if (is_dir)
		memcpy(walk->path + walk->path_len + len, "/", 2);
	walk->path_len += len + is_dir;
	return true;
}

static void path_pop(struct walk *walk, size_t len)
{
	walk->path[len] = '\0';
	walk->path_len = len;
}

static enum walk_next visit_file(struct walk *walk, int dir, const struct name *entry,
				 struct err *err)
{
	const char *name = entry->text;
	struct walk_file file = {
		.path = walk->path, .name = name, .dir = dir, .link = entry->kind == KIND_LINK};
	size_t before = walk->path_len;
	enum walk_next next;

	if (walk->files == walk->options->files_max) {
		walk->limit = true;
		return WALK_STOP;
	}
	walk->files++;
	if (!path_push(walk, name, false)) {
		walk->skipped++;
		return WALK_ON;
	}
	next = walk->visit(walk->cookie, &file, err);
	path_pop(walk, before);
	return next;
}

static enum walk_next visit_folder(struct walk *walk, int fd, const char *except, size_t depth,
				   struct err *err);

/* errno says why it did not open: memory is not the folder's fault. */
static enum walk_next skip_folder(struct walk *walk, struct err *err)
{
	if (errno == ENOMEM) {
		(void)err_nomem(err);
		return WALK_ERROR;
	}
	walk->skipped++;
	return WALK_ON;
}

static enum walk_next enter(struct walk *walk, int dir, const char *name, size_t depth,
			    struct err *err)
{
	CLEANUP(close_fd) int fd = -1;
	size_t before = walk->path_len;
	enum walk_next next;

	if (depth < WALK_DEPTH_MAX)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (depth < WALK_DEPTH_MAX && fd < 0)
		return skip_folder(walk, err);
	if (fd < 0 || !path_push(walk, name, true)) {
		walk->skipped++;
		return WALK_ON;
	}
	next = visit_folder(walk, fd, NULL, depth + 1, err);
	path_pop(walk, before);
	return next;
}

/* All below the open folder fd, but for its subfolder `except`, which may be NULL. */
static enum walk_next visit_folder(struct walk *walk, int fd, const char *except, size_t depth,
				   struct err *err)
{
	CLEANUP(names_release) struct names names = NAMES_INIT;
	CLEANUP(close_dir) DIR *dir = NULL;
	enum walk_next next = WALK_ON;
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	dir = own < 0 ? NULL : fdopendir(own);
	if (!dir) {
		next = skip_folder(walk, err);
		if (own >= 0)
			close(own);
		return next;
	}
	if (names_read(dir, walk->options->links, &names, err) < 0)
		return WALK_ERROR;
	for (i = 0; i < names.count && next == WALK_ON; i++) {
		const struct name *name = &names.list[i];

		if (name->kind != KIND_FOLDER)
			next = visit_file(walk, fd, name, err);
		else if (!except || strcmp(name->text, except) != 0)
			next = enter(walk, fd, name->text, depth, err);
	}
	return next;
}

/* From the folder fd down along `rest` to the start, then back up: what is nearest to the start is shown first. */
static enum walk_next descend(struct walk *walk, int fd, const char *rest, size_t depth,
			      struct err *err)
{
	CLEANUP(close_fd) int below = -1;
	size_t before = walk->path_len, len;
	char name[NAME_MAX + 1];
	enum walk_next next;

	rest += strspn(rest, "/");
	len = strcspn(rest, "/");
	if (len && len <= NAME_MAX && depth < WALK_DEPTH_MAX) {
		memcpy(name, rest, len);
		name[len] = '\0';
		below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (below < 0 || !path_push(walk, name, true))
		return visit_folder(walk, fd, NULL, depth, err);
	next = descend(walk, below, rest + len, depth + 1, err);
	path_pop(walk, before);
	if (next != WALK_ON)
		return next;
	return visit_folder(walk, fd, name, depth, err);
}

int walk_tree(const struct walk_options *options, walk_visit *visit, void *cookie, bool *ret_limit,
	      size_t *ret_skipped, struct err *err)
{
	struct walk walk = {.options = options, .visit = visit, .cookie = cookie};
	CLEANUP(close_fd) int fd = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open folder '%s'",
				 text_quote(span_str(options->root)).text);
	if (descend(&walk, fd, options->start ? options->start : "", 0, err) == WALK_ERROR)
		return -1;
	if (ret_limit)
		*ret_limit = walk.limit;
	if (ret_skipped)
		*ret_skipped = walk.skipped;
	return 0;
}

static int read_some(const struct walk_file *file, int fd, size_t size, size_t step, struct buf *in,
		     bool *ret_end, struct err *err)
{
	uint8_t *room = buf_room(in, step);
	ssize_t got;

	if (!room)
		return buf_check(in, err);
	do {
		got = read(fd, room, step);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(file->path)).text);
	in->len += (size_t)got;
	/* Less than there was room for, and all that the file had when it was opened: no need to ask for the end. */
	*ret_end = got == 0 || ((size_t)got < step && in->len == size);
	return 0;
}

int walk_read(const struct walk_file *file, size_t max, bool text_only, struct buf *ret,
	      struct err *err)
{
	CLEAN_BUF struct buf in = BUF_INIT(max + 1);
	/* Not to hang where the file has become a FIFO since it was listed. */
	CLEANUP(close_fd)
	int fd = openat(file->dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool end = false;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(file->path)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_NOT_FOUND, "'%s' is not a regular file",
			       text_quote(span_str(file->path)).text);
	while (!end && in.len <= max) {
		size_t step = in.len ? READ_STEP : WALK_TEXT_LOOK;

		/* Behind the look at its beginning the rest comes in one piece where its size is known. */
		if (in.len && st.st_size > (off_t)in.len && (size_t)st.st_size <= max)
			step = (size_t)st.st_size - in.len + 1;
		if (step > in.limit - in.len)
			step = in.limit - in.len;
		if (read_some(file, fd, (size_t)st.st_size, step, &in, &end, err) < 0)
			return -1;
		if (text_only && in.len &&
		    memchr(in.data, 0, in.len < WALK_TEXT_LOOK ? in.len : WALK_TEXT_LOOK))
			return 1;
		if (in.len <= max && (size_t)st.st_size > max)
			break;
	}
	if (in.len > max || (size_t)st.st_size > max)
		return err_set(err, ERR_LIMIT, "'%s' has more than %zu bytes",
			       text_quote(span_str(file->path)).text, max);
	buf_move(ret, &in);
	return 0;
}
