/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking a generator's config; see generate_plan.h.
 */
#include "generate_plan.h"

#include "generate.h"

#include "base/text.h"

#include <stdio.h>

static int bad(const char *field, const char *want, struct err *err)
{
	return err_set(err, ERR_USAGE, "functionConfig: '%s' must be %s", field, want);
}

static const char *prefix(const struct config *config)
{
	return config->source == CONFIG_OURS  ? "spec."
	       : config->source == CONFIG_MAP ? "data."
					      : "";
}

static size_t count_kids(const struct doc_node *list)
{
	const struct doc_node *kid;
	size_t n = 0;

	if (!list || list->kind != DOC_LIST)
		return 0;
	doc_each (kid, list)
		n += kid->kind != DOC_COMMENT;
	return n;
}

/* "path" or "key=path"; a manifest has a path only. */
static int take_apart(struct generate_plan *plan, struct generate_file *file, struct span text,
		      struct err *err)
{
	size_t equals = span_find(text, 0, '='), slash;
	struct span path = text;

	if (file->use == GENERATE_TEXT || file->use == GENERATE_BINARY) {
		if (equals < text.len) {
			path = span_from(text, equals + 1);
			file->key = span_sub(text, 0, equals);
			if (span_find(path, 0, '=') < path.len || !file->key.len)
				return bad(file->field, "PATH or KEY=PATH", err);
		} else {
			for (slash = text.len; slash > 0 && text.data[slash - 1] != '/';)
				slash--;
			file->key = span_from(text, slash);
		}
	}
	if (!path.len || span_find(path, 0, '\0') < path.len)
		return bad(file->field, "the path of a file", err);
	file->path = arena_str(&plan->arena, path, err);
	return file->path ? 0 : -1;
}

static int add_files(struct generate_plan *plan, const struct doc_node *list, enum generate_use use,
		     size_t secret, const char *field, struct err *err)
{
	const struct doc_node *kid;
	size_t index = 0;

	if (!list || list->kind == DOC_NULL)
		return 0;
	if (list->kind != DOC_LIST)
		return bad(field, "a list of paths", err);
	doc_each (kid, list) {
		struct generate_file *file = &plan->files[plan->file_count];

		if (kid->kind == DOC_COMMENT)
			continue;
		*file = (struct generate_file){.use = use, .secret = secret};
		(void)snprintf(file->field, sizeof(file->field), "%s[%zu]", field, index++);
		if (kid->kind != DOC_STRING)
			return bad(file->field, "a string", err);
		if (take_apart(plan, file, kid->str, err) < 0)
			return -1;
		plan->file_count++;
	}
	return 0;
}

static int check_strings(const struct doc_node *map, const char *field, struct err *err)
{
	const struct doc_node *kid;

	if (!map || map->kind == DOC_NULL)
		return 0;
	if (map->kind != DOC_MAP)
		return bad(field, "a map of strings", err);
	doc_each (kid, map) {
		if (kid->kind != DOC_COMMENT && kid->kind != DOC_STRING)
			return bad(field, "a map of strings", err);
	}
	return 0;
}

