/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-sops check: the gate of a pipeline, over a repository or over a build's output; see check.h. Everything that is wrong is told in one run;
 * no value of a document is ever printed.
 */
#include "cmd_check.h"

#include "check.h"
#include "session.h"
#include "walk.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILES_MAX = 10 * 1000 * 1000,    /* files of one run */
	REPORT_MAX = 1024 * 1024 * 1024, /* bytes of the report */
};

static const char help[] =
	"Usage: krm-sops check [--with-keys] [--build] [--output text|json] PATH...|-\n"
	"\n"
	"Finds what is wrong with the encrypted files of a repository, without any key:\n"
	"what is malformed or half encrypted, and what is in the clear where the rules of\n"
	"the nearest .sops.yaml say that it must not be. Folders are walked, links in\n"
	"them are not followed. - reads a build's output: no ciphertext may be left in\n"
	"it, and a HelmRelease must name Secrets as they are called. So does a file that\n"
	"is named itself and holds encrypted documents among others.\n"
	"\n"
	"  --with-keys         also open everything and check every MAC; keys come from\n"
	"                      SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, ..., --keys-flat DIR,\n"
	"                      --key-secret FILE\n"
	"  --build             every PATH is a build's output\n"
	"  --config FILE       this .sops.yaml for all files\n"
	"  --output text|json  a line for each finding (the default), or a JSON list\n"
	"\n"
	"Exit status: 0 nothing found, 1 findings, 2 usage.\n"
	"\n"
	"Example: krm-sops check . && kustomize build apps/prod | krm-sops check -\n";

struct arguments {
	bool with_keys, build, json;
	const char *config;
	char **paths;
	int count;
};

/* What a walk needs: how the folder was called, where it is. */
struct tree {
	struct check *check;
	const char *shown, *root;
	bool build;
};

static int tell_unread(struct check *check, const char *shown, const struct err *own,
		       struct err *err)
{
	const struct finding_at at = {.path = shown};

	if (own->code == ERR_NOMEM) {
		*err = *own;
		return -1;
	}
	return findings_add(&check->findings, &at, err, "%s", own->msg);
}

