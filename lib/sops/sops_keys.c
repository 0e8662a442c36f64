/* SPDX-License-Identifier: Apache-2.0
 *
 * Key lists and key groups; see sops_keys.h. Entries of types that we have no service for are read and checked all the same: sops
 * refuses a document for a bad one.
 */
#include "sops/sops_keys.h"

#include "base/text.h"
#include "doc/scalar.h"
#include "sops/sops_weak.h"

enum {
	KEYS_MAX =
		10 *
		1000 /* of one document: each may cost a key exchange or a request; real ones have a few dozen */
};

static const struct {
	const char *list;
	const char *id, *address, *path; /* the fields that name a key; NULL: it has none such */
	bool dated;                      /* has created_at */
} types[] = {
	[SOPS_KEY_KMS] = {"kms", "arn", NULL, NULL, true},
	[SOPS_KEY_GCP_KMS] = {"gcp_kms", "resource_id", NULL, NULL, true},
	[SOPS_KEY_HCKMS] = {"hckms", "key_id", NULL, NULL, true},
	[SOPS_KEY_AZURE_KV] = {"azure_kv", "name", "vault_url", "version", true},
	[SOPS_KEY_HC_VAULT] = {"hc_vault", "key_name", "vault_address", "engine_path", true},
	[SOPS_KEY_PGP] = {"pgp", "fp", NULL, NULL, true},
	[SOPS_KEY_AGE] = {"age", "recipient", NULL, NULL, false},
};

const char *sops_key_type_name(enum sops_key_type type)
{
	return types[type].list;
}

static int field(struct doc *doc, const struct doc_node *entry, const char *name, struct span *ret,
		 struct err *err)
{
	return name ? sops_weak_text(doc, entry, name, ret, err) : 0;
}

/* The encryption context of KMS: text to text, null kept. sops: stores/stores.go (kmskey.Context) */
static int add_context(struct doc *doc, const struct doc_node *from, struct doc_node *context,
		       struct err *err)
{
	const struct doc_node *kid;

	doc_each (kid, from) {
		struct doc_node *copy;

		if (kid->kind == DOC_COMMENT)
			continue;
		copy = doc_new(doc, DOC_NULL, err);
		if (!copy)
			return -1;
		copy->key = kid->key;
		if (kid->kind != DOC_NULL) {
			copy->kind = DOC_STRING;
			if (sops_weak_node_text(doc, kid, "context", &copy->str, err) < 0)
				return -1;
		}
		doc_append(context, copy);
	}
	return 0;
}

static int parse_context(struct doc *doc, const struct doc_node *entry,
			 const struct doc_node **ret_context, struct err *err)
{
	const struct doc_node *from = sops_weak_field(entry, "context");
	struct doc_node *context;

	if (!from || (from->kind == DOC_LIST && !from->kids.first))
		return 0;
	if (from->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT,
			       "sops metadata: 'context' of a kms key is not a mapping");
	context = doc_new(doc, DOC_MAP, err);
	if (!context || add_context(doc, from, context, err) < 0)
		return -1;
	*ret_context = context->kids.first ? context : NULL;
	return 0;
}

static int parse_key(struct doc *doc, enum sops_key_type type, const struct doc_node *entry,
		     struct sops_key *key, struct err *err)
{
	const struct doc_node none = {.kind = DOC_MAP};

	key->type = type;
	if (entry->kind == DOC_NULL)
		entry = &none;
	if (entry->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "sops metadata: an entry is not a mapping");
	if (field(doc, entry, "enc", &key->enc, err) < 0 ||
	    field(doc, entry, types[type].id, &key->id, err) < 0 ||
	    field(doc, entry, types[type].address, &key->address, err) < 0 ||
	    field(doc, entry, types[type].path, &key->path, err) < 0 ||
	    field(doc, entry, types[type].dated ? "created_at" : NULL, &key->created_at, err) < 0)
		return -1;
	if (type != SOPS_KEY_KMS)
		return 0;
	if (field(doc, entry, "role", &key->role, err) < 0 ||
	    field(doc, entry, "aws_profile", &key->profile, err) < 0)
		return -1;
	return parse_context(doc, entry, &key->context, err);
}

