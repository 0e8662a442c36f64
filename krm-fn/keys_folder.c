/* SPDX-License-Identifier: Apache-2.0
 *
 * A decryption Secret as a folder, a file for each data key: NAMESPACE/NAME below the folder of --keys, or the folder of --keys-flat itself,
 * which is how Kubernetes mounts a Secret; see keys.h.
 */
#include "keys_lookup.h"

#include "base/text.h"
#include "key_data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILES_MAX = 1024,      /* data keys of one Secret: etcd takes 1 MiB an object */
	READ_STEP = 16 * 1024, /* bytes asked at a time: a key file in one piece */
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int keys_lookup_read(int dir, const char *name, struct buf *ret, struct err *err)
{
	/* Links are followed: a mounted Secret is made of them, and these paths are the operator's. */
	CLEANUP(close_fd) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint8_t *room;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", text_quote(span_str(name)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYSTEM, "cannot read '%s': not a regular file",
			       text_quote(span_str(name)).text);
	do {
		room = buf_room(ret, READ_STEP);
		got = room ? read(fd, room, READ_STEP) : 0;
		if (got < 0 && errno != EINTR)
			return err_errno(err, "cannot read '%s'", text_quote(span_str(name)).text);
		ret->len += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	if (buf_check(ret, err) < 0)
		return err_wrap(err, "cannot read '%s'", text_quote(span_str(name)).text);
	return 0;
}

static int import_file(struct keys_lookup *lookup, int dir, const char *name, struct err *err)
{
	const struct key_data secret = {
		.ring = lookup->ring, .secret = lookup->label, .age_only = lookup->where->age_only};
	CLEAN_BUF struct buf value = BUF_INIT(KEYS_SECRET_MAX);

	if (keys_lookup_read(dir, name, &value, err) < 0)
		return err_wrap(err, "Secret '%s'", lookup->label);
	return key_data_import(&secret, span_str(name), buf_span(&value), err);
}

struct file_names {
	char *list[FILES_MAX];
	size_t count;
};

static void file_names_release(struct file_names *names)
{
	while (names->count)
		free(names->list[--names->count]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, so that of two malformed keys the same one is always told (Flux tells either). */
static int list_keys(DIR *dir, struct file_names *names, struct err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (!key_data_known(span_str(entry->d_name)))
			continue;
		if (names->count == FILES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d keys in one folder",
				       FILES_MAX);
		names->list[names->count] = strdup(entry->d_name);
		if (!names->list[names->count])
			return err_nomem(err);
		names->count++;
	}
	qsort(names->list, names->count, sizeof(*names->list), compare_names);
	return 0;
}

/* A `keys.txt`, or the folder above: nothing else would say why no key opens anything. */
static void note_no_keys(const struct keys_lookup *lookup, const char *path)
{
	struct err text = ERR_INIT;

	(void)err_set(&text, ERR_NO_KEY,
		      "folder '%s' has no file that is named as keys are: *.agekey, *.asc, sops.*",
		      text_quote(span_str(path)).text);
	keyring_note(lookup->ring, text.msg);
}

/* Imports the open folder; takes the descriptor over. */
static int import_folder(struct keys_lookup *lookup, int fd, const char *path, struct err *err)
{
	CLEANUP(file_names_release) struct file_names names = {.count = 0};
	CLEANUP(close_dir) DIR *dir = fdopendir(fd);
	size_t i;

	if (!dir) {
		(void)err_errno(err, "cannot read folder '%s'", text_quote(span_str(path)).text);
		close(fd);
		return -1;
	}
	lookup->found = true;
	if (list_keys(dir, &names, err) < 0)
		return err_wrap(err, "Secret '%s'", lookup->label);
	for (i = 0; i < names.count; i++) {
		if (import_file(lookup, dirfd(dir), names.list[i], err) < 0)
			return -1;
	}
	if (!names.count)
		note_no_keys(lookup, path);
	return 0;
}

static int open_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	const int why = errno;

	if (fd >= 0)
		return fd;
	(void)err_errno(err, "cannot open folder '%s'", text_quote(span_str(path)).text);
	return why == ENOTDIR ? err_hint(err, "name the folder that the file is in; a manifest: "
					      "--key-secret FILE")
			      : -1;
}

int keys_look_in_folder(struct keys_lookup *lookup, struct err *err)
{
	CLEANUP(close_fd) int top = -1;
	int fd;

	if (!lookup->namespace.len) {
		(void)err_set(err, ERR_USAGE,
			      "keys lie by namespace in '%s', but the secretRef has none",
			      text_quote(span_str(lookup->where->folder)).text);
		return err_hint(err,
				"give the functionConfig a metadata.namespace, or say --namespace");
	}
	if (policy_namespace_allowed(lookup->policy, lookup->namespace, lookup->where->ns, true,
				     err) < 0)
		return -1;
	top = open_folder(lookup->where->folder, err);
	if (top < 0)
		return -1;
	fd = openat(top, lookup->label, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return import_folder(lookup, fd, lookup->where->folder, err);
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, "cannot open folder '%s' in '%s'", lookup->label,
				 text_quote(span_str(lookup->where->folder)).text);
	keys_lookup_not_in(lookup, "folder", lookup->where->folder);
	return 0;
}

int keys_look_in_flat(struct keys_lookup *lookup, struct err *err)
{
	int fd = open_folder(lookup->where->flat, err);

	return fd < 0 ? -1 : import_folder(lookup, fd, lookup->where->flat, err);
}
