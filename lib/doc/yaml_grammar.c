/* SPDX-License-Identifier: Apache-2.0
 *
 * The grammar of YAML over tokens, by recursive descent: it says which tokens are a node, and which node gets the comments that the
 * scanner has handed over by then (go.yaml.in/yaml/v3: parserc.go, and decode.go for what belongs to the end of a map or list). Each
 * look at the next token lets the scanner read on, so the order of looks and takes is part of the rules.
 *
 *   stream          document*
 *   document        directives "---" node? "..."*; the first may begin without "---"
 *   node            ALIAS | (TAG | ANCHOR)* (SCALAR | block map | block list | flow map | flow list)?
 *   block map       BLOCK-MAPPING-START (KEY node? (VALUE node?)?)* BLOCK-END
 *   block list      BLOCK-SEQUENCE-START (BLOCK-ENTRY node?)* BLOCK-END; as a map's value also without start and end
 *   flow list, map  '[' entries ']', '{' entries '}'; `[a: b]` is a list with a map in it
 *
 * Refuses: everything else, %YAML other than 1.1, tags with an unknown handle, nesting beyond DOC_DEPTH_MAX.
 */
#include "doc/yaml_grammar.h"

enum { TAG_DIRECTIVES_MAX = 64 /* %TAG lines of a document: each tag is looked up among them */ };

struct tag_handle {
	struct span handle, prefix;
};

struct grammar {
	struct yaml_scan *s;
	struct yaml_build *b;
	struct tag_handle tags[TAG_DIRECTIVES_MAX];
	size_t tag_count;
};

/* Where a node stands decides what may begin it. */
enum place { BLOCK, BLOCK_OR_INDENTLESS, FLOW };

static const struct yaml_text no_text;

static int node(struct grammar *g, enum place place, struct yaml_node *n, struct err *err);

static int peek(struct grammar *g, struct yaml_token **ret_token, struct err *err)
{
	return yaml_scan_peek(g->s, ret_token, err);
}

static int next(struct grammar *g, struct yaml_token **ret_token, struct err *err)
{
	yaml_scan_skip(g->s);
	return yaml_scan_peek(g->s, ret_token, err);
}

/* The comments that are waiting become those of the node. */
static void take_comments(struct grammar *g, struct yaml_node *n)
{
	n->head = g->s->head;
	n->line = g->s->line_text;
	n->foot = g->s->foot;
	g->s->head = g->s->line_text = g->s->foot = g->s->stem = no_text;
}

/* At the end of a map or list: line and foot replace those of its beginning, a head is lost. */
static void take_end_comments(struct grammar *g, struct yaml_node *n)
{
	struct yaml_text head = n->head;

	take_comments(g, n);
	n->head = head;
}

/* At the beginning of a block map or list: its head, set aside by split_stem(). */
static void take_stem(struct grammar *g, struct yaml_node *n)
{
	n->head = g->s->stem;
	n->line = n->foot = no_text;
	g->s->stem = no_text;
}

/* The place behind a token on its line. */
static struct yaml_mark behind(const struct yaml_token *token)
{
	struct yaml_mark mark = token->start;

	mark.column += (int32_t)(token->end - mark.at);
	mark.at = token->end;
	return mark;
}

/* A node of which nothing is written. */
static int empty(struct grammar *g, struct yaml_mark mark, struct yaml_node *n, struct err *err)
{
	n->form = FORM_SCALAR;
	n->start = mark;
	n->end = mark.at;
	n->text = SPAN("");
	return yaml_build_scalar(g->b, n, err);
}

/* ---- block maps and lists ---- */

static bool ends_entry(const struct yaml_token *token)
{
	return token->type == TOKEN_KEY || token->type == TOKEN_VALUE ||
	       token->type == TOKEN_BLOCK_END;
}

/* What stands behind '?' or ':', which is the next token. */
static int entry_part(struct grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_token *token;
	struct yaml_mark mark;

	if (peek(g, &token, err) < 0)
		return -1;
	mark = behind(token);
	if (next(g, &token, err) < 0)
		return -1;
	if (ends_entry(token))
		return empty(g, mark, n, err);
	return node(g, BLOCK_OR_INDENTLESS, n, err);
}

static int block_entry(struct grammar *g, struct yaml_map *map, uint32_t *ret_end, struct err *err)
{
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;
	uint32_t start;

	if (peek(g, &token, err) < 0)
		return -1;
	start = token->start.at;
	if (entry_part(g, &key, err) < 0 || peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_VALUE) {
		if (entry_part(g, &value, err) < 0)
			return -1;
	} else {
		mark = key.start;
		mark.at = key.end;
		if (empty(g, mark, &value, err) < 0)
			return -1;
	}
	*ret_end = value.end;
	return yaml_build_entry(g->b, map, &key, &value, start, err);
}

