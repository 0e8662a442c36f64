/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking generators' configs; see generate_plan.h.
 */
#include "generate_plan.h"

#include "generate.h"
#include "generate_parts.h"
#include "go_text.h"

#include "base/text.h"

#include <stdio.h>

enum {
	FIELD_MAX = 96, /* bytes of a field's path: names are ours */
};

int generate_bad(const char *field, const char *want, struct err *err)
{
	return err_set(err, ERR_USAGE, "functionConfig: '%s' must be %s", field, want);
}

struct field_text {
	char text[FIELD_MAX];
};

/* The path of a field below another one. */
static struct field_text below(const char *up, const char *name)
{
	struct field_text field;

	if (snprintf(field.text, sizeof(field.text), "%s%s", up, name) < 0)
		field.text[0] = '\0';
	return field;
}

static struct field_text element(const char *up, size_t index)
{
	struct field_text field;

	if (snprintf(field.text, sizeof(field.text), "%s[%zu]", up, index) < 0)
		field.text[0] = '\0';
	return field;
}

static const char *prefix(const struct config *config)
{
	return config->source == CONFIG_OURS  ? "spec."
	       : config->source == CONFIG_MAP ? "data."
					      : "";
}

/* Room for one more element behind the count that are there: the array, which may have moved, or NULL. */
static void *grow(struct arena *arena, void *old, size_t size, size_t count, size_t *cap,
		  struct err *err)
{
	if (count == GENERATE_FILES_MAX) {
		(void)err_set(err, ERR_LIMIT, "functionConfig: more than %d files",
			      GENERATE_FILES_MAX);
		return NULL;
	}
	return arena_grow(arena, old, count, cap, size, err);
}

int generate_text(const struct generate_adder *add, const struct doc_node *node, const char *field,
		  struct span *ret, struct err *err)
{
	const struct config *config = add->config;
	int is_text;

	*ret = SPAN_NULL;
	if (!node)
		return 0;
	if (config->source == CONFIG_KSOPS)
		is_text = go_json_text(node, config->text, &add->plan->arena, ret, err);
	else if (config->source == CONFIG_GOABOUT)
		is_text = go_yaml_text(node, config->text, &add->plan->arena, ret, err);
	else
		is_text = node->kind == DOC_STRING || node->kind == DOC_NULL;
	if (is_text < 0)
		return -1;
	if (!is_text)
		return generate_bad(field, "a string", err);
	if (node->kind == DOC_STRING && !ret->data)
		*ret = node->str;
	return 0;
}

/* A message's words in the plan's memory. */
static int keep(const struct generate_adder *add, const char *text, const char **ret,
		struct err *err)
{
	*ret = arena_str(&add->plan->arena, span_str(text), err);
	return *ret ? 0 : -1;
}

/* "path" or "key=path"; a manifest and an environment have a path only. */
static int take_apart(const struct generate_adder *add, struct generate_file *file,
		      struct span text, struct err *err)
{
	size_t equals = span_find(text, 0, '='), slash;
	struct span path = text;

	if (file->use == GENERATE_TEXT || file->use == GENERATE_BINARY) {
		if (equals < text.len) {
			path = span_from(text, equals + 1);
			file->key = span_sub(text, 0, equals);
			if (span_find(path, 0, '=') < path.len) {
				(void)generate_bad(file->field, "PATH or KEY=PATH", err);
				return err_wrap(err, "invalid format in file generator %s",
						text_quote(text).text);
			}
			/* Differs: KSOPS makes a value without a name. */
			if (!file->key.len)
				return generate_bad(file->field, "PATH or KEY=PATH", err);
		} else {
			for (slash = text.len; slash > 0 && text.data[slash - 1] != '/';)
				slash--;
			file->key = span_from(text, slash);
		}
	}
	if (!path.len || span_find(path, 0, '\0') < path.len)
		return generate_bad(file->field, "the path of a file", err);
	file->path = arena_str(&add->plan->arena, path, err);
	return file->path ? 0 : -1;
}

/* How messages call the file: ours name the field, those for the configs of others say what the programs that these are for say. */
static int name_file(const struct generate_adder *add, struct generate_file *file, const char *what,
		     struct err *err)
{
	const struct quoted path = text_quote(span_str(file->path));
	char text[sizeof(path.text) + FIELD_MAX];