static int check_metadata(const struct config *config, struct generate_secret *secret,
			  const struct doc_node *entry, const char *field, struct err *err)
{
	const struct doc_node *metadata = config_field(config, entry, "metadata"), *kid;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s.metadata.name", field);
	if (!doc_get_str(metadata, "name").len)
		return bad(path, "the name of the Secret", err);
	(void)snprintf(path, sizeof(path), "%s.metadata.namespace", field);
	kid = doc_get(metadata, "namespace");
	if (kid && kid->kind != DOC_STRING && kid->kind != DOC_NULL)
		return bad(path, "a string", err);
	(void)snprintf(path, sizeof(path), "%s.metadata.labels", field);
	if (check_strings(doc_get(metadata, "labels"), path, err) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s.metadata.annotations", field);
	if (check_strings(doc_get(metadata, "annotations"), path, err) < 0)
		return -1;
	secret->metadata = metadata;
	return 0;
}

static int refuse_unknown(const struct doc_node *entry, const char *field, struct err *err)
{
	static const char *const known[] = {"metadata", "type", "files", "binaryFiles", "envs"};
	const struct doc_node *kid;
	size_t i;

	doc_each (kid, entry) {
		for (i = 0; i < ARRAY_LEN(known) && !span_is(kid->key, known[i]);)
			i++;
		if (kid->kind != DOC_COMMENT && i == ARRAY_LEN(known))
			return err_set(err, ERR_USAGE, "functionConfig: unknown field '%s.%s'",
				       field, text_quote(kid->key).text);
	}
	return 0;
}

static int add_secret(const struct config *config, struct generate_plan *plan,
		      const struct doc_node *entry, const char *field, struct err *err)
{
	static const struct {
		const char *name;
		enum generate_use use;
	} lists[] = {
		{"files", GENERATE_TEXT},
		{"binaryFiles", GENERATE_BINARY},
		{"envs", GENERATE_ENVS},
	};
	struct generate_secret *secret = &plan->secrets[plan->secret_count];
	const struct doc_node *type;
	char path[48];
	size_t i;

	if (entry->kind != DOC_MAP)
		return bad(field, "a map", err);
	if (config->source == CONFIG_OURS && refuse_unknown(entry, field, err) < 0)
		return -1;
	if (check_metadata(config, secret, entry, field, err) < 0)
		return -1;
	type = config_field(config, entry, "type");
	(void)snprintf(path, sizeof(path), "%s.type", field);
	if (type && type->kind != DOC_NULL && type->kind != DOC_STRING)
		return bad(path, "a string", err);
	secret->type = type && type->kind == DOC_STRING ? type->str : SPAN_NULL;
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		(void)snprintf(path, sizeof(path), "%s.%s", field, lists[i].name);
		if (add_files(plan, config_field(config, entry, lists[i].name), lists[i].use,
			      plan->secret_count, path, err) < 0)
			return -1;
	}
	plan->secret_count++;
	return 0;
}

/* Room for all, counted first. */
static int reserve(const struct config *config, struct generate_plan *plan, struct err *err)
{
	size_t files = count_kids(config->files), secrets = count_kids(config->secret_from);
	const struct doc_node *entry;

	if (config->secret_from) {
		doc_each (entry, config->secret_from) {
			if (entry->kind == DOC_MAP)
				files += count_kids(config_field(config, entry, "files")) +
					 count_kids(config_field(config, entry, "binaryFiles")) +
					 count_kids(config_field(config, entry, "envs"));
		}
	}
	if (files > GENERATE_FILES_MAX || secrets > GENERATE_FILES_MAX)
		return err_set(err, ERR_LIMIT, "functionConfig: more than %d files",
			       GENERATE_FILES_MAX);
	/* One more: the element that is filled before it is known to be good. */
	plan->files = arena_alloc(&plan->arena, (files + 1) * sizeof(*plan->files), err);
	if (!plan->files)
		return -1;
	plan->secrets = arena_alloc(&plan->arena, (secrets + 1) * sizeof(*plan->secrets), err);
	return plan->secrets ? 0 : -1;
}

int generate_plan(const struct config *config, struct generate_plan *ret_plan, struct err *err)
{
	struct generate_plan *plan = ret_plan;
	const struct doc_node *entry;
	char field[32];
	size_t index = 0;

	if (reserve(config, plan, err) < 0)
		return -1;
	(void)snprintf(field, sizeof(field), "%sfiles", prefix(config));
	if (add_files(plan, config->files, GENERATE_MANIFEST, SIZE_MAX, field, err) < 0)
		return -1;
	if (!config->secret_from)
		return 0;
	doc_each (entry, config->secret_from) {
		if (entry->kind == DOC_COMMENT)
			continue;
		(void)snprintf(field, sizeof(field), "%ssecretFrom[%zu]", prefix(config), index++);
		if (add_secret(config, plan, entry, field, err) < 0)
			return -1;
	}
	return 0;
}

void generate_plan_release(struct generate_plan *plan)
{
	arena_release(&plan->arena);
	plan->files = NULL;
	plan->secrets = NULL;
	plan->file_count = plan->secret_count = 0;
}
