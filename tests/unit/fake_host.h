/* SPDX-License-Identifier: Apache-2.0
 *
 * key_host.h without a machine: variables, files and a clock that a test names.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "keys/key_host.h"

#include <string.h>

struct fake_host {
	struct key_host table;        /* what a service gets; its cookie is this */
	const char *const *variables; /* name, value, ..., NULL */
	const char *const *files;     /* path, text, ..., NULL */
	int64_t now;
	int reads; /* of files */
};

static inline const char *fake_host_find(const char *const *pairs, const char *name)
{
	for (; pairs && *pairs; pairs += 2) {
		if (strcmp(pairs[0], name) == 0)
			return pairs[1];
	}
	return NULL;
}

static inline const char *fake_host_variable(void *cookie, const char *name)
{
	return fake_host_find(((struct fake_host *)cookie)->variables, name);
}

static inline int fake_host_read(void *cookie, const char *path, struct secret_pool *pool,
				 struct span *ret_text, struct err *err)
{
	struct fake_host *host = cookie;
	const char *text = fake_host_find(host->files, path);

	host->reads++;
	if (!text)
		return err_set(err, ERR_NOT_FOUND, "'%s' is not there", path);
	if (!*text) {
		*ret_text = SPAN_NULL;
		return 0;
	}
	return secret_dup(pool, span_str(text), ret_text, err);
}

static inline int64_t fake_host_clock(void *cookie)
{
	return ((struct fake_host *)cookie)->now;
}

/* Makes the table; the host must not be moved after. */
static inline const struct key_host *fake_host(struct fake_host *host)
{
	host->table.cookie = host;
	host->table.variable = fake_host_variable;
	host->table.read_file = fake_host_read;
	host->table.clock = fake_host_clock;
	return &host->table;
}

#endif
