/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared flags and their variables; see options.h.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *flag;
	const char *variable;
	size_t offset; /* of the const char * in struct options */
} table[] = {
	{"--keys", "KRM_SOPS_KEYS", offsetof(struct options, keys)},
	{"--keys-flat", "KRM_SOPS_KEYS_FLAT", offsetof(struct options, keys_flat)},
	{"--key-secret", "KRM_SOPS_KEY_SECRET", offsetof(struct options, key_secret)},
	{"--namespace", "KRM_SOPS_NAMESPACE", offsetof(struct options, ns)},
	{"--root", "KRM_SOPS_ROOT", offsetof(struct options, root)},
};

static const char **field(struct options *options, size_t i)
{
	return (const char **)((char *)options + table[i].offset);
}

void options_from_env(struct options *options)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		const char *value = getenv(table[i].variable);

		if (value && *value)
			*field(options, i) = value;
	}
}

int options_take(struct options *options, int argc, char **argv, int *at, struct err *err)
{
	const char *arg = argv[*at], *value;
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		len = strlen(table[i].flag);
		if (strncmp(arg, table[i].flag, len) != 0 || (arg[len] && arg[len] != '='))
			continue;
		value = arg[len] ? arg + len + 1 : *at + 1 < argc ? argv[*at + 1] : "";
		if (!*value)
			return err_set(err, ERR_USAGE, "'%s' needs a value", table[i].flag);
		*field(options, i) = value;
		*at += arg[len] ? 1 : 2;
		return 1;
	}
	return 0;
}
