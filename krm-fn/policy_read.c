/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads maps and lists of the operator's policy; see policy_read.h.
 */
#include "policy_read.h"

#include "base/text.h"

#include <stdio.h>

int policy_bad(const struct policy_reader *reader, const struct doc_node *node, struct err *err,
	       const char *what, const char *where)
{
	return err_set(err, ERR_FORMAT, "policy '%s': line %u: '%s' %s",
		       text_quote(span_str(reader->path)).text, node->line, where, what);
}

int policy_read_map(struct policy_reader *reader, const char *where, const struct doc_node *map,
		    const struct policy_field *fields, size_t n, struct err *err)
{
	const struct doc_node *kid;
	char path[POLICY_WHERE_MAX];
	size_t i;

	if (map->kind != DOC_MAP)
		return policy_bad(reader, map, err, "is not a map",
				  *where ? where : "the document");
	doc_each (kid, map) {
		if (!kid->key.data)
			continue; /* a comment */
		for (i = 0; i < n; i++) {
			if (span_is(kid->key, fields[i].name))
				break;
		}
		if (i == n)
			return err_set(err, ERR_FORMAT,
				       "policy '%s': line %u: unknown field '%s%s%s'",
				       text_quote(span_str(reader->path)).text, kid->line, where,
				       *where ? "." : "", text_quote(kid->key).text);
		snprintf(path, sizeof(path), "%s%s%s", where, *where ? "." : "", fields[i].name);
		if (fields[i].read(reader, path, kid, err) < 0)
			return -1;
	}
	return 0;
}

static bool star_fits(struct span entry, enum policy_star star)
{
	size_t at = span_find(entry, 0, '*'), slashes = 0, i;

	if (at == entry.len)
		return true;
	if (at + 1 < entry.len || star == POLICY_STAR_NEVER)
		return false;
	for (i = 0; i < at; i++)
		slashes += entry.data[i] == '/';
	return star == POLICY_STAR_ANY || slashes > 2;
}

int policy_read_list(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     enum policy_star star, struct policy_list *list, struct err *err)
{
	const struct doc_node *kid;
	size_t n = 0;

	if (node->kind != DOC_LIST)
		return policy_bad(reader, node, err, "is not a list", where);
	doc_each (kid, node)
		n++;
	list->entries = arena_alloc(&reader->policy->arena, n * sizeof(*list->entries), err);
	if (!list->entries)
		return -1;
	doc_each (kid, node) {
		struct span *entry = &list->entries[list->count];

		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_STRING || kid->str.len == 0)
			return policy_bad(reader, kid, err, "has an entry that is not a text",
					  where);
		if (!star_fits(kid->str, star))
			return policy_bad(
				reader, kid, err,
				"has an entry with a '*' in a place where it has no meaning",
				where);
		if (arena_dup(&reader->policy->arena, kid->str, entry, err) < 0)
			return -1;
		list->count++;
	}
	list->given = true;
	return 0;
}

int policy_read_keys(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct policy_list lists[static SOPS_KEY_TYPES], struct err *err)
{
	const struct doc_node *kid;
	char path[POLICY_WHERE_MAX];
	bool is_url;
	int type;

	if (node->kind != DOC_MAP)
		return policy_bad(reader, node, err, "is not a map", where);
	doc_each (kid, node) {
		if (!kid->key.data)
			continue;
		for (type = 0; type < SOPS_KEY_TYPES; type++) {
			if (span_is(kid->key, sops_key_type_name((enum sops_key_type)type)))
				break;
		}
		if (type == SOPS_KEY_TYPES)
			return err_set(err, ERR_FORMAT,
				       "policy '%s': line %u: unknown field '%s.%s'",
				       text_quote(span_str(reader->path)).text, kid->line, where,
				       text_quote(kid->key).text);
		is_url = type == SOPS_KEY_AZURE_KV || type == SOPS_KEY_HC_VAULT;
		snprintf(path, sizeof(path), "%s.%s", where,
			 sops_key_type_name((enum sops_key_type)type));
		if (policy_read_list(reader, path, kid, is_url ? POLICY_STAR_PATH : POLICY_STAR_ANY,
				     &lists[type], err) < 0)
			return -1;
	}
	return 0;
}
