/* SPDX-License-Identifier: Apache-2.0
 *
 * Comments of YAML: which lines form a group, and whether it is the head of what follows, the foot of what came before, or stands on
 * the line of a value. sops encrypts comments and gives each a place in its tree, so the groups must be cut where its scanner cuts
 * them (go.yaml.in/yaml/v3: scannerc.go, yaml_parser_scan_comments and what calls it), line counts that are one off included. It also has
 * a rule that makes the comment behind a key the head of the list below it; its own queue never lets that happen, so it is not here.
 */
#include "doc/yaml_comments.h"

#include "doc/yaml_chars.h"
#include "doc/yaml_queue.h"

/* The scanner of sops looks no further than this for the next comment line or the end of a gap. */
enum { LOOK_AHEAD = 512 };

void yaml_text_join(struct yaml_text *text, struct yaml_text *tail)
{
	if (text->last)
		text->last->next = tail->first;
	else
		text->first = tail->first;
	text->last = tail->last;
	*tail = (struct yaml_text){NULL, NULL};
}

static int push(struct yaml_scan *s, const struct yaml_comment *comment, struct err *err)
{
	struct yaml_comment *grown;

	grown = yaml_queue_grow(s->comments, &s->comment_head, &s->comment_len, &s->comment_cap,
				sizeof(*grown), err);
	if (!grown)
		return -1;
	s->comments = grown;
	s->comments[s->comment_len++] = *comment;
	return 0;
}

/* One comment line: from the '#' at the cursor to the end of the line, added to text. */
static int take_line(struct yaml_scan *s, struct yaml_text *text, struct err *err)
{
	struct doc_node *node = doc_new(s->doc, DOC_COMMENT, err);
	struct yaml_text line = {node, node};

	if (!node)
		return -1;
	node->line = s->line + 1;
	node->start = (uint32_t)s->pos;
	while (!yaml_breakz(s, 0))
		yaml_skip(s);
	node->end = (uint32_t)s->pos;
	node->str = span_of(s->in.data + node->start + 1, node->end - node->start - 1);
	yaml_text_join(text, &line);
	return 0;
}

/* A group that is being read. Line and column of `start` count as the scanner of sops counts them. */
struct group {
	struct yaml_scan *s;
	struct yaml_mark scan, start;
	uint32_t token;
	int32_t indent; /* of the open block, at least 0 */
	struct yaml_text text;
};

static int close_foot(struct group *g, struct yaml_mark here, struct err *err)
{
	struct yaml_comment foot = {.kind = COMMENT_FOOT,
				    .scan = g->scan,
				    .start = g->start,
				    .token = g->token,
				    .end = here.at,
				    .text = g->text};

	g->scan = here;
	g->token = here.at;
	g->text = (struct yaml_text){NULL, NULL};
	return push(g->s, &foot, err);
}

/* The token that a foot comment here would follow: a ',' stands for what it ends. */
static const struct yaml_token *token_before(const struct yaml_scan *s)
{
	const struct yaml_token *token = &s->tokens[s->token_len - 1];

	if (token->type == TOKEN_FLOW_ENTRY && s->token_len - s->token_head > 1)
		token--;
	return token;
}

/* The line on which a comment must begin to be the foot of what stands before it. */
static int64_t foot_line(const struct yaml_scan *s, struct yaml_mark scan)
{
	int64_t line = -1;

	if (scan.line > 0) {
		line = (int64_t)s->line - s->newlines + 1;
		if (s->newlines == 0 && yaml_column(s) > 1)
			line++;
	}
	return line;
}

