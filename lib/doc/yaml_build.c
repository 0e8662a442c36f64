/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes of YAML to nodes of the document tree, by the rules of sops: which key an entry has, and where in the order of
 * entries each comment stands (sops: stores/yaml/store.go; go.yaml.in/yaml/v3: decode.go).
 *
 * Refuses: maps and lists as keys, keys that are there twice, in the first document merges of what is no map, a top level that is no map,
 * nesting beyond DOC_DEPTH_MAX.
 * Differs: sops makes these checks, and those of yaml_value and yaml_alias, on the first document of a stream only, and there not on what
 * stands below a key that is null.
 * Differs: sops takes nesting up to 10,000 levels.
 */
#include "doc/yaml_build.h"

#include "doc/yaml_alias.h"

void yaml_build_release(struct yaml_build *b)
{
	yaml_names_release(&b->names);
	yaml_keys_release(&b->keys);
}

void yaml_build_document(struct yaml_build *b)
{
	b->documents++;
	b->decoded = 1; /* the document itself */
	b->expanded = 0;
}

/* ---- scalars ---- */

static size_t lines_of(const struct yaml_text *text)
{
	const struct doc_node *line;
	size_t n = 0;

	for (line = text->first; line; line = line->next)
		n++;
	return n;
}

int yaml_build_scalar(struct yaml_build *b, struct yaml_node *n, struct err *err)
{
	struct doc_node *value = &n->scalar;

	value->line = n->start.line + 1;
	value->start = n->start.at;
	value->end = n->end;
	value->flags = b->flags;
	if (n->style == STYLE_SINGLE || n->style == STYLE_DOUBLE)
		value->flags |= DOC_QUOTED;
	else if (n->style != STYLE_PLAIN)
		value->flags |= DOC_BLOCK_TEXT;
	if (yaml_alias_count(b, 1, 0, value->line, err) < 0 ||
	    yaml_value_resolve(n->tag, n->style == STYLE_PLAIN, n->text, n->start, &b->doc->arena,
			       value, err) < 0)
		return -1;
	if (n->anchor) {
		n->tree = yaml_alias_node(b, value->kind, value->line, err);
		if (!n->tree)
			return -1;
		*n->tree = *value;
		*n->anchor = (struct yaml_anchor){.tree = n->tree,
						  .head = n->head.first,
						  .heads = lines_of(&n->head),
						  .line = n->line.first,
						  .lines = lines_of(&n->line)};
	}
	return 0;
}

/* ---- putting things into their place ---- */

static void append(struct doc_node *parent, struct doc_node *kid)
{
	kid->depth = (uint16_t)(parent->depth + 1);
	doc_append(parent, kid);
}

static size_t put_comments(struct yaml_build *b, struct doc_node *parent, struct yaml_text *text,
			   bool in_line)
{
	struct doc_node *line = text->first, *next;
	size_t n = 0;

	for (; line; line = next, n++) {
		next = line->next;
		line->flags = (uint8_t)(b->flags | (in_line ? DOC_INLINE : 0));
		append(parent, line);
	}
	*text = (struct yaml_text){NULL, NULL};
	return n;
}

/* Comments in front of all that parent has. */
static void put_comments_first(struct yaml_build *b, struct doc_node *parent,
			       struct yaml_text *text)
{
	struct doc_node *first = parent->kids.first, *last = parent->kids.last;

	if (!text->first)
		return;
	parent->kids.first = parent->kids.last = NULL;
	(void)put_comments(b, parent, text, false);
	if (first) {
		parent->kids.last->next = first;
		parent->kids.last = last;
	}
}

/* The tree of a node, ready to be put below parent. */
static struct doc_node *settle(struct yaml_build *b, struct yaml_node *n,
			       const struct doc_node *parent, struct err *err)
{
	struct doc_node *node = n->tree;

	if (n->form == FORM_ALIAS)
		return yaml_alias_copy(b, n, n->anchor->tree->kind, parent->depth + 1u, err);
	if (n->form == FORM_SCALAR && !node) {
		node = yaml_alias_node(b, n->scalar.kind, n->scalar.line, err);
		if (node)
			*node = n->scalar;
	}
	return node;
}

int yaml_build_open(struct yaml_build *b, struct yaml_node *n, bool flow, struct err *err)
{
	uint32_t line = n->start.line + 1;

	if (b->depth > DOC_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "line %u: nested deeper than %d levels", line,
			       DOC_DEPTH_MAX);
	n->tree = yaml_alias_node(b, n->form == FORM_MAP ? DOC_MAP : DOC_LIST, line, err);
	if (!n->tree || yaml_alias_count(b, 1, 0, line, err) < 0)
		return -1;
	n->tree->depth = (uint16_t)b->depth++;
	n->tree->start = n->start.at;
	n->tree->flags |= flow ? DOC_FLOW : 0;
	if (n->anchor)
		n->anchor->tree = n->tree;
	return 0;
}

void yaml_build_list_end(struct yaml_build *b, struct yaml_node *n)
{
	n->tree->end = n->end;
	b->depth--;
	if (n->anchor)
		n->anchor->open = false;
}

int yaml_build_element(struct yaml_build *b, struct doc_node *list, struct yaml_node *element,
		       struct err *err)
{
	struct yaml_anchor *anchor =
		element->form == FORM_MAP || element->form == FORM_LIST ? element->anchor : NULL;
	struct yaml_anchor place = {.head = element->head.first,
				    .line = element->line.first,
				    .foot = element->foot.first};
	struct doc_node *node = settle(b, element, list, err);

	if (!node)
		return -1;
	place.heads = put_comments(b, list, &element->head, false);
	place.lines = put_comments(b, list, &element->line, true);
	append(list, node);
	place.feet = put_comments(b, list, &element->foot, false);
	if (anchor) {
		place.tree = anchor->tree;
		*anchor = place;
	}
	return 0;
}

