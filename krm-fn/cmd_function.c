/* SPDX-License-Identifier: Apache-2.0
 *
 * The KRM function: a ResourceList on stdin, a ResourceList on stdout, all or nothing. Which of transform, generate and validate it is says
 * functionConfig (config.h); never what happens to be in the input, as a wrong guess would delete a build (krm-and-flux.md, T2, T7).
 */
#include "cmd_function.h"

#include "generate.h"
#include "item.h"
#include "resource_list.h"
#include "transform.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OUTPUT_MAX = 1024 * 1024 * 1024, /* bytes, as DECRYPT_OUTPUT_MAX: four times the input */
};

static const char help[] =
	"usage: krm-sops [options] < ResourceList\n"
	"\n"
	"A KRM function: decrypts what is encrypted with SOPS in a build of kustomize or\n"
	"kpt. Name it in a functionConfig under transformers:, generators: or validators:\n"
	"\n"
	"  apiVersion: krm-sops.dev/v1alpha1\n"
	"  kind: Decrypt\n"
	"  metadata:\n"
	"    name: decrypt\n"
	"    annotations: {config.kubernetes.io/function: 'exec: {path: krm-sops}'}\n"
	"\n"
	"  --keys DIR          key Secrets as folders: NAMESPACE/NAME/age.agekey\n"
	"  --keys-flat DIR     one key Secret as a volume mount has it\n"
	"  --key-secret FILE   a manifest with the key Secret; may be repeated\n"
	"  --namespace NAME    the only namespace whose keys may be used\n"
	"  --root DIR          how far up files may lie; without it the Git toplevel\n"
	"\n"
	"Without a secretRef keys come from SOPS_AGE_KEY and the like, as for sops.\n"
	"\n"
	"example: kustomize build --enable-alpha-plugins --enable-exec apps/prod\n";

struct run {
	struct session session;
	struct config config;
	struct resource_list list;
	struct transform transform;
	struct buf text, out;
};

static void run_release(struct run *run)
{
	transform_release(&run->transform);
	buf_release(&run->out);
	resource_list_release(&run->list);
	buf_release(&run->text);
	config_release(&run->config);
	session_release(&run->session);
}

