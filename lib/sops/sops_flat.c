/* SPDX-License-Identifier: Apache-2.0
 *
 * Unflattening; see sops_flat.h. A name is cut into steps at its separators, the names are sorted by their steps, and each run of names
 * that share a step becomes one node: no look-up table, and no cost beyond the sort.
 */
#include "sops/sops_flat.h"

#include "base/text.h"

#include <stdlib.h>

#define MAP_SEPARATOR  SPAN("__map_")
#define LIST_SEPARATOR SPAN("__list_")

enum { INDEX_MAX = 1000 * 1000 * 1000 /* no list has as many entries: DOC_NODES_MAX */ };

struct step {
	bool list;
	struct span name; /* of a map step */
	size_t index;     /* of a list step */
};

struct flat_name {
	const struct doc_node *leaf;
	struct step *steps;
	size_t count;
};

struct flat_run {
	struct flat_name *names;
	size_t count;
};

static bool parse_index(struct span text, size_t *ret_index)
{
	size_t i, index = 0;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || index > INDEX_MAX)
			return false;
		index = index * 10 + (size_t)(text.data[i] - '0');
	}
	*ret_index = index;
	return text.len > 0;
}

/* Where the next separator at or after `from` begins (the end where there is none), and which. */
static size_t next_separator(struct span name, size_t from, size_t *ret_len, bool *ret_list)
{
	size_t at;

	for (at = span_find(name, from, '_'); at < name.len; at = span_find(name, at + 1, '_')) {
		struct span rest = span_from(name, at);

		*ret_list = span_starts(rest, LIST_SEPARATOR);
		if (*ret_list || span_starts(rest, MAP_SEPARATOR)) {
			*ret_len = *ret_list ? LIST_SEPARATOR.len : MAP_SEPARATOR.len;
			return at;
		}
	}
	*ret_len = 0;
	*ret_list = false;
	return name.len;
}

static size_t count_steps(struct span name)
{
	size_t at = 0, len, count = 1;
	bool list;

	while ((at = next_separator(name, at, &len, &list)) < name.len) {
		at += len;
		count++;
	}
	return count;
}

static int cut_steps(struct doc *doc, const struct doc_node *leaf, size_t prefix_len,
		     struct flat_name *name, struct err *err)
{
	struct span key = span_from(leaf->key, prefix_len);
	size_t at = 0, i, len;
	bool list = false, next_list;

	name->leaf = leaf;
	name->count = count_steps(key);
	if (name->count > DOC_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "sops metadata is nested deeper than %d levels",
			       DOC_DEPTH_MAX);
	name->steps = arena_alloc(&doc->arena, name->count * sizeof(*name->steps), err);
	if (!name->steps)
		return -1;
	for (i = 0; i < name->count; i++) {
		size_t end = next_separator(key, at, &len, &next_list);
		struct step *step = &name->steps[i];

		step->list = list;
		step->name = span_sub(key, at, end - at);
		/* Differs: sops counts an index that is not a number as 0. */
		if (list && !parse_index(step->name, &step->index))
			return err_set(err, ERR_FORMAT,
				       "sops metadata: '%s' has an index that is not a number",
				       text_quote(key).text);
		at = end + len;
		list = next_list;
	}
	return 0;
}

static int compare_steps(const struct step *a, const struct step *b)
{
	size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	int diff;

	if (a->list != b->list)
		return a->list ? 1 : -1;
	if (a->list)
		return (a->index > b->index) - (a->index < b->index);
	diff = len ? memcmp(a->name.data, b->name.data, len) : 0;
	return diff ? diff : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static int compare_names(const void *pa, const void *pb)
{
	const struct flat_name *a = pa, *b = pb;
	size_t i;
	int diff;

	for (i = 0; i < a->count && i < b->count; i++) {
		diff = compare_steps(&a->steps[i], &b->steps[i]);
		if (diff)
			return diff;
	}
	return (a->count > b->count) - (a->count < b->count);
}

static int fail(const struct flat_name *name, size_t prefix_len, const char *why, struct err *err)
{
	return err_set(err, ERR_FORMAT, "sops metadata: '%s' %s",
		       text_quote(span_from(name->leaf->key, prefix_len)).text, why);
}

/* The node that a run of names with equal steps 0 to depth-1 stands for. */
static int build(struct doc *doc, struct flat_run run, size_t depth, size_t prefix_len,
		 struct doc_node **ret_node, struct err *err)
{
	const struct flat_name *first = &run.names[0];
	struct doc_node *node, *kid;
	size_t at, end, entries = 0;
	bool list;

	/* The shortest name sorts first: a leaf here must be alone. */
	if (first->count == depth) {
		if (run.count > 1)
			return fail(&run.names[1], prefix_len,
				    run.names[1].count == depth ? "is there twice"
								: "stands below a value",
				    err);
		node = doc_new(doc, first->leaf->kind, err);
		if (!node)
			return -1;
		*node = *first->leaf;
		node->next = NULL;
		node->key = SPAN_NULL;
		*ret_node = node;
		return 0;
	}
	list = first->steps[depth].list;
	node = doc_new(doc, list ? DOC_LIST : DOC_MAP, err);
	if (!node)
		return -1;
	for (at = 0; at < run.count; at = end) {
		const struct step *step = &run.names[at].steps[depth];

		for (end = at + 1;
		     end < run.count && compare_steps(step, &run.names[end].steps[depth]) == 0;)
			end++;
		if (step->list != list)
			return fail(&run.names[at], prefix_len, "is in a map and in a list", err);
		if (list && step->index != entries)
			return fail(&run.names[at], prefix_len, "is in a list with gaps", err);
		if (build(doc, (struct flat_run){run.names + at, end - at}, depth + 1, prefix_len,
			  &kid, err) < 0)
			return -1;
		if (!list)
			kid->key = step->name;
		doc_append(node, kid);
		entries++;
	}
	*ret_node = node;
	return 0;
}

int sops_flat_restore(struct doc *doc, const struct doc_node *flat, size_t prefix_len,
		      struct doc_node **ret_map, struct err *err)
{
	struct flat_run run = {.count = 0};
	const struct doc_node *leaf;
	size_t i = 0;

	doc_each (leaf, flat)
		run.count += leaf->kind != DOC_COMMENT;
	if (!run.count) {
		*ret_map = doc_new(doc, DOC_MAP, err);
		return *ret_map ? 0 : -1;
	}
	run.names = arena_alloc(&doc->arena, run.count * sizeof(*run.names), err);
	if (!run.names)
		return -1;
	doc_each (leaf, flat) {
		if (leaf->kind == DOC_COMMENT)
			continue;
		if (cut_steps(doc, leaf, prefix_len, &run.names[i++], err) < 0)
			return -1;
	}
	qsort(run.names, run.count, sizeof(*run.names), compare_names);
	return build(doc, run, 0, prefix_len, ret_map, err);
}