/* ---- maps ---- */

/* A merge needs a map, an alias for one, or a list of these. go.yaml.in/yaml/v3: decode.go (isMerge, merge)
 * In later documents sops does not look, and prints such entries where a key is the text "<<"; no value is lost by that. */
static int check_merge(const struct yaml_build *b, const struct yaml_node *key,
		       const struct yaml_node *value, struct err *err)
{
	const struct doc_node *kid;
	bool fits = value->form == FORM_MAP;

	if (b->documents > 1 || key->form != FORM_SCALAR || !span_is(key->text, "<<") ||
	    !(key->tag == TAG_MERGE || (key->tag == TAG_NONE && key->style == STYLE_PLAIN)))
		return 0;
	if (value->form == FORM_ALIAS)
		fits = value->anchor->tree->kind == DOC_MAP;
	if (value->form == FORM_LIST) {
		fits = true;
		doc_each (kid, value->tree)
			fits = fits && (kid->kind == DOC_MAP || kid->kind == DOC_COMMENT);
	}
	return fits ? 0 : yaml_fail(value->start, "a merge of something that is not a map", err);
}

/* The node's key, and whether it is one that sops can not take. */
static int set_key(struct yaml_build *b, const struct yaml_node *key, struct doc_node *node,
		   struct err *err)
{
	const struct doc_node *value = &key->scalar;

	if (key->form == FORM_ALIAS) {
		value = key->anchor->tree;
		key->anchor->tree->flags |= DOC_ALIASED;
	}
	if (key->form == FORM_MAP || key->form == FORM_LIST || value->kind == DOC_MAP ||
	    value->kind == DOC_LIST)
		return yaml_fail(key->start, "a map or list can not be a key", err);
	if (value->kind == DOC_STRING) {
		node->key = value->str;
		node->flags &= (uint8_t)~DOC_KEY_BAD;
	} else {
		node->key = span_sub(b->in, key->start.at, key->end - key->start.at);
		node->flags |= DOC_KEY_BAD;
	}
	return 0;
}

int yaml_build_entry(struct yaml_build *b, struct yaml_map *map, struct yaml_node *key,
		     struct yaml_node *value, uint32_t key_start, struct err *err)
{
	bool inside = value->form == FORM_MAP || value->form == FORM_LIST;
	struct doc_node *tree = map->tree, *node;

	if (check_merge(b, key, value, err) < 0)
		return -1;
	node = settle(b, value, tree, err);
	if (!node || set_key(b, key, node, err) < 0)
		return -1;
	node->key_start = key_start;

	/* A foot that comes with a key of a block map is that of the entry before. */
	if (map->block && key->foot.first && b->keys.len > map->keys) {
		map->foot = key->foot;
		key->foot = (struct yaml_text){NULL, NULL};
	}
	if (yaml_keys_add(&b->keys, key, err) < 0)
		return -1;
	(void)put_comments(b, tree, &map->foot, false);
	(void)put_comments(b, tree, &key->head, false);
	(void)put_comments(b, tree, &key->line, false);
	if (!key->foot.first) {
		key->foot = value->foot;
		value->foot = (struct yaml_text){NULL, NULL};
	}
	if (inside) {
		put_comments_first(b, node, &value->line);
		put_comments_first(b, node, &value->head);
		(void)put_comments(b, node, &value->foot, false);
	}
	(void)put_comments(b, tree, &value->head, false);
	(void)put_comments(b, tree, &value->line, true);
	append(tree, node);
	(void)put_comments(b, tree, &value->foot, false);
	map->foot = key->foot;
	return 0;
}

int yaml_build_map_end(struct yaml_build *b, struct yaml_map *map, struct yaml_node *n,
		       struct err *err)
{
	if (map->block && n->foot.first && b->keys.len > map->keys) {
		map->foot = n->foot;
		n->foot = (struct yaml_text){NULL, NULL};
	}
	(void)put_comments(b, map->tree, &map->foot, false);
	yaml_build_list_end(b, n);
	return yaml_keys_check(&b->keys, map->keys, err);
}

/* ---- documents ---- */

/* The map that the root stands for; NULL with an error where it stands for none. */
static struct doc_node *root_map(struct yaml_build *b, const struct yaml_node *root,
				 struct err *err)
{
	const struct doc_node *value = &root->scalar;

	if (root->form == FORM_MAP)
		return root->tree;
	if (root->form == FORM_ALIAS)
		value = root->anchor->tree;
	if (root->form == FORM_LIST || (value->kind != DOC_MAP && value->kind != DOC_NULL)) {
		(void)yaml_fail(root->start, "the top level has to be a map", err);
		return NULL;
	}
	if (root->form == FORM_ALIAS)
		return yaml_alias_copy(b, root, DOC_MAP, 0, err);
	return yaml_alias_node(b, DOC_MAP, root->start.line + 1, err);
}

int yaml_build_branch(struct yaml_build *b, struct yaml_node *root, struct yaml_text *head,
		      struct yaml_text *foot, struct err *err)
{
	struct doc_node *branch = root_map(b, root, err), *first, *end = foot->first;

	if (!branch)
		return -1;
	put_comments_first(b, branch, &root->line);
	put_comments_first(b, branch, &root->head);
	if (root->form != FORM_SCALAR)
		(void)put_comments(b, branch, &root->foot, false);
	first = branch->kids.first;
	put_comments_first(b, branch, head);
	(void)put_comments(b, branch, foot, false);
	if (root->form == FORM_MAP && root->anchor) {
		root->anchor->root = true;
		root->anchor->root_first = first;
		root->anchor->root_end = end;
	}
	doc_add_branch(b->doc, branch);
	return 0;
}
