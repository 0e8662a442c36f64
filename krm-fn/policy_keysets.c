/* SPDX-License-Identifier: Apache-2.0
 *
 * `keySets` of the operator's policy: which keys a socket of the sidecar opens, and who may ask it; see policy.h.
 */
#include "policy_read.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static struct policy_key_set *last_of(struct policy *policy)
{
	struct policy_key_set *set = policy->key_sets;

	while (set && set->next)
		set = set->next;
	return set;
}

/* The fields are read into the set that was begun last. */
static int read_folder(struct policy_reader *reader, const char *where, const struct doc_node *node,
		       struct err *err)
{
	if (node->kind != DOC_STRING || node->str.len == 0 || node->str.data[0] != '/' ||
	    memchr(node->str.data, 0, node->str.len))
		return policy_bad(reader, node, err, "is not an absolute path", where);
	last_of(reader->policy)->folder = arena_str(&reader->policy->arena, node->str, err);
	return last_of(reader->policy)->folder ? 0 : -1;
}

static int read_ambient(struct policy_reader *reader, const char *where,
			const struct doc_node *node, struct err *err)
{
	if (node->kind != DOC_BOOL)
		return policy_bad(reader, node, err, "is neither true nor false", where);
	last_of(reader->policy)->ambient = node->boolean;
	return 0;
}

static int read_keys(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	return policy_read_keys(reader, where, node, last_of(reader->policy)->keys, err);
}

static int read_ids(struct policy_reader *reader, const char *where, const struct doc_node *node,
		    uint32_t **ret_ids, size_t *ret_count, struct err *err)
{
	const struct doc_node *kid;
	size_t n = 0;

	if (node->kind != DOC_LIST)
		return policy_bad(reader, node, err, "is not a list", where);
	doc_each (kid, node)
		n++;
	*ret_ids = arena_alloc(&reader->policy->arena, n * sizeof(**ret_ids), err);
	if (!*ret_ids)
		return -1;
	doc_each (kid, node) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_INT || kid->integer < 0 || kid->integer >= UINT32_MAX)
			return policy_bad(reader, kid, err,
					  "has an entry that is no number of a user or group",
					  where);
		(*ret_ids)[(*ret_count)++] = (uint32_t)kid->integer;
	}
	return 0;
}

static int read_uids(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	struct policy_key_set *set = last_of(reader->policy);

	return read_ids(reader, where, node, &set->uids, &set->uid_count, err);
}

static int read_gids(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	struct policy_key_set *set = last_of(reader->policy);

	return read_ids(reader, where, node, &set->gids, &set->gid_count, err);
}

static int read_peers(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	static const struct policy_field fields[] = {{"uids", read_uids}, {"gids", read_gids}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int begin_set(struct policy *policy, struct span name, struct err *err)
{
	struct policy_key_set *set = arena_alloc(&policy->arena, sizeof(*set), err);
	struct policy_key_set *last = last_of(policy);

	if (!set)
		return -1;
	set->name = arena_str(&policy->arena, name, err);
	if (!set->name)
		return -1;
	if (last)
		last->next = set;
	else
		policy->key_sets = set;
	return 0;
}

int policy_read_key_sets(struct policy_reader *reader, const char *where,
			 const struct doc_node *node, struct err *err)
{
	static const struct policy_field fields[] = {
		{"folder", read_folder},
		{"ambient", read_ambient},
		{"keys", read_keys},
		{"peers", read_peers},
	};
	const struct doc_node *kid;
	char path[POLICY_WHERE_MAX + sizeof(struct quoted)];

	if (node->kind != DOC_MAP)
		return policy_bad(reader, node, err, "is not a map", where);
	doc_each (kid, node) {
		if (!kid->key.data)
			continue;
		if (!kid->key.len || memchr(kid->key.data, 0, kid->key.len) ||
		    memchr(kid->key.data, '/', kid->key.len) ||
		    memchr(kid->key.data, '=', kid->key.len))
			return policy_bad(reader, kid, err, "has a name that no socket can have",
					  where);
		snprintf(path, sizeof(path), "%s.%s", where, text_quote(kid->key).text);
		if (begin_set(reader->policy, kid->key, err) < 0 ||
		    policy_read_map(reader, path, kid, fields, ARRAY_LEN(fields), err) < 0)
			return -1;
	}
	return 0;
}

const struct policy_key_set *policy_key_set(struct policy *policy, const char *name)
{
	struct policy_key_set *set;

	for (set = policy->key_sets; set; set = set->next) {
		if (strcmp(set->name, name) == 0) {
			set->policy = policy;
			return set;
		}
	}
	return NULL;
}

static bool has(const uint32_t *ids, size_t count, uint32_t id)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

bool policy_peer_allowed(const struct policy_key_set *set, uint32_t uid, uint32_t gid)
{
	return has(set->uids, set->uid_count, uid) || has(set->gids, set->gid_count, gid);
}