	file->label = file->parse = file->path;
	if (add->config->source != CONFIG_KSOPS && add->config->source != CONFIG_GOABOUT)
		return 0;
	if (add->config->source == CONFIG_GOABOUT)
		(void)snprintf(text, sizeof(text), "%s \"%s\"", what, path.text);
	else
		(void)snprintf(text, sizeof(text), "error decrypting file \"%s\" from %s",
			       path.text, what);
	if (keep(add, text, &file->field, err) < 0)
		return -1;
	file->label = file->parse = file->field;
	if (file->use != GENERATE_ENVS)
		return 0;
	(void)snprintf(text, sizeof(text), "error unmarshalling .env file \"%s\"", path.text);
	return keep(add, text, &file->parse, err);
}

static int add_file(const struct generate_adder *add, const struct doc_node *node,
		    struct generate_file file, const char *what, struct err *err)
{
	struct generate_plan *plan = add->plan;
	struct span text = SPAN_NULL;
	void *files = grow(&plan->arena, plan->files, sizeof(*plan->files), plan->file_count,
			   &plan->file_cap, err);

	if (!files)
		return -1;
	plan->files = files;
	if (node->kind == DOC_NULL && add->config->source != CONFIG_KSOPS &&
	    add->config->source != CONFIG_GOABOUT)
		return generate_bad(file.field, "a string", err);
	if (generate_text(add, node, file.field, &text, err) < 0 ||
	    take_apart(add, &file, text, err) < 0 || name_file(add, &file, what, err) < 0)
		return -1;
	plan->files[plan->file_count++] = file;
	return 0;
}

int generate_add_files(const struct generate_adder *add, const struct doc_node *list,
		       enum generate_use use, size_t secret, const char *field, const char *what,
		       struct err *err)
{
	struct generate_file file = {.use = use, .secret = secret};
	const struct doc_node *kid;
	size_t index = 0;

	if (!list || list->kind == DOC_NULL)
		return 0;
	if (list->kind != DOC_LIST)
		return generate_bad(field, "a list of paths", err);
	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (keep(add, element(field, index++).text, &file.field, err) < 0 ||
		    add_file(add, kid, file, what, err) < 0)
			return -1;
	}
	return 0;
}

struct generate_secret *generate_add_secret(const struct generate_adder *add, struct err *err)
{
	struct generate_plan *plan = add->plan;
	void *secrets = grow(&plan->arena, plan->secrets, sizeof(*plan->secrets),
			     plan->secret_count, &plan->secret_cap, err);

	if (!secrets)
		return NULL;
	plan->secrets = secrets;
	plan->secrets[plan->secret_count] = (struct generate_secret){.data_always = false};
	return &plan->secrets[plan->secret_count++];
}

/* A field that is a map. Differs: KSOPS merges what `metadata` and `Metadata` of one config say. */
static int map_field(const struct generate_adder *add, const struct doc_node *map, const char *name,
		     const char *field, const struct doc_node **ret, struct err *err)
{
	if (add->config->source == CONFIG_KSOPS && go_json_is_twice(map, name))
		return generate_bad(field, "written once", err);
	*ret = config_field(add->config, map, name);
	return 0;
}

static int read_pairs(const struct generate_adder *add, const struct doc_node *map,
		      const char *field, struct generate_pairs *ret, struct err *err)
{
	const struct doc_node *kid;
	size_t n = 0;

	if (!map || map->kind == DOC_NULL)
		return 0;
	if (map->kind != DOC_MAP)
		return generate_bad(field, "a map of strings", err);
	doc_each (kid, map)
		n++;
	ret->at = arena_alloc(&add->plan->arena, (n + 1) * sizeof(*ret->at), err);
	if (!ret->at)
		return -1;
	doc_each (kid, map) {
		struct generate_pair *pair = &ret->at[ret->count];

		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind == DOC_NULL && add->config->source != CONFIG_KSOPS &&
		    add->config->source != CONFIG_GOABOUT)
			return generate_bad(field, "a map of strings", err);
		if (generate_text(add, kid, field, &pair->value, err) < 0)
			return err->code == ERR_USAGE ? generate_bad(field, "a map of strings", err)
						      : -1;
		pair->key = add->config->source == CONFIG_KSOPS
				    ? go_json_key(kid, add->config->text)
				    : kid->key;
		ret->count++;
	}
	return 0;
}

