/* SPDX-License-Identifier: Apache-2.0
 *
 * The creation rules of `.sops.yaml`; see creation_rules.h. sops: config/config.go (LookupConfigFile, parseCreationRuleForFile)
 */
#include "creation_rules.h"

#include "base/text.h"
#include "command.h"
#include "conf.h"
#include "conf_shape.h"
#include "sops/regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CONFIG_NAME ".sops.yaml"

static const struct {
	const char *field;
	enum sops_rule_kind kind;
} selectors[] = {
	{"unencrypted_suffix", SOPS_RULE_UNENCRYPTED_SUFFIX},
	{"encrypted_suffix", SOPS_RULE_ENCRYPTED_SUFFIX},
	{"unencrypted_regex", SOPS_RULE_UNENCRYPTED_REGEX},
	{"encrypted_regex", SOPS_RULE_ENCRYPTED_REGEX},
	{"unencrypted_comment_regex", SOPS_RULE_UNENCRYPTED_COMMENT_REGEX},
	{"encrypted_comment_regex", SOPS_RULE_ENCRYPTED_COMMENT_REGEX},
};

/* The types of config/config.go: what does not fit makes sops refuse the file. */
static const struct conf_field kms_fields[] = {
	{"arn", CONF_TEXT, NULL},         {"role", CONF_TEXT, NULL}, {"context", CONF_MAP, NULL},
	{"aws_profile", CONF_TEXT, NULL}, {NULL, CONF_ANY, NULL},
};
static const struct conf_field gcp_fields[] = {
	{"resource_id", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field hckms_fields[] = {
	{"key_id", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field azure_fields[] = {
	{"vaultUrl", CONF_TEXT, NULL},
	{"key", CONF_TEXT, NULL},
	{"version", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field group_fields[] = {
	{"merge", CONF_MAP_LIST, group_fields},
	{"kms", CONF_MAP_LIST, kms_fields},
	{"gcp_kms", CONF_MAP_LIST, gcp_fields},
	{"hckms", CONF_MAP_LIST, hckms_fields},
	{"azure_keyvault", CONF_MAP_LIST, azure_fields},
	{"hc_vault", CONF_TEXT_LIST, NULL},
	{"age", CONF_TEXT_LIST, NULL},
	{"pgp", CONF_TEXT_LIST, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field rule_fields[] = {
	{"path_regex", CONF_TEXT, NULL},
	{"aws_profile", CONF_TEXT, NULL},
	{"hckms", CONF_TEXT_LIST, NULL},
	{"key_groups", CONF_MAP_LIST, group_fields},
	{"shamir_threshold", CONF_NUMBER, NULL},
	{"unencrypted_suffix", CONF_TEXT, NULL},
	{"encrypted_suffix", CONF_TEXT, NULL},
	{"unencrypted_regex", CONF_TEXT, NULL},
	{"encrypted_regex", CONF_TEXT, NULL},
	{"unencrypted_comment_regex", CONF_TEXT, NULL},
	{"encrypted_comment_regex", CONF_TEXT, NULL},
	{"mac_only_encrypted", CONF_BOOL, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field destination_fields[] = {
	{"s3_bucket", CONF_TEXT, NULL},           {"s3_prefix", CONF_TEXT, NULL},
	{"gcs_bucket", CONF_TEXT, NULL},          {"gcs_prefix", CONF_TEXT, NULL},
	{"vault_path", CONF_TEXT, NULL},          {"vault_address", CONF_TEXT, NULL},
	{"vault_kv_mount_name", CONF_TEXT, NULL}, {"vault_kv_version", CONF_NUMBER, NULL},
	{"path_regex", CONF_TEXT, NULL},          {"recreation_rule", CONF_MAP, rule_fields},
	{"omit_extensions", CONF_BOOL, NULL},     {NULL, CONF_ANY, NULL},
};
static const struct conf_field store_fields[] = {
	{"indent", CONF_NUMBER, NULL},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field stores_fields[] = {
	{"json", CONF_MAP, store_fields},
	{"json_binary", CONF_MAP, store_fields},
	{"yaml", CONF_MAP, store_fields},
	{NULL, CONF_ANY, NULL},
};
static const struct conf_field file_fields[] = {
	{"creation_rules", CONF_MAP_LIST, rule_fields},
	{"destination_rules", CONF_MAP_LIST, destination_fields},
	{"stores", CONF_MAP, stores_fields},
	{NULL, CONF_ANY, NULL},
};

int creation_rules_find(const char *dir, char **ret_path, struct err *err)
{
	size_t len = strlen(dir);
	char *path = malloc(len + sizeof("/" CONFIG_NAME));
	struct stat st;
	int level;

	if (!path)
		return err_nomem(err);
	memcpy(path, dir, len);
	for (level = 0; level < CREATION_LEVELS_MAX; level++) {
		while (len && path[len - 1] == '/')
			len--;
		memcpy(path + len, "/" CONFIG_NAME, sizeof("/" CONFIG_NAME));
		if (stat(path, &st) == 0) {
			*ret_path = path;
			return 0;
		}
		if (len == 0)
			break;
		while (len && path[len - 1] != '/')
			len--;
	}
	free(path);
	*ret_path = NULL;
	return 0;
}

static int fail(const struct creation_rules *rules, const struct creation_rule *rule,
		struct err *err)
{
	return err_wrap(err, "'%s': creation rule %zu", text_quote(span_str(rules->path)).text,
			rule->number);
}

static int read_rule(struct creation_rules *rules, struct creation_rule *rule,
		     const struct doc_node *node, struct err *err)
{
	rule->node = node;
	rule->line = node->line;
	if (node->kind != DOC_MAP)
		(void)err_set(err, ERR_FORMAT, "line %u: not a map", node->line);
	else if (conf_text(node, "path_regex", &rule->path_regex, err) == 0)
		return 0;
	return fail(rules, rule, err);
}

static int read_rules(struct creation_rules *rules, struct err *err)
{
	const struct doc_node *list = NULL, *kid;
	size_t n = 0;

	/* sops reads the first document, and takes an empty file for one without rules. */
	if (rules->doc.first && (conf_check(rules->doc.first, file_fields, err) < 0 ||
				 conf_list(rules->doc.first, "creation_rules", &list, err) < 0))
		return err_wrap(err, "'%s'", text_quote(span_str(rules->path)).text);
	if (!list)
		return 0;
	doc_each (kid, list)
		n++;
	rules->rules = arena_alloc(&rules->doc.arena, n * sizeof(*rules->rules), err);
	if (!rules->rules)
		return -1;
	doc_each (kid, list) {
		struct creation_rule *rule = &rules->rules[rules->count];

		if (kid->kind == DOC_COMMENT)
			continue;
		rule->number = ++rules->count;
		if (read_rule(rules, rule, kid, err) < 0)
			return -1;
	}
	return 0;
}

/* Nothing but comments, blanks and document marks: our reader wants a document, go-yaml leaves the struct as it is. */
static bool is_void(struct span text)
{
	size_t at = 0, end;

	for (; at < text.len; at = end + 1) {
		struct span line;

		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		while (line.len && memchr(" \t\r", line.data[line.len - 1], 3))
			line.len--;
		while (line.len && line.data[0] == ' ')
			line = span_from(line, 1);
		if (line.len && line.data[0] != '#' && !span_is(line, "---") &&
		    !span_is(line, "..."))
			return false;
	}
	return true;
}

int creation_rules_parse(struct span text, const char *path, struct creation_rules *ret_rules,
			 struct err *err)
{
	struct creation_rules *rules = ret_rules;
	char *copy, *slash;

	if (!is_void(text) && doc_read(DOC_YAML, text, &rules->doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	rules->path = arena_str(&rules->doc.arena, span_str(path), err);
	copy = arena_str(&rules->doc.arena, span_str(path), err);
	if (!rules->path || !copy)
		return -1;
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	rules->dir = copy;
	return read_rules(rules, err);
}

int creation_rules_load(const char *path, struct creation_rules *ret_rules, struct err *err)
{
	struct buf *bytes = &ret_rules->bytes;

	if (command_read(path, bytes, err) < 0)
		return -1;
	if (bytes->len > CREATION_FILE_MAX)
		return err_set(err, ERR_LIMIT, "'%s' has more than %d bytes",
			       text_quote(span_str(path)).text, CREATION_FILE_MAX);
	return creation_rules_parse(buf_span(bytes), path, ret_rules, err);
}

static int load_rule(struct creation_rules *rules, struct creation_rule *rule, struct err *err)
{
	size_t i, count = 0;

	rule->kind = SOPS_RULE_UNENCRYPTED_SUFFIX;
	rule->text = SPAN("_unencrypted");
	for (i = 0; i < ARRAY_LEN(selectors); i++) {
		struct span text;

		if (conf_text(rule->node, selectors[i].field, &text, err) < 0)
			return -1;
		if (!text.len)
			continue;
		rule->kind = selectors[i].kind;
		rule->text = text;
		count++;
	}
	if (count > 1)
		return err_set(err, ERR_FORMAT,
			       "more than one field says what is encrypted (_suffix, _regex)");
	if (conf_int(rule->node, "shamir_threshold", &rule->shamir_threshold, err) < 0 ||
	    conf_bool(rule->node, "mac_only_encrypted", &rule->mac_only_encrypted, err) < 0 ||
	    creation_keys_read(&rules->doc, rule, err) < 0)
		return -1;
	rule->loaded = true;
	return 0;
}

int creation_rule_fits(const struct creation_rule *rule, struct span path, bool *ret_fits,
		       struct err *err)
{
	if (rule->regex)
		return regex_match(rule->regex, path, ret_fits, err);
	*ret_fits = true;
	return 0;
}

/* sops cuts the folder off as text: a file elsewhere keeps its absolute path, and so does one below a `.sops.yaml` at the very top. */
static struct span relative(const struct creation_rules *rules, const char *path)
{
	struct span full = span_str(path), dir = span_str(rules->dir);

	if (dir.len > 1 && span_starts(full, dir) && full.len > dir.len &&
	    full.data[dir.len] == '/')
		return span_from(full, dir.len + 1);
	return full;
}

int creation_rules_choose(struct creation_rules *rules, const char *path,
			  const struct creation_rule **ret_rule, struct err *err)
{
	struct span part = relative(rules, path);
	size_t i;

	for (i = 0; i < rules->count; i++) {
		struct creation_rule *rule = &rules->rules[i];
		bool fits = false;

		if (rule->path_regex.len && !rule->regex &&
		    regex_compile(rule->path_regex, rules->work, &rule->regex, err) < 0) {
			(void)err_wrap(err, "'path_regex'");
			return fail(rules, rule, err);
		}
		if (creation_rule_fits(rule, part, &fits, err) < 0)
			return fail(rules, rule, err);
		if (!fits)
			continue;
		if (!rule->loaded && load_rule(rules, rule, err) < 0)
			return fail(rules, rule, err);
		*ret_rule = rule;
		return 0;
	}
	*ret_rule = NULL;
	return 0;
}

void creation_rules_release(struct creation_rules *rules)
{
	size_t i;

	if (!rules)
		return;
	for (i = 0; i < rules->count; i++)
		regex_free(rules->rules[i].regex);
	rules->rules = NULL;
	rules->count = 0;
	doc_release(&rules->doc);
	buf_release(&rules->bytes);
}
