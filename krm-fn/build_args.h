/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of `build`, which `diff` shares, and from it a build that is ready to run.
 */
#ifndef BUILD_ARGS_H
#define BUILD_ARGS_H

#include "flux_build.h"
#include "flux_object.h"

enum { BUILD_SUBSTITUTES_MAX = 16 /* manifests named on one command line */ };

struct build_args {
	const char *folder; /* DIR */
	const char *object; /* -k */
	const char *name;   /* --name */
	const char *source; /* --source */
	const char *mac;    /* --mac */
	const char *compat; /* --compat */
	const char *stage;  /* --stage */
	const char *kustomize;
	const char *substitute_from[BUILD_SUBSTITUTES_MAX];
	size_t substitute_from_count;
	bool remote, lax, placeholder;
};

/* Takes argv[*at] where it is one of these flags and moves *at behind it. 1: taken; 0: not ours; -1: ERR_USAGE. */
int build_args_take(struct build_args *args, int argc, char **argv, int *at, struct err *err)
	NODISCARD;

/* What a run holds beside the command line. */
struct build_run {
	struct session session;
	struct config config;
	struct flux_object object;
	struct flux_build build;
	char root[PATH_MAX];
	char folder[PATH_MAX];
};

#define BUILD_RUN_INIT                                                                      \
	{                                                                                   \
		.session = SESSION_INIT, .config = CONFIG_INIT, .object = FLUX_OBJECT_INIT, \
	}
#define CLEAN_BUILD_RUN CLEANUP(build_run_release)

/* Finds the object and the root, reads policy and config. run->session.options must be set. Errors: ERR_USAGE and those of what it calls. */
int build_run_prepare(const struct build_args *args, struct build_run *run, struct err *err)
	NODISCARD;

void build_run_release(struct build_run *run);

#endif