static int check_output(struct check *check, const char *shown, struct span text, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err own = ERR_INIT;

	check->files++;
	if (doc_read(DOC_YAML, text, &doc, &own) < 0)
		return tell_unread(check, shown, &own, err);
	return check_stream(check, shown, &doc, err);
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

static void free_text(char **text)
{
	free(*text);
}

static int check_one(const struct tree *tree, const struct walk_file *file, const char *shown,
		     const char *path, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(CHECK_FILE_MAX);
	struct check_file one = {.shown = shown, .path = path};
	struct err own = ERR_INIT;
	int r = walk_read(file, CHECK_FILE_MAX, true, &text, &own);

	if (r < 0)
		return tell_unread(tree->check, shown, &own, err);
	one.binary = r == 1;
	one.text = buf_span(&text);
	if (tree->build)
		return check_output(tree->check, shown, one.text, err);
	return check_file(tree->check, &one, err);
}

static enum walk_next visit(void *cookie, const struct walk_file *file, struct err *err)
{
	const struct tree *tree = cookie;
	CLEANUP(free_text) char *shown = join(tree->shown, file->path);
	CLEANUP(free_text) char *path = join(tree->root, file->path);

	if (strcmp(file->name, ".sops.yaml") == 0)
		return WALK_ON;
	if (!shown || !path) {
		(void)err_nomem(err);
		return WALK_ERROR;
	}
	return check_one(tree, file, shown, path, err) < 0 ? WALK_ERROR : WALK_ON;
}

static int check_tree(const struct tree *tree, struct err *err)
{
	const struct walk_options options = {.root = tree->root, .files_max = FILES_MAX};
	const struct finding_at at = {.path = tree->shown};
	size_t skipped = 0;
	bool limit = false;

	if (walk_tree(&options, visit, (void *)(uintptr_t)tree, &limit, &skipped, err) < 0)
		return -1;
	if (limit)
		return err_set(err, ERR_LIMIT, "more than %d files below '%s'", FILES_MAX,
			       text_quote(span_str(tree->shown)).text);
	if (skipped)
		return findings_add(&tree->check->findings, &at, err,
				    "%zu folders could not be read", skipped);
	return 0;
}

static int check_named(struct check *check, const char *shown, const char *path, bool build,
		       struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	struct check_file file = {.shown = shown, .path = path, .named = true};
	struct span head;

	if (command_read(path, &text, err) < 0)
		return -1;
	if (build)
		return check_output(check, shown, buf_span(&text), err);
	head = span_sub(buf_span(&text), 0, WALK_TEXT_LOOK);
	file.binary = span_find(head, 0, 0) < head.len;
	file.text = file.binary ? SPAN_NULL : buf_span(&text);
	return check_file(check, &file, err);
}

/* A link that is named itself is followed. */
static int check_path(struct check *check, const char *shown, bool build, struct err *err)
{
	CLEANUP(free_text) char *path = NULL;
	struct tree tree = {.check = check, .shown = shown, .build = build};
	struct stat st;

	if (strcmp(shown, "-") == 0)
		return check_named(check, "stdin", "-", true, err);
	path = realpath(shown, NULL);
	if (!path || stat(path, &st) < 0) {
		(void)err_errno(err, "cannot check '%s'", text_quote(span_str(shown)).text);
		if (err->code == ERR_NOT_FOUND)
			err->code = ERR_USAGE;
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return check_named(check, shown, path, build, err);
	tree.root = path;
	return check_tree(&tree, err);
}

static int take_value(int argc, char **argv, int *at, const char *flag, const char **ret,
		      struct err *err)
{
	size_t len = strlen(flag);

	if (strncmp(argv[*at], flag, len) != 0 || (argv[*at][len] && argv[*at][len] != '='))
		return 0;
	if (argv[*at][len] == '=')
		*ret = argv[*at] + len + 1;
	else if (*at + 1 < argc)
		*ret = argv[++*at];
	else
		return err_set(err, ERR_USAGE, "'%s' needs a value", flag);
	++*at;
	return 1;
}

static int parse_output(const char *word, bool *ret_json, struct err *err)
{
	*ret_json = strcmp(word, "json") == 0;
	if (!*ret_json && strcmp(word, "text") != 0)
		return err_set(err, ERR_USAGE, "--output is text or json");
	return 0;
}

/* 1: help was asked for. Paths are moved to the front of argv. */
static int parse(int argc, char **argv, struct arguments *args, struct options *options,
		 struct err *err)
{
	const char *output = NULL;
	bool only_paths = false;
	int at = 1, r;

	args->paths = argv;
	while (at < argc) {
		const char *arg = argv[at];

		if (only_paths || arg[0] != '-' || !arg[1]) {
			args->paths[args->count++] = argv[at++];
			continue;
		}
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
			return 1;
		r = options_take(options, argc, argv, &at, err);
		if (r == 0)
			r = take_value(argc, argv, &at, "--output", &output, err);
		if (r == 0)
			r = take_value(argc, argv, &at, "--config", &args->config, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (strcmp(arg, "--with-keys") == 0)
			args->with_keys = true;
		else if (strcmp(arg, "--build") == 0)
			args->build = true;
		else if (strcmp(arg, "--") == 0)
			only_paths = true;
		else
			return err_set(err, ERR_USAGE, "check has no option '%s'",
				       text_quote(span_str(arg)).text);
		at++;
	}
	if (args->count == 0)
		return err_set(err, ERR_USAGE, "check what? a PATH or - is missing");
	return output ? parse_output(output, &args->json, err) : 0;
}

static int print(const struct check *check, bool json, struct err *err)
{
	CLEAN_BUF struct buf out = BUF_INIT(REPORT_MAX);

	if (json) {
		if (findings_json(&check->findings, &out, err) < 0)
			return -1;
	} else {
		findings_text(&check->findings, &out);
		fprintf(stderr, "krm-sops: %zu files, %zu encrypted documents, %zu findings\n",
			check->files, check->documents, check->findings.count);
	}
	if (buf_check(&out, err) < 0)
		return -1;
	return command_write(&out, err);
}

static int check_all(struct check *check, const struct arguments *args, struct session *session,
		     struct err *err)
{
	CLEAN_CONFIG struct config none = CONFIG_INIT;
	int i;

	if (args->with_keys) {
		if (session_start(session, &none, err) < 0 ||
		    session_keys(session, &none, NULL, 0, err) < 0)
			return -1;
		check->ring = &session->ring;
	}
	for (i = 0; i < args->count; i++) {
		if (check_path(check, args->paths[i], args->build, err) < 0)
			return -1;
	}
	return check_keys_run(check, err);
}

static int run(int argc, char **argv)
{
	CLEAN_SESSION struct session session = SESSION_INIT;
	CLEANUP(check_release) struct check check = CHECK_INIT;
	CLEANUP(free_text) char *config = NULL;
	struct arguments args = {.count = 0};
	struct err err = ERR_INIT;
	int r;

	options_from_env(&session.options);
	r = parse(argc, argv, &args, &session.options, &err);
	if (r == 1) {
		fputs(help, stdout);
		return 0;
	}
	if (r < 0)
		return command_fail(&err);
	if (args.config) {
		config = realpath(args.config, NULL);
		if (!config) {
			(void)err_errno(&err, "cannot read '%s'",
					text_quote(span_str(args.config)).text);
			err.code = ERR_USAGE;
			return command_fail(&err);
		}
		check.rules.given = config;
	}
	if (check_all(&check, &args, &session, &err) < 0 || print(&check, args.json, &err) < 0)
		return command_fail(&err);
	return check.findings.count ? 1 : 0;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "find what is malformed, half encrypted, in the clear, or left encrypted",
	.help = help,
	.run = run,
};
