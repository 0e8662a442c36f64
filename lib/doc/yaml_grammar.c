/* SPDX-License-Identifier: Apache-2.0
 *
 * The grammar of YAML over tokens, by recursive descent: it says which tokens are a node, and which node gets the comments that the
 * scanner has handed over by then (go.yaml.in/yaml/v3: parserc.go, and decode.go for what belongs to the end of a map or list).
 *
 *   node            ALIAS | (TAG | ANCHOR)* (SCALAR | block map | block list | flow map | flow list)?
 *   block map       BLOCK-MAPPING-START (KEY node? (VALUE node?)?)* BLOCK-END
 *   block list      BLOCK-SEQUENCE-START (BLOCK-ENTRY node?)* BLOCK-END; as a map's value also without start and end
 *
 * Refuses: everything else, tags with an unknown handle.
 */
#include "doc/yaml_alias.h"
#include "doc/yaml_grammar.h"

/* At the beginning of a block map or list: its head, set aside by split_stem(). */
static void take_stem(struct yaml_grammar *g, struct yaml_node *n)
{
	n->head = g->s->stem;
	n->line = n->foot = YAML_NO_TEXT;
	g->s->stem = YAML_NO_TEXT;
}

/* ---- block maps and lists ---- */

static bool ends_entry(const struct yaml_token *token)
{
	return token->type == TOKEN_KEY || token->type == TOKEN_VALUE ||
	       token->type == TOKEN_BLOCK_END;
}

/* What stands behind '?' or ':', which is the next token. */
static int entry_part(struct yaml_grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_token *token;
	struct yaml_mark mark;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	mark = yaml_grammar_behind(token);
	if (yaml_grammar_next(g, &token, err) < 0)
		return -1;
	if (ends_entry(token))
		return yaml_grammar_empty(g, mark, n, err);
	return yaml_grammar_node(g, BLOCK_OR_INDENTLESS, n, err);
}

static int block_entry(struct yaml_grammar *g, struct yaml_map *map, uint32_t *ret_end,
		       struct err *err)
{
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;
	uint32_t start;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	start = token->start.at;
	if (entry_part(g, &key, err) < 0 || yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_VALUE) {
		if (entry_part(g, &value, err) < 0)
			return -1;
	} else {
		mark = key.start;
		mark.at = key.end;
		if (yaml_grammar_empty(g, mark, &value, err) < 0)
			return -1;
	}
	*ret_end = value.end;
	return yaml_build_entry(g->b, map, &key, &value, start, err);
}

