/* SPDX-License-Identifier: Apache-2.0
 *
 * The ConfigMap of Vault instances; see vault_config.h. kustomize-controller: internal/decryptor/decryptor.go (loadVaultLoginPaths)
 */
#include "vault_config.h"

#include "conf_shape.h"
#include "keys_lookup.h"

#include "base/text.h"
#include "keys/kube_name.h"
#include "keys/vault_address.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#define FILE_NAME "config.yaml"

/* What is looked for, and where it was not. */
struct search {
	struct vault_config *config;
	struct span ns, name;
	bool found;
};

static int take(struct search *search, const struct doc_node *object, struct err *err)
{
	struct span text = doc_get_str(doc_get(object, "data"), FILE_NAME);

	search->found = true;
	if (!text.data)
		return err_set(err, ERR_FORMAT, "it has no '" FILE_NAME "'");
	buf_add_span(&search->config->text, text);
	return buf_check(&search->config->text, err);
}

static int look_in_folder(struct search *search, const char *folder, struct err *err)
{
	struct err missing = ERR_INIT;
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s/" FILE_NAME, folder, search->config->called);

	if (len < 0 || (size_t)len >= sizeof(path))
		return err_set(err, ERR_LIMIT, "the path in '%s' is too long",
			       text_quote(span_str(folder)).text);
	if (keys_lookup_read(AT_FDCWD, path, &search->config->text, &missing) == 0) {
		search->found = true;
		return 0;
	}
	if (missing.code == ERR_NOT_FOUND)
		return 0;
	*err = missing;
	return -1;
}

static int look_at(struct search *search, const struct doc_node *item, struct err *err)
{
	if (search->found || !item_is(item, "", "ConfigMap") ||
	    !span_eq(item_name(item), search->name) || !span_eq(item_namespace(item), search->ns))
		return 0;
	return take(search, item, err);
}

static int look_in_manifest(struct search *search, const char *path, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)VAULT_CONFIG_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *object, *items, *item;

	if (keys_lookup_read(AT_FDCWD, path, &text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(&text), &doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	for (object = doc.first; object; object = object->next) {
		items = item_list(object);
		if (!items && look_at(search, object, err) < 0)
			return -1;
		if (!items)
			continue;
		doc_each (item, items) {
			if (look_at(search, item, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int look_in_cluster(struct search *search, struct cluster *cluster, struct err *err)
{
	CLEAN_CLUSTER_OBJECT struct cluster_object object = CLUSTER_OBJECT_INIT;
	char ns[KUBE_NAME_MAX + 1];
	bool found = false;

	/* The operator has named it, so it is of a namespace that may be used. */
	(void)snprintf(ns, sizeof(ns), "%.*s", (int)search->ns.len, (const char *)search->ns.data);
	if (cluster_get(cluster, &cluster_config_map, ns, search->ns, search->name, &object, &found,
			err) < 0)
		return -1;
	return found ? take(search, cluster_tree(&object), err) : 0;
}

static int look(struct search *search, const struct options *options, struct cluster *cluster,
		struct err *err)
{
	size_t i;

	if (options->keys && look_in_folder(search, options->keys, err) < 0)
		return -1;
	for (i = 0; i < options->key_secret_count && !search->found; i++) {
		if (look_in_manifest(search, options->key_secrets[i], err) < 0)
			return -1;
	}
	if (!search->found && cluster && look_in_cluster(search, cluster, err) < 0)
		return -1;
	if (search->found)
		return 0;
	(void)err_set(err, cluster ? ERR_UNREACHABLE : ERR_NO_KEY, "not found");
	return err_hint(err, "it is looked for in --keys DIR (NAMESPACE/NAME/" FILE_NAME
			     "), --key-secret FILE and with --cluster");
}

static const struct conf_field instance_fields[] = {
	{"address", CONF_TEXT, NULL},
	{"loginPath", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field fields[] = {
	{"instances", CONF_MAP_LIST, instance_fields},
	{NULL, CONF_ANY, NULL},
};

static int parse(struct vault_config *config, struct err *err)
{
	static const struct doc_node none = {.kind = DOC_LIST};

	if (doc_read(DOC_YAML, buf_span(&config->text), &config->doc, err) < 0 ||
	    (config->doc.first && conf_check(config->doc.first, fields, err) < 0))
		return err_wrap(err, "'" FILE_NAME "'");
	config->instances = doc_get(config->doc.first, "instances");
	if (!config->instances || config->instances->kind != DOC_LIST)
		config->instances = &none;
	return 0;
}

int vault_config_load(const struct options *options, struct cluster *cluster,
		      struct vault_config *ret_config, struct err *err)
{
	struct span named = span_str(options->vault_config_map);
	size_t slash = span_find(named, 0, '/');
	struct search search = {.config = ret_config, .ns = span_sub(named, 0, slash)};
	struct err *why = &ret_config->why;

	search.name = slash < named.len ? span_from(named, slash + 1) : SPAN_NULL;
	if (!kube_name_valid(search.ns) || !kube_name_valid(search.name))
		return err_set(err, ERR_USAGE, "'--vault-configmap' is not NAMESPACE/NAME");
	(void)snprintf(ret_config->called, sizeof(ret_config->called), "%s",
		       options->vault_config_map);
	if (look(&search, options, cluster, why) == 0 && parse(ret_config, why) == 0)
		return 0;
	(void)err_wrap(why, "Vault ConfigMap '%s'", ret_config->called);
	if (why->code != ERR_NOMEM)
		return 0;
	*err = *why;
	return -1;
}

int vault_config_path(const struct vault_config *config, struct span address, struct span *ret_path,
		      struct err *err)
{
	const struct doc_node *kid;

	*ret_path = SPAN_NULL;
	if (!config->instances) {
		*err = config->why;
		return -1;
	}
	/* Of two with one address the last counts, as in Flux. */
	doc_each (kid, config->instances) {
		if (kid->kind == DOC_MAP && span_eq(vault_address_trim(doc_get_str(kid, "address")),
						    vault_address_trim(address)))
			*ret_path = doc_get_str(kid, "loginPath");
	}
	return 0;
}

void vault_config_release(struct vault_config *config)
{
	doc_release(&config->doc);
	buf_release(&config->text);
	config->instances = NULL;
}
