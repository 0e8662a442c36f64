/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine as key services see it; see host.h. A variable that holds a token or a secret key is moved into locked memory when a service first
 * asks for it, and is then gone from the environment, as those of age are (keys_ambient.c).
 */
#include "host.h"

#include "cluster.h"
#include "keys.h"
#include "keys_read.h"
#include "keys_run.h"
#include "shell_words.h"
#include "variables.h"
#include "vault_config.h"

#include "base/text.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HELPER_SECONDS = 60 /* of one run of a helper, as the AWS SDK gives it */ };

/* Variables that are secrets themselves. Names of files with secrets are not. */
static const char *const secrets[] = {
	"VAULT_TOKEN",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SECRET_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"GOOGLE_OAUTH_ACCESS_TOKEN",
	"GOOGLE_CREDENTIALS",
	"AZURE_CLIENT_SECRET",
	"AZURE_CLIENT_CERTIFICATE_PASSWORD",
	"IDENTITY_HEADER",
	"MSI_SECRET",
	"HUAWEICLOUD_SDK_SK",
	"HUAWEICLOUD_SDK_SECURITY_TOKEN",
};

/* One that was moved; lies in the host's pool. */
struct host_variable {
	struct host_variable *next;
	const char *name, *value;
};

static bool is_secret(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(secrets); i++) {
		if (strcmp(name, secrets[i]) == 0)
			return true;
	}
	return false;
}

/* Out of memory it counts as not set: the service then says what it misses. */
static const char *take(struct host *host, const char *name, const char *value)
{
	struct host_variable *variable;
	struct err none = ERR_INIT;
	size_t size = strlen(value) + 1;
	uint8_t *copy = secret_alloc(&host->pool, size, &none);

	variable = copy ? (struct host_variable *)(void *)secret_alloc(&host->pool,
								       sizeof(*variable), &none)
			: NULL;
	if (!variable)
		return NULL;
	memcpy(copy, value, size);
	variable->name = name;
	variable->value = (const char *)copy;
	variable->next = host->taken;
	host->taken = variable;
	variables_forget(name);
	return variable->value;
}

static const char *get_variable(void *cookie, const char *name)
{
	struct host *host = cookie;
	const struct host_variable *variable;
	const char *value;

	for (variable = host->taken; variable; variable = variable->next) {
		if (strcmp(variable->name, name) == 0)
			return variable->value;
	}
	value = getenv(name);
	return value && is_secret(name) ? take(host, name, value) : value;
}

static int read_file(void *cookie, const char *path, struct secret_pool *pool,
		     struct span *ret_text, struct err *err)
{
	return keys_read_file(path, pool, ret_text, err);
}

static const char *get_terminal(void *cookie)
{
	const char *said = getenv("GPG_TTY"), *found = ttyname(STDIN_FILENO);

	if (said && *said)
		return said;
	return found ? found : ttyname(STDERR_FILENO);
}

static int64_t get_time(void *cookie)
{
	return (int64_t)time(NULL);
}

static int need_policy(struct host *host, struct err *err)
{
	if (host->policy)
		return 0;
	if (policy_load(&host->own, err) < 0)
		return -1;
	host->policy = &host->own;
	return 0;
}

/* Only where the policy says so: the profile that names the program may be one that a document names. */
static int helper_allowed(const struct policy *policy, enum key_helper helper, struct err *err)
{
	const char *map = helper == KEY_HELPER_AWS ? "aws" : "azure";
	const char *field = helper == KEY_HELPER_AWS ? "credentialProcess" : "cli";

	if (helper == KEY_HELPER_AWS ? policy->aws_process : policy->azure_cli)
		return 0;
	(void)err_set(err, ERR_POLICY, "the policy's '%s.%s' does not allow it", map, field);
	return err_hint(err,
			"'%s: {%s: true}' below 'spec' in " POLICY_PATH
			", or in the file that KRM_SOPS_POLICY names, would allow it",
			map, field);
}

static int run(void *cookie, enum key_helper helper, const char *command_line,
	       struct secret_pool *pool, struct span *ret_output, struct err *err)
{
	struct host *host = cookie;
	CLEAN_SECRET_POOL struct secret_pool scratch = SECRET_POOL_INIT;
	char **words;
	size_t count;

