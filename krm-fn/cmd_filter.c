/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter: manifests on stdin, the same text with its secrets decrypted on stdout; see transform.h. A Helm post-renderer, a step in a
 * pipe behind `kustomize build`: no alpha flag needed.
 */
#include "cmd_filter.h"

#include "config_file.h"
#include "manifests.h"
#include "transform.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
	OUTPUT_MAX = 1024 * 1024 * 1024, /* bytes, as DECRYPT_OUTPUT_MAX: four times the input */
};

static const char help[] =
	"usage: krm-sops filter [options] < manifests\n"
	"\n"
	"Reads a stream of Kubernetes manifests, decrypts what is encrypted with SOPS and\n"
	"prints the stream. Documents without ciphertext leave byte for byte.\n"
	"\n"
	"  --config FILE       a functionConfig: kind Decrypt, or a Flux Kustomization\n"
	"  --keys DIR          key Secrets as folders: NAMESPACE/NAME/age.agekey\n"
	"  --keys-flat DIR     one key Secret as a volume mount has it\n"
	"  --key-secret FILE   a manifest with the key Secret; may be repeated\n"
	"  --cluster[=CONTEXT] key Secrets of the kubeconfig's cluster, read one by one\n"
	"  --namespace NAME    the only namespace whose keys may be used\n"
	"  --root DIR          where the sources of MACs are looked for; without it the\n"
	"                      Git toplevel around the working directory\n"
	"  --ca-file, --timeout, --at-once: the network, see krm-sops --help\n"
	"\n"
	"Keys also come from SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and the like, as for sops.\n"
	"\n"
	"example: kustomize build apps/prod | krm-sops filter | kubectl apply -f -\n";

static int unknown(const char *arg, struct err *err)
{
	(void)command_usage(err, cmd_filter.name, "unknown argument '%s'",
			    text_quote(span_str(arg)).text);
	return arg[0] == '-' ? -1
			     : err_hint(err, "it reads stdin: krm-sops filter < FILE; for one "
					     "file: krm-sops decrypt FILE");
}

static int parse(int argc, char **argv, struct options *options, const char **ret_config,
		 struct err *err)
{
	const size_t len = strlen("--config");
	int at = 1, r;

	options_from_env(options);
	while (at < argc) {
		const char *arg = argv[at];

		r = options_take(options, argc, argv, &at, err);
		if (r < 0)
			return -1;
		if (r > 0 || (strcmp(arg, "-") == 0 && at++ > 0))
			continue;
		if (strncmp(arg, "--config", len) != 0 || (arg[len] && arg[len] != '='))
			return unknown(arg, err);
		*ret_config = arg[len] ? arg + len + 1 : at + 1 < argc ? argv[at + 1] : "";
		if (!**ret_config)
			return err_set(err, ERR_USAGE, "'--config' needs a value");
		at += arg[len] ? 1 : 2;
	}
	return 0;
}

static int fail(const struct report *report, const struct err *err)
{
	return report->all ? report_print(report) : command_fail(err);
}

static int run(int argc, char **argv)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	CLEAN_BUF struct buf config_text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	CLEAN_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	CLEAN_DOC struct doc config_doc = DOC_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_SESSION struct session session = SESSION_INIT;
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEANUP(transform_release)
	struct transform transform = {.session = &session, .config = &config};
	const char *config_path = NULL;
	struct err err = ERR_INIT;

	if (parse(argc, argv, &session.options, &config_path, &err) < 0 ||
	    (config_path &&
	     config_file_read(config_path, &config_text, &config_doc, &config, &err) < 0) ||
	    session_start(&session, &config, &err) < 0 || command_read("-", &text, &err) < 0 ||
	    manifests_read(buf_span(&text), "stdin", &manifests, &err) < 0)
		return command_fail(&err);
	transform.text = manifests.text;
	transform.doc = &manifests.doc;
	transform.items = manifests.items;
	transform.count = manifests.count;
	if (transform_run(&transform, &out) < 0 || command_write(&out, &err) < 0)
		return fail(&transform.report, &err);
	return 0;
}

const struct command cmd_filter = {
	.name = "filter",
	.summary = "a stream of manifests in, the same stream decrypted out",
	.help = help,
	.run = run,
};