int generate_metadata(const struct generate_adder *add, const struct doc_node *metadata,
		      const char *field, struct generate_secret *secret, struct err *err)
{
	const struct config *config = add->config;
	const struct doc_node *labels = NULL, *annotations = NULL;

	if (metadata && metadata->kind != DOC_MAP && metadata->kind != DOC_NULL)
		return generate_bad(field, "a map", err);
	if (generate_text(add, config_field(config, metadata, "name"), below(field, ".name").text,
			  &secret->name, err) < 0)
		return -1;
	/* Differs: KSOPS leaves it to kustomize to miss the name. */
	if (!secret->name.len)
		return generate_bad(below(field, ".name").text, "the name of the Secret", err);
	if (generate_text(add, config_field(config, metadata, "namespace"),
			  below(field, ".namespace").text, &secret->ns, err) < 0 ||
	    map_field(add, metadata, "labels", below(field, ".labels").text, &labels, err) < 0 ||
	    map_field(add, metadata, "annotations", below(field, ".annotations").text, &annotations,
		      err) < 0 ||
	    read_pairs(add, labels, below(field, ".labels").text, &secret->labels, err) < 0)
		return -1;
	return read_pairs(add, annotations, below(field, ".annotations").text, &secret->annotations,
			  err);
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

static int add_secret(const struct generate_adder *add, const struct doc_node *entry,
		      const char *field, struct err *err)
{
	static const struct {
		const char *name, *what;
		enum generate_use use;
	} lists[] = {
		{"files", "secretFrom.Files", GENERATE_TEXT},
		{"binaryFiles", "secretFrom.BinaryFiles", GENERATE_BINARY},
		{"envs", "secretFrom.Envs", GENERATE_ENVS},
	};
	const struct config *config = add->config;
	const struct doc_node *metadata = NULL;
	struct generate_secret *secret;
	size_t i;

	if (entry->kind != DOC_MAP)
		return generate_bad(field, "a map", err);
	if (config->source == CONFIG_OURS && refuse_unknown(entry, field, err) < 0)
		return -1;
	secret = generate_add_secret(add, err);
	if (!secret)
		return -1;
	if (map_field(add, entry, "metadata", below(field, ".metadata").text, &metadata, err) < 0 ||
	    generate_metadata(add, metadata, below(field, ".metadata").text, secret, err) < 0 ||
	    generate_text(add, config_field(config, entry, "type"), below(field, ".type").text,
			  &secret->type, err) < 0)
		return -1;
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		if (generate_add_files(add, config_field(config, entry, lists[i].name),
				       lists[i].use, add->plan->secret_count - 1,
				       below(below(field, ".").text, lists[i].name).text,
				       lists[i].what, err) < 0)
			return -1;
	}
	return 0;
}

int generate_plan_add(struct generate_plan *plan, const struct config *config, struct err *err)
{
	const struct generate_adder add = {.plan = plan, .config = config};
	const struct doc_node *entry;
	size_t index = 0;

	if (config->source == CONFIG_KSOPS || config->source == CONFIG_GOABOUT)
		plan->sorted = true;
	if (config->source == CONFIG_GOABOUT)
		return generate_goabout(&add, err);
	if (generate_add_files(&add, config->files, GENERATE_MANIFEST, SIZE_MAX,
			       below(prefix(config), "files").text, "manifest.Files", err) < 0)
		return -1;
	if (!config->secret_from)
		return 0;
	doc_each (entry, config->secret_from) {
		if (entry->kind == DOC_COMMENT)
			continue;
		if (add_secret(&add, entry,
			       element(below(prefix(config), "secretFrom").text, index++).text,
			       err) < 0)
			return -1;
	}
	return 0;
}

void generate_plan_release(struct generate_plan *plan)
{
	arena_release(&plan->arena);
	plan->files = NULL;
	plan->secrets = NULL;
	plan->file_count = plan->file_cap = 0;
	plan->secret_count = plan->secret_cap = 0;
}
