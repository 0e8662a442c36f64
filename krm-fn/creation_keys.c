/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that a creation rule names, in the forms that `.sops.yaml` has for them, as the keys that sops would make of them; see
 * creation_rules.h. sops: config/config.go (getKeyGroupsFromCreationRule, extractMasterKeys) and NewMasterKey... of each keysource.go
 */
#include "creation_rules.h"

#include "base/text.h"
#include "conf.h"
#include "key_text.h"

enum {
	MERGE_DEPTH_MAX = 16, /* `merge` in key groups that are merged */
	URI_PARTS_MAX = 32,   /* folders in the path of a Vault key */
};

struct builder {
	struct doc *doc;
	const char *field; /* for messages */
	struct sops_group *group;
	struct sops_key *last;
};

static int wrong(const struct builder *builder, struct span text, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "'%s': '%s' is not %s", builder->field,
		       text_quote(text).text, what);
}

static struct span trim(struct span text)
{
	while (text.len && memchr(" \t\r\n\v\f", text.data[0], 6))
		text = span_from(text, 1);
	while (text.len && memchr(" \t\r\n\v\f", text.data[text.len - 1], 6))
		text.len--;
	return text;
}

static int without_blanks(struct builder *builder, struct span text, struct span *ret,
			  struct err *err)
{
	uint8_t *copy = arena_alloc(&builder->doc->arena, text.len, err);
	size_t i, n = 0;

	if (!copy)
		return -1;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] != ' ')
			copy[n++] = text.data[i];
	}
	*ret = span_of(copy, n);
	return 0;
}

static int add(struct builder *builder, const struct sops_key *key, struct err *err)
{
	struct sops_key *copy = arena_alloc(&builder->doc->arena, sizeof(*copy), err);

	if (!copy)
		return -1;
	*copy = *key;
	if (builder->last)
		builder->last->next = copy;
	else
		builder->group->keys = copy;
	builder->last = copy;
	builder->group->count++;
	return 0;
}

static int add_age(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_AGE, .id = trim(text)};

	if (!span_starts(key.id, SPAN("age1")) && !span_starts(key.id, SPAN("ssh-")))
		return wrong(builder, text, "an age recipient", err);
	return add(builder, &key, err);
}

static int add_pgp(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_PGP};

	if (without_blanks(builder, text, &key.id, err) < 0)
		return -1;
	return add(builder, &key, err);
}

/* "ARN", or "ARN+ROLE". sops: kms/keysource.go (NewMasterKeyFromArn) */
static int add_kms(struct builder *builder, struct span text, struct span profile, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_KMS, .profile = profile};
	size_t role;

	if (without_blanks(builder, text, &key.id, err) < 0)
		return -1;
	role = span_search(key.id, SPAN("+arn:"));
	if (role != SIZE_MAX && role > 0) {
		key.role = span_from(key.id, role + 1);
		key.id.len = role;
	}
	return add(builder, &key, err);
}

static int add_gcp(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_GCP_KMS};

	if (without_blanks(builder, text, &key.id, err) < 0)
		return -1;
	return add(builder, &key, err);
}

/* "REGION:UUID". sops: hckms/keysource.go (parseKeyID) */
static int add_hckms(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_HCKMS, .id = trim(text)};
	size_t colon = span_find(key.id, 0, ':');

	if (!trim(span_sub(key.id, 0, colon)).len || !trim(span_from(key.id, colon + 1)).len)
		return wrong(builder, text, "'region:key-uuid'", err);
	return add(builder, &key, err);
}

/* "https://HOST/keys/NAME[/VERSION]". sops: azkv/keysource.go (NewMasterKeyFromURL) */
static int add_azure(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_AZURE_KV};
	struct span url = trim(text), rest;
	size_t host = SPAN("https://").len, slash, end;

	slash = span_find(url, host, '/');
	rest = span_from(url, slash);
	if (!span_starts(url, SPAN("https://")) || slash == host ||
	    !span_starts(rest, SPAN("/keys/")))
		return wrong(builder, text, "an Azure Key Vault key", err);
	key.address = span_sub(url, 0, slash);
	rest = span_from(rest, SPAN("/keys/").len);
	end = span_find(rest, 0, '/');
	key.id = span_sub(rest, 0, end);
	key.path = span_from(rest, end + 1);
	if (!key.id.len || span_find(key.path, 0, '/') < key.path.len)
		return wrong(builder, text, "an Azure Key Vault key", err);
	return add(builder, &key, err);
}

static bool is_version(struct span part)
{
	size_t i;

	for (i = 1; i < part.len; i++) {
		if (part.data[i] < '0' || part.data[i] > '9')
			return false;
	}
	return part.len > 1 && part.data[0] == 'v';
}

