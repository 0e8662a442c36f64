/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands that print keys: SOPS_AGE_KEY_CMD and SOPS_AGE_SSH_PRIVATE_KEY_CMD.
 */
#ifndef KEYS_COMMAND_H
#define KEYS_COMMAND_H

#include "keys/keyring.h"

enum {
	KEYS_COMMAND_SECONDS = 120, /* of one run: time to touch a token or type a PIN */
	KEYS_COMMAND_RUNS_MAX = 64, /* recipients that a run asks for: documents name them */
};

/* A command and what it gets. Nothing is kept of it. */
struct keys_command {
	const char *name; /* of its variable, for messages; a literal */
	struct span line;
	bool ssh; /* it prints an SSH private key, else an age identity file */
	const struct span *environment; /* NAME=VALUE beside the process's environment */
	size_t environment_count;
};

/* Adds a key service to the ring that runs the command when no key at hand opens a document. Errors: ERR_FORMAT for a malformed or empty
 * command line, ERR_LIMIT, ERR_NOMEM. */
int keys_command_add(struct keyring *ring, const struct keys_command *command, struct err *err)
	NODISCARD;

#endif