static int block_map(struct yaml_grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len, .block = true};
	struct yaml_token *token;

	n->form = FORM_MAP;
	take_stem(g, n);
	if (yaml_build_open(g->b, n, false, err) < 0 || yaml_grammar_next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	while (token->type == TOKEN_KEY) {
		if (block_entry(g, &map, &n->end, err) < 0 || yaml_grammar_peek(g, &token, err) < 0)
			return -1;
	}
	if (token->type != TOKEN_BLOCK_END)
		return yaml_fail(token->start, "a key was expected here", err);
	yaml_grammar_take_end(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_map_end(g->b, &map, n, err);
}

/* Behind the "-" of an element that is itself a block map or list, the comments in front of the "-" are the head of all of it, and
 * those behind it the head of its first entry. `last` is the last line in front of the "-". */
static int split_stem(struct yaml_grammar *g, struct doc_node *last, struct err *err)
{
	struct yaml_text *head = &g->s->head;
	struct yaml_token *token;

	if (!last)
		return 0;
	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	if (token->type != TOKEN_BLOCK_SEQUENCE_START && token->type != TOKEN_BLOCK_MAPPING_START)
		return 0;
	g->s->stem = (struct yaml_text){head->first, last};
	*head = last->next ? (struct yaml_text){last->next, head->last} : YAML_NO_TEXT;
	last->next = NULL;
	return 0;
}

/* The next token is the "-". */
static int block_element(struct yaml_grammar *g, struct yaml_node *list, bool indentless,
			 struct err *err)
{
	struct doc_node *last = g->s->head.last;
	struct yaml_node element = {0};
	struct yaml_token *token;
	struct yaml_mark mark;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	mark = yaml_grammar_behind(token);
	yaml_scan_skip(g->s);
	if (split_stem(g, last, err) < 0 || yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_BLOCK_ENTRY || token->type == TOKEN_BLOCK_END ||
	    (indentless && ends_entry(token))) {
		if (yaml_grammar_empty(g, mark, &element, err) < 0)
			return -1;
	} else if (yaml_grammar_node(g, BLOCK, &element, err) < 0) {
		return -1;
	}
	list->end = element.end;
	return yaml_build_element(g->b, list->tree, &element, err);
}

static int block_list(struct yaml_grammar *g, struct yaml_node *n, bool indentless, struct err *err)
{
	struct yaml_token *token;

	n->form = FORM_LIST;
	if (indentless)
		n->head = n->line = n->foot = YAML_NO_TEXT;
	else
		take_stem(g, n);
	if (yaml_build_open(g->b, n, false, err) < 0)
		return -1;
	if ((indentless ? yaml_grammar_peek(g, &token, err) : yaml_grammar_next(g, &token, err)) <
	    0)
		return -1;
	while (token->type == TOKEN_BLOCK_ENTRY) {
		if (block_element(g, n, indentless, err) < 0 ||
		    yaml_grammar_peek(g, &token, err) < 0)
			return -1;
	}
	yaml_build_list_end(g->b, n);
	if (indentless)
		return 0;
	if (token->type != TOKEN_BLOCK_END)
		return yaml_fail(token->start, "a list entry was expected here", err);
	yaml_scan_skip(g->s);
	return 0;
}

/* ---- nodes ---- */

static int find_tag(struct yaml_grammar *g, const struct yaml_token *token, enum yaml_tag *ret_tag,
		    struct err *err)
{
	size_t i;

	if (!token->text.len) {
		*ret_tag = yaml_value_tag(SPAN(""), token->more);
		return 0;
	}
	for (i = 0; i < g->tag_count; i++) {
		if (span_eq(g->tags[i].handle, token->text)) {
			*ret_tag = yaml_value_tag(g->tags[i].prefix, token->more);
			return 0;
		}
	}
	return yaml_fail(token->start, "a tag has a handle that no %TAG line names", err);
}

/* Tag and anchor in either order, each at most once. ret_any: there was one. ret_token is the token behind them. */
static int properties(struct yaml_grammar *g, struct yaml_node *n, struct span *ret_name,
		      bool *ret_any, struct yaml_token **ret_token, struct err *err)
{
	struct yaml_token *token = *ret_token;
	bool tagged = false, named = false;

	for (;;) {
		if (token->type == TOKEN_TAG && !tagged) {
			tagged = true;
			if (find_tag(g, token, &n->tag, err) < 0)
				return -1;
		} else if (token->type == TOKEN_ANCHOR && !named) {
			named = true;
			*ret_name = token->text;
		} else {
			break;
		}
		n->end = token->end;
		if (yaml_grammar_next(g, &token, err) < 0)
			return -1;
	}
	*ret_any = tagged || named;
	*ret_token = token;
	return 0;
}

static int scalar(struct yaml_grammar *g, const struct yaml_token *token, struct yaml_node *n,
		  struct err *err)
{
	n->form = FORM_SCALAR;
	n->style = token->style;
	n->text = token->text;
	n->end = token->end;
	yaml_grammar_take(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_scalar(g->b, n, err);
}

/* A map or list of the kind that the next token begins; ret_known is false where it begins none. */
static int collection(struct yaml_grammar *g, enum yaml_place_of place, enum yaml_token_type type,
		      struct yaml_node *n, bool *ret_known, struct err *err)
{
	*ret_known = true;
	if (type == TOKEN_BLOCK_ENTRY && place == BLOCK_OR_INDENTLESS)
		return block_list(g, n, true, err);
	if (type == TOKEN_FLOW_SEQUENCE_START)
		return yaml_flow_list(g, n, err);
	if (type == TOKEN_FLOW_MAPPING_START)
		return yaml_flow_map(g, n, err);
	if (type == TOKEN_BLOCK_SEQUENCE_START && place != FLOW)
		return block_list(g, n, false, err);
	if (type == TOKEN_BLOCK_MAPPING_START && place != FLOW)
		return block_map(g, n, err);
	*ret_known = false;
	return 0;
}

static int alias(struct yaml_grammar *g, const struct yaml_token *token, struct yaml_node *n,
		 struct err *err)
{
	struct span name = token->text;

	n->form = FORM_ALIAS;
	n->start = token->start;
	n->end = token->end;
	n->text = name;
	yaml_grammar_take(g, n);
	yaml_scan_skip(g->s);
	return yaml_alias_find(g->b, n, name, err);
}

int yaml_grammar_node(struct yaml_grammar *g, enum yaml_place_of place, struct yaml_node *n,
		      struct err *err)
{
	struct yaml_token *token;
	struct span name = SPAN_NULL;
	bool any, known;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_ALIAS)
		return alias(g, token, n, err);
	n->start = token->start;
	n->end = token->start.at;
	if (properties(g, n, &name, &any, &token, err) < 0)
		return -1;
	if (name.data && yaml_alias_define(g->b, n, name, err) < 0)
		return -1;
	if (token->type == TOKEN_SCALAR)
		return scalar(g, token, n, err);
	if (collection(g, place, token->type, n, &known, err) < 0)
		return -1;
	if (known)
		return 0;
	if (!any)
		return yaml_fail(token->start, "a value was expected here", err);
	n->form = FORM_SCALAR;
	n->text = SPAN("");
	return yaml_build_scalar(g->b, n, err);
}
