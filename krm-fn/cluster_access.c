/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the cluster and reads the credentials for it; see cluster_access.h. A pod's variables and files are those of client-go's rest.InClusterConfig.
 */
#include "cluster_access.h"

#include "cluster_exec.h"
#include "keys_read.h"

#include "base/text.h"
#include "base/wipe.h"
#include "keys/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

enum { PATH_LEN_MAX = 4096, SERVER_MAX = 512 };

/* KRM_SOPS_SERVICE_ACCOUNT is for a token that is mounted elsewhere, as one with few rights of its own is. */
static const char *pod_folder(void)
{
	const char *said = getenv("KRM_SOPS_SERVICE_ACCOUNT");

	return said && *said ? said : POD_FOLDER;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

bool cluster_access_in_pod(void)
{
	char path[PATH_LEN_MAX];

	(void)snprintf(path, sizeof(path), "%s/token", pod_folder());
	return variable("KUBERNETES_SERVICE_HOST") && variable("KUBERNETES_SERVICE_PORT") &&
	       access(path, F_OK) == 0;
}

/* Text with a NUL behind it, in the pool. */
static int keep(struct secret_pool *pool, const char *text, struct span *ret, struct err *err)
{
	if (secret_dup(pool, span_of(text, strlen(text) + 1), ret, err) < 0)
		return -1;
	ret->len--;
	return 0;
}

static int use_pod(struct cluster_access *access, struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	bool brackets = strchr(host, ':') != NULL;
	struct kubeconfig *config = &access->config;
	char server[SERVER_MAX], path[PATH_LEN_MAX];

	if (snprintf(server, sizeof(server), "https://%s%s%s:%s", brackets ? "[" : "", host,
		     brackets ? "]" : "", getenv("KUBERNETES_SERVICE_PORT")) >= SERVER_MAX)
		return err_set(err, ERR_LIMIT, "KUBERNETES_SERVICE_HOST is too long");
	if (keep(&access->pool, server, &config->server, err) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/token", pod_folder());
	if (keep(&access->pool, path, &config->token_file, err) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ca.crt", pod_folder());
	return keep(&access->pool, path, &config->ca_file, err);
}

/* One file of the kubeconfig, if it is there. */
static int add_file(struct kubeconfig_file *files, size_t *count, const char *path,
		    struct secret_pool *pool, struct err *err)
{
	struct err missing = ERR_INIT;

	if (*count == KUBECONFIG_FILES_MAX)
		return err_set(err, ERR_LIMIT, "KUBECONFIG names more than %d files",
			       KUBECONFIG_FILES_MAX);
	if (keys_read_file(path, pool, &files[*count].text, &missing) < 0) {
		if (missing.code == ERR_NOT_FOUND)
			return 0;
		*err = missing;
		return err_wrap(err, "kubeconfig");
	}
	files[(*count)++].path = path;
	return 0;
}

/* KUBECONFIG, parts between colons; else the usual file. */
static int read_files(struct kubeconfig_file *files, size_t *ret_count, struct secret_pool *pool,
		      struct err *err)
{
	const char *list = variable("KUBECONFIG"), *home = variable("HOME");
	char path[PATH_LEN_MAX];
	struct span kept;
	size_t len;

	if (!list) {
		(void)snprintf(path, sizeof(path), "%s/.kube/config", home ? home : "");
		return keep(pool, path, &kept, err) < 0
			       ? -1
			       : add_file(files, ret_count, (const char *)kept.data, pool, err);
	}
	for (; *list; list += len + (list[len] == ':')) {
		len = strcspn(list, ":");
		(void)snprintf(path, sizeof(path), "%.*s", (int)len, list);
		if (len && (keep(pool, path, &kept, err) < 0 ||
			    add_file(files, ret_count, (const char *)kept.data, pool, err) < 0))
			return -1;
	}
	return 0;
}

/* The files' texts go as soon as they are read. */
static int use_kubeconfig(struct cluster_access *access, const char *context, bool *ret_there,
			  struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct kubeconfig_file files[KUBECONFIG_FILES_MAX];
	size_t count = 0;

	if (read_files(files, &count, &pool, err) < 0)
		return -1;
	*ret_there = count > 0;
	return count ? kubeconfig_read(files, count, *context ? context : NULL, &access->pool,
				       &access->config, err)
		     : 0;
}

/* A credential may go to this server, and the URL is read as we read it. */
static int check_server(struct cluster_access *access, struct err *err)
{
	struct span server = access->config.server;
	struct url url;

	if (url_parse(server, &url, err) < 0 || (memchr(server.data, '?', server.len) &&
						 err_set(err, ERR_FORMAT, "it has a query") < 0))
		return err_wrap(err, "cluster '%s'", text_quote(server).text);
	access->plain = url.plain;
	if (url.plain && !url_loopback(&url))
		return err_set(err, ERR_POLICY, "cluster '%s' is not an https one",
			       text_quote(server).text);
	return 0;
}

static int read_pem(struct span data, struct span path, struct secret_pool *pool, struct span *ret,
		    struct err *err)
{
	*ret = data;
	if (!path.len)
		return 0;
	if (keys_read_file((const char *)path.data, pool, ret, err) < 0)
		return -1;
	return ret->len ? 0 : err_set(err, ERR_FORMAT, "'%s' is empty", text_quote(path).text);
}

static int find(struct cluster_access *access, const struct options *options, struct err *err)
{
	bool there = false;

	if (options->cluster && use_kubeconfig(access, options->cluster, &there, err) < 0)
		return -1;
	if (there)
		return 0;
	if (cluster_access_in_pod())
		return use_pod(access, err);
	(void)err_set(err, ERR_USAGE, "there is no kubeconfig in '%s'",
		      variable("KUBECONFIG") ? "KUBECONFIG" : "~/.kube/config");
	return err_hint(err, "--cluster reads the file that KUBECONFIG names, else ~/.kube/config");
}

static int make(struct cluster_access *access, const struct options *options, struct err *err)
{
	struct kubeconfig *config = &access->config;

	if (find(access, options, err) < 0 || check_server(access, err) < 0)
		return -1;
	if (read_pem(config->ca_pem, config->ca_file, &access->pool, &access->tls.ca_pem, err) < 0)
		return err_wrap(err, "certificate of the cluster");
	if (config->server_name.len)
		access->tls.server_name = (const char *)config->server_name.data;
	access->rotates = config->token_file.len || config->cert_file.len || config->key_file.len ||
			  config->exec.api_version;
	return 0;
}

int cluster_access_new(const struct options *options, struct cluster_access **ret, struct err *err)
{
	struct cluster_access *access = calloc(1, sizeof(*access));

	if (!access)
		return err_nomem(err);
	access->pool = (struct secret_pool)SECRET_POOL_INIT;
	access->fresh = (struct secret_pool)SECRET_POOL_INIT;
	if (make(access, options, err) < 0) {
		cluster_access_free(access);
		return -1;
	}
	*ret = access;
	return 0;
}

static int read_token(struct cluster_access *access, struct err *err)
{
	struct span path = access->config.token_file, token = access->config.token;

	if (path.len && keys_read_file((const char *)path.data, &access->fresh, &token, err) < 0)
		return err_wrap(err, "token for the cluster");
	while (token.len && strchr(" \t\r\n", token.data[token.len - 1]))
		token.len--;
	if (path.len && !token.len)
		return err_set(err, ERR_FORMAT, "token for the cluster: '%s' is empty",
			       text_quote(path).text);
	access->token = token;
	return 0;
}

static int run_plugin(struct cluster_access *access, const struct policy *policy, struct err *err)
{
	struct cluster_credential printed = {.token = SPAN_NULL};

	if (!policy->cluster_exec) {
		(void)err_set(err, ERR_POLICY,
			      "exec plugin '%s' of the kubeconfig: the policy's "
			      "'cluster.execPlugins' does not allow it",
			      text_quote(span_str(access->config.exec.words[0])).text);
		return err_hint(err, "'cluster: {execPlugins: true}' below 'spec' in " POLICY_PATH
				     ", or in the file that KRM_SOPS_POLICY names, would allow it");
	}
	if (cluster_exec(&access->config, access->tls.ca_pem, &access->fresh, &printed, err) < 0)
		return -1;
	access->token = printed.token;
	access->tls.cert_pem = printed.cert_pem;
	access->tls.key_pem = printed.key_pem;
	return 0;
}

int cluster_access_refresh(struct cluster_access *access, const struct policy *policy, bool again,
			   struct err *err)
{
	const struct kubeconfig *config = &access->config;
	bool plugin = config->exec.api_version && !config->token.len && !config->token_file.len &&
		      !config->cert_pem.len && !config->cert_file.len;

	if (access->plain || (access->read && (!access->rotates || (plugin && !again))))
		return 0;
	access->read = false;
	access->token = access->tls.cert_pem = access->tls.key_pem = SPAN_NULL;
	secret_pool_release(&access->fresh);
	if (plugin) {
		if (run_plugin(access, policy, err) < 0)
			return -1;
	} else if (read_token(access, err) < 0 ||
		   read_pem(config->cert_pem, config->cert_file, &access->fresh,
			    &access->tls.cert_pem, err) < 0 ||
		   read_pem(config->key_pem, config->key_file, &access->fresh, &access->tls.key_pem,
			    err) < 0) {
		return -1;
	}
	access->read = true;
	return 0;
}

void cluster_access_free(struct cluster_access *access)
{
	if (!access)
		return;
	secret_pool_release(&access->fresh);
	secret_pool_release(&access->pool);
	wipe_free(access, sizeof(*access));
}
