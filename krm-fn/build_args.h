/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of `build`, which `diff` shares, and from it a build that is ready to run.
 */
#ifndef BUILD_ARGS_H
#define BUILD_ARGS_H

#include "command.h"
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

/* A flag of the verb's own: takes argv[*at] where it is one and moves *at behind it. 1: taken; 0: not one; -1: ERR_USAGE. */
typedef int build_args_own(void *cookie, int argc, char **argv, int *at, struct err *err);

/* Reads the command line of `verb`: the shared options and their variables, those of a build, and its own (NULL: none). ERR_USAGE. */
int build_args_parse(const char *verb, int argc, char **argv, struct build_args *args,
		     struct options *options, build_args_own *own, void *cookie, struct err *err)
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

/* Finds the object and the root, reads policy and config, builds, and appends what is to be printed to out. run->session.options must be set. What went wrong is told on stderr. The exit status. */
int build_run(const struct build_args *args, struct build_run *run, struct buf *out);

void build_run_release(struct build_run *run);

#endif
