/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops decrypt`, a drop-in for `sops decrypt` and `sops -d`: its options, its exit statuses, its bytes. sops: cmd/sops/main.go,
 * cmd/sops/codes/codes.go
 */
#include "cmd_decrypt.h"

#include "base/text.h"
#include "decrypt.h"
#include "doc/scalar.h"
#include "guess.h"
#include "host.h"
#include "keys.h"
#include "output.h"
#include "socket_keys.h"
#include "sops/sops_extract.h"
#include "stores_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exit statuses of sops that are not those of other verbs. sops: cmd/sops/codes/codes.go */
enum {
	EXIT_NO_READ = 2,
	EXIT_NO_WRITE = 3,
	EXIT_EMIT = 4,
	EXIT_TREE = 25,
	EXIT_MAC = 51,
	EXIT_EXTRACT = 91,
	EXIT_NO_FILE = 100,
	EXIT_ORDER = 112,
	EXIT_NO_KEY = 128,
};

struct request {
	const char *file; /* NULL: stdin */
	const char *input_type, *output_type;
	const char *name; /* --filename-override */
	const char *extract, *output, *order, *config, *indent, *compat;
	struct options shared; /* those about the network */
	bool in_place, ignore_mac;
};

struct option {
	const char *name;
	const char **text; /* takes a value */
	bool *flag;        /* takes none; both NULL: read and not heeded */
};

static int usage(struct err *err, const char *what, const char *arg)
{
	return command_usage(err, cmd_decrypt.name, "%s '%s'", what,
			     text_quote(span_str(arg)).text);
}

/* Reads argv[*at] as an option, with its value behind `=` or in the next argument; one dash does as well as two, as in sops. */
static int take_option(const struct option *options, size_t count, int argc, char **argv, int *at,
		       struct err *err)
{
	const char *arg = argv[*at], *name = arg + (arg[1] == '-' ? 2 : 1);
	size_t len = strcspn(name, "="), i;

	for (i = 0; i < count; i++) {
		const struct option *option = &options[i];

		if (strlen(option->name) != len || memcmp(option->name, name, len) != 0)
			continue;
		if (!option->text && name[len])
			return usage(err, "no value is taken by", arg);
		if (option->flag)
			*option->flag = true;
		if (!option->text)
			return 0;
		if (!name[len] && ++*at == argc)
			return usage(err, "a value is missing behind", arg);
		*option->text = name[len] ? name + len + 1 : argv[*at];
		return 0;
	}
	(void)usage(err, "unknown option", arg);
	if (strncmp(name, "key", 3) == 0 || strncmp(name, "cluster", 7) == 0)
		return err_hint(err, "keys are found as sops finds them: SOPS_AGE_KEY_FILE=FILE "
				     "and the like");
	return command_hint(err, arg);
}

static int parse(int argc, char **argv, struct request *req, struct err *err)
{
	const struct option options[] = {
		{"input-type", &req->input_type, NULL},
		{"output-type", &req->output_type, NULL},
		{"filename-override", &req->name, NULL},
		{"extract", &req->extract, NULL},
		{"output", &req->output, NULL},
		{"decryption-order", &req->order, NULL},
		{"config", &req->config, NULL},
		{"indent", &req->indent, NULL},
		{"compat", &req->compat, NULL},
		{"socket", &req->shared.socket, NULL},
		{"ca-file", &req->shared.ca_file, NULL},
		{"timeout", &req->shared.timeout, NULL},
		{"at-once", &req->shared.at_once, NULL},
		{"in-place", NULL, &req->in_place},
		{"i", NULL, &req->in_place},
		{"ignore-mac", NULL, &req->ignore_mac},
		{"decrypt", NULL, NULL},
		{"d", NULL, NULL},
		{"verbose", NULL, NULL},
	};
	bool ended = false, verb = strcmp(argv[0], cmd_decrypt.name) == 0;
	int at;

	for (at = 1; at < argc; at++) {
		const char *arg = argv[at];

		if (!ended && strcmp(arg, "--") == 0) {
			ended = true;
		} else if (!ended && arg[0] == '-' && arg[1]) {
			if (take_option(options, ARRAY_LEN(options), argc, argv, &at, err) < 0)
				return -1;
			verb = verb || strcmp(arg, "-d") == 0 || strcmp(arg, "--decrypt") == 0;
		} else if (!verb && strcmp(arg, cmd_decrypt.name) == 0) {
			verb = true;
		} else if (req->file) {
			(void)usage(err, "one file at a time, not also", arg);
			return err_hint(err, "each file is a document of its own: one call each; "
					     "krm-sops check --with-keys opens many");
		} else {
			req->file = arg;
		}
	}
	if (req->file && strcmp(req->file, "-") == 0)
		req->file = NULL;
	if (req->compat && strcmp(req->compat, "sops") != 0)
		return usage(err, "--compat takes 'sops' only, not", req->compat);
	if (req->in_place && (!req->file || req->output))
		return command_usage(err, cmd_decrypt.name,
				     req->file ? "--in-place and --output exclude each other"
					       : "--in-place needs a FILE");
	return 0;
}

bool cmd_decrypt_is_meant(int argc, char **argv)
{
	int at;

	for (at = 1; at < argc && argv[1][0] == '-'; at++) {
		if (strcmp(argv[at], "-d") == 0 || strcmp(argv[at], "--decrypt") == 0 ||
		    strcmp(argv[at], cmd_decrypt.name) == 0)
			return true;
	}
	return false;
}

static int exit_status(enum err_code code)
{
	switch (code) {
	case ERR_VALUE:
		return EXIT_TREE;
	case ERR_MAC:
		return EXIT_MAC;
	case ERR_EMIT:
		return EXIT_EMIT;
	case ERR_EXTRACT:
		return EXIT_EXTRACT;
	case ERR_NO_KEY:
	case ERR_DENIED:
	case ERR_POLICY:
	case ERR_UNREACHABLE:
		return EXIT_NO_KEY;
	default:
		return err_exit_status(code);
	}
}

static int fail(const struct err *err, int status)
{
	(void)command_fail(err);
	return status;
}

static int set_style(const struct request *req, struct doc_style *style, struct err *err)
{
	int64_t indent;

	if (stores_config_load(req->config, style, err) < 0)
		return -1;
	style->compat = req->compat != NULL;
	if (!req->indent)
		return 0;
	if (!scalar_parse_int(span_str(req->indent), &indent))
		return usage(err, "not a number:", req->indent);
	return stores_config_indent(indent, style, err);
}

/* sops decides on input and output apart from each other, each by its option, else by the name; stdin has none, so its content tells. An option
 * that names no type counts as none. */
static void set_formats(const struct request *req, struct decrypt_job *job)
{
	const char *name = req->name ? req->name : req->file ? req->file : "";
	bool in = req->input_type && doc_format_parse(req->input_type, &job->in_format);
	bool out = req->output_type && doc_format_parse(req->output_type, &job->out_format);
	bool named = in && *name;
	enum doc_format by_name = named ? doc_format_of_path(span_str(name))
					: guess_format(span_str(name), job->input);

	if (!in)
		job->in_format = by_name;
	if (!out)
		job->out_format = by_name;
}

/* sops passes over it in silence. */
static void warn_of_type(const char *type)
{
	enum doc_format format;

	if (type && *type && !doc_format_parse(type, &format))
		fprintf(stderr,
			"krm-sops: warning: there is no type '%s' but yaml, json, dotenv, ini and "
			"binary; the name or the content tells\n",
			text_quote(span_str(type)).text);
}

static void warn(const struct decrypt_job *job)
{
	if (job->mac_bad)
		fprintf(stderr, "krm-sops: warning: the MAC is missing or wrong: the document was "
				"changed by somebody without the key\n");
	if (job->warnings)
		fprintf(stderr,
			"krm-sops: warning: %zu comment%s could not be decrypted and stay%s as "
			"they are\n",
			job->warnings, job->warnings == 1 ? "" : "s",
			job->warnings == 1 ? "s" : "");
}

static int put(const struct request *req, const struct decrypt_job *job)
{
	const char *path = req->in_place ? req->file : req->output;
	struct err err = ERR_INIT;

	if (path && output_file(path, &job->output, &err) < 0)
		return fail(&err, EXIT_NO_WRITE);
	if (!path && command_write(&job->output, &err) < 0)
		return fail(&err, EXIT_NO_WRITE);
	warn(job);
	return 0;
}

/* A sidecar's, or those that lie around. */
static int find_keys(const struct request *req, struct host *host, struct socket_keys *socket,
		     struct key_remote *remote, struct keyring *ring, struct err *err)
{
	socket->path = req->shared.socket;
	if (socket->path)
		return key_remote_add(ring, remote, err);
	if (host_open(host, &req->shared, NULL, ring, err) < 0)
		return -1;
	if (keys_ambient(ring, err) < 0)
		return -1;
	keys_ambient_forget();
	return 0;
}

static int decrypt(const struct request *req, struct decrypt_job *job)
{
	CLEANUP(socket_keys_close) struct socket_keys socket = SOCKET_KEYS_INIT;
	struct key_remote remote = {
		.label = req->file, .cookie = &socket, .exchange = socket_keys_ask};
	CLEAN_HOST struct host host = HOST_INIT;
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;

	if (find_keys(req, &host, &socket, &remote, &ring, &err) < 0)
		return fail(&err, exit_status(err.code));
	if (decrypt_run(job, 1, &ring, req->order, &err) < 0)
		return fail(&err, err.code == ERR_USAGE ? EXIT_ORDER : exit_status(err.code));
	return put(req, job);
}

static void job_release(struct decrypt_job *job)
{
	decrypt_job_release(job);
}

/* The checks come in sops's order, as each has a status of its own. */
static int run_request(const struct request *req)
{
	CLEANUP(job_release) struct decrypt_job job = {.mac = DECRYPT_MAC_VERIFY};
	CLEAN_BUF struct buf input = BUF_INIT(0);
	struct doc_style style = {.yaml_indent = 0};
	const struct quoted shown = text_quote(span_str(req->file ? req->file : "stdin"));
	struct err err = ERR_INIT;
	struct stat st;

	if (req->file && stat(req->file, &st) < 0 && errno == ENOENT) {
		(void)err_errno(&err, "cannot read '%s'", shown.text);
		return fail(&err, EXIT_NO_FILE);
	}
	if (set_style(req, &style, &err) < 0)
		return fail(&err, exit_status(err.code));
	if (req->extract && sops_extract_check(req->extract, &err) < 0)
		return fail(&err, EXIT_EXTRACT);
	if (command_read(req->file ? req->file : "-", &input, &err) < 0) {
		(void)command_hint(&err, req->file ? req->file : "-");
		return fail(&err, EXIT_NO_READ);
	}
	if (!input.len && !req->file) {
		(void)command_usage(&err, cmd_decrypt.name, "stdin is empty, and no FILE is named");
		return fail(&err, exit_status(ERR_FORMAT));
	}
	job.input = buf_span(&input);
	job.label = shown.text;
	job.style = &style;
	job.extract = req->extract;
	job.mac = req->ignore_mac ? DECRYPT_MAC_IGNORE : DECRYPT_MAC_VERIFY;
	warn_of_type(req->input_type);
	warn_of_type(req->output_type);
	set_formats(req, &job);
	return decrypt(req, &job);
}

static int run(int argc, char **argv)
{
	struct request req = {
		.order = getenv("SOPS_DECRYPTION_ORDER"),
		.config = getenv("SOPS_CONFIG"),
	};
	struct err err = ERR_INIT;

	if (req.config && !*req.config)
		req.config = NULL;
	options_from_env(&req.shared);
	if (parse(argc, argv, &req, &err) < 0)
		return command_fail(&err);
	return run_request(&req);
}

const struct command cmd_decrypt = {
	.name = "decrypt",
	.summary = "print one decrypted document, the bytes of `sops decrypt`",
	.help = "usage: krm-sops decrypt [options] FILE|-\n"
		"       krm-sops -d [options] FILE|-\n"
		"\n"
		"Prints the decrypted document; nothing where anything is wrong with it.\n"
		"Options stand before or after the file, as --option VALUE or --option=VALUE:\n"
		"\n"
		"  --input-type T        yaml, json, dotenv, ini, binary; else by file name,\n"
		"                        and by its content where the name says nothing\n"
		"  --output-type T       likewise for what is printed; convert by giving both\n"
		"  --filename-override F name that decides on the types, for stdin\n"
		"  --extract PATH        one value only: '[\"data\"][\"users\"][0]'\n"
		"  --output FILE         write to FILE (mode 0600), all or nothing\n"
		"  -i, --in-place        write back to the file itself\n"
		"  --ignore-mac          print also what was changed without the key\n"
		"  --compat=sops         print a text that sops loses as it does: null\n"
		"  --decryption-order L  key types in the order of trying: age,pgp,kms\n"
		"  --indent N            blanks a level; else as `stores:` in .sops.yaml says\n"
		"  --config F            that .sops.yaml\n"
		"\n"
		"Keys are found as sops finds them (SOPS_AGE_KEY_FILE and others). Exit statuses\n"
		"are those of sops: 25 a value, 51 the MAC, 128 no key, 100 no file, 4 emission.\n"
		"\n"
		"example: krm-sops decrypt --output-type json secrets.yaml | jq .password\n",
	.run = run,
};