/* "https://HOST/v1/ENGINE/keys/NAME"; the engine may be several folders deep. sops: hcvault/keysource.go (engineAndKeyFromPath) */
static int add_vault(struct builder *builder, struct span text, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_HC_VAULT};
	struct span parts[URI_PARTS_MAX], path;
	size_t scheme = span_search(text, SPAN("://")), at, end, n = 0, i;

	if (!text.len)
		return 0;
	if (scheme == SIZE_MAX || scheme == 0)
		return wrong(builder, text, "a Vault key", err);
	at = span_find(text, scheme + 3, '/');
	key.address = span_sub(text, 0, at);
	path = span_from(text, at);
	for (at = 0; at < path.len; at = end + 1) {
		end = span_find(path, at, '/');
		if (end == at)
			continue;
		if (n == URI_PARTS_MAX)
			return wrong(builder, text, "a Vault key", err);
		parts[n++] = span_sub(path, at, end - at);
	}
	if (n < 4 || !is_version(parts[0]))
		return wrong(builder, text, "a Vault key", err);
	for (i = 1; i + 3 < n; i++) {
		if (is_version(parts[i]))
			return wrong(builder, text, "a Vault key", err);
	}
	key.id = parts[n - 1];
	key.path = span_of(parts[1].data,
			   (size_t)(parts[n - 3].data + parts[n - 3].len - parts[1].data));
	return add(builder, &key, err);
}

typedef int add_fn(struct builder *builder, struct span text, struct err *err);

/* Each part of a comma list. sops cuts a list's entries at commas too, as it joins them first; only the parts of a text lose their blanks and may be
 * empty. sops: parseKeyField */
static int add_parts(struct builder *builder, struct span text, bool is_text, add_fn *fn,
		     struct err *err)
{
	size_t at = 0, end;

	do {
		struct span part;

		end = span_find(text, at, ',');
		part = span_sub(text, at, end - at);
		if (is_text)
			part = trim(part);
		if ((part.len || !is_text) && fn(builder, part, err) < 0)
			return -1;
		at = end + 1;
	} while (at <= text.len);
	return 0;
}

/* A field of a rule: one text with commas, or a list of texts. */
static int add_field(struct builder *builder, const struct doc_node *rule, const char *field,
		     add_fn *fn, struct err *err)
{
	const struct doc_node *node = conf_get(rule, field), *kid;

	builder->field = field;
	if (!node)
		return 0;
	if (node->kind == DOC_STRING)
		return node->str.len ? add_parts(builder, node->str, true, fn, err) : 0;
	if (node->kind != DOC_LIST)
		return err_set(err, ERR_FORMAT, "line %u: '%s' is neither a text nor a list",
			       node->line, field);
	doc_each (kid, node) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_STRING)
			return err_set(err, ERR_FORMAT,
				       "line %u: '%s' has an entry that is not a text", kid->line,
				       field);
		/* sops takes no offence at empty entries of this one. */
		if (add_parts(builder, kid->str, fn == add_hckms, fn, err) < 0)
			return -1;
	}
	return 0;
}

/* kms below a rule takes its profile from beside it. */
struct kms_builder {
	struct builder builder; /* first: add_fn gets a pointer to it */
	struct span profile;
};

static int add_rule_kms(struct builder *builder, struct span text, struct err *err)
{
	const struct kms_builder *kms = (const struct kms_builder *)(const void *)builder;

	return add_kms(builder, text, kms->profile, err);
}

static int read_flat(struct doc *doc, const struct doc_node *rule, struct sops_group *group,
		     struct err *err)
{
	struct kms_builder kms = {.builder = {.doc = doc, .group = group}};
	struct builder *builder = &kms.builder;

	if (conf_text(rule, "aws_profile", &kms.profile, err) < 0 ||
	    add_field(builder, rule, "age", add_age, err) < 0 ||
	    add_field(builder, rule, "pgp", add_pgp, err) < 0 ||
	    add_field(builder, rule, "kms", add_rule_kms, err) < 0 ||
	    add_field(builder, rule, "gcp_kms", add_gcp, err) < 0 ||
	    add_field(builder, rule, "hckms", add_hckms, err) < 0 ||
	    add_field(builder, rule, "azure_keyvault", add_azure, err) < 0 ||
	    add_field(builder, rule, "hc_vault_transit_uri", add_vault, err) < 0)
		return -1;
	return 0;
}

