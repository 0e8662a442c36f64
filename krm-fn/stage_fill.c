/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository's files into the place; see stage.h. Folders are made. Files of a usual size come through our memory and are looked at on the way
 * (stage_index.h), larger ones are copied by the kernel.
 */
#include "stage.h"

#include "confine.h"
#include "output.h"
#include "walk.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	IGNORE_FILE_MAX = 1024 * 1024, /* bytes of one .sourceignore */
	LOOK_MAX = 256 * 1024,         /* bytes of a file that is looked into */
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static enum walk_next read_ignore(void *cookie, const struct walk_file *file, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(IGNORE_FILE_MAX + 1);
	size_t folder = strlen(file->path) - strlen(file->name);

	if (strcmp(file->name, FLUX_IGNORE_FILE) != 0)
		return WALK_ON;
	if (walk_read(file, IGNORE_FILE_MAX, false, &text, err) < 0 ||
	    flux_ignore_add(cookie, buf_span(&text), span_of(file->path, folder ? folder - 1 : 0),
			    err) < 0)
		return WALK_ERROR;
	return WALK_ON;
}

int stage_read_ignore(const char *root, struct flux_ignore *ignore, struct err *err)
{
	const struct walk_options options = {.root = root, .files_max = STAGE_FILES_MAX};

	return walk_tree(&options, read_ignore, ignore, NULL, NULL, err);
}

struct fill {
	struct stage *stage;
	const struct stage_source *source;
	char folder[PATH_MAX]; /* the last that was made */
	int folder_fd;         /* -1: none */
	size_t links;          /* that were made */
	struct buf text;       /* of a file on its way */
};

static int failed(const char *path, struct err *err)
{
	return err_errno(err, "copying '%s'", text_quote(span_str(path)).text);
}

/* Makes the folders of path, which end at `len`, and keeps the last open: files come folder by folder. */
static int enter(struct fill *fill, const char *path, size_t len, struct err *err)
{
	char part[PATH_MAX];
	size_t i;

	if (fill->folder_fd >= 0 && strncmp(fill->folder, path, len) == 0 && !fill->folder[len])
		return 0;
	if (len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return failed(path, err);
	}
	close_fd(&fill->folder_fd);
	memcpy(part, path, len);
	part[len] = '\0';
	for (i = 1; i <= len; i++) {
		if (i < len && part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdirat(fill->stage->fd, part, 0700) < 0 && errno != EEXIST)
			return failed(path, err);
		part[i] = i < len ? '/' : '\0';
	}
	fill->folder_fd = openat(fill->stage->fd, len ? part : ".",
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fill->folder_fd < 0)
		return failed(path, err);
	memcpy(fill->folder, part, len + 1);
	return 0;
}

