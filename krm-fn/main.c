/* SPDX-License-Identifier: Apache-2.0
 *
 * Picks the mode from the name we run as and the first argument.
 */
#include "command.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	NULL, /* a line for each verb */
};

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	size_t i;

	secret_harden_process();
	if (secret_init(&err) < 0)
		return command_fail(&err);
	for (i = 0; i < ARRAY_LEN(commands) && argc > 1; i++) {
		if (commands[i] && strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	}
	(void)err_set(&err, ERR_USAGE, "no such command");
	return command_fail(&err);
}
