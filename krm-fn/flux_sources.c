/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over kustomizations for what they name; see flux_sources.h. Depth first and in order, as of several references to one file only the first
 * counts; with a stack of its own, as chains of folders may be long. What was looked at is known by device and inode, so cycles end.
 */
#include "flux_sources.h"

#include "conf_shape.h"
#include "detect.h"
#include "flux_text.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct flux_seen {
	dev_t device;
	ino_t inode;
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A list that doubles, for what holds no secret. */
static int grow(void *list_pointer, size_t count, size_t *cap, size_t size, struct err *err)
{
	void **list = list_pointer;
	size_t more = *cap ? *cap * 2 : 64;
	void *grown;

	if (count < *cap)
		return 0;
	if (count >= FLUX_SOURCES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files or folders", FLUX_SOURCES_MAX);
	grown = reallocarray(*list, more, size);
	if (!grown)
		return err_nomem(err);
	*list = grown;
	*cap = more;
	return 0;
}

static bool was_seen(const struct flux_seen *list, size_t count, const struct stat *st)
{
	/* From the end: what is named twice is mostly named in one file. */
	while (count-- > 0) {
		if (list[count].device == st->st_dev && list[count].inode == st->st_ino)
			return true;
	}
	return false;
}

static int add_note(struct flux_sources *sources, const char *path, enum doc_format asked,
		    struct err *err)
{
	char text[4 * TEXT_QUOTE_MAX + 128];
	const char *copy;

	(void)snprintf(text, sizeof(text),
		       "'%s' stays encrypted before the build: its first reference asks for %s",
		       text_quote(span_str(path)).text, doc_format_name(asked));
	copy = arena_str(&sources->arena, span_str(text), err);
	if (!copy || grow(&sources->notes, sources->note_count, &sources->note_cap,
			  sizeof(*sources->notes), err) < 0)
		return -1;
	sources->notes[sources->note_count++] = copy;
	return 0;
}

/* The open file's text, where it has the marker of its format. */
static int take_text(struct flux_sources *sources, char *path, enum doc_format format,
		     struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(FLUX_SOURCE_FILE_MAX + 1);
	enum doc_format other;
	int r;

	if (confine_read(&sources->root, path, FLUX_SOURCE_FILE_MAX, &text, err) < 0)
		return -1;
	if (!detect_has_marker(buf_span(&text), format)) {
		r = detect_document(buf_span(&text), &other, err);
		return r > 0 ? add_note(sources, path, format, err) : r;
	}
	if (grow(&sources->list, sources->count, &sources->cap, sizeof(*sources->list), err) < 0)
		return -1;
	sources->list[sources->count] = (struct flux_source){.path = path, .format = format};
	buf_move(&sources->list[sources->count++].text, &text);
	return 0;
}

/* One reference to a file. */
static int visit_file(struct flux_sources *sources, const char *folder, struct span name,
		      enum doc_format format, struct err *err)
{
	char *path = name.len && name.data[0] == '/'
			     ? flux_path_join(&sources->arena, "", name, err)
			     : flux_path_join(&sources->arena, folder, name, err);
	CLEANUP(close_fd) int fd = path ? confine_open(&sources->root, path, 0, err) : -1;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", text_quote(name).text);
	if (was_seen(sources->files, sources->file_count, &st))
		return 0;
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FORMAT, "cannot decrypt '%s': it is not a regular file",
			       text_quote(name).text);
	if (st.st_size > FLUX_SOURCE_FILE_MAX)
		return err_set(err, ERR_LIMIT,
			       "cannot decrypt '%s' with size (%lld bytes) exceeding limit (%d)",
			       text_quote(name).text, (long long)st.st_size, FLUX_SOURCE_FILE_MAX);
	if (take_text(sources, path, format, err) < 0 ||
	    grow(&sources->files, sources->file_count, &sources->file_cap, sizeof(*sources->files),
		 err) < 0)
		return -1;
	sources->files[sources->file_count++] = (struct flux_seen){st.st_dev, st.st_ino};
	return 0;
}

/* Go's JSON reader finds fields in any letter case; the last one counts. */
static const struct doc_node *field(const struct doc_node *map, const char *name)
{
	const struct doc_node *kid, *found = NULL;
	size_t len = strlen(name);

	doc_each (kid, map) {
		if (kid->key.len == len && strncasecmp((const char *)kid->key.data, name, len) == 0)
			found = kid;
	}
	return found && found->kind != DOC_NULL ? found : NULL;
}

