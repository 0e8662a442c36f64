/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow maps and lists (go.yaml.in/yaml/v3: parserc.go).
 *
 *   flow list       '[' (node | pair) (',' (node | pair))* ','? ']'; a pair, `[a: b]`, is a map of its own
 *   flow map        '{' entry (',' entry)* ','? '}', an entry being KEY node? (VALUE node?)?, or a node whose value is null
 */
#include "doc/yaml_grammar.h"

/* The value behind ':', or nothing, in a flow map or a pair of a flow list that ends with `close`. */
static int flow_value(struct yaml_grammar *g, enum yaml_token_type close, struct yaml_node *n,
		      struct err *err)
{
	struct yaml_token *token;
	struct yaml_mark mark;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	mark = token->start;
	if (token->type == TOKEN_VALUE) {
		mark = yaml_grammar_behind(token);
		if (yaml_grammar_next(g, &token, err) < 0)
			return -1;
		if (token->type != TOKEN_FLOW_ENTRY && token->type != close)
			return yaml_grammar_node(g, FLOW, n, err);
	}
	return yaml_grammar_empty(g, mark, n, err);
}

static bool ends_flow_key(const struct yaml_token *token, enum yaml_token_type close)
{
	return token->type == TOKEN_VALUE || token->type == TOKEN_FLOW_ENTRY ||
	       token->type == close;
}

/* `[a: b]`: a map of one entry that is an element of a list. The next token is the KEY. */
static int flow_pair(struct yaml_grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len};
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	n->form = FORM_MAP;
	n->start = token->start;
	if (yaml_build_open(g->b, n, true, err) < 0 || yaml_grammar_next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	if (ends_flow_key(token, TOKEN_FLOW_SEQUENCE_END)) {
		/* The token is dropped there, so that nearly all of these become errors later. */
		mark = yaml_grammar_behind(token);
		yaml_scan_skip(g->s);
		if (yaml_grammar_empty(g, mark, &key, err) < 0)
			return -1;
	} else if (yaml_grammar_node(g, FLOW, &key, err) < 0) {
		return -1;
	}
	if (flow_value(g, TOKEN_FLOW_SEQUENCE_END, &value, err) < 0 ||
	    yaml_build_entry(g->b, &map, &key, &value, n->start.at, err) < 0)
		return -1;
	n->end = value.end;
	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	return yaml_build_map_end(g->b, &map, n, err);
}

/* The ',' between entries. ret_token becomes the token behind it. */
static int flow_comma(struct yaml_grammar *g, bool first, struct yaml_token **ret_token,
		      struct err *err)
{
	if (first)
		return 0;
	if ((*ret_token)->type != TOKEN_FLOW_ENTRY)
		return yaml_fail((*ret_token)->start,
				 "a ',' or the closing bracket was expected here", err);
	return yaml_grammar_next(g, ret_token, err);
}

int yaml_flow_list(struct yaml_grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_token *token;
	bool first = true;

	n->form = FORM_LIST;
	yaml_grammar_take(g, n);
	if (yaml_build_open(g->b, n, true, err) < 0 || yaml_grammar_next(g, &token, err) < 0)
		return -1;
	for (; token->type != TOKEN_FLOW_SEQUENCE_END; first = false) {
		struct yaml_node element = {0};

		if (flow_comma(g, first, &token, err) < 0)
			return -1;
		if (token->type == TOKEN_FLOW_SEQUENCE_END)
			break;
		if ((token->type == TOKEN_KEY ? flow_pair(g, &element, err)
					      : yaml_grammar_node(g, FLOW, &element, err)) < 0 ||
		    yaml_build_element(g->b, n->tree, &element, err) < 0 ||
		    yaml_grammar_peek(g, &token, err) < 0)
			return -1;
	}
	n->end = token->end;
	yaml_build_list_end(g->b, n);
	yaml_grammar_take_end(g, n);
	yaml_scan_skip(g->s);
	return 0;
}

static int flow_entry(struct yaml_grammar *g, struct yaml_map *map, struct err *err)
{
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;
	uint32_t start;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	start = token->start.at;
	if (token->type != TOKEN_KEY) {
		/* `{a, b}`: values are null. */
		if (yaml_grammar_node(g, FLOW, &key, err) < 0 ||
		    yaml_grammar_peek(g, &token, err) < 0)
			return -1;
		mark = key.start;
		mark.at = key.end;
		if (yaml_grammar_empty(g, mark, &value, err) < 0)
			return -1;
		return yaml_build_entry(g->b, map, &key, &value, start, err);
	}
	mark = yaml_grammar_behind(token);
	if (yaml_grammar_next(g, &token, err) < 0)
		return -1;
	if (ends_flow_key(token, TOKEN_FLOW_MAPPING_END)) {
		if (yaml_grammar_empty(g, mark, &key, err) < 0)
			return -1;
	} else if (yaml_grammar_node(g, FLOW, &key, err) < 0) {
		return -1;
	}
	if (flow_value(g, TOKEN_FLOW_MAPPING_END, &value, err) < 0)
		return -1;
	return yaml_build_entry(g->b, map, &key, &value, start, err);
}

int yaml_flow_map(struct yaml_grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len};
	struct yaml_token *token;
	bool first = true;

	n->form = FORM_MAP;
	yaml_grammar_take(g, n);
	if (yaml_build_open(g->b, n, true, err) < 0 || yaml_grammar_next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	for (; token->type != TOKEN_FLOW_MAPPING_END; first = false) {
		if (flow_comma(g, first, &token, err) < 0)
			return -1;
		if (token->type == TOKEN_FLOW_MAPPING_END)
			break;
		if (flow_entry(g, &map, err) < 0 || yaml_grammar_peek(g, &token, err) < 0)
			return -1;
	}
	n->end = token->end;
	yaml_grammar_take_end(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_map_end(g->b, &map, n, err);
}