/* "region:uuid". sops: hckms/keysource.go (parseKeyID) */
static bool hckms_id_good(struct span id)
{
	size_t colon, i;
	bool region = false, uuid = false;

	colon = span_find(id, 0, ':');
	for (i = 0; i < id.len; i++) {
		bool blank = memchr(" \t\n\v\f\r", id.data[i], 6);

		region = region || (i < colon && !blank);
		uuid = uuid || (i > colon && !blank);
	}
	return region && uuid;
}

static int check_key(const struct sops_key *key, struct err *err)
{
	struct doc_time time;

	if (types[key->type].dated && !scalar_parse_time(key->created_at, &time))
		return err_set(err, ERR_FORMAT,
			       "sops metadata: 'created_at' of a %s key is not a time",
			       types[key->type].list);
	if (key->type == SOPS_KEY_HCKMS && !hckms_id_good(key->id))
		return err_set(err, ERR_FORMAT,
			       "sops metadata: a hckms key_id is not 'region:uuid'");
	return 0;
}

/* Reads the lists of map, which is the metadata itself or one of its key groups. */
static int parse_group(struct doc *doc, const struct doc_node *map, struct sops_group *group,
		       size_t *count, struct err *err)
{
	struct sops_key **tail = &group->keys;
	size_t type;

	for (type = 0; type < SOPS_KEY_TYPES; type++) {
		const struct doc_node *entry;
		bool list;

		for (entry = sops_weak_first(map, types[type].list, &list); entry;
		     entry = sops_weak_next(entry, list)) {
			struct sops_key *key = arena_alloc(&doc->arena, sizeof(*key), err);

			if (!key)
				return -1;
			if (++*count > KEYS_MAX)
				return err_set(err, ERR_LIMIT, "sops metadata: more than %d keys",
					       KEYS_MAX);
			if (parse_key(doc, (enum sops_key_type)type, entry, key, err) < 0)
				return err_wrap(err, "list '%s'", types[type].list);
			*tail = key;
			tail = &key->next;
			group->count++;
		}
	}
	return 0;
}

static int check_groups(const struct sops_group *group, struct err *err)
{
	const struct sops_key *key;

	for (; group; group = group->next) {
		for (key = group->keys; key; key = key->next) {
			if (check_key(key, err) < 0)
				return -1;
		}
	}
	return 0;
}

int sops_keys_parse(struct doc *doc, const struct doc_node *block, struct sops_meta *meta,
		    struct err *err)
{
	const struct doc_node none = {.kind = DOC_MAP}, *entry;
	struct sops_group *top = arena_alloc(&doc->arena, sizeof(*top), err), *groups = NULL;
	struct sops_group **tail = &groups, *group;
	size_t count = 0;
	bool list;

	if (!top || parse_group(doc, block, top, &count, err) < 0)
		return -1;
	meta->group_count = 0;
	for (entry = sops_weak_first(block, "key_groups", &list); entry;
	     entry = sops_weak_next(entry, list)) {
		if (entry->kind != DOC_MAP && entry->kind != DOC_NULL)
			return err_set(err, ERR_FORMAT,
				       "sops metadata: an entry of 'key_groups' is not a mapping");
		group = arena_alloc(&doc->arena, sizeof(*group), err);
		if (!group || parse_group(doc, entry->kind == DOC_MAP ? entry : &none, group,
					  &count, err) < 0)
			return -1;
		*tail = group;
		tail = &group->next;
		meta->group_count++;
	}
	if (top->count) {
		groups = top;
		meta->group_count = 1;
	}
	if (!groups)
		return err_set(err, ERR_FORMAT, "no keys found in the sops metadata");
	meta->groups = groups;
	return check_groups(groups, err);
}
