/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of `krm-sops serve`; see serve_options.h.
 */
#include "serve_options.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_SCHEME "unix://"

static int usage(struct err *err, const char *what, const char *text)
{
	(void)err_set(err, ERR_USAGE, "serve: %s '%s'", what, text_quote(span_str(text)).text);
	return err_hint(err, "see krm-sops serve --help");
}

/* unix:///PATH or unix:///PATH=KEYSET; what stands behind the last `=` has no slash in it. */
static int add_listen(struct serve_options *options, const char *value, struct err *err)
{
	struct serve_listen *listen = &options->listens[options->listen_count];
	char *copy, *equals;

	if (strncmp(value, UNIX_SCHEME "/", strlen(UNIX_SCHEME "/")) != 0)
		return usage(err, "--listen takes unix:///PATH or unix:///PATH=KEYSET, not", value);
	if (options->listen_count == SERVE_LISTENS_MAX)
		return err_set(err, ERR_USAGE, "serve: more than %d sockets", SERVE_LISTENS_MAX);
	copy = strdup(value + strlen(UNIX_SCHEME));
	if (!copy)
		return err_nomem(err);
	options->owned[options->listen_count++] = copy;
	equals = strrchr(copy, '=');
	listen->path = copy;
	if (!equals || strchr(equals, '/'))
		return 0;
	*equals = '\0';
	listen->keyset = equals + 1;
	return *listen->keyset ? 0 : usage(err, "no name of a key set in", value);
}

/* A whole number from min to max. */
static int take_number(const char *name, const char *value, long min, long max, long *ret,
		       struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtol(value, &end, 10);
	if (errno || end == value || *end || *ret < min || *ret > max)
		return err_set(err, ERR_USAGE, "serve: %s takes a number from %ld to %ld, not '%s'",
			       name, min, max, text_quote(span_str(value)).text);
	return 0;
}

/* 90, 90s, 5m, 1h: seconds. */
static int take_seconds(const char *name, const char *value, int *ret, struct err *err)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'\0', 1}};
	size_t i, len = strlen(value);
	char digits[16];
	long number;

	for (i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = len - (units[i].unit != '\0');

		if (!len || n >= sizeof(digits) ||
		    (units[i].unit && value[len - 1] != units[i].unit))
			continue;
		memcpy(digits, value, n);
		digits[n] = '\0';
		if (take_number(name, digits, 0, SERVE_TTL_MAX / units[i].seconds, &number, err) <
		    0)
			break;
		*ret = (int)(number * units[i].seconds);
		return 0;
	}
	return err_set(err, ERR_USAGE, "serve: %s takes a time such as 90s or 5m, at most 24h",
		       name);
}

static int take_value(struct serve_options *options, const char *name, const char *value,
		      struct err *err)
{
	long number = 0;

	if (strcmp(name, "--listen") == 0)
		return add_listen(options, value, err);
	if (strcmp(name, "--group") == 0) {
		options->group = value;
	} else if (strcmp(name, "--aws-kms") == 0) {
		options->aws_kms = value;
	} else if (strcmp(name, "--aws-kms-key") == 0) {
		options->kms_pair = value;
	} else if (strcmp(name, "--probe") == 0) {
		if (strcmp(value, "live") != 0 && strcmp(value, "ready") != 0)
			return usage(err, "--probe takes live or ready, not", value);
		options->probe = value;
	} else if (strcmp(name, "--audit") == 0) {
		options->audit = value;
	} else if (strcmp(name, "--data-key-ttl") == 0) {
		return take_seconds(name, value, &options->ttl, err);
	} else if (strcmp(name, "--workers") == 0) {
		if (take_number(name, value, 1, SERVE_WORKERS_MAX, &number, err) < 0)
			return -1;
		options->workers = (int)number;
	} else if (strcmp(name, "--connections") == 0) {
		if (take_number(name, value, 1, 1000, &number, err) < 0)
			return -1;
		options->connections = (int)number;
	} else if (strcmp(name, "--request-time") == 0) {
		if (take_seconds(name, value, &options->request_ms, err) < 0)
			return -1;
		if (options->request_ms == 0 || options->request_ms > 3600)
			return usage(err, "--request-time takes a time from 1s to 1h, not", value);
		options->request_ms *= 1000;
	} else if (strcmp(name, "--recycle") == 0) {
		if (take_number(name, value, 0, 1000 * 1000 * 1000, &number, err) < 0)
			return -1;
		options->recycle = (int)number;
	} else if (strcmp(name, "--max-body") == 0) {
		if (take_number(name, value, 1024, 256L * 1024 * 1024, &number, err) < 0)
			return -1;
		options->body_max = (size_t)number;
	} else {
		return usage(err, "unknown argument", name);
	}
	return 0;
}

/* --name VALUE or --name=VALUE. */
static int take(struct serve_options *options, int argc, char **argv, int *at, struct err *err)
{
	const char *arg = argv[*at], *value = strchr(arg, '=');
	size_t len = value ? (size_t)(value - arg) : strlen(arg);
	char name[32];

	if (strcmp(arg, "--require-mlock") == 0) {
		options->require_mlock = true;
		++*at;
		return 0;
	}
	if (len >= sizeof(name) || strncmp(arg, "--", 2) != 0)
		return usage(err, "unknown argument", arg);
	memcpy(name, arg, len);
	name[len] = '\0';
	value = value ? value + 1 : *at + 1 < argc ? argv[++*at] : "";
	++*at;
	if (!*value)
		return usage(err, "a value is missing behind", name);
	return take_value(options, name, value, err);
}

int serve_options_parse(int argc, char **argv, struct serve_options *options, struct err *err)
{
	int at = 1, r;

	options_from_env(&options->keys);
	while (at < argc) {
		r = options_take(&options->keys, argc, argv, &at, err);
		if (r < 0 || (r == 0 && take(options, argc, argv, &at, err) < 0))
			return -1;
	}
	if (options->keys.cluster) {
		(void)err_set(err, ERR_USAGE, "serve: keys from the cluster are not for a sidecar");
		return err_hint(err, "mount the Secret, and name the folder: --keys-flat DIR");
	}
	if (options->keys.vault_config_map || options->keys.default_account) {
		(void)err_set(err, ERR_USAGE, "serve: %s is for those who ask the cluster",
			      options->keys.vault_config_map ? "--vault-configmap"
							     : "--default-service-account");
		return err_hint(err, "name the Vault addresses in the policy, and the login with "
				     "KRM_SOPS_VAULT_LOGIN");
	}
	if (options->listen_count == 0 && (!options->aws_kms || options->probe))
		return usage(err, "nothing to listen on: name a socket with", "--listen");
	if ((options->listen_count + (options->aws_kms != NULL)) * (size_t)options->workers >
	    SERVE_WORKERS_ALL)
		return err_set(err, ERR_USAGE, "serve: more than %d workers of all sockets",
			       SERVE_WORKERS_ALL);
	if ((options->aws_kms != NULL) != (options->kms_pair != NULL))
		return usage(err, "--aws-kms and --aws-kms-key go together; missing:",
			     options->aws_kms ? "--aws-kms-key" : "--aws-kms");
	return 0;
}

void serve_options_release(struct serve_options *options)
{
	size_t i;

	for (i = 0; i < options->listen_count; i++)
		free(options->owned[i]);
	options->listen_count = 0;
}
