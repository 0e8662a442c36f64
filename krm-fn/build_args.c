/* SPDX-License-Identifier: Apache-2.0
 *
 * Flags of `build` and `diff`; see build_args.h.
 */
#include "build_args.h"

#include "flux_cluster.h"
#include "flux_sources.h"
#include "paths.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int add_substitute(struct build_args *args, const char *path, struct err *err)
{
	if (args->substitute_from_count == BUILD_SUBSTITUTES_MAX)
		return err_set(err, ERR_USAGE, "'--substitute-from' more than %d times",
			       BUILD_SUBSTITUTES_MAX);
	args->substitute_from[args->substitute_from_count++] = path;
	return 1;
}

/* 1: taken; 0: none of these; -1: ERR_USAGE. */
static int take(struct build_args *args, int argc, char **argv, int *at, struct err *err)
{
	const struct {
		const char *flag;
		const char **value;
	} flags[] = {
		{"-k", &args->object},     {"--kustomization-file", &args->object},
		{"--name", &args->name},   {"--source", &args->source},
		{"--mac", &args->mac},     {"--compat", &args->compat},
		{"--stage", &args->stage}, {"--kustomize", &args->kustomize},
	};
	const struct {
		const char *flag;
		bool *value;
	} switches[] = {
		{"--allow-remote", &args->remote},
		{"--lax", &args->lax},
		{"--placeholder", &args->placeholder},
	};
	const char *value = NULL;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(switches); i++) {
		if (strcmp(argv[*at], switches[i].flag) == 0) {
			*switches[i].value = true;
			++*at;
			return 1;
		}
	}
	r = paths_take_flag(argc, argv, at, "--substitute-from", &value, err);
	if (r)
		return r < 0 ? -1 : add_substitute(args, value, err);
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		r = paths_take_flag(argc, argv, at, flags[i].flag, flags[i].value, err);
		if (r)
			return r;
	}
	return 0;
}

static int unknown(const char *verb, const char *arg, const struct options *options,
		   struct err *err)
{
	(void)command_usage(err, verb, "unknown argument '%s'", text_quote(span_str(arg)).text);
	if (arg[0] != '-' && options->cluster && !*options->cluster)
		return err_hint(err, "one folder; a context is named as --cluster=CONTEXT");
	return -1;
}

int build_args_parse(const char *verb, int argc, char **argv, struct build_args *args,
		     struct options *options, build_args_own *own, void *cookie, struct err *err)
{
	int at = 1, r;

