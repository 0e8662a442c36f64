/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds context, cluster and user in the files and reads what they say; see kubeconfig.h.
 */
#include "kubeconfig_field.h"

#include "conf.h"

#include "base/text.h"

#include <stdlib.h>

struct reader {
	const struct kubeconfig_file *files;
	struct doc *docs; /* one for each file */
	size_t count;
	struct secret_pool *pool;
};

static void docs_release(struct reader *reader)
{
	size_t i;

	for (i = 0; reader->docs && i < reader->count; i++)
		doc_release(&reader->docs[i]);
	free(reader->docs);
}

static const struct doc_node *top(const struct reader *reader, size_t i)
{
	const struct doc_node *map = reader->docs[i].first;

	return map && map->kind == DOC_MAP ? map : NULL;
}

static int read_files(struct reader *reader, struct err *err)
{
	size_t i;

	reader->docs = calloc(reader->count + 1, sizeof(*reader->docs));
	if (!reader->docs)
		return err_nomem(err);
	for (i = 0; i < reader->count; i++)
		reader->docs[i] = (struct doc)DOC_INIT;
	for (i = 0; i < reader->count; i++) {
		const struct doc_node *map;

		if (doc_read(DOC_YAML, reader->files[i].text, &reader->docs[i], err) < 0)
			return kubeconfig_in_file(&reader->files[i], err);
		map = reader->docs[i].first;
		if (map && map->kind != DOC_MAP && map->kind != DOC_NULL) {
			(void)err_set(err, ERR_FORMAT, "line %u: not a map", map->line);
			return kubeconfig_in_file(&reader->files[i], err);
		}
	}
	return 0;
}

/* The entry called `name` of the list, in the first file that has it: its map under `inner`. */
static int find(const struct reader *reader, const char *list_key, const char *inner,
		struct span name, struct kubeconfig_entry *ret, struct err *err)
{
	const struct doc_node *list, *one, *hit = NULL;
	struct span called;
	size_t i;

	for (i = 0; i < reader->count && !hit; i++) {
		ret->file = &reader->files[i];
		if (!top(reader, i))
			continue;
		if (conf_list(top(reader, i), list_key, &list, err) < 0)
			return kubeconfig_in_file(ret->file, err);
		for (one = list ? list->kids.first : NULL; one; one = one->next) {
			if (one->kind != DOC_MAP)
				continue;
			if (conf_text(one, "name", &called, err) < 0)
				return kubeconfig_in_file(ret->file, err);
			if (!span_eq(called, name))
				continue;
			if (hit) {
				(void)err_set(err, ERR_FORMAT, "line %u: '%s' has two called '%s'",
					      one->line, list_key, text_quote(name).text);
				return kubeconfig_in_file(ret->file, err);
			}
			hit = one;
		}
	}
	if (!hit)
		return err_set(err, ERR_USAGE, "kubeconfig: there is no %s '%s'", inner,
			       text_quote(name).text);
	ret->map = conf_get(hit, inner);
	if (ret->map && ret->map->kind != DOC_MAP) {
		(void)err_set(err, ERR_FORMAT, "line %u: '%s' is not a map", ret->map->line, inner);
		return kubeconfig_in_file(ret->file, err);
	}
	return 0;
}

static int current(const struct reader *reader, struct span *ret_name, struct err *err)
{
	size_t i;

	for (i = 0; i < reader->count; i++) {
		struct kubeconfig_entry whole = {top(reader, i), &reader->files[i]};

		if (kubeconfig_field(reader->pool, &whole, "current-context", ret_name, err) < 0)
			return -1;
		if (ret_name->len)
			return 0;
	}
	(void)err_set(err, ERR_USAGE, "kubeconfig: there is no current context");
	return err_hint(err, "name one: --cluster=CONTEXT");
}

/* What would change who we are or whom we talk to, and what we do not do. */
static int refuse_fields(const struct kubeconfig_entry *from, const char *const *keys,
			 const char *what, struct err *err)
{
	for (; from->map && *keys; keys++) {
		const struct doc_node *node = conf_get(from->map, *keys);

		if (!node || (node->kind == DOC_STRING && !node->str.len))
			continue;
		(void)err_set(err, ERR_UNSUPPORTED, "line %u: '%s' is not supported: %s",
			      node->line, *keys, what);
		return kubeconfig_in_file(from->file, err);
	}
	return 0;
}

static int read_cluster(const struct reader *reader, const struct kubeconfig_entry *from,
			struct kubeconfig *ret, struct err *err)
{
	static const char *const proxy[] = {"proxy-url", NULL};
	bool insecure = false;