static int parse(int argc, char **argv, struct options *options, struct err *err)
{
	int at = 1, r;

	options_from_env(options);
	while (at < argc) {
		r = options_take(options, argc, argv, &at, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		return err_set(err, ERR_USAGE, "unknown argument '%s'",
			       text_quote(span_str(argv[at])).text);
	}
	return 0;
}

/* A caller that sends no functionConfig may still send it as the only item, as kustomize does to generators. */
static void adopt_config(struct resource_list *list)
{
	if (!list->config && list->count == 1 &&
	    (item_is(list->items[0], CONFIG_GROUP, CONFIG_KIND) ||
	     span_is(item_group(list->items[0]), "viaduct.ai")))
		list->config = list->items[0];
}

static int choose_mode(const struct run *run, enum config_mode *ret_mode, struct err *err)
{
	const struct config *config = &run->config;
	bool files = config->files || config->secret_from;
	bool generator = resource_list_is_generator(&run->list);

	*ret_mode = config->mode;
	if (config->mode == CONFIG_DEFAULT)
		*ret_mode = generator && files ? CONFIG_GENERATE : CONFIG_TRANSFORM;
	if (*ret_mode == CONFIG_GENERATE) {
		/* What a generator is given it replaces: any other object would be gone from the build. */
		if (run->list.count == 0 || generator)
			return 0;
		(void)err_set(err, ERR_USAGE,
			      "functionConfig: mode generate, but the items are "
			      "not the functionConfig alone");
		return err_hint(err, "name it under generators:, not under transformers:");
	}
	if (files)
		return err_set(err, ERR_USAGE,
			       "functionConfig: 'files' and 'secretFrom' are for mode generate");
	return 0;
}

/* kpt and `kustomize fn run` would write what a generator makes into the tree. */
static int refuse_generated_on_disk(const struct run *run, struct err *err)
{
	if (run->config.allow_plaintext || run->list.count == 0 ||
	    !item_is_in_place(run->list.items[0]))
		return 0;
	(void)err_set(err, ERR_POLICY, "what is generated would be written to files decrypted");
	return err_hint(err, "in functionConfig, 'spec: {allowPlaintextOnDisk: true}'");
}

static int run_mode(struct run *run, enum config_mode mode)
{
	struct transform *transform = &run->transform;
	const struct resource_list *list = &run->list;
	struct err err = ERR_INIT;

	switch (mode) {
	case CONFIG_GENERATE:
		if (refuse_generated_on_disk(run, &err) == 0)
			return generate_run(&run->session, &run->config, list->items, list->count,
					    &transform->report, &run->out);
		report_add(&transform->report, &err, list->items[0]);
		return -1;
	case CONFIG_VALIDATE:
		if (transform_validate(transform) < 0)
			return -1;
		resource_list_empty(&run->out);
		return 0;
	default:
		return transform_run(transform, &run->out);
	}
}

static int execute(struct run *run, struct err *err)
{
	struct transform *transform = &run->transform;
	enum config_mode mode = CONFIG_DEFAULT;

	if (command_read("-", &run->text, err) < 0 ||
	    resource_list_read(buf_span(&run->text), &run->list, err) < 0)
		return -1;
	adopt_config(&run->list);
	if (config_read(run->list.config, &run->config, err) < 0 ||
	    choose_mode(run, &mode, err) < 0 ||
	    session_start(&run->session, &run->config, err) < 0) {
		report_add(&transform->report, err, run->list.config);
		return -1;
	}
	transform->session = &run->session;
	transform->config = &run->config;
	transform->text = run->list.text;
	transform->doc = &run->list.doc;
	transform->items = run->list.items;
	transform->count = run->list.count;
	return run_mode(run, mode);
}

/* Results are read by kpt and `kustomize fn run`, and where somebody says so; `kustomize build` throws stdout away (design.md). */
static bool reads_results(const struct run *run)
{
	const char *structured = getenv("STRUCTURED_RESULTS");
	size_t i;

	if (structured && strcmp(structured, "true") == 0)
		return true;
	for (i = 0; i < run->list.count; i++) {
		if (item_is_in_place(run->list.items[i]))
			return true;
	}
	return false;
}

/* The input unchanged with the results beside it: never an empty list, which would delete the package. */
static void write_results(struct run *run)
{
	struct err err = ERR_INIT;

	if (!run->list.root || !reads_results(run))
		return;
	buf_reset(&run->out);
	if (resource_list_write_results(&run->list, &run->transform.report, &run->out, &err) < 0 ||
	    command_write(&run->out, &err) < 0)
		(void)command_fail(&err);
}

static int run_function(int argc, char **argv)
{
	CLEANUP(run_release)
	struct run run = {
		.session = SESSION_INIT,
		.config = CONFIG_INIT,
		.list = RESOURCE_LIST_INIT,
		.text = BUF_INIT((size_t)DOC_INPUT_MAX + 1),
		.out = BUF_INIT(OUTPUT_MAX),
	};
	struct err err = ERR_INIT;
	int status;

	if (parse(argc, argv, &run.session.options, &err) < 0)
		return command_fail(&err);
	if (execute(&run, &err) < 0) {
		status = run.transform.report.all ? report_print(&run.transform.report)
						  : command_fail(&err);
		if (run.transform.report.all)
			write_results(&run);
		return status;
	}
	if (buf_check(&run.out, &err) < 0 || command_write(&run.out, &err) < 0)
		return command_fail(&err);
	return 0;
}

const struct command cmd_function = {
	.name = "function",
	.summary = "a KRM function: ResourceList in, ResourceList out (the default)",
	.help = help,
	.run = run_function,
};