	options_from_env(options);
	while (at < argc) {
		r = options_take(options, argc, argv, &at, err);
		if (r == 0)
			r = take(args, argc, argv, &at, err);
		if (r == 0 && own)
			r = own(cookie, argc, argv, &at, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (argv[at][0] == '-' || args->folder)
			return unknown(verb, argv[at], options, err);
		args->folder = argv[at++];
	}
	return args->folder ? 0 : command_usage(err, verb, "no folder given");
}

static int set_root(const char *path, char root[static PATH_MAX], struct err *err)
{
	struct stat st;

	if (!realpath(path, root))
		return err_errno(err, "cannot use '%s'", text_quote(span_str(path)).text);
	if (stat(root, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "'%s' is not a folder",
			       text_quote(span_str(path)).text);
	return 0;
}

/* Without a Flux object, DIR is the kustomization, and the repository is what is around it. */
static int set_plain_root(const struct build_args *args, struct build_run *run, struct err *err)
{
	CLEAN_CONFINE struct confine confine = CONFINE_INIT;
	size_t len;

	if (set_root(args->folder, run->folder, err) < 0)
		return -1;
	if (confine_find_root(run->session.options.root, run->folder, &confine, err) < 0)
		return -1;
	len = strlen(confine.root);
	if (confine.outside)
		return err_set(err, ERR_USAGE, "'%s' does not lie below the root '%s'",
			       text_quote(span_str(args->folder)).text,
			       text_quote(span_str(confine.root)).text);
	memcpy(run->root, confine.root, len + 1);
	memmove(run->folder, confine.below[0] ? confine.below : ".",
		strlen(confine.below[0] ? confine.below : ".") + 1);
	return 0;
}

/* What is nearer counts: the cluster is asked for what the repository does not have. */
static int find_named(const struct build_args *args, struct build_run *run, bool *ret_remote,
		      struct err *err)
{
	const char *ns = run->session.options.ns;
	bool found = false;

	if (session_open(&run->session, err) < 0)
		return -1;
	*ret_remote = false;
	if (!cluster_at_hand(&run->session.cluster))
		return flux_object_find(run->root, args->name, ns, &run->object, NULL, err);
	if (flux_object_find(run->root, args->name, ns, &run->object, &found, err) < 0)
		return -1;
	*ret_remote = !found;
	return found ? 0
		     : flux_cluster_read(&run->session.cluster, args->name, ns, !args->source,
					 &run->object, err);
}

static int find_object(const struct build_args *args, struct build_run *run, struct err *err)
{
	const char *ns = run->session.options.ns;
	bool remote = false;
	struct span path;

	if (args->object) {
		if (flux_object_read(args->object, args->name, args->name ? ns : NULL, &run->object,
				     err) < 0)
			return -1;
	} else if (args->name) {
		if (find_named(args, run, &remote, err) < 0)
			return -1;
	} else {
		return args->source ? err_set(err, ERR_USAGE,
					      "'--source' needs a Kustomization: -k "
					      "FILE or --name NAME")
				    : 0;
	}
	if ((args->source || !remote) && flux_object_source(&run->object, args->source, err) < 0)
		return -1;
	path = run->object.spec.path;
	if (path.len >= PATH_MAX || memchr(path.len ? path.data : (const uint8_t *)"", 0, path.len))
		return err_set(err, ERR_FORMAT, "'spec.path' is no path");
	if (path.len)
		memcpy(run->folder, path.data, path.len);
	run->folder[path.len] = '\0';
	return config_read(run->object.spec.object, &run->config, err);
}

/* Below the root, whatever spec.path says: Flux's SecureJoin keeps it there. */
static int clean_folder(struct build_run *run, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(4 * PATH_MAX);
	char *clean = flux_path_join(&arena, "", span_str(run->folder), err);

	if (!clean)
		return -1;
	while (strncmp(clean, "../", 3) == 0)
		clean += 3;
	if (strcmp(clean, "..") == 0)
		clean++;
	memmove(run->folder, clean, strlen(clean) + 1);
	return 0;
}

static int set_modes(const struct build_args *args, struct build_run *run, struct err *err)
{
	static const char *const stages[] = {"auto", "namespace", "memory"};
	struct flux_build *build = &run->build;

	if (args->compat && strcmp(args->compat, "flux") != 0)
		return err_set(err, ERR_USAGE, "'--compat' takes flux only, not '%s'",
			       text_quote(span_str(args->compat)).text);
	build->compat_flux = args->compat != NULL;
	if (args->mac)
		run->config.mac = span_str(args->mac);
	if (!args->stage)
		return 0;
	while (build->stage <= STAGE_MEMORY && strcmp(args->stage, stages[build->stage]) != 0)
		build->stage++;
	return build->stage > STAGE_MEMORY
		       ? err_set(err, ERR_USAGE,
				 "'--stage' takes auto, namespace or memory, not '%s'",
				 text_quote(span_str(args->stage)).text)
		       : 0;
}

static int prepare(const struct build_args *args, struct build_run *run, struct err *err)
{
	struct flux_build *build = &run->build;

	if (args->object || args->name) {
		if (set_root(args->folder, run->root, err) < 0)
			return -1;
	} else if (set_plain_root(args, run, err) < 0) {
		return -1;
	}
	/* What Flux looks for, it looks for with its markers. */
	run->config.flux = true;
	if (find_object(args, run, err) < 0 || clean_folder(run, err) < 0 ||
	    set_modes(args, run, err) < 0 || session_start(&run->session, &run->config, err) < 0)
		return -1;
	/* The sources of MACs are looked for in the repository that is built. */
	if (!run->session.options.root)
		run->session.options.root = run->root;
	build->session = &run->session;
	build->config = &run->config;
	build->spec = &run->object.spec;
	build->root = run->root;
	build->folder = run->folder;
	build->ignore = run->object.ignore;
	build->substitute_from = args->substitute_from;
	build->substitute_from_count = args->substitute_from_count;
	build->kustomize = args->kustomize;
	build->remote = args->remote;
	build->lax = args->lax;
	build->placeholder = args->placeholder;
	return 0;
}

int build_run(const struct build_args *args, struct build_run *run, struct buf *out)
{
	struct err err = ERR_INIT;

	if (prepare(args, run, &err) == 0 && flux_build_run(&run->build, out, &err) == 0)
		return 0;
	return run->build.report.all ? report_print(&run->build.report) : command_fail(&err);
}

void build_run_release(struct build_run *run)
{
	report_release(&run->build.report);
	flux_object_release(&run->object);
	config_release(&run->config);
	session_release(&run->session);
}
