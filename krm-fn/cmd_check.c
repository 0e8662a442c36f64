/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-sops check: the gate of a pipeline, over a repository or over a build's output; see check.h. Everything that is wrong is told in one run;
 * no value of a document is ever printed.
 */
#include "cmd_check.h"

#include "check.h"
#include "session.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	REPORT_MAX = 1024 * 1024 * 1024, /* bytes of the report */
};

static const char help[] =
	"usage: krm-sops check [--with-keys] [--build] [--output text|json] PATH...|-\n"
	"\n"
	"Finds what is wrong with the encrypted files of a repository, without any key:\n"
	"what is malformed, half or not at all encrypted, in the clear where the nearest\n"
	".sops.yaml says that it must not be, and secret keys of age. Folders are walked,\n"
	"links in them are not followed. - reads a build's output: no ciphertext may be\n"
	"left in it, and a HelmRelease must name Secrets as they are called. So does a\n"
	"file that is named itself and holds encrypted documents among others.\n"
	"\n"
	"  --with-keys         also open everything and check every MAC; keys come from\n"
	"                      SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, ..., --keys-flat DIR,\n"
	"                      --key-secret FILE\n"
	"  --build             every PATH is a build's output\n"
	"  --config FILE       this .sops.yaml for all files\n"
	"  --output text|json  a line for each finding (the default), or a JSON list\n"
	"\n"
	"exit status: 0 nothing found, 1 findings, 2 usage.\n"
	"\n"
	"example: krm-sops check . && kustomize build apps/prod | krm-sops check -\n";

struct arguments {
	bool with_keys, build, json;
	const char *config;
	char **paths;
	int count;
};

struct visit {
	struct check *check;
	bool build;
};

static void free_text(char **text)
{
	free(*text);
}

static int check_output(struct check *check, const struct path_file *file, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct finding_at at = {.path = file->shown};
	struct err own = ERR_INIT;

	check->files++;
	if (file->binary)
		return findings_add(&check->findings, &at, err, "not a stream of manifests");
	if (doc_read(DOC_YAML, file->text, &doc, &own) == 0)
		return check_stream(check, file->shown, &doc, err);
	if (own.code != ERR_NOMEM)
		return findings_add(&check->findings, &at, err, "%s", own.msg);
	*err = own;
	return -1;
}

static int visit(void *cookie, const struct path_file *file, struct err *err)
{
	const struct visit *how = cookie;
	const struct finding_at at = {.path = file->shown};

	if (file->unread)
		return findings_add(&how->check->findings, &at, err, "%s", file->unread->msg);
	if (how->build || strcmp(file->path, "-") == 0)
		return check_output(how->check, file, err);
	return check_file(how->check, file, err);
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
			r = paths_take_flag(argc, argv, &at, "--output", &output, err);
		if (r == 0)
			r = paths_take_flag(argc, argv, &at, "--config", &args->config, err);
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
			return command_usage(err, cmd_check.name, "unknown option '%s'",
					     text_quote(span_str(arg)).text);
		at++;
	}
	if (args->count == 0)
		return command_usage(err, cmd_check.name, "no PATH given");
	return output ? paths_output(output, &args->json, err) : 0;
}

static int print(const struct check *check, bool json, struct err *err)
{
	CLEAN_BUF struct buf out = BUF_INIT(REPORT_MAX);

	if (json) {
		if (findings_json(&check->findings, &out, err) < 0)
			return -1;
	} else {
		findings_text(&check->findings, &out);
		fprintf(stderr, "krm-sops: %zu file%s, %zu encrypted document%s, %zu finding%s\n",
			check->files, check->files == 1 ? "" : "s", check->documents,
			check->documents == 1 ? "" : "s", check->findings.count,
			check->findings.count == 1 ? "" : "s");
	}
	if (buf_check(&out, err) < 0)
		return -1;
	return command_write(&out, err);
}

static int check_all(struct check *check, const struct arguments *args, struct session *session,
		     struct err *err)
{
	CLEAN_CONFIG struct config none = CONFIG_INIT;
	struct visit how = {.check = check, .build = args->build};
	int i;

	if (args->with_keys) {
		if (session_start(session, &none, err) < 0 ||
		    session_keys(session, &none, NULL, 0, err) < 0)
			return -1;
		check->ring = &session->ring;
	}
	for (i = 0; i < args->count; i++) {
		if (paths_each(args->paths[i], visit, &how, err) < 0)
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
	if (args.config && paths_config(args.config, &config, &err) < 0)
		return command_fail(&err);
	check.rules.given = config;
	if (check_all(&check, &args, &session, &err) < 0 || print(&check, args.json, &err) < 0)
		return command_fail(&err);
	return check.findings.count ? 1 : 0;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "find what is malformed, in the clear or left encrypted",
	.help = help,
	.run = run,
};
