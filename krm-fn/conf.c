/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a YAML configuration; see conf.h.
 */
#include "conf.h"

#include "base/text.h"

enum { MERGE_DEPTH_MAX = 32 /* `<<` in what `<<` names: real files have one */ };

static const struct doc_node *get(const struct doc_node *map, struct span key, int depth)
{
	const struct doc_node *kid, *from, *found;

	if (map->kind != DOC_MAP || depth == MERGE_DEPTH_MAX)
		return NULL;
	doc_each (kid, map) {
		if (kid->key.data && span_eq(kid->key, key))
			return kid;
	}
	doc_each (kid, map) {
		if (!kid->key.data || !span_is(kid->key, "<<"))
			continue;
		found = get(kid, key, depth + 1);
		if (found || kid->kind != DOC_LIST)
			return found;
		doc_each (from, kid) {
			found = get(from, key, depth + 1);
			if (found)
				return found;
		}
	}
	return NULL;
}

const struct doc_node *conf_get(const struct doc_node *map, const char *key)
{
	const struct doc_node *node = get(map, span_str(key), 0);

	return node && node->kind != DOC_NULL ? node : NULL;
}

static int wrong(const struct doc_node *node, const char *key, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "line %u: '%s' is not %s", node->line, key, what);
}

int conf_text(const struct doc_node *map, const char *key, struct span *ret, struct err *err)
{
	const struct doc_node *node = conf_get(map, key);

	*ret = SPAN_NULL;
	if (!node)
		return 0;
	if (node->kind != DOC_STRING)
		return wrong(node, key, "a text", err);
	if (node->str.len)
		*ret = node->str;
	return 0;
}

int conf_int(const struct doc_node *map, const char *key, int64_t *ret, struct err *err)
{
	const struct doc_node *node = conf_get(map, key);

	*ret = 0;
	if (!node)
		return 0;
	if (node->kind != DOC_INT)
		return wrong(node, key, "a number", err);
	*ret = node->integer;
	return 0;
}

int conf_bool(const struct doc_node *map, const char *key, bool *ret, struct err *err)
{
	/* go-yaml's mercy for YAML 1.1, where the field is known to be one. */
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"y", true},  {"Y", true},  {"yes", true}, {"on", true},
		{"n", false}, {"N", false}, {"no", false}, {"off", false},
	};
	const struct doc_node *node = conf_get(map, key);
	size_t i;

	*ret = false;
	if (!node)
		return 0;
	if (node->kind == DOC_BOOL) {
		*ret = node->boolean;
		return 0;
	}
	for (i = 0; node->kind == DOC_STRING && i < ARRAY_LEN(words); i++) {
		if (span_is(node->str, words[i].word)) {
			*ret = words[i].value;
			return 0;
		}
	}
	return wrong(node, key, "true or false", err);
}

int conf_list(const struct doc_node *map, const char *key, const struct doc_node **ret,
	      struct err *err)
{
	const struct doc_node *node = conf_get(map, key);

	if (node && node->kind != DOC_LIST)
		return wrong(node, key, "a list", err);
	*ret = node;
	return 0;
}
