/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-sops audit: for each encrypted file its recipients, those that the repository's `.sops.yaml` expects, and the drift; without any key. What
 * a recipient is called in a file is what the file says: it is in no MAC, and proves nothing.
 */
#include "cmd_audit.h"

#include "audit_print.h"
#include "creation_cache.h"
#include "json_list.h"
#include "paths.h"
#include "sops_file.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { REPORT_MAX = 1024 * 1024 * 1024 /* bytes of the report */ };

static const char help[] =
	"usage: krm-sops audit [--output text|json] [--config FILE] PATH...\n"
	"\n"
	"Shows for each encrypted file who can open it, who should by the first creation\n"
	"rule of the nearest .sops.yaml that fits it, and when it was modified; no key is\n"
	"needed. Folders are walked, links in them are not followed.\n"
	"\n"
	"  + KEY   the rule names it, the file does not: `sops updatekeys` would add it\n"
	"  - KEY   the file names it, the rule does not: `sops updatekeys` would take it\n"
	"          out, but whoever has an old copy of the file can still open that one\n"
	"  ! ...   another setting that is not the rule's\n"
	"\n"
	"  --config FILE       this .sops.yaml for all files\n"
	"  --output text|json  lines as above (the default), or a JSON list\n"
	"\n"
	"exit status: 0 no drift, 1 drift or a file that can not be read, 2 usage.\n"
	"\n"
	"example: krm-sops audit --output json . | jq -r '.[].recipients[].key' | sort -u\n";

struct arguments {
	bool json;
	const char *config;
	char **paths;
	int count;
};

struct run {
	struct creation_cache rules;
	struct buf out;
	bool json;
	size_t files, bad;
};

static void run_release(struct run *run)
{
	creation_cache_release(&run->rules);
	buf_release(&run->out);
}

static void free_text(char **text)
{
	free(*text);
}

static int print(struct run *run, const struct audit_report *report, struct err *err)
{
	run->files++;
	if (report->audit->status == AUDIT_DRIFT || report->audit->status == AUDIT_ERROR)
		run->bad++;
	if (run->json)
		return audit_print_json(report, &run->out, err);
	audit_print_text(report, &run->out);
	return buf_check(&run->out, err);
}

static int print_error(struct run *run, const struct path_file *file, uint32_t line,
		       const struct err *own, struct err *err)
{
	const struct audit audit = {.status = AUDIT_ERROR};
	const struct audit_report report = {
		.path = file->shown,
		.line = line,
		.audit = &audit,
		.message = own->msg,
	};

	if (own->code == ERR_NOMEM) {
		*err = *own;
		return -1;
	}
	return print(run, &report, err);
}

static int audit_document(struct run *run, const struct path_file *file, uint32_t line,
			  const struct sops_meta *meta, struct err *err)
{
	CLEAN_AUDIT struct audit audit = AUDIT_INIT;
	struct audit_report report = {
		.path = file->shown,
		.line = line,
		.meta = meta,
		.audit = &audit,
	};
	struct creation_entry *entry = NULL;

	if (creation_cache_choose(&run->rules, file->path, &entry, &report.rule, err) < 0 ||
	    audit_compare(meta, report.rule, &audit, err) < 0)
		return -1;
	if (!entry) {
		audit.status = AUDIT_NO_CONFIG;
	} else {
		report.config = entry->path;
		if (entry->broken) {
			audit.status = AUDIT_ERROR;
			report.message = entry->err.msg;
		}
	}
	return print(run, &report, err);
}

static int audit_branches(struct run *run, const struct path_file *file, struct doc *doc,
			  struct err *err)
{
	struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		struct doc_node *block = doc_get(branch, "sops");
		struct sops_meta meta = {.groups = NULL};
		struct err own = ERR_INIT;
		int r;

		if (!sops_file_has_metadata(branch, DOC_YAML))
			continue;
		if (sops_meta_parse(doc, block, &meta, &own) < 0)
			r = print_error(run, file, block->line, &own, err);
		else
			r = audit_document(run, file, block->line, &meta, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int visit(void *cookie, const struct path_file *file, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct run *run = cookie;
	struct sops_meta meta = {.groups = NULL};
	enum doc_format format = DOC_YAML;
	struct err own = ERR_INIT;
	int r;

	if (file->unread)
		return print_error(run, file, 0, file->unread, err);
	if (file->binary || !sops_file_maybe(file->text))
		return 0;
	r = sops_file_read(file->path, file->text, &doc, &format, &own);
	if (r > 0 && (own.code == ERR_NONE || !sops_file_was(file->path, file->text)))
		return 0;
	if (r)
		return print_error(run, file, 0, &own, err);
	if (!sops_file_is_one(&doc, format))
		return audit_branches(run, file, &doc, err);
	if (sops_meta_take(&doc, format, &meta, &own) < 0)
		return print_error(run, file, 0, &own, err);
	return audit_document(run, file, 0, &meta, err);
}

/* 1: help was asked for. Paths are moved to the front of argv. */
static int parse(int argc, char **argv, struct arguments *args, struct err *err)
{
	const char *output = NULL;
	bool only_paths = false;
	int at = 1, r;

	args->paths = argv;
	while (at < argc) {
		const char *arg = argv[at];

		if (only_paths || arg[0] != '-') {
			args->paths[args->count++] = argv[at++];
			continue;
		}
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
			return 1;
		r = paths_take_flag(argc, argv, &at, "--output", &output, err);
		if (r == 0)
			r = paths_take_flag(argc, argv, &at, "--config", &args->config, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (strcmp(arg, "--") != 0)
			return command_usage(err, cmd_audit.name, "unknown option '%s'",
					     text_quote(span_str(arg)).text);
		only_paths = true;
		at++;
	}
	if (args->count == 0)
		return command_usage(err, cmd_audit.name, "no PATH given");
	return output ? paths_output(output, &args->json, err) : 0;
}

static int audit_all(struct run *run, const struct arguments *args, struct err *err)
{
	int i;

	for (i = 0; i < args->count; i++) {
		if (paths_each(args->paths[i], visit, run, err) < 0)
			return -1;
	}
	if (run->json)
		json_list_end(&run->out);
	else
		fprintf(stderr, "krm-sops: %zu encrypted document%s, %zu with drift or errors\n",
			run->files, run->files == 1 ? "" : "s", run->bad);
	if (buf_check(&run->out, err) < 0)
		return -1;
	return command_write(&run->out, err);
}

static int run_audit(int argc, char **argv)
{
	CLEANUP(run_release)
	struct run run = {.rules = CREATION_CACHE_INIT, .out = BUF_INIT(REPORT_MAX)};
	CLEANUP(free_text) char *config = NULL;
	struct arguments args = {.count = 0};
	struct err err = ERR_INIT;
	int r = parse(argc, argv, &args, &err);

	if (r == 1) {
		fputs(help, stdout);
		return 0;
	}
	if (r < 0 || (args.config && paths_config(args.config, &config, &err) < 0))
		return command_fail(&err);
	run.rules.given = config;
	run.json = args.json;
	if (audit_all(&run, &args, &err) < 0)
		return command_fail(&err);
	return run.bad ? 1 : 0;
}

const struct command cmd_audit = {
	.name = "audit",
	.summary = "show who can open which file, who should, and the drift",
	.help = help,
	.run = run_audit,
};
