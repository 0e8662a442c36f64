/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that a command line names; see paths.h.
 */
#include "paths.h"

#include "command.h"
#include "walk.h"

#include "base/text.h"
#include "doc/doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct tree {
	const char *shown, *root;
	paths_visit *visit;
	void *cookie;
};

static void free_text(char **text)
{
	free(*text);
}

static char *join(const char *folder, const char *name)
{
	size_t len = strlen(folder);
	char *path = NULL;

	if (strcmp(folder, ".") == 0)
		return strdup(name);
	if (asprintf(&path, "%s%s%s", folder, len && folder[len - 1] == '/' ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static enum walk_next visit(void *cookie, const struct walk_file *file, struct err *err)
{
	const struct tree *tree = cookie;
	CLEANUP(free_text) char *shown = join(tree->shown, file->path);
	CLEANUP(free_text) char *path = join(tree->root, file->path);
	CLEAN_BUF struct buf text = BUF_INIT(PATHS_TREE_FILE_MAX);
	struct path_file one = {.shown = shown, .path = path};
	struct err own = ERR_INIT;
	int r;

	if (strcmp(file->name, ".sops.yaml") == 0)
		return WALK_ON;
	if (!shown || !path) {
		(void)err_nomem(err);
		return WALK_ERROR;
	}
	r = walk_read(file, PATHS_TREE_FILE_MAX, true, &text, &own);
	if (own.code == ERR_NOMEM) {
		*err = own;
		return WALK_ERROR;
	}
	one.binary = r == 1;
	one.text = r == 0 ? buf_span(&text) : SPAN_NULL;
	one.unread = r < 0 ? &own : NULL;
	return tree->visit(tree->cookie, &one, err) < 0 ? WALK_ERROR : WALK_ON;
}

/* What lies in a folder that could not be read was not looked at: that is told like a file that could not. */
static int visit_skipped(const struct tree *tree, size_t skipped, struct err *err)
{
	const struct path_file folder = {.shown = tree->shown, .path = tree->root};
	struct path_file told = folder;
	struct err own = ERR_INIT;

	(void)err_set(&own, ERR_SYSTEM, "%zu folders below could not be read", skipped);
	told.unread = &own;
	return tree->visit(tree->cookie, &told, err);
}

static int each_below(const struct tree *tree, struct err *err)
{
	const struct walk_options options = {.root = tree->root, .files_max = PATHS_FILES_MAX};
	size_t skipped = 0;
	bool limit = false;

	if (walk_tree(&options, visit, (void *)(uintptr_t)tree, &limit, &skipped, err) < 0)
		return -1;
	if (limit)
		return err_set(err, ERR_LIMIT, "more than %d files below '%s'", PATHS_FILES_MAX,
			       text_quote(span_str(tree->shown)).text);
	return skipped ? visit_skipped(tree, skipped, err) : 0;
}

static int visit_named(const struct tree *tree, const char *path, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	struct path_file file = {.shown = tree->shown, .path = path, .named = true};
	struct span head;

	if (command_read(path, &text, err) < 0)
		return -1;
	head = span_sub(buf_span(&text), 0, WALK_TEXT_LOOK);
	file.binary = span_find(head, 0, 0) < head.len;
	file.text = file.binary ? SPAN_NULL : buf_span(&text);
	return tree->visit(tree->cookie, &file, err);
}

int paths_each(const char *arg, paths_visit *visitor, void *cookie, struct err *err)
{
	CLEANUP(free_text) char *path = NULL;
	struct tree tree = {.shown = arg, .visit = visitor, .cookie = cookie};
	struct stat st;

	if (strcmp(arg, "-") == 0) {
		tree.shown = "stdin";
		return visit_named(&tree, "-", err);
	}
	path = realpath(arg, NULL);
	if (!path || stat(path, &st) < 0) {
		(void)err_errno(err, "cannot read '%s'", text_quote(span_str(arg)).text);
		if (err->code == ERR_NOT_FOUND)
			err->code = ERR_USAGE;
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return visit_named(&tree, path, err);
	tree.root = path;
	return each_below(&tree, err);
}

int paths_take_flag(int argc, char **argv, int *at, const char *flag, const char **ret_value,
		    struct err *err)
{
	size_t len = strlen(flag);

	if (strncmp(argv[*at], flag, len) != 0 || (argv[*at][len] && argv[*at][len] != '='))
		return 0;
	if (argv[*at][len] == '=')
		*ret_value = argv[*at] + len + 1;
	else if (*at + 1 < argc)
		*ret_value = argv[++*at];
	else
		return err_set(err, ERR_USAGE, "'%s' needs a value", flag);
	++*at;
	return 1;
}

int paths_output(const char *word, bool *ret_json, struct err *err)
{
	*ret_json = strcmp(word, "json") == 0;
	if (!*ret_json && strcmp(word, "text") != 0)
		return err_set(err, ERR_USAGE, "'--output' takes text or json, not '%s'",
			       text_quote(span_str(word)).text);
	return 0;
}

int paths_config(const char *arg, char **ret_path, struct err *err)
{
	*ret_path = realpath(arg, NULL);
	if (*ret_path)
		return 0;
	(void)err_errno(err, "cannot read '%s'", text_quote(span_str(arg)).text);
	err->code = ERR_USAGE;
	return -1;
}
