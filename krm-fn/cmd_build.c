/* SPDX-License-Identifier: Apache-2.0
 *
 * The verb `build`: command line in, what flux_build.h makes of it out.
 */
#include "cmd_build.h"

#include "build_args.h"

static const char help[] =
	"usage: krm-sops build [-k FILE | --name NAME --namespace NS] [options] DIR\n"
	"\n"
	"Prints what Flux applies for a Kustomization, name hashes included. DIR is the\n"
	"top of the repository; without a Flux object, a folder with a kustomization.\n"
	"\n"
	"  -k FILE                 the Flux Kustomization; or found in DIR by --name NAME\n"
	"  --source FILE           its GitRepository, for what it ignores\n"
	"  --substitute-from FILE  ConfigMaps and Secrets of spec.postBuild\n"
	"  --placeholder           without keys: stand-ins for what is encrypted\n"
	"  --lax                   variables that are not there are empty\n"
	"  --keys DIR, --keys-flat DIR, --key-secret FILE, --namespace NS\n"
	"                          where key Secrets lie, and whose may be used\n"
	"  --cluster[=CONTEXT]     also what the kubeconfig's cluster has\n"
	"  --global-age NS/NAME    the age keys of a Kustomization without secretRef\n"
	"  --default-service-account NAME, --vault-configmap NS/NAME: as Flux has them\n"
	"  --mac verify            a wrong MAC is an error, not a warning\n"
	"  --compat flux           let through what Flux lets through, and warn\n"
	"  --kustomize FILE        else kustomize or kubectl on PATH\n"
	"  --allow-remote          let kustomize fetch bases\n"
	"  --stage MODE            where decrypted files lie: namespace, memory or auto\n"
	"\n"
	"example: krm-sops build --name apps --namespace flux-system --keys ~/keys .\n";

static int run(int argc, char **argv)
{
	CLEAN_BUF struct buf out = BUF_INIT((size_t)FLUX_BUILD_OUTPUT_MAX);
	CLEAN_BUILD_RUN struct build_run run = BUILD_RUN_INIT;
	struct build_args args = {.folder = NULL};
	struct err err = ERR_INIT;
	int status;

	if (build_args_parse("build", argc, argv, &args, &run.session.options, NULL, NULL, &err) <
	    0)
		return command_fail(&err);
	status = build_run(&args, &run, &out);
	if (status)
		return status;
	return command_write(&out, &err) < 0 ? command_fail(&err) : 0;
}

const struct command cmd_build = {
	.name = "build",
	.summary = "the manifests that Flux would apply for a Kustomization",
	.help = help,
	.run = run,
};
