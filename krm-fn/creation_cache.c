/* SPDX-License-Identifier: Apache-2.0
 *
 * The creation rules of many files; see creation_cache.h.
 */
#include "creation_cache.h"

#include <stdlib.h>

static void entry_free(struct creation_entry *entry)
{
	creation_rules_release(&entry->rules);
	free(entry->path);
	free(entry);
}

/* What is wrong with a `.sops.yaml` is told of it, and does not end the run. */
static int keep_error(struct creation_entry *entry, const struct err *own, struct err *err)
{
	if (own->code == ERR_NOMEM) {
		*err = *own;
		return -1;
	}
	entry->broken = true;
	entry->err = *own;
	return 0;
}

/* The entry of the `.sops.yaml` at path, which is taken over. */
static int load(struct creation_cache *cache, char *path, struct creation_entry **ret_entry,
		struct err *err)
{
	struct creation_entry *entry;
	struct err own = ERR_INIT;

	for (entry = cache->entries; entry; entry = entry->next) {
		if (strcmp(entry->path, path) == 0) {
			free(path);
			*ret_entry = entry;
			return 0;
		}
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry) {
		free(path);
		return err_nomem(err);
	}
	entry->path = path;
	entry->rules = (struct creation_rules)CREATION_RULES_INIT;
	if (creation_rules_load(path, &entry->rules, &own) < 0 &&
	    keep_error(entry, &own, err) < 0) {
		entry_free(entry);
		return -1;
	}
	entry->rules.work = &cache->patterns;
	entry->next = cache->entries;
	cache->entries = entry;
	*ret_entry = entry;
	return 0;
}

static int find_entry(struct creation_cache *cache, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash && slash > path ? (size_t)(slash - path) : 1;
	char *config = NULL;

	if (cache->dir && strlen(cache->dir) == len && memcmp(cache->dir, path, len) == 0)
		return 0;
	free(cache->dir);
	cache->last = NULL;
	cache->dir = strndup(path, len);
	if (!cache->dir)
		return err_nomem(err);
	if (!cache->given) {
		if (creation_rules_find(cache->dir, &config, err) < 0)
			return -1;
	} else if (!(config = strdup(cache->given))) {
		return err_nomem(err);
	}
	return config ? load(cache, config, &cache->last, err) : 0;
}

int creation_cache_choose(struct creation_cache *cache, const char *path,
			  struct creation_entry **ret_entry, const struct creation_rule **ret_rule,
			  struct err *err)
{
	struct err own = ERR_INIT;

	*ret_rule = NULL;
	if (find_entry(cache, path, err) < 0)
		return -1;
	*ret_entry = cache->last;
	if (!cache->last || cache->last->broken)
		return 0;
	if (creation_rules_choose(&cache->last->rules, path, ret_rule, &own) == 0)
		return 0;
	*ret_rule = NULL;
	return keep_error(cache->last, &own, err);
}

void creation_cache_release(struct creation_cache *cache)
{
	struct creation_entry *entry, *next;

	if (!cache)
		return;
	for (entry = cache->entries; entry; entry = next) {
		next = entry->next;
		entry_free(entry);
	}
	free(cache->dir);
	cache->entries = cache->last = NULL;
	cache->dir = NULL;
}
