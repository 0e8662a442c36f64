/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets the process up and picks the mode: a verb, or without one the KRM function.
 */
#include "cmd_audit.h"
#include "cmd_build.h"
#include "cmd_check.h"
#include "cmd_decrypt.h"
#include "cmd_diff.h"
#include "cmd_doctor.h"
#include "cmd_filter.h"
#include "cmd_function.h"
#include "cmd_install.h"
#include "cmd_serve.h"
#include "command.h"
#include "drop_in.h"
#include "version.h"

#include "base/secret.h"
#include "base/text.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of the program's help. */
static const struct command *const commands[] = {
	&cmd_build, &cmd_diff,    &cmd_decrypt, &cmd_filter, &cmd_check,
	&cmd_audit, &cmd_install, &cmd_doctor,  &cmd_serve,
};

/* A descriptor that came closed would be given to the first file that is opened, and what is meant for stderr would end in there. The
 * fillers of stdin and stdout are open the wrong way round: using them is still an error, not silence. */
static int fill_low_fds(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return -1;
	}
	return 0;
}

static int prepare(struct err *err)
{
	secret_harden_process();
	if (fill_low_fds() < 0)
		return err_errno(err, "cannot open '/dev/null'");
	/* A reader that is gone is an error of write(), not our end. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Reading openssl.cnf takes a quarter of our time and could load modules that nobody asked for. */
	if (OPENSSL_init_crypto(getenv("OPENSSL_CONF") ? 0 : OPENSSL_INIT_NO_LOAD_CONFIG, NULL) !=
	    1)
		return err_set(err, ERR_SYSTEM, "the crypto library did not start");
	return secret_init(err);
}

static void print_help(FILE *to)
{
	size_t i;

	fputs("usage: krm-sops [options] < ResourceList, or krm-sops [help] COMMAND [options]\n"
	      "\n"
	      "Decrypts SOPS secrets in Kubernetes manifests; without a command a KRM function.\n"
	      "\n",
	      to);
	for (i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-10s%s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "  --keys DIR        key Secrets as folders: NAMESPACE/NAME/age.agekey\n"
	      "  --keys-flat DIR   one key Secret as a volume mount has it\n"
	      "  --key-secret FILE a manifest with the key Secret; may be repeated\n"
	      "  --namespace NAME  the only namespace whose keys may be used\n"
	      "  --root DIR        how far up files may lie; without it the Git toplevel\n"
	      "  --socket PATH     ask a sidecar (krm-sops serve) for the keys\n"
	      "  --ca-file FILE, --timeout SECONDS, --at-once N   for calls over the network\n"
	      "  --version, help function   our version; the function's options and config\n"
	      "\n"
	      "example: krm-sops decrypt secrets.yaml\n",
	      to);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	}
	return NULL;
}

static int usage(const char *what, const char *arg)
{
	struct err err = ERR_INIT;

	(void)command_usage(&err, NULL, "%s '%s'", what, text_quote(span_str(arg)).text);
	(void)command_hint(&err, arg);
	return command_fail(&err);
}

static bool is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* stdout may be full or closed: the help of a program is no exception. */
static int printed(void)
{
	struct err err = ERR_INIT;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	(void)err_errno(&err, "cannot write to stdout");
	return command_fail(&err);
}

static int help(const char *name)
{
	const struct command *command = name ? find(name) : NULL;

	if (name && strcmp(name, cmd_function.name) == 0)
		command = &cmd_function;
	if (name && !command && !drop_in_help(name))
		return usage("no such command", name);
	if (command || (name && drop_in_help(name)))
		fputs(command ? command->help : drop_in_help(name), stdout);
	else
		print_help(stdout);
	return printed();
}

static int run_verb(const struct command *command, int argc, char **argv)
{
	int at;

	for (at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (is_help(argv[at]))
			return help(command->name);
	}
	return command->run(argc, argv);
}

static int run_function(int argc, char **argv)
{
	if (argc > 1 || !isatty(STDIN_FILENO))
		return cmd_function.run(argc, argv);
	print_help(stderr);
	return err_exit_status(ERR_USAGE);
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct err err = ERR_INIT;

	if (prepare(&err) < 0)
		return command_fail(&err);
	if (drop_in_find(argv[0]))
		return drop_in_run(drop_in_find(argv[0]), argc, argv);
	if (argc < 2)
		return run_function(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		version_print();
		return printed();
	}
	if (is_help(argv[1]))
		return help(NULL);
	if (strcmp(argv[1], "help") == 0)
		return help(argc > 2 ? argv[2] : NULL);
	command = find(argv[1]);
	if (command)
		return run_verb(command, argc - 1, argv + 1);
	if (cmd_decrypt_is_meant(argc, argv))
		return run_verb(&cmd_decrypt, argc, argv);
	if (argv[1][0] == '-')
		return run_function(argc, argv);
	return usage("no such command", argv[1]);
}
