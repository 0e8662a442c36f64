/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes of YAML to nodes of the document tree, by the rules of sops: which type a scalar has, which key it is, and where in the order of
 * entries each comment stands (sops: stores/yaml/store.go; go.yaml.in/yaml/v3: decode.go, resolve.go; sops-format.md 5.1.2).
 *
 * Refuses: maps and lists as keys, keys that are there twice, values that their tag does not fit, merges of what is no map, aliases that
 * are unknown or inside of what they name, and expansion by aliases beyond all measure.
 * Differs: sops makes these checks on the first document of a stream only.
 */
#include "doc/yaml_build.h"

#include "base/text.h"
#include "doc/scalar.h"

void yaml_build_release(struct yaml_build *b)
{
	yaml_names_release(&b->names);
	yaml_keys_release(&b->keys);
}

void yaml_build_document(struct yaml_build *b)
{
	b->decoded = 1; /* the document itself */
	b->expanded = 0;
}

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

static int count(struct yaml_build *b, size_t decoded, size_t expanded, uint32_t line,
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

static struct doc_node *new_node(struct yaml_build *b, enum doc_kind kind, uint32_t line,
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

/* ---- scalars ---- */

enum yaml_tag yaml_build_tag(struct span prefix, struct span suffix)
{
	static const struct {
		const char *name;
		enum yaml_tag tag;
	} tags[] = {
		{"str", TAG_STR},     {"int", TAG_INT},       {"float", TAG_FLOAT},
		{"bool", TAG_BOOL},   {"null", TAG_NULL},     {"timestamp", TAG_TIME},
		{"merge", TAG_MERGE}, {"binary", TAG_BINARY},
	};
	static const struct span long_form = {(const uint8_t *)"tag:yaml.org,2002:", 18};
	char text[40]; /* longer than any of them */
	struct span whole, name;
	size_t i;

	if (prefix.len + suffix.len > sizeof(text))
		return TAG_OTHER;
	if (prefix.len)
		memcpy(text, prefix.data, prefix.len);
	if (suffix.len)
		memcpy(text + prefix.len, suffix.data, suffix.len);
	whole = span_of(text, prefix.len + suffix.len);
	if (span_is(whole, "!"))
		return TAG_NONE;
	if (span_starts(whole, long_form))
		name = span_from(whole, long_form.len);
	else if (span_starts(whole, SPAN("!!")))
		name = span_from(whole, 2);
	else
		return TAG_OTHER;
	for (i = 0; i < ARRAY_LEN(tags); i++) {
		if (span_is(name, tags[i].name))
			return tags[i].tag;
	}
	return TAG_OTHER;
}

static int decode_binary(struct yaml_build *b, struct yaml_node *n, struct err *err)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(DOC_INPUT_MAX);

	if (base64_decode(BASE64_GO, n->text, &bytes) < 0)
		return yaml_fail(n->start, "!!binary without base64 behind it", err);
	if (buf_check(&bytes, err) < 0)
		return -1;
	n->scalar.kind = DOC_STRING;
	return arena_dup(&b->doc->arena, buf_span(&bytes), &n->scalar.str, err);
}

/* A tag that wants a type. go.yaml.in/yaml/v3: resolve.go (resolve) */
static int resolve_as(struct yaml_node *n, struct err *err)
{
	struct doc_node *value = &n->scalar;
	bool fits = false;

	scalar_resolve_yaml(n->text, value);
	switch (n->tag) {
	case TAG_INT:
		fits = value->kind == DOC_INT || value->kind == DOC_UINT;
		break;
	case TAG_FLOAT:
		if (value->kind == DOC_INT) {
			value->kind = DOC_FLOAT;
			value->number = (double)value->integer;
		}
		fits = value->kind == DOC_FLOAT;
		break;
	case TAG_BOOL:
		fits = value->kind == DOC_BOOL;
		break;
	case TAG_NULL:
		fits = value->kind == DOC_NULL;
		break;
	default:
		fits = value->kind == DOC_TIME;
		break;
	}
	return fits ? 0 : yaml_fail(n->start, "a value that its tag does not fit", err);
}

static int resolve(struct yaml_build *b, struct yaml_node *n, struct err *err)
{
	struct doc_node *value = &n->scalar;

	switch (n->tag) {
	case TAG_NONE:
		if (n->style == STYLE_PLAIN) {
			scalar_resolve_yaml(n->text, value);
			return 0;
		}
		break;
	case TAG_BINARY:
		return decode_binary(b, n, err);
	case TAG_INT:
	case TAG_FLOAT:
	case TAG_BOOL:
	case TAG_NULL:
	case TAG_TIME:
		return resolve_as(n, err);
	default:
		break;
	}
	value->kind = DOC_STRING;
	value->str = n->text;
	return 0;
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
	if (count(b, 1, 0, value->line, err) < 0 || resolve(b, n, err) < 0)
		return -1;
	if (n->anchor) {
		n->tree = new_node(b, value->kind, value->line, err);
		if (!n->tree)
			return -1;
		*n->tree = *value;
		n->anchor->tree = n->tree;
		n->anchor->open = false;
	}
	return 0;
}

/* ---- anchors ---- */

int yaml_build_anchor(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
{
	n->anchor = arena_alloc(&b->doc->arena, sizeof(*n->anchor), err);
	if (!n->anchor)
		return -1;
	n->anchor->open = true;
	return yaml_names_set(&b->names, name, n->anchor, err);
}

int yaml_build_alias(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
{
	n->anchor = yaml_names_get(&b->names, name);
	if (!n->anchor)
		return yaml_fail(n->start, "an alias for what has no anchor", err);
	if (n->anchor->open)
		return yaml_fail(n->start, "an alias inside of what it stands for", err);
	return count(b, 1, 0, n->start.line + 1, err);
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
	copy = new_node(b, from->kind, from->line, err);
	if (!copy)
		return NULL;
	from->flags |= DOC_ALIASED;
	*copy = *from;
	copy->next = NULL;
	copy->depth = (uint16_t)depth;
	if (from->kind == DOC_COMMENT)
		return copy;
	counted = 1 + (from->key.data != NULL) + is_alias(b, from);
	if (count(b, counted, counted, from->line, err) < 0)
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
		copy = new_node(b, DOC_COMMENT, from->line, err);
		if (!copy)
			return -1;
		*copy = *from;
		copy->flags = (uint8_t)((copy->flags & ~DOC_INLINE) | DOC_ALIASED);
		copy->depth = (uint16_t)(to->depth + 1);
		doc_append(to, copy);
	}
	return 0;
}

/* What an alias stands for, with the comments of the original inside. depth is that of the alias. */
static struct doc_node *copy_anchor(struct yaml_build *b, const struct yaml_node *n, unsigned depth,
				    struct err *err)
{
	const struct yaml_anchor *anchor = n->anchor;
	struct doc_node *from = anchor->tree, *copy, *kid, *kid_copy;

	copy = new_node(b, from->kind, n->start.line + 1, err);
	if (!copy || count(b, 1, 1, n->start.line + 1, err) < 0)
		return NULL;
	from->flags |= DOC_ALIASED;
	if (from->kind == DOC_MAP || from->kind == DOC_LIST) {
		copy->depth = (uint16_t)depth;
		if (copy_comments(b, anchor->head, anchor->heads, copy, err) < 0 ||
		    copy_comments(b, anchor->line, anchor->lines, copy, err) < 0)
			return NULL;
		kid = anchor->root_first ? (struct doc_node *)anchor->root_first : from->kids.first;
		for (; kid && kid != anchor->root_end; kid = kid->next) {
			kid_copy = copy_tree(b, kid, depth + 1, err);
			if (!kid_copy)
				return NULL;
			doc_append(copy, kid_copy);
		}
		if (copy_comments(b, anchor->foot, anchor->feet, copy, err) < 0)
			return NULL;
	} else {
		*copy = *from;
		copy->next = NULL;
		copy->key = SPAN_NULL;
		copy->line = n->start.line + 1;
		copy->depth = (uint16_t)depth;
	}
	copy->flags = from->flags & (uint8_t)~DOC_KEY_BAD;
	copy->key_start = 0;
	copy->start = n->start.at;
	copy->end = n->end;
	return copy;
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
		return copy_anchor(b, n, parent->depth + 1u, err);
	if (n->form == FORM_SCALAR && !node) {
		node = new_node(b, n->scalar.kind, n->scalar.line, err);
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
	n->tree = new_node(b, n->form == FORM_MAP ? DOC_MAP : DOC_LIST, line, err);
	if (!n->tree || count(b, 1, 0, line, err) < 0)
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

/* A merge needs a map, an alias for one, or a list of these. go.yaml.in/yaml/v3: decode.go (isMerge, merge) */
static int check_merge(const struct yaml_node *key, const struct yaml_node *value, struct err *err)
{
	const struct doc_node *kid;
	bool fits = value->form == FORM_MAP;

	if (key->form != FORM_SCALAR || !span_is(key->text, "<<") ||
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

	if (check_merge(key, value, err) < 0)
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

int yaml_build_branch(struct yaml_build *b, struct yaml_node *root, struct yaml_text *head,
		      struct yaml_text *foot, struct err *err)
{
	const struct doc_node *foot_first = foot->first;
	struct doc_node *branch = root->tree;
	struct doc_node *first;

	if (root->form == FORM_ALIAS && root->anchor->tree->kind == DOC_MAP)
		branch = copy_anchor(b, root, 0, err);
	else if (root->form == FORM_SCALAR && root->scalar.kind == DOC_NULL)
		branch = new_node(b, DOC_MAP, root->start.line + 1, err);
	else if (root->form != FORM_MAP)
		return yaml_fail(root->start, "the top level has to be a map", err);
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
		root->anchor->root_first = first;
		root->anchor->root_end = foot_first;
	}
	doc_add_branch(b->doc, branch);
	return 0;
}
