/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine for the AWS key service: variables and files as a test says, a clock that stands still, helpers that print a text.
 */
#ifndef UNIT_AWS_HOST_H
#define UNIT_AWS_HOST_H

#include "keys/key_host.h"

enum { AWS_HOST_ENTRIES = 12, AWS_HOST_NOW = 1767323045 };

struct aws_host {
	const char *variables[AWS_HOST_ENTRIES]; /* "NAME=value" */
	struct {
		const char *path, *text;
	} files[AWS_HOST_ENTRIES];
	const char *output; /* of any helper */
	const char *ran;    /* the command line of the last one */
	int64_t now;
};

static inline const char *aws_host_variable(void *cookie, const char *name)
{
	const struct aws_host *host = cookie;
	size_t len = strlen(name);

	for (size_t i = 0; i < AWS_HOST_ENTRIES && host->variables[i]; i++) {
		if (strncmp(host->variables[i], name, len) == 0 && host->variables[i][len] == '=')
			return host->variables[i] + len + 1;
	}
	return NULL;
}

static inline int aws_host_read(void *cookie, const char *path, struct secret_pool *pool,
				struct span *ret_text, struct err *err)
{
	const struct aws_host *host = cookie;

	for (size_t i = 0; i < AWS_HOST_ENTRIES && host->files[i].path; i++) {
		if (strcmp(host->files[i].path, path) == 0)
			return secret_dup(pool, span_str(host->files[i].text), ret_text, err);
	}
	return err_set(err, ERR_NOT_FOUND, "reading '%s': no such file", path);
}

static inline int aws_host_run(void *cookie, enum key_helper helper, const char *command_line,
			       struct secret_pool *pool, struct span *ret_output, struct err *err)
{
	struct aws_host *host = cookie;

	if (helper != KEY_HELPER_AWS)
		return err_set(err, ERR_BUG, "another helper");
	host->ran = command_line;
	return secret_dup(pool, span_str(host->output), ret_output, err);
}

static inline int64_t aws_host_clock(void *cookie)
{
	const struct aws_host *host = cookie;

	return host->now ? host->now : AWS_HOST_NOW;
}

static inline struct key_host aws_host_of(struct aws_host *host)
{
	return (struct key_host){.cookie = host,
				 .variable = aws_host_variable,
				 .read_file = aws_host_read,
				 .run = host->output ? aws_host_run : NULL,
				 .clock = aws_host_clock};
}

#endif