static int read_text(int from, size_t size, const char *path, struct buf *text, struct err *err)
{
	uint8_t *room;

	buf_reset(text);
	room = buf_room(text, size);
	if (!room)
		return buf_check(text, err);
	while (text->len < size) {
		ssize_t got = read(from, room + text->len, size - text->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed(path, err);
		if (got == 0)
			break;
		text->len += (size_t)got;
	}
	return 0;
}

static int copy_large(int from, int to, off_t size, const char *path, struct err *err)
{
	while (size > 0) {
		ssize_t put = sendfile(to, from, NULL, (size_t)size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return failed(path, err);
		if (put == 0)
			break;
		size -= put;
	}
	return 0;
}

/* A file that has shrunk meanwhile ends where it ends, and what one has grown by stays behind. */
static int copy_bytes(struct fill *fill, int from, int to, off_t size, const char *path,
		      struct err *err)
{
	struct stage_index *index = &fill->stage->index;
	struct span text;

	if (size > LOOK_MAX)
		return copy_large(from, to, size, path, err) < 0
			       ? -1
			       : stage_index_add(index, path, NULL, err);
	if (read_text(from, (size_t)size, path, &fill->text, err) < 0)
		return -1;
	text = buf_span(&fill->text);
	if (output_all(to, text) < 0)
		return failed(path, err);
	return stage_index_add(index, path, &text, err);
}

static int copy_file(struct fill *fill, const struct walk_file *file, struct err *err)
{
	CLEANUP(close_fd)
	int from = openat(file->dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(close_fd) int to = -1;
	struct stage *stage = fill->stage;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return failed(file->path, err);
	if (!S_ISREG(st.st_mode))
		return 0;
	to = openat(fill->folder_fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return failed(file->path, err);
	stage->files++;
	stage->bytes += (size_t)st.st_size;
	if (stage->bytes > STAGE_BYTES_MAX) {
		(void)err_set(err, ERR_LIMIT, "'%s' has more than %zu bytes of files",
			      text_quote(span_str(fill->source->root)).text, STAGE_BYTES_MAX);
		return err_hint(err, "leave out what is not built with a .sourceignore file");
	}
	return copy_bytes(fill, from, to, st.st_size, file->path, err);
}

static void leave_out(struct stage *stage, const char *path)
{
	if (stage->links++ == 0)
		(void)snprintf(stage->link, sizeof(stage->link), "%s", path);
}

/* A link as it is; one that begins at `/` begins at the root. stage_fill() looks at the end where each leads. */
static int copy_link(struct fill *fill, const struct walk_file *file, struct err *err)
{
	char target[PATH_MAX], inside[PATH_MAX + 3 * WALK_DEPTH_MAX] = "";
	ssize_t len = readlinkat(file->dir, file->name, target, sizeof(target) - 1);
	size_t at = 0;
	const char *c;

	if (len < 0)
		return failed(file->path, err);
	target[len] = '\0';
	for (c = file->path; target[0] == '/' && *c; c++) {
		if (*c == '/')
			at += (size_t)snprintf(inside + at, sizeof(inside) - at, "../");
	}
	(void)snprintf(inside + at, sizeof(inside) - at, "%s%s", target[0] == '/' ? "." : "",
		       target);
	if (symlinkat(inside, fill->folder_fd, file->name) < 0)
		return failed(file->path, err);
	fill->links++;
	return 0;
}

static enum walk_next copy(void *cookie, const struct walk_file *file, struct err *err)
{
	struct fill *fill = cookie;
	const struct flux_ignore *ignore = fill->source->ignore;
	size_t folder = strlen(file->path) - strlen(file->name);
	int r;

	if (ignore && flux_ignore_has(ignore, span_str(file->path)))
		return WALK_ON;
	if (file->link && !fill->source->links) {
		leave_out(fill->stage, file->path);
		return WALK_ON;
	}
	if (enter(fill, file->path, folder ? folder - 1 : 0, err) < 0)
		return WALK_ERROR;
	r = file->link ? copy_link(fill, file, err) : copy_file(fill, file, err);
	return r < 0 ? WALK_ERROR : WALK_ON;
}

static void fill_release(struct fill *fill)
{
	close_fd(&fill->folder_fd);
	buf_release(&fill->text);
}

/* Every link that does not end at something in the place goes again. */
static enum walk_next check_link(void *cookie, const struct walk_file *file, struct err *err)
{
	struct stage *stage = cookie;
	struct err lost = ERR_INIT;
	struct confine inside = {.fd = stage->fd, .outside = true};
	int fd;

	if (!file->link)
		return WALK_ON;
	fd = confine_open(&inside, file->path, 0, &lost);
	if (fd >= 0) {
		close(fd);
		return WALK_ON;
	}
	leave_out(stage, file->path);
	if (unlinkat(file->dir, file->name, 0) < 0) {
		(void)failed(file->path, err);
		return WALK_ERROR;
	}
	return WALK_ON;
}

int stage_fill(struct stage *stage, const struct stage_source *source, struct err *err)
{
	CLEANUP(fill_release)
	struct fill fill = {
		.stage = stage, .source = source, .folder_fd = -1, .text = BUF_INIT(LOOK_MAX)};
	struct walk_options options = {
		.root = source->root, .files_max = STAGE_FILES_MAX, .links = true};
	bool limit = false;

	if (stage_index_start(&stage->index, source->root, err) < 0 ||
	    walk_tree(&options, copy, &fill, &limit, &stage->skipped, err) < 0)
		return -1;
	stage_index_end(&stage->index);
	if (limit)
		return err_set(err, ERR_LIMIT, "'%s' has more than %d files",
			       text_quote(span_str(source->root)).text, STAGE_FILES_MAX);
	if (!fill.links)
		return 0;
	options.root = stage->path;
	return walk_tree(&options, check_link, stage, NULL, NULL, err);
}

/* A file that is not there yet, in a folder that is. */
static int create(const struct confine *inside, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char folder[PATH_MAX] = ".";
	CLEANUP(close_fd) int dir = -1;
	int fd;

	if (slash)
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	dir = confine_open(inside, folder, O_DIRECTORY, err);
	if (dir < 0)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "writing '%s'", text_quote(span_str(path)).text);
	return fd;
}

int stage_write(const struct stage *stage, const char *path, struct span content, struct err *err)
{
	CLEANUP(close_fd) int fd = -1;
	struct confine inside = {.fd = stage->fd, .outside = true, .clamp = true};
	struct err missing = ERR_INIT;

	fd = confine_open(&inside, path, O_WRONLY | O_TRUNC, &missing);
	if (fd < 0 && missing.code != ERR_NOT_FOUND) {
		*err = missing;
		return -1;
	}
	if (fd < 0)
		fd = create(&inside, path, err);
	if (fd < 0)
		return -1;
	if (output_all(fd, content) < 0)
		return err_errno(err, "writing '%s'", text_quote(span_str(path)).text);
	return 0;
}
