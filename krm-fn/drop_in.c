/* SPDX-License-Identifier: Apache-2.0
 *
 * ksops and SopsSecretGenerator; see drop_in.h.
 */
#include "drop_in.h"

#include "cmd_install.h"
#include "command.h"
#include "generate.h"
#include "item.h"
#include "resource_list.h"
#include "version.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OUTPUT_MAX = 1024 * 1024 * 1024, /* bytes, as GENERATE_TEXT_MAX */
	LIMIT_BASE = 10,
};

struct drop_in {
	const char *name;
	enum config_source source;
	int function_status, plugin_status; /* where anything is wrong */
	bool installs;
	const char *help;
};

#define KEYS_HELP                                                                          \
	"  --keys-flat DIR     one key Secret as a volume mount has it\n"                  \
	"  --key-secret FILE   a manifest with the key Secret; may be repeated\n"          \
	"  --root DIR          how far up files may lie; without it the Git toplevel\n"    \
	"\n"                                                                               \
	"Keys also come from SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and the like, as for sops.\n" \
	"This is krm-sops under another name; see krm-sops --help.\n"                      \
	"\n"

static const struct drop_in drop_ins[] = {
	{"ksops", CONFIG_KSOPS, 1, 1, true,
	 "usage: ksops [options] < ResourceList\n"
	 "       ksops [options] FILE\n"
	 "       ksops install [--with-kustomize] DIR\n"
	 "\n"
	 "Generates Kubernetes objects from files encrypted with SOPS, as KSOPS does: as a\n"
	 "KRM function, or with FILE as a legacy plugin of kustomize.\n"
	 "\n" KEYS_HELP
	 "example: kustomize build --enable-alpha-plugins --enable-exec apps/prod\n"},
	{"SopsSecretGenerator", CONFIG_GOABOUT, 1, 2, false,
	 "usage: SopsSecretGenerator [options] < ResourceList\n"
	 "       SopsSecretGenerator [options] FILE\n"
	 "\n"
	 "Generates Secrets from files encrypted with SOPS, as the plugin of kustomize of\n"
	 "that name does: as a KRM function, or with FILE as a legacy plugin.\n"
	 "\n" KEYS_HELP
	 "example: kustomize build --enable-alpha-plugins --enable-exec apps/prod\n"},
};

static const struct drop_in *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(drop_ins); i++) {
		if (strcmp(name, drop_ins[i].name) == 0)
			return &drop_ins[i];
	}
	return NULL;
}

const struct drop_in *drop_in_find(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 ? find(slash ? slash + 1 : argv0) : NULL;
}

const char *drop_in_help(const char *name)
{
	return find(name) ? find(name)->help : NULL;
}

struct run {
	struct session session;
	struct generate_plan plan;
	struct resource_list list;
	struct doc doc;
	struct report report;
	struct buf text, out;
};

static void run_release(struct run *run)
{
	generate_plan_release(&run->plan);
	resource_list_release(&run->list);
	doc_release(&run->doc);
	report_release(&run->report);
	buf_release(&run->out);
	buf_release(&run->text);
	session_release(&run->session);
}

/* How many files KSOPS opens at a time. Here all data keys are opened together; but a word that KSOPS refuses is refused. Go: strconv.Atoi */
static int check_concurrency(struct err *err)
{
	const char *value = getenv("KSOPS_CONCURRENCY_LIMIT"), *digits;
	char *end = NULL;
	long limit;

	if (!value || !*value)
		return 0;
	digits = value + (*value == '+');
	errno = 0;
	limit = strtol(digits, &end, LIMIT_BASE);
	if (*digits >= '0' && *digits <= '9' && !*end && errno == 0 && limit >= 1)
		return 0;
	return err_set(err, ERR_USAGE,
		       "error parsing KSOPS_CONCURRENCY_LIMIT value \"%s\": not a "
		       "number of at least 1",
		       text_quote(span_str(value)).text);
}

static int add_config(struct run *run, const struct drop_in *drop_in, const struct doc_node *node,
		      struct err *err)
{
	CLEAN_CONFIG struct config config = CONFIG_INIT;

	config.text = buf_span(&run->text);
	if (config_read_as(drop_in->source, node, &config, err) < 0)
		return -1;
	if (drop_in->source == CONFIG_KSOPS && check_concurrency(err) < 0)
		return -1;
	return generate_plan_add(&run->plan, &config, err);
}