/* What a walk reads, and the types that make the file wrong where they are others. */
static const struct conf_field generator_fields[] = {
	{"files", CONF_TEXT_LIST, NULL},
	{"envs", CONF_TEXT_LIST, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field patch_fields[] = {
	{"path", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field fields[] = {
	{"secretGenerator", CONF_MAP_LIST, generator_fields},
	{"patches", CONF_MAP_LIST, patch_fields},
	{"resources", CONF_TEXT_LIST, NULL},
	{"components", CONF_TEXT_LIST, NULL},
	{NULL, CONF_ANY, NULL},
};

static int visit_files(struct flux_sources *sources, const char *folder,
		       const struct doc_node *generator, struct err *err)
{
	const struct doc_node *files = field(generator, "files"), *envs = field(generator, "envs");
	const struct doc_node *kid;

	if (files) {
		doc_each (kid, files) {
			size_t equals;
			struct span key;

			if (kid->kind != DOC_STRING)
				continue;
			equals = span_find(kid->str, 0, '=');
			key = span_sub(kid->str, 0, equals);
			if (visit_file(sources, folder,
				       equals < kid->str.len ? span_from(kid->str, equals + 1)
							     : key,
				       detect_format_of_key(key), err) < 0)
				return -1;
		}
	}
	if (!envs)
		return 0;
	doc_each (kid, envs) {
		enum doc_format format;

		if (kid->kind != DOC_STRING)
			continue;
		format = detect_format_of_key(kid->str);
		if (visit_file(sources, folder, kid->str,
			       format == DOC_BINARY ? DOC_DOTENV : format, err) < 0)
			return -1;
	}
	return 0;
}

static int refuse_remote(const char *file, struct span name, struct err *err)
{
	(void)err_set(err, ERR_POLICY, "'%s' names '%s', which would be fetched from elsewhere",
		      text_quote(span_str(file)).text, text_quote(name).text);
	return err_hint(err, "--allow-remote lets kustomize fetch it, without confinement");
}

static int visit_patches(struct flux_sources *sources, const char *folder, const char *file,
			 const struct doc_node *patches, struct err *err)
{
	const struct doc_node *patch;

	doc_each (patch, patches) {
		const struct doc_node *path = patch->kind == DOC_MAP ? field(patch, "path") : NULL;

		if (!path || path->kind != DOC_STRING || !path->str.len)
			continue;
		if (span_search(path->str, SPAN("://")) != SIZE_MAX) {
			if (!sources->remote)
				return refuse_remote(file, path->str, err);
			continue;
		}
		if (visit_file(sources, folder, path->str, detect_format_of_key(path->str), err) <
		    0)
			return -1;
	}
	return 0;
}

static int visit(struct flux_sources *sources, const char *folder, const char *file,
		 const struct doc_node *root, struct err *err)
{
	const struct doc_node *generators = field(root, "secretGenerator");
	const struct doc_node *patches = field(root, "patches"), *kid;

	if (generators) {
		doc_each (kid, generators) {
			if (kid->kind == DOC_MAP && visit_files(sources, folder, kid, err) < 0)
				return -1;
		}
	}
	return patches ? visit_patches(sources, folder, file, patches, err) : 0;
}

static int push(struct flux_sources *sources, char *folder, struct err *err)
{
	if (grow(&sources->stack, sources->depth, &sources->stack_cap, sizeof(*sources->stack),
		 err) < 0)
		return -1;
	sources->stack[sources->depth++] = folder;
	return 0;
}

/* kustomize takes for a repository what is no file and looks like one. */
static bool is_remote(const struct flux_sources *sources, const char *path, struct span name)
{
	struct err missing = ERR_INIT;
	int fd;

	if (!flux_is_remote(name) && span_search(name, SPAN("?ref=")) == SIZE_MAX &&
	    span_search(name, SPAN(".git")) == SIZE_MAX)
		return false;
	fd = confine_open(&sources->root, path, 0, &missing);
	if (fd < 0)
		return true;
	close(fd);
	return false;
}

static int push_all(struct flux_sources *sources, const char *folder, const char *file,
		    const struct doc_node *list, struct err *err)
{
	const struct doc_node *kid;

	doc_each (kid, list) {
		char *path;

		if (kid->kind != DOC_STRING)
			continue;
		path = flux_path_join(&sources->arena,
				      kid->str.len && kid->str.data[0] == '/' ? "" : folder,
				      kid->str, err);
		if (!path)
			return -1;
		if (!sources->remote && is_remote(sources, path, kid->str))
			return refuse_remote(file, kid->str, err);
		if (push(sources, path, err) < 0)
			return -1;
	}
	return 0;
}

/* Those of this file are visited in order: the stack gives the last first. */
static void turn(struct flux_sources *sources, size_t from)
{
	size_t to = sources->depth;

	for (; from + 1 < to; from++) {
		char *swap = sources->stack[from];

		sources->stack[from] = sources->stack[--to];
		sources->stack[to] = swap;
	}
}

int flux_sources_kustomization(struct flux_sources *sources, const char *folder, char **ret_path,
			       struct err *err)
{
	char *found = NULL;
	size_t i;

	for (i = 0; i < FLUX_KUSTOMIZATION_NAMES; i++) {
		struct err missing = ERR_INIT;
		char *path = flux_path_join(&sources->arena, folder,
					    span_str(flux_kustomization_names[i]), err);
		CLEANUP(close_fd) int fd = -1;
		struct stat st;

		if (!path)
			return -1;
		fd = confine_open(&sources->root, path, 0, &missing);
		if (fd < 0 && missing.code == ERR_NOT_FOUND)
			continue;
		if (fd < 0) {
			*err = missing;
			return -1;
		}
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			return err_set(err, ERR_FORMAT, "expected '%s' to be a regular file", path);
		if (found)
			return err_set(err, ERR_FORMAT,
				       "found multiple kustomization files in '%s'",
				       text_quote(span_str(folder)).text);
		found = path;
	}
	*ret_path = found;
	return 0;
}

static int read_kustomization(struct flux_sources *sources, const char *file, struct buf *text,
			      struct doc *doc, struct err *err)
{
	if (confine_read(&sources->root, file, FLUX_SOURCE_FILE_MAX, text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(text), doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(file)).text);
	if (doc->first && (flux_text_settle(doc, buf_span(text), doc->first, err) < 0 ||
			   conf_check(doc->first, fields, err) < 0))
		return err_wrap(err, "'%s'", text_quote(span_str(file)).text);
	return 0;
}

static int visit_kustomization(struct flux_sources *sources, const char *folder, bool decrypt,
			       struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(FLUX_SOURCE_FILE_MAX + 1);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *list;
	size_t from = sources->depth;
	char *file = NULL;

	if (flux_sources_kustomization(sources, folder, &file, err) < 0)
		return -1;
	/* Where nothing is decrypted, kustomize is the one to say so. */
	if (!file && !decrypt)
		return 0;
	if (!file)
		return err_set(err, ERR_NOT_FOUND, "no kustomization file found in '%s'",
			       text_quote(span_str(folder)).text);
	if (read_kustomization(sources, file, &text, &doc, err) < 0)
		return -1;
	if (!doc.first || doc.first->kind != DOC_MAP)
		return 0;
	if (decrypt && visit(sources, folder, file, doc.first, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(file)).text);
	list = field(doc.first, "resources");
	if (list && push_all(sources, folder, file, list, err) < 0)
		return -1;
	list = field(doc.first, "components");
	if (list && push_all(sources, folder, file, list, err) < 0)
		return -1;
	turn(sources, from);
	return 0;
}

/* Most of what a kustomization names are files. 1: it was copied as one, whatever it may be by now. */
static int visit_copied(struct flux_sources *sources, const char *path, struct err *err)
{
	enum stage_index_kind kind =
		sources->index ? stage_index_find(sources->index, path) : STAGE_INDEX_UNKNOWN;

	/* Of more than there may be sources nobody needs to know: no limit of a build. */
	if (kind != STAGE_INDEX_SEALED || sources->sealed_count == FLUX_SOURCES_MAX)
		return kind != STAGE_INDEX_UNKNOWN;
	if (grow(&sources->sealed, sources->sealed_count, &sources->sealed_cap,
		 sizeof(*sources->sealed), err) < 0)
		return -1;
	sources->sealed[sources->sealed_count++] = path;
	return 1;
}

/* A folder, and what it names. Of those that a kustomization names, what is not there or no folder is no concern of ours. */
static int visit_folder(struct flux_sources *sources, const char *folder, bool first, bool decrypt,
			struct err *err)
{
	struct err missing = ERR_INIT;
	CLEANUP(close_fd) int fd = confine_open(&sources->root, folder, O_DIRECTORY, &missing);
	struct stat st;

	if (fd < 0 && !first && missing.code == ERR_NOT_FOUND)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		*err = missing;
		return -1;
	}
	if (was_seen(sources->folders, sources->folder_count, &st))
		return 0;
	if (grow(&sources->folders, sources->folder_count, &sources->folder_cap,
		 sizeof(*sources->folders), err) < 0)
		return -1;
	sources->folders[sources->folder_count++] = (struct flux_seen){st.st_dev, st.st_ino};
	return visit_kustomization(sources, folder, decrypt, err);
}

int flux_sources_find(struct flux_sources *sources, const char *path, bool decrypt, struct err *err)
{
	bool first = true;
	char *start = flux_path_join(&sources->arena, "", span_str(path), err);

	if (!start || push(sources, start, err) < 0)
		return -1;
	while (sources->depth) {
		const char *folder = sources->stack[--sources->depth];
		int r = first ? 0 : visit_copied(sources, folder, err);

		if (r == 0)
			r = visit_folder(sources, folder, first, decrypt, err);
		if (r < 0)
			return decrypt && err->code != ERR_POLICY
				       ? err_wrap(err, "error decrypting sources")
				       : -1;
		first = false;
	}
	return 0;
}

void flux_sources_release(struct flux_sources *sources)
{
	size_t i;

	for (i = 0; i < sources->count; i++)
		buf_release(&sources->list[i].text);
	free(sources->list);
	free(sources->sealed);
	free(sources->notes);
	free(sources->files);
	free(sources->folders);
	free(sources->stack);
	arena_release(&sources->arena);
}
