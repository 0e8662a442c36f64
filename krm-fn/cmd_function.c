/* SPDX-License-Identifier: Apache-2.0
 *
 * The KRM function: a ResourceList on stdin, a ResourceList on stdout, all or nothing; see function.h.
 */
#include "cmd_function.h"

#include "function.h"
#include "item.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	"  --cluster[=CONTEXT] key Secrets of the kubeconfig's cluster, read one by one\n"
	"  --namespace NAME    the only namespace whose keys may be used\n"
	"  --root DIR          how far up files may lie; without it the Git toplevel\n"
	"  --ca-file, --timeout, --at-once: the network, see krm-sops --help\n"
	"\n"
	"Without a secretRef keys come from SOPS_AGE_KEY and the like, as for sops.\n"
	"\n"
	"example: kustomize build --enable-alpha-plugins --enable-exec apps/prod\n";

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
		(void)command_usage(err, NULL, "unknown argument '%s'",
				    text_quote(span_str(argv[at])).text);
		return command_hint(err, argv[at]);
	}
	return 0;
}

/* Results are read by kpt and `kustomize fn run`, and where somebody says so; `kustomize build` throws stdout away (design.md). */
static bool reads_results(const struct function *fn)
{
	const char *structured = getenv("STRUCTURED_RESULTS");
	size_t i;

	if (structured && strcmp(structured, "true") == 0)
		return true;
	for (i = 0; i < fn->list.count; i++) {
		if (item_is_in_place(fn->list.items[i]))
			return true;
	}
	return false;
}

/* The input unchanged with the results beside it: never an empty list, which would delete the package. */
static void write_results(struct function *fn)
{
	struct err err = ERR_INIT;

	if (!fn->list.root || !reads_results(fn))
		return;
	buf_reset(&fn->out);
	if (resource_list_write_results(&fn->list, &fn->transform.report, &fn->out, &err) < 0 ||
	    command_write(&fn->out, &err) < 0)
		(void)command_fail(&err);
}

static int run_function(int argc, char **argv)
{
	CLEAN_FUNCTION struct function fn = FUNCTION_INIT;
	struct err err = ERR_INIT;
	int status;

	if (parse(argc, argv, &fn.session.options, &err) < 0 ||
	    command_read("-", &fn.text, &err) < 0)
		return command_fail(&err);
	if (function_run(&fn, &err) < 0) {
		status = fn.transform.report.all ? report_print(&fn.transform.report)
						 : command_fail(&err);
		if (fn.transform.report.all)
			write_results(&fn);
		return status;
	}
	if (buf_check(&fn.out, &err) < 0 || command_write(&fn.out, &err) < 0)
		return command_fail(&err);
	return 0;
}

const struct command cmd_function = {
	.name = "function",
	.summary = "a KRM function: ResourceList in, ResourceList out (the default)",
	.help = help,
	.run = run_function,
};
