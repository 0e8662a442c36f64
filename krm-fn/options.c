/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared flags and their variables; see options.h.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#define KEY_SECRET_FLAG     "--key-secret"
#define KEY_SECRET_VARIABLE "KRM_SOPS_KEY_SECRET"
#define CLUSTER_FLAG        "--cluster"
#define CLUSTER_VARIABLE    "KRM_SOPS_CLUSTER"

static const struct {
	const char *flag;
	const char *variable;
	size_t offset; /* of the const char * in struct options */
} table[] = {
	{"--keys", "KRM_SOPS_KEYS", offsetof(struct options, keys)},
	{"--keys-flat", "KRM_SOPS_KEYS_FLAT", offsetof(struct options, keys_flat)},
	{"--namespace", "KRM_SOPS_NAMESPACE", offsetof(struct options, ns)},
	{"--global-age", "KRM_SOPS_GLOBAL_AGE", offsetof(struct options, global_age)},
	{"--default-service-account", "KRM_SOPS_DEFAULT_SERVICE_ACCOUNT",
	 offsetof(struct options, default_account)},
	{"--vault-configmap", "KRM_SOPS_VAULT_CONFIGMAP",
	 offsetof(struct options, vault_config_map)},
	{"--root", "KRM_SOPS_ROOT", offsetof(struct options, root)},
	{"--socket", "KRM_SOPS_SOCKET", offsetof(struct options, socket)},
	{"--ca-file", "KRM_SOPS_CA_FILE", offsetof(struct options, ca_file)},
	{"--timeout", "KRM_SOPS_TIMEOUT", offsetof(struct options, timeout)},
	{"--at-once", "KRM_SOPS_AT_ONCE", offsetof(struct options, at_once)},
};

static const char **field(struct options *options, size_t i)
{
	return (const char **)((char *)options + table[i].offset);
}

void options_from_env(struct options *options)
{
	const char *secret = getenv(KEY_SECRET_VARIABLE), *cluster = getenv(CLUSTER_VARIABLE);
	size_t i;

	if (secret && *secret) {
		options->key_secrets[0] = secret;
		options->key_secret_count = 1;
		options->key_secret_env = true;
	}
	if (cluster && *cluster)
		options->cluster = strcmp(cluster, ".") == 0 ? "" : cluster;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		const char *value = getenv(table[i].variable);

		if (value && *value)
			*field(options, i) = value;
	}
}

/* The value of argv[*at] where it is that flag; *at is moved behind it. NULL: another flag; "": no value. */
static const char *take(const char *flag, int argc, char **argv, int *at)
{
	const char *arg = argv[*at], *value;
	size_t len = strlen(flag);

	if (strncmp(arg, flag, len) != 0 || (arg[len] && arg[len] != '='))
		return NULL;
	value = arg[len] ? arg + len + 1 : *at + 1 < argc ? argv[*at + 1] : "";
	if (*value)
		*at += arg[len] ? 1 : 2;
	return value;
}

static int need_value(const char *flag, struct err *err)
{
	return err_set(err, ERR_USAGE, "'%s' needs a value", flag);
}

static int add_key_secret(struct options *options, const char *path, struct err *err)
{
	/* The command line replaces what the variable says. */
	if (options->key_secret_env)
		options->key_secret_count = 0;
	options->key_secret_env = false;
	if (options->key_secret_count == OPTIONS_KEY_SECRETS_MAX)
		return err_set(err, ERR_USAGE, "'%s' more than %d times", KEY_SECRET_FLAG,
			       OPTIONS_KEY_SECRETS_MAX);
	options->key_secrets[options->key_secret_count++] = path;
	return 1;
}

/* Its value is optional, so it never takes the next argument. */
static bool take_cluster(struct options *options, const char *arg)
{
	size_t len = strlen(CLUSTER_FLAG);

	if (strncmp(arg, CLUSTER_FLAG, len) != 0 || (arg[len] && arg[len] != '='))
		return false;
	options->cluster = arg[len] ? arg + len + 1 : "";
	return true;
}

int options_take(struct options *options, int argc, char **argv, int *at, struct err *err)
{
	const char *value = take(KEY_SECRET_FLAG, argc, argv, at);
	size_t i;

	if (value)
		return *value ? add_key_secret(options, value, err)
			      : need_value(KEY_SECRET_FLAG, err);
	if (take_cluster(options, argv[*at])) {
		++*at;
		return 1;
	}
	for (i = 0; i < ARRAY_LEN(table); i++) {
		value = take(table[i].flag, argc, argv, at);
		if (!value)
			continue;
		if (!*value)
			return need_value(table[i].flag, err);
		*field(options, i) = value;
		return 1;
	}
	return 0;
}
