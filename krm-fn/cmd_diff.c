/* SPDX-License-Identifier: Apache-2.0
 *
 * The verb `diff`: the build of a folder against the cluster, or against another build.
 */
#include "cmd_diff.h"

#include "build_args.h"
#include "build_diff.h"
#include "build_mask.h"
#include "kubectl.h"
#include "paths.h"

#include "base/text.h"

#include <stdio.h>
#include <sys/stat.h>

enum { EXIT_DIFFERENT = 3 /* with --exit-code: none of the statuses that say what went wrong */ };

static const char help[] =
	"usage: krm-sops diff [--against PATH] [build options] DIR\n"
	"\n"
	"Tells what the build of DIR would change: in the cluster, as kubectl diff says,\n"
	"or against another build, field by field; of secret values only that they do.\n"
	"\n"
	"  --against PATH  a file with a build's output, or another folder to build the\n"
	"                  same of: the target branch's checkout\n"
	"  --exit-code     exit status 3 where there are differences\n"
	"\n"
	"and the options of krm-sops build, see krm-sops build --help.\n"
	"\n"
	"example: krm-sops diff --name apps --namespace flux-system --against ../main .\n";

struct request {
	struct build_args args;
	const char *against;
	bool exit_code;
};

static int take_own(void *cookie, int argc, char **argv, int *at, struct err *err)
{
	struct request *req = cookie;

	if (strcmp(argv[*at], "--exit-code") != 0)
		return paths_take_flag(argc, argv, at, "--against", &req->against, err);
	req->exit_code = true;
	++*at;
	return 1;
}

/* One build, and what was secret in it. The exit status; 0 where it went well. */
static int build(const struct build_args *args, const struct options *options,
		 struct build_secrets *secrets, struct buf *out)
{
	CLEAN_BUILD_RUN struct build_run run = BUILD_RUN_INIT;

	run.session.options = *options;
	run.build.secrets = secrets;
	return build_run(args, &run, out);
}

static int build_other(const struct request *req, const struct options *options,
		       struct build_secrets *secrets, struct buf *out)
{
	struct build_args args = req->args;
	struct err err = ERR_INIT;
	struct stat st;

	if (stat(req->against, &st) == 0 && S_ISDIR(st.st_mode)) {
		args.folder = req->against;
		return build(&args, options, secrets, out);
	}
	return command_read(req->against, out, &err) < 0 ? command_fail(&err) : 0;
}

static int compare(struct span before, struct span after, const struct build_secrets *secrets,
		   struct buf *out, struct err *err)
{
	CLEAN_MANIFESTS struct manifests old = MANIFESTS_INIT, new = MANIFESTS_INIT;

	if (manifests_read(before, "the other build", &old, err) < 0 ||
	    manifests_read(after, "the build", &new, err) < 0)
		return -1;
	return build_diff(&old, &new, secrets, out, err);
}

static int ask_cluster(const struct request *req, struct span after,
		       const struct build_secrets *secrets, struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf said = BUF_INIT((size_t)FLUX_BUILD_OUTPUT_MAX);
	CLEAN_STAGE struct stage scratch = STAGE_INIT;
	bool differs = false;

	/* kubectl writes both sides into temporary files. */
	if (stage_open(STAGE_AUTO, &scratch, err) < 0 ||
	    kubectl_diff(after, scratch.path, &said, &differs, err) < 0)
		return -1;
	return build_mask(buf_span(&said), secrets, out, err);
}

static int run(int argc, char **argv)
{
	CLEAN_BUF struct buf before = BUF_INIT((size_t)FLUX_BUILD_OUTPUT_MAX);
	CLEAN_BUF struct buf after = BUF_INIT((size_t)FLUX_BUILD_OUTPUT_MAX);
	CLEAN_BUF struct buf out = BUF_INIT((size_t)FLUX_BUILD_OUTPUT_MAX);
	CLEAN_BUILD_SECRETS struct build_secrets secrets = BUILD_SECRETS_INIT;
	struct options options = OPTIONS_INIT;
	struct request req = {.against = NULL};
	struct err err = ERR_INIT;
	int status, r;

	if (build_args_parse("diff", argc, argv, &req.args, &options, take_own, &req, &err) < 0)
		return command_fail(&err);
	status = build(&req.args, &options, &secrets, &after);
	if (status == 0 && req.against)
		status = build_other(&req, &options, &secrets, &before);
	if (status)
		return status;
	r = req.against ? compare(buf_span(&before), buf_span(&after), &secrets, &out, &err)
			: ask_cluster(&req, buf_span(&after), &secrets, &out, &err);
	if (r < 0)
		return command_fail(&err);
	status = req.exit_code && out.len ? EXIT_DIFFERENT : 0;
	return command_write(&out, &err) < 0 ? command_fail(&err) : status;
}

const struct command cmd_diff = {
	.name = "diff",
	.summary = "what that would change, with secret values masked",
	.help = help,
	.run = run,
};
