/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout settings of .sops.yaml; see stores_config.h.
 */
#include "stores_config.h"

#include "base/text.h"
#include "command.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LEVELS_MAX = 100,    /* folders looked at, as in sops: config/config.go (maxDepth) */
	YAML_INDENT_MIN = 2, /* go-yaml's emitter takes 2 for anything else */
	YAML_INDENT_MAX = 9,
	JSON_INDENT_MAX =
		1000,  /* blanks a level; nobody wants more, and depth times this must stay small */
	JSON_TAB = -1, /* sops's number for one TAB a level */
};

#define CONFIG_NAME ".sops.yaml"

/* sops: stores/yaml/store.go (getIndentation), go-yaml: emitterc.go */
static int set_yaml(int64_t indent, struct doc_style *style, struct err *err)
{
	if (indent < 0)
		return err_set(err, ERR_USAGE, "a yaml indent can not be negative");
	if (indent == 0)
		style->yaml_indent = 0;
	else if (indent < YAML_INDENT_MIN || indent > YAML_INDENT_MAX)
		style->yaml_indent = YAML_INDENT_MIN;
	else
		style->yaml_indent = (int)indent;
	return 0;
}

/* sops: stores/json/store.go (reindentJSON); doc_style has 0 for the TAB and -1 for no blanks */
static int set_json(int64_t indent, struct doc_style *style, struct err *err)
{
	if (indent < JSON_TAB || indent > JSON_INDENT_MAX)
		return err_set(err, ERR_USAGE, "a json indent is -1 (one TAB) to %d",
			       JSON_INDENT_MAX);
	if (indent == JSON_TAB)
		style->json_indent = 0;
	else
		style->json_indent = indent == 0 ? -1 : (int)indent;
	return 0;
}

int stores_config_indent(int64_t indent, struct doc_style *style, struct err *err)
{
	/* Differs: sops fails only if it then prints YAML. */
	return set_yaml(indent, style, err) < 0 ? -1 : set_json(indent, style, err);
}

/* Folders from the working directory up to the root. */
static size_t count_levels(void)
{
	char cwd[PATH_MAX];
	size_t levels = 1, i;

	if (!getcwd(cwd, sizeof(cwd)))
		return LEVELS_MAX;
	for (i = 0; cwd[i] && cwd[1]; i++)
		levels += cwd[i] == '/';
	return levels < LEVELS_MAX ? levels : LEVELS_MAX;
}

/* The `.sops.yaml` nearest to the working directory, by going up with "..", as sops does. false where there is none. */
static bool find(char path[static PATH_MAX])
{
	size_t at = 0, level, levels = count_levels();
	struct stat st;

	for (level = 0; level < levels; level++) {
		memcpy(path + at, CONFIG_NAME, sizeof(CONFIG_NAME));
		if (stat(path, &st) == 0)
			return true;
		memcpy(path + at, "../", 3);
		at += 3;
	}
	return false;
}

static int read_indent(const struct doc_node *stores, const char *store, int64_t *ret_indent,
		       struct err *err)
{
	const struct doc_node *entry = doc_get(stores, store);
	const struct doc_node *indent = doc_get(entry, "indent");

	if (!entry || entry->kind == DOC_NULL || (entry->kind == DOC_MAP && !indent))
		return 0;
	if (entry->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "stores.%s is not a mapping", store);
	if (indent->kind == DOC_NULL)
		return 0;
	if (indent->kind != DOC_INT)
		return err_set(err, ERR_FORMAT, "stores.%s.indent is not a number", store);
	*ret_indent = indent->integer;
	return 0;
}

static int apply(const struct doc *config, struct doc_style *style, struct err *err)
{
	const struct doc_node *stores = config->first ? doc_get(config->first, "stores") : NULL;
	int64_t yaml = 0, json = JSON_TAB;

	if (!stores || stores->kind == DOC_NULL)
		return 0;
	if (stores->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "stores is not a mapping");
	if (read_indent(stores, "yaml", &yaml, err) < 0 ||
	    read_indent(stores, "json", &json, err) < 0)
		return -1;
	return set_yaml(yaml, style, err) < 0 ? -1 : set_json(json, style, err);
}

int stores_config_load(const char *path, struct doc_style *style, struct err *err)
{
	_Static_assert(LEVELS_MAX * 3 + sizeof(CONFIG_NAME) < PATH_MAX, "find() has no check");
	CLEAN_BUF struct buf text = BUF_INIT(0);
	CLEAN_DOC struct doc config = DOC_INIT;
	char found[PATH_MAX];

	if (!path) {
		if (!find(found))
			return 0;
		path = found;
	}
	if (command_read(path, &text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(&text), &config, err) < 0 ||
	    apply(&config, style, err) < 0) {
		if (err->code == ERR_USAGE)
			err->code = ERR_FORMAT;
		return err_wrap(err, "config file '%s'", text_quote(span_str(path)).text);
	}
	return 0;
}