int yaml_comments_gap(struct yaml_scan *s, struct yaml_mark scan, struct err *err)
{
	const struct yaml_token *before = token_before(s);
	bool after_value = before->type == TOKEN_VALUE;
	bool first_empty = s->newlines <= 1, recent_empty = false, close_flow;
	struct group g = {.s = s, .scan = scan, .token = before->start.at};
	int64_t foot = foot_line(s, scan);
	struct yaml_mark here = yaml_mark(s);
	struct yaml_comment head;
	size_t peek;
	uint8_t c;

	g.indent = s->indent > 0 ? s->indent : 0;
	for (peek = 0; peek < LOOK_AHEAD; peek++) {
		here.column++;
		here.at = (uint32_t)(s->pos + peek);
		c = yaml_at(s, peek);
		if (yaml_blank(c))
			continue;
		close_flow = s->flow && (c == ']' || c == '}');
		if (close_flow || yaml_breakz(s, peek)) {
			/* The first empty line below a group that touches what came before, or that stands left of the block, ends it
			 * as a foot; so does the end of a flow collection. */
			if (close_flow || (!recent_empty && first_empty &&
					   ((g.start.line == foot && !after_value) ||
					    g.start.column - 1 < g.indent))) {
				if (g.text.first) {
					if (g.start.column - 1 < g.indent)
						g.token = g.start.at;
					if (close_foot(&g, here, err) < 0)
						return -1;
				}
			} else if (!recent_empty && g.text.last && c) {
				g.text.last->depth = 1;
			}
			if (!yaml_break(s, peek))
				break;
			first_empty = false;
			recent_empty = true;
			here.column = 0;
			here.line++;
			continue;
		}
		/* Text left of the block, and left of the group, ends the group as a foot. */
		if (g.text.first && here.column - 1 < g.indent && here.column != g.start.column) {
			if (close_foot(&g, here, err) < 0)
				return -1;
		}
		if (c != '#')
			break;
		if (!g.text.first)
			g.start = here;
		recent_empty = false;
		while (s->pos < here.at) {
			if (yaml_break(s, 0))
				yaml_skip_break(s);
			else
				yaml_skip(s);
		}
		if (take_line(s, &g.text, err) < 0)
			return -1;
		/* The loop goes on behind the first byte of the line break, without counting the line. */
		peek = 0;
		here.column = 0;
		here.line = s->line;
	}
	if (!g.text.first)
		return 0;
	head = (struct yaml_comment){.kind = COMMENT_HEAD,
				     .scan = g.scan,
				     .start = g.start,
				     .token = g.start.at,
				     .end = (uint32_t)(s->pos + peek - 1),
				     .text = g.text};
	return push(s, &head, err);
}

int yaml_comments_line(struct yaml_scan *s, uint32_t token, struct err *err)
{
	struct yaml_comment line = {.kind = COMMENT_LINE, .token = token};
	size_t blanks = 0;

	if (s->newlines > 0)
		return 0;
	while (blanks < LOOK_AHEAD && yaml_blank(yaml_at(s, blanks)))
		blanks++;
	if (blanks == LOOK_AHEAD || yaml_at(s, blanks) != '#')
		return 0;
	s->pos += blanks;
	line.start = yaml_mark(s);
	if (take_line(s, &line.text, err) < 0)
		return -1;
	return push(s, &line, err);
}

/* The open block that is indented by that many columns, as its place in s->indents, or 0. */
static uint32_t block_at(const struct yaml_scan *s, int32_t indent)
{
	uint32_t low = 1, high = s->indent_count, middle;

	if (indent == s->indent)
		return s->indent_count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->indents[middle] < indent)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->indent_count && s->indents[low] == indent ? low : 0;
}

void yaml_comments_block_ends(struct yaml_scan *s, uint32_t stop)
{
	size_t i;

	memset(s->ends, 0, (s->indent_count + 1) * sizeof(*s->ends));
	for (i = s->comment_len; i > s->comment_head; i--) {
		const struct yaml_comment *comment = &s->comments[i - 1];

		if (comment->end < stop)
			break;
		s->ends[block_at(s, comment->start.column - 1)] = (uint32_t)i;
		stop = comment->scan.at;
	}
}

void yaml_comments_unfold(struct yaml_scan *s, const struct yaml_token *token)
{
	for (; s->comment_head < s->comment_len; s->comment_head++) {
		struct yaml_comment *comment = &s->comments[s->comment_head];

		if (token->start.at < comment->token)
			return;
		switch (comment->kind) {
		case COMMENT_HEAD:
			/* The end of a block has no head: it is for what follows. */
			if (token->type == TOKEN_BLOCK_END)
				return;
			yaml_text_join(&s->head, &comment->text);
			break;
		case COMMENT_LINE:
			yaml_text_join(&s->line_text, &comment->text);
			break;
		case COMMENT_FOOT:
			yaml_text_join(&s->foot, &comment->text);
			break;
		}
	}
}