	if (need_policy(host, err) < 0 || helper_allowed(host->policy, helper, err) < 0)
		return -1;
	if (shell_words(span_str(command_line), &scratch, &words, &count, err) < 0)
		return -1;
	if (!count)
		return err_set(err, ERR_USAGE, "its command line is empty");
	return keys_run(words, environ, HELPER_SECONDS, pool, ret_output, err);
}

static int role_allowed(void *cookie, struct span role, struct err *err)
{
	struct host *host = cookie;

	if (need_policy(host, err) < 0)
		return -1;
	return policy_role_allowed(host->policy, role, err);
}

static int vault_allowed(void *cookie, struct span address, bool *ret_given, struct err *err)
{
	struct host *host = cookie;

	if (need_policy(host, err) < 0)
		return -1;
	return policy_vault_allowed(host->policy, address, ret_given, err);
}

/* A whole number from 1 to most; 0 where the option is not given. */
static int read_number(const char *flag, const char *text, int most, int *ret, struct err *err)
{
	char *end = NULL;
	long number = text ? strtol(text, &end, 10) : 0;

	if (text && (*text < '0' || *text > '9' || *end || number < 1 || number > most))
		return err_set(err, ERR_USAGE, "'%s' takes a number from 1 to %d", flag, most);
	*ret = (int)number;
	return 0;
}

/* The file that the operator names must be there. SSL_CERT_FILE is what Go programs, and so sops, read in place of the system's bundle; where it
 * can not be read they go on without it. */
static int read_ca(struct host *host, const char *path, struct span *ret_pem, struct err *err)
{
	const char *usual = getenv("SSL_CERT_FILE");
	struct err none = ERR_INIT;

	if (path) {
		if (keys_read_file(path, &host->pool, ret_pem, err) < 0)
			return err_wrap(err, "--ca-file");
		if (!ret_pem->len)
			return err_set(err, ERR_FORMAT, "--ca-file: '%s' is empty",
				       text_quote(span_str(path)).text);
		return 0;
	}
	if (usual && *usual && keys_read_file(usual, &host->pool, ret_pem, &none) < 0)
		*ret_pem = SPAN_NULL;
	return 0;
}

int host_open(struct host *host, const struct options *options, const struct policy *policy,
	      struct keyring *ring, struct err *err)
{
	struct http_options bounds = {.ca_pem = SPAN_NULL};
	int seconds = 0;

	if (read_number("--timeout", options->timeout, HOST_TIMEOUT_MAX, &seconds, err) < 0 ||
	    read_number("--at-once", options->at_once, HOST_AT_ONCE_MAX, &bounds.at_once, err) <
		    0 ||
	    read_ca(host, options->ca_file, &bounds.ca_pem, err) < 0)
		return -1;
	bounds.run_ms = seconds * 1000;
	if (http_new(&bounds, &host->http, err) < 0)
		return -1;
	host->policy = policy;
	host->table = (struct key_host){
		.cookie = host,
		.variable = get_variable,
		.read_file = read_file,
		.run = run,
		.terminal = get_terminal,
		.clock = get_time,
		.role_allowed = role_allowed,
		.vault_allowed = vault_allowed,
	};
	ring->http = host->http;
	ring->host = &host->table;
	return 0;
}

static int server(void *cookie, bool again, struct secret_pool *pool,
		  struct kube_server *ret_server, struct err *err)
{
	return cluster_server(((struct host *)cookie)->cluster, again, pool, ret_server, err);
}

void host_use_cluster(struct host *host, struct cluster *cluster)
{
	host->cluster = cluster;
	host->table.cluster = server;
}

static int vault_instance(void *cookie, struct span address, struct span *ret_path, struct err *err)
{
	return vault_config_path(((struct host *)cookie)->vault, address, ret_path, err);
}

void host_use_vault_config(struct host *host, const struct vault_config *config)
{
	host->vault = config;
	host->table.vault_instance = vault_instance;
}

void host_release(struct host *host)
{
	if (!host)
		return;
	http_free(host->http);
	policy_release(&host->own);
	secret_pool_release(&host->pool);
	*host = (struct host)HOST_INIT;
}
