/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens to nodes, in three parts: yaml_stream.c (documents), yaml_grammar.c (nodes, block maps and lists), yaml_flow.c (flow maps and
 * lists). Each look at the next token lets the scanner read on and hand over comments, so the order of looks, skips and takes is part
 * of the rules.
 */
#ifndef DOC_YAML_GRAMMAR_H
#define DOC_YAML_GRAMMAR_H

#include "doc/yaml_build.h"

enum {
	YAML_TAG_LINES_MAX =
		64 /* %TAG lines of a document, with the two that are built in: tags are looked up among them */
};

struct yaml_tag_line {
	struct span handle, prefix;
};

struct yaml_grammar {
	struct yaml_scan *s;
	struct yaml_build *b;
	struct yaml_tag_line tags[YAML_TAG_LINES_MAX];
	size_t tag_count;
};

/* Where a node stands decides what may begin it: a map's value may be a list that is not indented. */
enum yaml_place_of { BLOCK, BLOCK_OR_INDENTLESS, FLOW };

#define YAML_NO_TEXT ((struct yaml_text){NULL, NULL})

/* Reads every document of the stream; ret_documents is their number. */
int yaml_stream_read(struct yaml_scan *s, struct yaml_build *b, size_t *ret_documents,
		     struct err *err) NODISCARD;

/* The node that begins with the next token. */
int yaml_grammar_node(struct yaml_grammar *g, enum yaml_place_of place, struct yaml_node *n,
		      struct err *err) NODISCARD;

/* The flow list or map whose bracket is the next token. */
int yaml_flow_list(struct yaml_grammar *g, struct yaml_node *n, struct err *err) NODISCARD;
int yaml_flow_map(struct yaml_grammar *g, struct yaml_node *n, struct err *err) NODISCARD;

static inline int yaml_grammar_peek(struct yaml_grammar *g, struct yaml_token **ret_token,
				    struct err *err)
{
	return yaml_scan_peek(g->s, ret_token, err);
}

static inline int yaml_grammar_next(struct yaml_grammar *g, struct yaml_token **ret_token,
				    struct err *err)
{
	yaml_scan_skip(g->s);
	return yaml_scan_peek(g->s, ret_token, err);
}

/* The comments that are waiting become those of the node. */
static inline void yaml_grammar_take(struct yaml_grammar *g, struct yaml_node *n)
{
	n->head = g->s->head;
	n->line = g->s->line_text;
	n->foot = g->s->foot;
	g->s->head = g->s->line_text = g->s->foot = g->s->stem = YAML_NO_TEXT;
}

/* At the end of a map or list: line and foot replace those of its beginning, a head is lost. */
static inline void yaml_grammar_take_end(struct yaml_grammar *g, struct yaml_node *n)
{
	struct yaml_text head = n->head;

	yaml_grammar_take(g, n);
	n->head = head;
}

/* The place behind a token on its line. */
static inline struct yaml_mark yaml_grammar_behind(const struct yaml_token *token)
{
	struct yaml_mark mark = token->start;

	mark.column += (int32_t)(token->end - mark.at);
	mark.at = token->end;
	return mark;
}

/* A node of which nothing is written. */
static inline int yaml_grammar_empty(struct yaml_grammar *g, struct yaml_mark mark,
				     struct yaml_node *n, struct err *err)
{
	n->form = FORM_SCALAR;
	n->start = mark;
	n->end = mark.at;
	n->text = SPAN("");
	return yaml_build_scalar(g->b, n, err);
}

#endif
