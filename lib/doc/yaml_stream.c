/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents of a YAML stream and their directives (go.yaml.in/yaml/v3: parserc.go).
 *
 *   stream          document*
 *   document        (%YAML | %TAG)* "---" node? "..."*; the first may begin without "---"
 *
 * Refuses: %YAML other than 1.1, a second one, a handle that two %TAG lines name.
 * Differs: more than YAML_TAG_LINES_MAX - 2 %TAG lines.
 */
#include "doc/yaml_grammar.h"

static int add_tag(struct yaml_grammar *g, struct span handle, struct span prefix, bool built_in,
		   struct yaml_mark mark, struct err *err)
{
	size_t i;

	for (i = 0; i < g->tag_count; i++) {
		if (span_eq(g->tags[i].handle, handle))
			return built_in ? 0
					: yaml_fail(mark,
						    "a %TAG line has a handle that another has",
						    err);
	}
	if (g->tag_count == YAML_TAG_LINES_MAX)
		return err_set(err, ERR_LIMIT, "line %u: more than %d %%TAG lines", mark.line + 1,
			       YAML_TAG_LINES_MAX - 2);
	g->tags[g->tag_count++] = (struct yaml_tag_line){handle, prefix};
	return 0;
}

static int directives(struct yaml_grammar *g, struct err *err)
{
	struct yaml_token *token;
	bool version = false;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	while (token->type == TOKEN_VERSION || token->type == TOKEN_TAG_DIRECTIVE) {
		if (token->type == TOKEN_TAG_DIRECTIVE) {
			if (add_tag(g, token->text, token->more, false, token->start, err) < 0)
				return -1;
		} else {
			if (version || token->style != 1)
				return yaml_fail(token->start,
						 version ? "a second %YAML line"
							 : "a %YAML version other than 1.1",
						 err);
			version = true;
		}
		if (yaml_grammar_next(g, &token, err) < 0)
			return -1;
	}
	if (add_tag(g, SPAN("!"), SPAN("!"), true, token->start, err) < 0)
		return -1;
	return add_tag(g, SPAN("!!"), SPAN("tag:yaml.org,2002:"), true, token->start, err);
}

/* Of the comments above a first document without "---", those before the last empty line are the document's. */
static struct yaml_text split_head(struct yaml_text *head)
{
	struct yaml_text top = YAML_NO_TEXT;
	struct doc_node *line;

	for (line = head->first; line; line = line->next) {
		if (line->depth)
			top = (struct yaml_text){head->first, line};
	}
	if (top.last) {
		*head = top.last->next ? (struct yaml_text){top.last->next, head->last}
				       : YAML_NO_TEXT;
		top.last->next = NULL;
	}
	return top;
}

/* ret_more: false where the stream has ended. */
static int document(struct yaml_grammar *g, bool first, bool *ret_more, struct err *err)
{
	struct yaml_text head = YAML_NO_TEXT;
	struct yaml_node root = {0}, end = {0};
	struct yaml_token *token;
	bool bare;

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	while (!first && token->type == TOKEN_DOCUMENT_END) {
		if (yaml_grammar_next(g, &token, err) < 0)
			return -1;
	}
	*ret_more = token->type != TOKEN_STREAM_END;
	if (!*ret_more)
		return 0;
	yaml_build_document(g->b);
	bare = first && token->type != TOKEN_VERSION && token->type != TOKEN_TAG_DIRECTIVE &&
	       token->type != TOKEN_DOCUMENT_START;
	if (directives(g, err) < 0)
		return -1;
	if (bare) {
		head = split_head(&g->s->head);
	} else {
		if (yaml_grammar_peek(g, &token, err) < 0)
			return -1;
		if (token->type != TOKEN_DOCUMENT_START)
			return yaml_fail(token->start, "the start of a document was expected here",
					 err);
		if (yaml_grammar_next(g, &token, err) < 0)
			return -1;
	}
	if (!bare && (token->type == TOKEN_VERSION || token->type == TOKEN_TAG_DIRECTIVE ||
		      token->type == TOKEN_DOCUMENT_START || token->type == TOKEN_DOCUMENT_END ||
		      token->type == TOKEN_STREAM_END)) {
		if (yaml_grammar_empty(g, token->start, &root, err) < 0)
			return -1;
	} else if (yaml_grammar_node(g, BLOCK, &root, err) < 0) {
		return -1;
	}

	if (yaml_grammar_peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_DOCUMENT_END)
		yaml_scan_skip(g->s);
	yaml_grammar_take(g, &end);
	g->tag_count = 0;
	return yaml_build_branch(g->b, &root, &head, end.foot.first ? &end.foot : &end.head, err);
}

int yaml_stream_read(struct yaml_scan *s, struct yaml_build *b, size_t *ret_documents,
		     struct err *err)
{
	struct yaml_grammar g = {.s = s, .b = b};
	struct yaml_token *token;
	size_t count = 0;
	bool more;

	if (yaml_grammar_peek(&g, &token, err) < 0)
		return -1;
	yaml_scan_skip(s);
	for (;; count++) {
		if (document(&g, count == 0, &more, err) < 0)
			return -1;
		if (!more)
			break;
	}
	*ret_documents = count;
	return 0;
}