/* Differs: kpt and `kustomize fn run` would write what is generated into the tree; these configs have no field to allow it. */
static int refuse_on_disk(const struct doc_node *item, struct err *err)
{
	if (!item_is_in_place(item))
		return 0;
	(void)err_set(err, ERR_POLICY, "what is generated would be written to files decrypted");
	return err_hint(err, "build with kustomize, or use a config of krm-sops.dev with "
			     "'spec: {allowPlaintextOnDisk: true}'");
}

static void plan_list(struct run *run, const struct drop_in *drop_in)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_INPUT_MAX);
	struct err err = ERR_INIT;
	const char *label;
	size_t i;

	run->plan.sorted = true;
	for (i = 0; i < run->list.count; i++) {
		const struct doc_node *item = run->list.items[i];

		if (refuse_on_disk(item, &err) == 0 && add_config(run, drop_in, item, &err) == 0)
			continue;
		label = run->list.count > 1 ? item_label(item, &arena, &err) : NULL;
		if (label)
			(void)err_wrap(&err, "%s", label);
		report_add(&run->report, &err, item);
	}
}

static int read_list(struct run *run, const struct drop_in *drop_in, struct err *err)
{
	if (command_read("-", &run->text, err) < 0 ||
	    resource_list_read(buf_span(&run->text), &run->list, err) < 0)
		return -1;
	plan_list(run, drop_in);
	return run->report.all ? -1 : 0;
}

static int read_file(struct run *run, const struct drop_in *drop_in, const char *path,
		     struct err *err)
{
	if (command_read(path, &run->text, err) < 0)
		return err_wrap(err, "unable to read in manifest");
	if (doc_read(DOC_YAML, buf_span(&run->text), &run->doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	return add_config(run, drop_in, run->doc.first, err);
}

static int generate(struct run *run, const struct drop_in *drop_in, const char *path,
		    struct err *err)
{
	const struct config config = {.source = drop_in->source};
	struct generate_input input = {.stream = path != NULL};

	if ((path ? read_file(run, drop_in, path, err) : read_list(run, drop_in, err)) < 0 ||
	    session_start(&run->session, &config, err) < 0)
		return -1;
	input.items = run->list.items;
	input.count = run->list.count;
	if (generate_run(&run->session, &config, &run->plan, &input, &run->report, &run->out) < 0)
		return -1;
	return command_write(&run->out, err);
}

static int usage(const struct drop_in *drop_in)
{
	fputs(drop_in->help, stderr);
	return 1;
}

/* Options of ours, then at most one file. 1: --help or --version was asked for. */
static int parse(const struct drop_in *drop_in, int argc, char **argv, struct options *options,
		 const char **ret_path, struct err *err)
{
	int at = 1, r;

	options_from_env(options);
	while (at < argc) {
		const char *arg = argv[at];

		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			fputs(drop_in->help, stdout);
			return 1;
		}
		if (strcmp(arg, "--version") == 0) {
			version_print();
			return 1;
		}
		r = options_take(options, argc, argv, &at, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (*ret_path)
			return err_set(err, ERR_USAGE, "one FILE is taken, not also '%s'",
				       text_quote(span_str(arg)).text);
		*ret_path = arg;
		at++;
	}
	return 0;
}

static bool has_input(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) != 0 || !S_ISCHR(st.st_mode);
}

static int flushed(void)
{
	struct err err = ERR_INIT;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	(void)err_errno(&err, "cannot write to stdout");
	(void)command_fail(&err);
	return 1;
}

int drop_in_run(const struct drop_in *drop_in, int argc, char **argv)
{
	CLEANUP(run_release)
	struct run run = {
		.session = SESSION_INIT,
		.plan = GENERATE_PLAN_INIT,
		.list = RESOURCE_LIST_INIT,
		.doc = DOC_INIT,
		.text = BUF_INIT((size_t)DOC_INPUT_MAX + 1),
		.out = BUF_INIT(OUTPUT_MAX),
	};
	struct err err = ERR_INIT;
	const char *path = NULL;
	int r;

	if (drop_in->installs && argc > 1 && strcmp(argv[1], cmd_install.name) == 0)
		return cmd_install_as(drop_in->name, argc - 1, argv + 1) == 0 ? 0 : 1;
	r = parse(drop_in, argc, argv, &run.session.options, &path, &err);
	if (r > 0)
		return flushed();
	if (r < 0) {
		(void)command_fail(&err);
		return usage(drop_in);
	}
	if (!path && !has_input())
		return usage(drop_in);
	if (generate(&run, drop_in, path, &err) == 0)
		return 0;
	if (run.report.all)
		(void)report_print(&run.report);
	else
		(void)command_fail(&err);
	return path ? drop_in->plugin_status : drop_in->function_status;
}