static int block_map(struct grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len, .block = true};
	struct yaml_token *token;

	n->form = FORM_MAP;
	take_stem(g, n);
	if (yaml_build_open(g->b, n, false, err) < 0 || next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	while (token->type == TOKEN_KEY) {
		if (block_entry(g, &map, &n->end, err) < 0 || peek(g, &token, err) < 0)
			return -1;
	}
	if (token->type != TOKEN_BLOCK_END)
		return yaml_fail(token->start, "a key was expected here", err);
	take_end_comments(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_map_end(g->b, &map, n, err);
}

/* Behind the "-" of an element that is itself a block map or list, the comments in front of the "-" are the head of all of it, and
 * those behind it the head of its first entry. `last` is the last line in front of the "-". */
static int split_stem(struct grammar *g, struct doc_node *last, struct err *err)
{
	struct yaml_text *head = &g->s->head;
	struct yaml_token *token;

	if (!last)
		return 0;
	if (peek(g, &token, err) < 0)
		return -1;
	if (token->type != TOKEN_BLOCK_SEQUENCE_START && token->type != TOKEN_BLOCK_MAPPING_START)
		return 0;
	g->s->stem = (struct yaml_text){head->first, last};
	*head = last->next ? (struct yaml_text){last->next, head->last} : no_text;
	last->next = NULL;
	return 0;
}

/* The next token is the "-". */
static int block_element(struct grammar *g, struct yaml_node *list, bool indentless,
			 struct err *err)
{
	struct doc_node *last = g->s->head.last;
	struct yaml_node element = {0};
	struct yaml_token *token;
	struct yaml_mark mark;

	if (peek(g, &token, err) < 0)
		return -1;
	mark = behind(token);
	yaml_scan_skip(g->s);
	if (split_stem(g, last, err) < 0 || peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_BLOCK_ENTRY || token->type == TOKEN_BLOCK_END ||
	    (indentless && ends_entry(token))) {
		if (empty(g, mark, &element, err) < 0)
			return -1;
	} else if (node(g, BLOCK, &element, err) < 0) {
		return -1;
	}
	list->end = element.end;
	return yaml_build_element(g->b, list->tree, &element, err);
}

static int block_list(struct grammar *g, struct yaml_node *n, bool indentless, struct err *err)
{
	struct yaml_token *token;

	n->form = FORM_LIST;
	if (indentless)
		n->head = n->line = n->foot = no_text;
	else
		take_stem(g, n);
	if (yaml_build_open(g->b, n, false, err) < 0)
		return -1;
	if ((indentless ? peek(g, &token, err) : next(g, &token, err)) < 0)
		return -1;
	while (token->type == TOKEN_BLOCK_ENTRY) {
		if (block_element(g, n, indentless, err) < 0 || peek(g, &token, err) < 0)
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

/* ---- flow maps and lists ---- */

/* The value behind ':', or nothing, in a flow map or a pair of a flow list that ends with `close`. */
static int flow_value(struct grammar *g, enum yaml_token_type close, struct yaml_node *n,
		      struct err *err)
{
	struct yaml_token *token;
	struct yaml_mark mark;

	if (peek(g, &token, err) < 0)
		return -1;
	mark = token->start;
	if (token->type == TOKEN_VALUE) {
		mark = behind(token);
		if (next(g, &token, err) < 0)
			return -1;
		if (token->type != TOKEN_FLOW_ENTRY && token->type != close)
			return node(g, FLOW, n, err);
	}
	return empty(g, mark, n, err);
}

static bool ends_flow_key(const struct yaml_token *token, enum yaml_token_type close)
{
	return token->type == TOKEN_VALUE || token->type == TOKEN_FLOW_ENTRY ||
	       token->type == close;
}

/* `[a: b]`: a map of one entry that is an element of a list. The next token is the KEY. */
static int flow_pair(struct grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len};
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;

	if (peek(g, &token, err) < 0)
		return -1;
	n->form = FORM_MAP;
	n->start = token->start;
	if (yaml_build_open(g->b, n, true, err) < 0 || next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	if (ends_flow_key(token, TOKEN_FLOW_SEQUENCE_END)) {
		/* The token is dropped there, so that nearly all of these become errors later. */
		mark = behind(token);
		yaml_scan_skip(g->s);
		if (empty(g, mark, &key, err) < 0)
			return -1;
	} else if (node(g, FLOW, &key, err) < 0) {
		return -1;
	}
	if (flow_value(g, TOKEN_FLOW_SEQUENCE_END, &value, err) < 0 ||
	    yaml_build_entry(g->b, &map, &key, &value, n->start.at, err) < 0)
		return -1;
	n->end = value.end;
	if (peek(g, &token, err) < 0)
		return -1;
	return yaml_build_map_end(g->b, &map, n, err);
}

/* The ',' between entries. ret_token becomes the token behind it. */
static int flow_comma(struct grammar *g, bool first, struct yaml_token **ret_token, struct err *err)
{
	if (first)
		return 0;
	if ((*ret_token)->type != TOKEN_FLOW_ENTRY)
		return yaml_fail((*ret_token)->start,
				 "a ',' or the closing bracket was expected here", err);
	return next(g, ret_token, err);
}

static int flow_list(struct grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_token *token;
	bool first = true;

	n->form = FORM_LIST;
	take_comments(g, n);
	if (yaml_build_open(g->b, n, true, err) < 0 || next(g, &token, err) < 0)
		return -1;
	for (; token->type != TOKEN_FLOW_SEQUENCE_END; first = false) {
		struct yaml_node element = {0};

		if (flow_comma(g, first, &token, err) < 0)
			return -1;
		if (token->type == TOKEN_FLOW_SEQUENCE_END)
			break;
		if ((token->type == TOKEN_KEY ? flow_pair(g, &element, err)
					      : node(g, FLOW, &element, err)) < 0 ||
		    yaml_build_element(g->b, n->tree, &element, err) < 0 ||
		    peek(g, &token, err) < 0)
			return -1;
	}
	n->end = token->end;
	yaml_build_list_end(g->b, n);
	take_end_comments(g, n);
	yaml_scan_skip(g->s);
	return 0;
}

static int flow_entry(struct grammar *g, struct yaml_map *map, struct err *err)
{
	struct yaml_node key = {0}, value = {0};
	struct yaml_token *token;
	struct yaml_mark mark;
	uint32_t start;

	if (peek(g, &token, err) < 0)
		return -1;
	start = token->start.at;
	if (token->type != TOKEN_KEY) {
		/* `{a, b}`: values are null. */
		if (node(g, FLOW, &key, err) < 0 || peek(g, &token, err) < 0)
			return -1;
		mark = key.start;
		mark.at = key.end;
		if (empty(g, mark, &value, err) < 0)
			return -1;
		return yaml_build_entry(g->b, map, &key, &value, start, err);
	}
	mark = behind(token);
	if (next(g, &token, err) < 0)
		return -1;
	if (ends_flow_key(token, TOKEN_FLOW_MAPPING_END)) {
		if (empty(g, mark, &key, err) < 0)
			return -1;
	} else if (node(g, FLOW, &key, err) < 0) {
		return -1;
	}
	if (flow_value(g, TOKEN_FLOW_MAPPING_END, &value, err) < 0)
		return -1;
	return yaml_build_entry(g->b, map, &key, &value, start, err);
}

static int flow_map(struct grammar *g, struct yaml_node *n, struct err *err)
{
	struct yaml_map map = {.keys = g->b->keys.len};
	struct yaml_token *token;
	bool first = true;

	n->form = FORM_MAP;
	take_comments(g, n);
	if (yaml_build_open(g->b, n, true, err) < 0 || next(g, &token, err) < 0)
		return -1;
	map.tree = n->tree;
	for (; token->type != TOKEN_FLOW_MAPPING_END; first = false) {
		if (flow_comma(g, first, &token, err) < 0)
			return -1;
		if (token->type == TOKEN_FLOW_MAPPING_END)
			break;
		if (flow_entry(g, &map, err) < 0 || peek(g, &token, err) < 0)
			return -1;
	}
	n->end = token->end;
	take_end_comments(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_map_end(g->b, &map, n, err);
}

/* ---- nodes ---- */

static int find_tag(struct grammar *g, const struct yaml_token *token, enum yaml_tag *ret_tag,
		    struct err *err)
{
	size_t i;

	if (!token->text.len) {
		*ret_tag = yaml_build_tag(SPAN(""), token->more);
		return 0;
	}
	for (i = 0; i < g->tag_count; i++) {
		if (span_eq(g->tags[i].handle, token->text)) {
			*ret_tag = yaml_build_tag(g->tags[i].prefix, token->more);
			return 0;
		}
	}
	return yaml_fail(token->start, "a tag has a handle that no %TAG line names", err);
}

/* Tag and anchor in either order, each at most once. ret_any: there was one. ret_token is the token behind them. */
static int properties(struct grammar *g, struct yaml_node *n, struct span *ret_name, bool *ret_any,
		      struct yaml_token **ret_token, struct err *err)
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
		if (next(g, &token, err) < 0)
			return -1;
	}
	*ret_any = tagged || named;
	*ret_token = token;
	return 0;
}

static int scalar(struct grammar *g, const struct yaml_token *token, struct yaml_node *n,
		  struct err *err)
{
	n->form = FORM_SCALAR;
	n->style = token->style;
	n->text = token->text;
	n->end = token->end;
	take_comments(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_scalar(g->b, n, err);
}

/* A map or list of the kind that the next token begins; ret_known is false where it begins none. */
static int collection(struct grammar *g, enum place place, enum yaml_token_type type,
		      struct yaml_node *n, bool *ret_known, struct err *err)
{
	*ret_known = true;
	if (type == TOKEN_BLOCK_ENTRY && place == BLOCK_OR_INDENTLESS)
		return block_list(g, n, true, err);
	if (type == TOKEN_FLOW_SEQUENCE_START)
		return flow_list(g, n, err);
	if (type == TOKEN_FLOW_MAPPING_START)
		return flow_map(g, n, err);
	if (type == TOKEN_BLOCK_SEQUENCE_START && place != FLOW)
		return block_list(g, n, false, err);
	if (type == TOKEN_BLOCK_MAPPING_START && place != FLOW)
		return block_map(g, n, err);
	*ret_known = false;
	return 0;
}

static int alias(struct grammar *g, const struct yaml_token *token, struct yaml_node *n,
		 struct err *err)
{
	struct span name = token->text;

	n->form = FORM_ALIAS;
	n->start = token->start;
	n->end = token->end;
	take_comments(g, n);
	yaml_scan_skip(g->s);
	return yaml_build_alias(g->b, n, name, err);
}

static int node(struct grammar *g, enum place place, struct yaml_node *n, struct err *err)
{
	struct yaml_token *token;
	struct span name = SPAN_NULL;
	bool any, known;

	if (peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_ALIAS)
		return alias(g, token, n, err);
	n->start = token->start;
	n->end = token->start.at;
	if (properties(g, n, &name, &any, &token, err) < 0)
		return -1;
	if (name.data && yaml_build_anchor(g->b, n, name, err) < 0)
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

/* ---- documents ---- */

static int add_tag(struct grammar *g, struct span handle, struct span prefix, bool built_in,
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
	if (g->tag_count == TAG_DIRECTIVES_MAX)
		return err_set(err, ERR_LIMIT, "line %u: more than %d %%TAG lines", mark.line + 1,
			       TAG_DIRECTIVES_MAX - 2);
	g->tags[g->tag_count++] = (struct tag_handle){handle, prefix};
	return 0;
}

static int directives(struct grammar *g, struct err *err)
{
	struct yaml_token *token;
	bool version = false;

	if (peek(g, &token, err) < 0)
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
		if (next(g, &token, err) < 0)
			return -1;
	}
	if (add_tag(g, SPAN("!"), SPAN("!"), true, token->start, err) < 0)
		return -1;
	return add_tag(g, SPAN("!!"), SPAN("tag:yaml.org,2002:"), true, token->start, err);
}

/* Of the comments above a first document without "---", those before the last empty line are the document's. */
static struct yaml_text split_head(struct yaml_text *head)
{
	struct yaml_text top = no_text;
	struct doc_node *line;

	for (line = head->first; line; line = line->next) {
		if (line->depth)
			top = (struct yaml_text){head->first, line};
	}
	if (top.last) {
		*head = top.last->next ? (struct yaml_text){top.last->next, head->last} : no_text;
		top.last->next = NULL;
	}
	return top;
}

/* ret_more: false where the stream has ended. */
static int document(struct grammar *g, bool first, bool *ret_more, struct err *err)
{
	struct yaml_text head = no_text;
	struct yaml_node root = {0}, end = {0};
	struct yaml_token *token;
	bool bare;

	if (peek(g, &token, err) < 0)
		return -1;
	while (!first && token->type == TOKEN_DOCUMENT_END) {
		if (next(g, &token, err) < 0)
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
		if (peek(g, &token, err) < 0)
			return -1;
		if (token->type != TOKEN_DOCUMENT_START)
			return yaml_fail(token->start, "the start of a document was expected here",
					 err);
		if (next(g, &token, err) < 0)
			return -1;
	}
	if (!bare && (token->type == TOKEN_VERSION || token->type == TOKEN_TAG_DIRECTIVE ||
		      token->type == TOKEN_DOCUMENT_START || token->type == TOKEN_DOCUMENT_END ||
		      token->type == TOKEN_STREAM_END)) {
		if (empty(g, token->start, &root, err) < 0)
			return -1;
	} else if (node(g, BLOCK, &root, err) < 0) {
		return -1;
	}

	if (peek(g, &token, err) < 0)
		return -1;
	if (token->type == TOKEN_DOCUMENT_END)
		yaml_scan_skip(g->s);
	take_comments(g, &end);
	g->tag_count = 0;
	return yaml_build_branch(g->b, &root, &head, end.foot.first ? &end.foot : &end.head, err);
}

int yaml_grammar_stream(struct yaml_scan *s, struct yaml_build *b, size_t *ret_documents,
			struct err *err)
{
	struct grammar g = {.s = s, .b = b};
	struct yaml_token *token;
	size_t count = 0;
	bool more;

	if (peek(&g, &token, err) < 0)
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
