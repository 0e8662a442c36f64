/* SPDX-License-Identifier: Apache-2.0
 *
 * The verb `doctor`: its command line, and its report.
 */
#include "cmd_doctor.h"

#include "config_file.h"
#include "doctor.h"
#include "paths.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 1024 * 1024 /* bytes of the report: sixteen findings */ };

static const char help[] =
	"usage: krm-sops doctor [options] [SAMPLE] [-- FLAGS]\n"
	"\n"
	"Run where builds are run (the sidecar of Argo CD, a CI job), it looks for what\n"
	"they need: the program on PATH, a place for temporary files, kustomize, flags\n"
	"that make it run functions, keys that can be read, and SAMPLE, an encrypted\n"
	"file, that opens. The first gap ends it, with a hint and exit status 1. Also a\n"
	"gap: keys that every writer to Git can read, because kustomize runs code of the\n"
	"repository. FLAGS are those of `kustomize build`; by default both that functions\n"
	"need; with none behind -- it is a build without functions.\n"
	"\n"
	"  --name NAME         by which functions call us: krm-sops (the default), ksops\n"
	"  --kustomize FILE    else kustomize on PATH\n"
	"  --accept-exec       writers to Git may run code beside the keys\n"
	"  --config FILE       a functionConfig: where keys are, by its secretRef\n"
	"  --keys DIR, --keys-flat DIR, --key-secret FILE, --cluster, --namespace NAME\n"
	"                      where key Secrets lie, and whose may be used\n"
	"  --output text|json  a line for each check (the default), or a JSON object\n"
	"\n"
	"example: krm-sops doctor --accept-exec apps/prod/db.enc.yaml\n";

struct arguments {
	struct doctor *doctor;
	const char *config;
	bool json;
};

static char enable_plugins[] = "--enable-alpha-plugins", enable_exec[] = "--enable-exec";
static char *const both_flags[] = {enable_plugins, enable_exec, NULL};

static int take_flag(struct arguments *args, int argc, char **argv, int *at, const char **output,
		     struct err *err)
{
	struct doctor *doctor = args->doctor;
	int r = options_take(&doctor->session->options, argc, argv, at, err);

	if (r == 0)
		r = paths_take_flag(argc, argv, at, "--name", &doctor->name, err);
	if (r == 0)
		r = paths_take_flag(argc, argv, at, "--kustomize", &doctor->kustomize, err);
	if (r == 0)
		r = paths_take_flag(argc, argv, at, "--config", &args->config, err);
	if (r == 0)
		r = paths_take_flag(argc, argv, at, "--output", output, err);
	return r;
}

static int parse(int argc, char **argv, struct arguments *args, struct err *err)
{
	struct doctor *doctor = args->doctor;
	const char *output = NULL;
	int at = 1, r;

	options_from_env(&doctor->session->options);
	while (at < argc) {
		const char *arg = argv[at];

		if (strcmp(arg, "--") == 0) {
			doctor->flags = &argv[at + 1];
			break;
		}
		r = take_flag(args, argc, argv, &at, &output, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (strcmp(arg, "--accept-exec") == 0)
			doctor->accept_exec = true;
		else if ((arg[0] != '-' || !arg[1]) && !doctor->sample)
			doctor->sample = arg;
		else
			return command_usage(err, cmd_doctor.name, "unknown argument '%s'",
					     text_quote(span_str(arg)).text);
		at++;
	}
	return output ? paths_output(output, &args->json, err) : 0;
}

static int run(int argc, char **argv)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	CLEAN_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_SESSION struct session session = SESSION_INIT;
	struct doctor doctor = {
		.session = &session,
		.config = &config,
		.name = "krm-sops",
		.kustomize = "kustomize",
		.flags = both_flags,
	};
	struct arguments args = {.doctor = &doctor};
	struct err err = ERR_INIT;
	int r;

	if (parse(argc, argv, &args, &err) < 0 ||
	    (args.config && config_file_read(args.config, &text, &doc, &config, &err) < 0))
		return command_fail(&err);
	r = doctor_run(&doctor, &err);
	if (r < 0)
		return command_fail(&err);
	if (args.json)
		doctor_json(&doctor, &out);
	else
		doctor_text(&doctor, &out);
	if (buf_check(&out, &err) < 0 || command_write(&out, &err) < 0)
		return command_fail(&err);
	return r;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what a build lacks in the place that it runs in",
	.help = help,
	.run = run,
};