/* A list of texts in a key group, which takes no other form. `split`: an entry may be a comma list. */
static int add_texts(struct builder *builder, const struct doc_node *group, const char *field,
		     bool split, add_fn *fn, struct err *err)
{
	const struct doc_node *list = NULL, *kid;

	builder->field = field;
	if (conf_list(group, field, &list, err) < 0)
		return -1;
	if (!list)
		return 0;
	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_STRING)
			return err_set(err, ERR_FORMAT,
				       "line %u: '%s' has an entry that is not a text", kid->line,
				       field);
		if ((split ? add_parts(builder, kid->str, false, fn, err)
			   : fn(builder, kid->str, err)) < 0)
			return -1;
	}
	return 0;
}

static int kms_entry(struct builder *builder, const struct doc_node *entry, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_KMS, .context = conf_get(entry, "context")};

	if (conf_text(entry, "arn", &key.id, err) < 0 ||
	    conf_text(entry, "role", &key.role, err) < 0 ||
	    conf_text(entry, "aws_profile", &key.profile, err) < 0)
		return -1;
	return add(builder, &key, err);
}

static int gcp_entry(struct builder *builder, const struct doc_node *entry, struct err *err)
{
	struct span id;

	if (conf_text(entry, "resource_id", &id, err) < 0)
		return -1;
	return add_gcp(builder, id, err);
}

static int hckms_entry(struct builder *builder, const struct doc_node *entry, struct err *err)
{
	struct span id;

	if (conf_text(entry, "key_id", &id, err) < 0)
		return -1;
	return add_hckms(builder, id, err);
}

static int azure_entry(struct builder *builder, const struct doc_node *entry, struct err *err)
{
	struct sops_key key = {.type = SOPS_KEY_AZURE_KV};

	if (conf_text(entry, "vaultUrl", &key.address, err) < 0 ||
	    conf_text(entry, "key", &key.id, err) < 0 ||
	    conf_text(entry, "version", &key.path, err) < 0)
		return -1;
	return add(builder, &key, err);
}

static int add_entries(struct builder *builder, const struct doc_node *group, const char *field,
		       int (*fn)(struct builder *builder, const struct doc_node *entry,
				 struct err *err),
		       struct err *err)
{
	const struct doc_node *list = NULL, *kid;

	builder->field = field;
	if (conf_list(group, field, &list, err) < 0)
		return -1;
	if (!list)
		return 0;
	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_MAP)
			return err_set(err, ERR_FORMAT,
				       "line %u: '%s' has an entry that is not a map", kid->line,
				       field);
		if (fn(builder, kid, err) < 0)
			return -1;
	}
	return 0;
}

static int read_group(struct builder *builder, const struct doc_node *group, int depth,
		      struct err *err)
{
	const struct doc_node *merge = NULL, *kid;

	if (group->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "line %u: a key group is not a map", group->line);
	if (depth == MERGE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "line %u: key groups merged more than %d deep",
			       group->line, MERGE_DEPTH_MAX);
	if (conf_list(group, "merge", &merge, err) < 0)
		return -1;
	if (merge) {
		doc_each (kid, merge) {
			if (kid->kind != DOC_COMMENT &&
			    read_group(builder, kid, depth + 1, err) < 0)
				return -1;
		}
	}
	if (add_texts(builder, group, "age", true, add_age, err) < 0 ||
	    add_texts(builder, group, "pgp", false, add_pgp, err) < 0 ||
	    add_entries(builder, group, "kms", kms_entry, err) < 0 ||
	    add_entries(builder, group, "gcp_kms", gcp_entry, err) < 0 ||
	    add_entries(builder, group, "hckms", hckms_entry, err) < 0 ||
	    add_entries(builder, group, "azure_keyvault", azure_entry, err) < 0 ||
	    add_texts(builder, group, "hc_vault", false, add_vault, err) < 0)
		return -1;
	return 0;
}

int creation_keys_read(struct doc *doc, struct creation_rule *rule, struct err *err)
{
	const struct doc_node *list = NULL, *kid;
	struct sops_group **tail = &rule->groups, *group;

	if (conf_list(rule->node, "key_groups", &list, err) < 0)
		return -1;
	rule->groups = NULL;
	rule->group_count = 0;
	if (!list || !list->kids.first) {
		rule->groups = arena_alloc(&doc->arena, sizeof(*rule->groups), err);
		rule->group_count = 1;
		return rule->groups ? read_flat(doc, rule->node, rule->groups, err) : -1;
	}
	doc_each (kid, list) {
		struct builder builder = {.doc = doc};

		if (kid->kind == DOC_COMMENT)
			continue;
		group = arena_alloc(&doc->arena, sizeof(*group), err);
		if (!group)
			return -1;
		builder.group = group;
		if (read_group(&builder, kid, 0, err) < 0)
			return -1;
		*tail = group;
		tail = &group->next;
		rule->group_count++;
	}
	return 0;
}