	if (from->map && conf_bool(from->map, "insecure-skip-tls-verify", &insecure, err) < 0)
		return kubeconfig_in_file(from->file, err);
	if (insecure) {
		(void)err_set(err, ERR_POLICY,
			      "'insecure-skip-tls-verify' would hand the key to whoever answers");
		(void)err_hint(err, "give the cluster's certificate-authority in its place");
		return kubeconfig_in_file(from->file, err);
	}
	if (refuse_fields(from, proxy, "HTTPS_PROXY and NO_PROXY name proxies", err) < 0 ||
	    kubeconfig_field(reader->pool, from, "server", &ret->server, err) < 0 ||
	    kubeconfig_field(reader->pool, from, "tls-server-name", &ret->server_name, err) < 0 ||
	    kubeconfig_data(reader->pool, from, "certificate-authority", &ret->ca_pem,
			    &ret->ca_file, err) < 0)
		return -1;
	while (ret->server.len && ret->server.data[ret->server.len - 1] == '/')
		ret->server.len--;
	if (!ret->server.len) {
		(void)err_set(err, ERR_FORMAT, "the cluster has no 'server'");
		return kubeconfig_in_file(from->file, err);
	}
	return 0;
}

static int read_user(const struct reader *reader, const struct kubeconfig_entry *from,
		     struct kubeconfig *ret, struct err *err)
{
	static const char *const providers[] = {"auth-provider", NULL};
	static const char *const passwords[] = {"username", "password", NULL};
	static const char *const others[] = {"as", "as-uid", "as-groups", "as-user-extra", NULL};
	struct kubeconfig_entry exec = *from;

	if (refuse_fields(from, providers, "kubectl has dropped it; use an exec plugin", err) < 0 ||
	    refuse_fields(from, passwords, "the API server has dropped it", err) < 0 ||
	    refuse_fields(from, others, "name a user who may read the Secret himself", err) < 0 ||
	    kubeconfig_data(reader->pool, from, "client-certificate", &ret->cert_pem,
			    &ret->cert_file, err) < 0 ||
	    kubeconfig_data(reader->pool, from, "client-key", &ret->key_pem, &ret->key_file, err) <
		    0 ||
	    kubeconfig_field(reader->pool, from, "token", &ret->token, err) < 0 ||
	    kubeconfig_path(reader->pool, from, "tokenFile", &ret->token_file, err) < 0)
		return -1;
	if (ret->token_file.len)
		ret->token = SPAN_NULL;
	if ((ret->cert_pem.len || ret->cert_file.len) != (ret->key_pem.len || ret->key_file.len)) {
		(void)err_set(
			err, ERR_FORMAT,
			"the user has one of client-certificate and client-key, but not both");
		return kubeconfig_in_file(from->file, err);
	}
	exec.map = from->map ? conf_get(from->map, "exec") : NULL;
	if (exec.map && exec.map->kind != DOC_MAP) {
		(void)err_set(err, ERR_FORMAT, "line %u: 'exec' is not a map", exec.map->line);
		return kubeconfig_in_file(from->file, err);
	}
	return exec.map ? kubeconfig_exec_read(reader->pool, &exec, &ret->exec, err) : 0;
}

static int read_context(const struct reader *reader, struct kubeconfig *ret, struct err *err)
{
	struct kubeconfig_entry context, cluster, user = {NULL, NULL};
	struct span cluster_name, user_name;

	if (find(reader, "contexts", "context", ret->context, &context, err) < 0 ||
	    kubeconfig_field(reader->pool, &context, "cluster", &cluster_name, err) < 0 ||
	    kubeconfig_field(reader->pool, &context, "user", &user_name, err) < 0 ||
	    find(reader, "clusters", "cluster", cluster_name, &cluster, err) < 0 ||
	    read_cluster(reader, &cluster, ret, err) < 0)
		return -1;
	if (!user_name.len)
		return 0;
	if (find(reader, "users", "user", user_name, &user, err) < 0)
		return -1;
	return read_user(reader, &user, ret, err);
}

int kubeconfig_read(const struct kubeconfig_file *files, size_t count, const char *context,
		    struct secret_pool *pool, struct kubeconfig *ret, struct err *err)
{
	CLEANUP(docs_release)
	struct reader reader = {.files = files, .count = count, .pool = pool};
	struct kubeconfig config = {.context = SPAN_NULL};

	if (read_files(&reader, err) < 0)
		return -1;
	if (context ? kubeconfig_keep(pool, span_str(context), &config.context, err) < 0
		    : current(&reader, &config.context, err) < 0)
		return -1;
	if (read_context(&reader, &config, err) < 0)
		return -1;
	*ret = config;
	return 0;
}
