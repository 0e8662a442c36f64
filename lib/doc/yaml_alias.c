/* SPDX-License-Identifier: Apache-2.0
 *
 * Anchors and aliases: what an alias stands for is copied to its place, comments included (sops: stores/yaml/store.go, nodeToTreeValue).
 * As a few lines of aliases can stand for more than any memory holds, every node of a document is counted here, and the share of those
 * that came through aliases is bounded as in go.yaml.in/yaml/v3: decode.go (unmarshal).
 *
 * Refuses: aliases that are unknown or inside of what they stand for, too many nodes, too large a share.
 */
#include "doc/yaml_alias.h"

/* ---- how much there may be ---- */

enum {
	RATIO_FROM = 400 * 1000,    /* nodes up to which nearly all may come through aliases */
	RATIO_TO = 4 * 1000 * 1000, /* nodes from which a tenth may */
	EXPANDED_FREE = 100,        /* nodes through aliases that never matter */
	DECODED_FREE = 1000,        /* nodes of a document that never matters */
};

/* The share of nodes that may come through aliases. go.yaml.in/yaml/v3: decode.go (allowedAliasRatio) */
static double allowed_share(size_t nodes)
{
	if (nodes <= RATIO_FROM)
		return 0.99;
	if (nodes >= RATIO_TO)
		return 0.10;
	return 0.99 - 0.89 * ((double)(nodes - RATIO_FROM) / (RATIO_TO - RATIO_FROM));
}

int yaml_alias_count(struct yaml_build *b, size_t decoded, size_t expanded, uint32_t line,
		     struct err *err)
{
	b->decoded += decoded;
	b->expanded += expanded;
	if (b->expanded > EXPANDED_FREE && b->decoded > DECODED_FREE &&
	    (double)b->expanded / (double)b->decoded > allowed_share(b->decoded))
		return err_set(err, ERR_LIMIT,
			       "line %u: too much of the document comes through aliases", line);
	return 0;
}

struct doc_node *yaml_alias_node(struct yaml_build *b, enum doc_kind kind, uint32_t line,
				 struct err *err)
{
	struct doc_node *node;

	if (b->nodes++ >= DOC_NODES_MAX) {
		(void)err_set(err, ERR_LIMIT, "line %u: more than %d values", line, DOC_NODES_MAX);
		return NULL;
	}
	node = doc_new(b->doc, kind, err);
	if (node) {
		node->line = line;
		node->flags = b->flags;
	}
	return node;
}

/* ---- anchors ---- */

int yaml_alias_define(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
{
	n->anchor = arena_alloc(&b->doc->arena, sizeof(*n->anchor), err);
	if (!n->anchor)
		return -1;
	n->anchor->open = true;
	return yaml_names_set(&b->names, name, n->anchor, err);
}

int yaml_alias_find(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
{
	n->anchor = yaml_names_get(&b->names, name);
	if (!n->anchor)
		return yaml_fail(n->start, "an alias for what has no anchor", err);
	if (n->anchor->open)
		return yaml_fail(n->start, "an alias inside of what it stands for", err);
	return yaml_alias_count(b, 1, 0, n->start.line + 1, err);
}

/* Whether the node came through an alias at this very place. */
static bool is_alias(const struct yaml_build *b, const struct doc_node *node)
{
	return (node->flags & DOC_ALIASED) && node->start < node->end &&
	       b->in.data[node->start] == '*';
}

/* Both the copy and what it is a copy of can not be spliced. */
static struct doc_node *copy_tree(struct yaml_build *b, struct doc_node *from, unsigned depth,
				  struct err *err)
{
	struct doc_node *copy, *kid, *kid_copy;
	size_t counted;

	if (depth > DOC_DEPTH_MAX) {
		(void)err_set(err, ERR_LIMIT, "line %u: nested deeper than %d levels", from->line,
			      DOC_DEPTH_MAX);
		return NULL;
	}
	copy = yaml_alias_node(b, from->kind, from->line, err);
	if (!copy)
		return NULL;
	from->flags |= DOC_ALIASED;
	*copy = *from;
	copy->next = NULL;
	copy->depth = (uint16_t)depth;
	if (from->kind == DOC_COMMENT)
		return copy;
	counted = 1 + (from->key.data != NULL) + is_alias(b, from);
	if (yaml_alias_count(b, counted, counted, from->line, err) < 0)
		return NULL;
	if (from->kind != DOC_MAP && from->kind != DOC_LIST)
		return copy;
	copy->kids.first = copy->kids.last = NULL;
	doc_each (kid, from) {
		kid_copy = copy_tree(b, kid, depth + 1, err);
		if (!kid_copy)
			return NULL;
		doc_append(copy, kid_copy);
	}
	return copy;
}

static int copy_comments(struct yaml_build *b, const struct doc_node *from, size_t len,
			 struct doc_node *to, struct err *err)
{
	struct doc_node *copy;

	for (; len; len--, from = from->next) {
		copy = yaml_alias_node(b, DOC_COMMENT, from->line, err);
		if (!copy)
			return -1;
		*copy = *from;
		copy->flags = (uint8_t)((copy->flags & ~DOC_INLINE) | DOC_ALIASED);
		copy->depth = (uint16_t)(to->depth + 1);
		doc_append(to, copy);
	}
	return 0;
}

/* The comments of the original go inside; but for a document's root, those of the document do not. */
static int copy_inside(struct yaml_build *b, const struct yaml_anchor *anchor,
		       struct doc_node *copy, struct err *err)
{
	struct doc_node *kid = anchor->root ? anchor->root_first : anchor->tree->kids.first;
	struct doc_node *kid_copy;

	if (copy_comments(b, anchor->head, anchor->heads, copy, err) < 0 ||
	    copy_comments(b, anchor->line, anchor->lines, copy, err) < 0)
		return -1;
	for (; kid && kid != anchor->root_end; kid = kid->next) {
		kid_copy = copy_tree(b, kid, copy->depth + 1u, err);
		if (!kid_copy)
			return -1;
		doc_append(copy, kid_copy);
	}
	return copy_comments(b, anchor->foot, anchor->feet, copy, err);
}

struct doc_node *yaml_alias_copy(struct yaml_build *b, const struct yaml_node *n,
				 enum doc_kind kind, unsigned depth, struct err *err)
{
	struct doc_node *from = n->anchor->tree, *copy;
	uint32_t line = n->start.line + 1;

	copy = yaml_alias_node(b, kind, line, err);
	if (!copy || yaml_alias_count(b, 1, 1, line, err) < 0)
		return NULL;
	from->flags |= DOC_ALIASED;
	if (kind != DOC_MAP && kind != DOC_LIST)
		*copy = *from;
	copy->next = NULL;
	copy->key = SPAN_NULL;
	copy->flags = from->flags & (uint8_t)~DOC_KEY_BAD;
	copy->depth = (uint16_t)depth;
	copy->line = line;
	copy->key_start = 0;
	copy->start = n->start.at;
	copy->end = n->end;
	if ((kind == DOC_MAP || kind == DOC_LIST) && copy_inside(b, n->anchor, copy, err) < 0)
		return NULL;
	return copy;
}
