/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text to tokens: indentation, simple keys and the queue; see yaml_scan.h. Indentation makes tokens of its own (BLOCK-...-START,
 * BLOCK-END), and a key without `?` is only known when its ':' comes, so tokens wait in a queue. How far the queue runs ahead decides
 * where some comments go, so it keeps the pace of the scanner that sops uses: two tokens beyond the next one, more while that one
 * may still turn out to be a key (go.yaml.in/yaml/v3: scannerc.go).
 *
 * Refuses: what is no token, TABs as indentation, keys longer than 1024 characters or a line, nesting beyond DOC_DEPTH_MAX.
 */
#include "doc/yaml_scan.h"

#include "base/wipe.h"
#include "doc/yaml_chars.h"
#include "doc/yaml_comments.h"
#include "doc/yaml_fetch.h"
#include "doc/yaml_queue.h"

#include <stdlib.h>

enum {
	SIMPLE_KEY_MAX = 1024, /* characters from the start of a key to its ':'; YAML 1.2, 7.4.2 */
	QUEUE_AHEAD = 2,       /* tokens read beyond the next one */
};

int yaml_fail(struct yaml_mark mark, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "line %u, column %d: %s", mark.line + 1, mark.column + 1,
		       what);
}

struct yaml_scan *yaml_scan_new(struct span input, size_t from, struct doc *doc, struct err *err)
{
	struct yaml_scan *s = calloc(1, sizeof(*s));

	if (!s) {
		(void)err_nomem(err);
		return NULL;
	}
	s->in = input;
	s->doc = doc;
	s->pos = s->line_start = from;
	s->indent = -1;
	s->key_allowed = true;
	s->scratch = (struct buf)BUF_INIT(DOC_INPUT_MAX);
	return s;
}

void yaml_scan_free(struct yaml_scan *s)
{
	if (!s)
		return;
	buf_release(&s->scratch);
	wipe_free(s->tokens, s->token_cap * sizeof(*s->tokens));
	wipe_free(s->comments, s->comment_cap * sizeof(*s->comments));
	wipe_free(s, sizeof(*s));
}

static int push_at(struct yaml_scan *s, enum yaml_token_type type, struct yaml_mark mark,
		   uint64_t number, struct err *err)
{
	struct yaml_token token = {.type = (uint8_t)type, .start = mark, .end = mark.at};

	return yaml_queue_push(s, &token, number, err);
}

/* The indicator of that many characters at the cursor becomes a token. */
static int push_indicator(struct yaml_scan *s, enum yaml_token_type type, unsigned width,
			  uint16_t key, struct err *err)
{
	struct yaml_token token = {.type = (uint8_t)type, .start = yaml_mark(s), .key = key};

	while (width--)
		yaml_skip(s);
	token.end = (uint32_t)s->pos;
	return yaml_queue_push(s, &token, UINT64_MAX, err);
}

/* ---- simple keys ---- */

static int key_missing(const struct yaml_simple_key *key, struct err *err)
{
	return yaml_fail(key->mark, "a key needs a ':' behind it, on the same line", err);
}

/* Whether the key may still be one: its ':' has to come on its line and within SIMPLE_KEY_MAX characters. */
static int key_valid(struct yaml_scan *s, struct yaml_simple_key *key, bool *ret_valid,
		     struct err *err)
{
	if (key->possible &&
	    (key->mark.line < s->line || key->mark.column + SIMPLE_KEY_MAX < yaml_column(s))) {
		if (key->required)
			return key_missing(key, err);
		key->possible = false;
	}
	*ret_valid = key->possible;
	return 0;
}

static int key_remove(struct yaml_scan *s, struct err *err)
{
	struct yaml_simple_key *key = &s->keys[s->flow];

	if (key->possible && key->required)
		return key_missing(key, err);
	key->possible = false;
	return 0;
}

/* Notes that a key may begin with the token that comes next. ret_key is what that token keeps as `key`. */
static int key_save(struct yaml_scan *s, uint16_t *ret_key, struct err *err)
{
	struct yaml_simple_key *key = &s->keys[s->flow];

	*ret_key = 0;
	if (!s->key_allowed)
		return 0;
	if (key_remove(s, err) < 0)
		return -1;
	key->possible = true;
	key->required = !s->flow && s->indent == yaml_column(s);
	key->number = s->parsed + (s->token_len - s->token_head);
	key->mark = yaml_mark(s);
	*ret_key = (uint16_t)(s->flow + 1);
	return 0;
}

/* ---- indentation ---- */

static int too_deep(struct yaml_scan *s, struct err *err)
{
	return err_set(err, ERR_LIMIT, "line %u: nested deeper than %d levels", s->line + 1,
		       DOC_DEPTH_MAX);
}

/* Opens a block where text is indented further than the one that is open. */
static int block_open(struct yaml_scan *s, struct yaml_mark mark, uint64_t number,
		      enum yaml_token_type type, struct err *err)
{
	if (s->flow || s->indent >= mark.column)
		return 0;
	if (s->indent_count > DOC_DEPTH_MAX)
		return too_deep(s, err);
	s->indents[s->indent_count++] = s->indent;
	s->indent = mark.column;
	return push_at(s, type, mark, number, err);
}

/* Closes the blocks that are indented further than column. `scan` is where the search for the token there began. */
static int block_close(struct yaml_scan *s, int32_t column, struct yaml_mark scan, struct err *err)
{
	struct yaml_mark end = scan;

	if (s->flow || s->indent <= column)
		return 0;
	end.at--;
	yaml_comments_block_ends(s, end.at);
	while (s->indent > column) {
		if (s->ends[s->indent_count])
			end = s->comments[s->ends[s->indent_count] - 1].start;
		if (push_at(s, TOKEN_BLOCK_END, end, UINT64_MAX, err) < 0)
			return -1;
		s->indent = s->indents[--s->indent_count];
	}
	return 0;
}

/* ---- one token each ---- */

static int fetch_stream_end(struct yaml_scan *s, struct err *err)
{
	if (yaml_column(s)) {
		s->line_start = s->pos;
		s->wide = 0;
		s->line++;
	}
	if (block_close(s, -1, yaml_mark(s), err) < 0 || key_remove(s, err) < 0)
		return -1;
	s->key_allowed = false;
	return push_at(s, TOKEN_STREAM_END, yaml_mark(s), UINT64_MAX, err);
}

/* Directives and document marks end every block. */
static int fetch_document_part(struct yaml_scan *s, struct err *err)
{
	struct yaml_token token = {.start = yaml_mark(s)};
	uint8_t c = yaml_at(s, 0);

	if (block_close(s, -1, yaml_mark(s), err) < 0 || key_remove(s, err) < 0)
		return -1;
	s->key_allowed = false;
	if (c != '%')
		return push_indicator(s, c == '-' ? TOKEN_DOCUMENT_START : TOKEN_DOCUMENT_END, 3, 0,
				      err);
	if (yaml_fetch_directive(s, &token, err) < 0)
		return -1;
	return yaml_queue_push(s, &token, UINT64_MAX, err);
}

static int fetch_flow_start(struct yaml_scan *s, enum yaml_token_type type, struct err *err)
{
	uint16_t key;

	if (key_save(s, &key, err) < 0)
		return -1;
	if (s->flow > DOC_DEPTH_MAX)
		return too_deep(s, err);
	s->keys[++s->flow] = (struct yaml_simple_key){.possible = false};
	s->key_allowed = true;
	return push_indicator(s, type, 1, key, err);
}

static int fetch_flow_end(struct yaml_scan *s, enum yaml_token_type type, struct err *err)
{
	if (key_remove(s, err) < 0)
		return -1;
	if (s->flow)
		s->flow--;
	s->key_allowed = false;
	return push_indicator(s, type, 1, 0, err);
}

static int fetch_flow_entry(struct yaml_scan *s, struct err *err)
{
	if (key_remove(s, err) < 0)
		return -1;
	s->key_allowed = true;
	return push_indicator(s, TOKEN_FLOW_ENTRY, 1, 0, err);
}

static int fetch_block_entry(struct yaml_scan *s, struct err *err)
{
	struct yaml_mark mark = yaml_mark(s);

	/* In flow text the grammar refuses it. */
	if (!s->flow && !s->key_allowed)
		return yaml_fail(mark, "a list entry can not begin here", err);
	if (block_open(s, mark, UINT64_MAX, TOKEN_BLOCK_SEQUENCE_START, err) < 0 ||
	    key_remove(s, err) < 0)
		return -1;
	s->key_allowed = true;
	return push_indicator(s, TOKEN_BLOCK_ENTRY, 1, 0, err);
}

static int fetch_key(struct yaml_scan *s, struct err *err)
{
	struct yaml_mark mark = yaml_mark(s);

	if (!s->flow && !s->key_allowed)
		return yaml_fail(mark, "a key can not begin here", err);
	if (block_open(s, mark, UINT64_MAX, TOKEN_BLOCK_MAPPING_START, err) < 0 ||
	    key_remove(s, err) < 0)
		return -1;
	s->key_allowed = !s->flow;
	return push_indicator(s, TOKEN_KEY, 1, 0, err);
}

static int fetch_value(struct yaml_scan *s, struct err *err)
{
	struct yaml_simple_key *key = &s->keys[s->flow];
	struct yaml_mark mark = yaml_mark(s);
	bool simple;

	if (key_valid(s, key, &simple, err) < 0)
		return -1;
	if (simple) {
		if (push_at(s, TOKEN_KEY, key->mark, key->number, err) < 0 ||
		    block_open(s, key->mark, key->number, TOKEN_BLOCK_MAPPING_START, err) < 0)
			return -1;
		key->possible = false;
		s->key_allowed = false;
	} else {
		if (!s->flow && !s->key_allowed)
			return yaml_fail(mark, "a value can not begin here", err);
		if (block_open(s, mark, UINT64_MAX, TOKEN_BLOCK_MAPPING_START, err) < 0)
			return -1;
		s->key_allowed = !s->flow;
	}
	return push_indicator(s, TOKEN_VALUE, 1, 0, err);
}

typedef int (*fetch_fn)(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err);

/* A token that may be a simple key, or the beginning of one. */
static int fetch_content(struct yaml_scan *s, fetch_fn fetch, struct err *err)
{
	struct yaml_token token = {.start = yaml_mark(s)};
	uint16_t key;

	if (key_save(s, &key, err) < 0)
		return -1;
	s->key_allowed = false;
	if (fetch(s, &token, err) < 0)
		return -1;
	token.key = key;
	return yaml_queue_push(s, &token, UINT64_MAX, err);
}

static int fetch_block_scalar(struct yaml_scan *s, struct err *err)
{
	struct yaml_token token = {.start = yaml_mark(s)};

	if (key_remove(s, err) < 0)
		return -1;
	s->key_allowed = true;
	if (yaml_fetch_block(s, &token, err) < 0)
		return -1;
	return yaml_queue_push(s, &token, UINT64_MAX, err);
}

/* ---- the scanner ---- */

/* Over blanks; but a TAB may not indent a block. */
static void skip_indent(struct yaml_scan *s)
{
	const uint8_t *at = s->in.data + s->pos, *end = s->in.data + s->in.len;
	bool tabs = s->flow || !s->key_allowed;

	while (at < end && (*at == ' ' || (*at == '\t' && tabs)))
		at++;
	s->pos = (size_t)(at - s->in.data);
}

/* To the first character of the next token, over blanks, line breaks and comments. */
static int to_next_token(struct yaml_scan *s, struct err *err)
{
	struct yaml_mark scan = yaml_mark(s);

	for (;;) {
		skip_indent(s);
		if (yaml_at(s, 0) == '#' && yaml_comments_gap(s, scan, err) < 0)
			return -1;
		if (!yaml_break(s, 0))
			return 0;
		yaml_skip_break(s);
		if (!s->flow)
			s->key_allowed = true;
	}
}

static int fetch_by_character(struct yaml_scan *s, struct err *err)
{
	uint8_t c = yaml_at(s, 0);

	switch (c) {
	case '[':
		return fetch_flow_start(s, TOKEN_FLOW_SEQUENCE_START, err);
	case '{':
		return fetch_flow_start(s, TOKEN_FLOW_MAPPING_START, err);
	case ']':
		return fetch_flow_end(s, TOKEN_FLOW_SEQUENCE_END, err);
	case '}':
		return fetch_flow_end(s, TOKEN_FLOW_MAPPING_END, err);
	case ',':
		return fetch_flow_entry(s, err);
	case '*':
	case '&':
		return fetch_content(s, yaml_fetch_anchor, err);
	case '!':
		return fetch_content(s, yaml_fetch_tag, err);
	case '\'':
	case '"':
		return fetch_content(s, yaml_fetch_quoted, err);
	case '-':
		if (yaml_blankz(s, 1))
			return fetch_block_entry(s, err);
		break;
	case '?':
		if (s->flow || yaml_blankz(s, 1))
			return fetch_key(s, err);
		break;
	case ':':
		if (s->flow || yaml_blankz(s, 1))
			return fetch_value(s, err);
		break;
	case '|':
	case '>':
		if (!s->flow)
			return fetch_block_scalar(s, err);
		/* fall through */
	case '%':
	case '@':
	case '`':
	case '\t':
		return yaml_fail(yaml_mark(s),
				 c == '\t' ? "a TAB can not indent"
					   : "a value can not begin with this character",
				 err);
	default:
		break;
	}
	return fetch_content(s, yaml_fetch_plain, err);
}

static int fetch_next(struct yaml_scan *s, struct err *err)
{
	struct yaml_mark scan = yaml_mark(s);
	uint32_t comment;
	uint8_t c;

	if (!s->started) {
		s->started = true;
		return push_at(s, TOKEN_STREAM_START, scan, UINT64_MAX, err);
	}
	if (to_next_token(s, err) < 0 || block_close(s, yaml_column(s), scan, err) < 0)
		return -1;
	if (yaml_end(s))
		return fetch_stream_end(s, err);
	c = yaml_at(s, 0);
	if ((c == '%' && yaml_column(s) == 0) || yaml_document_mark(s))
		return fetch_document_part(s, err);

	/* A comment behind ':' belongs to the key, one behind ',' to the value before. */
	comment = (uint32_t)s->pos;
	if (c == (s->flow ? ',' : ':'))
		comment = s->tokens[s->token_len - 1].start.at;
	if (fetch_by_character(s, err) < 0)
		return -1;
	/* Behind a bare "-" it is the head of what follows. */
	if (s->tokens[s->token_len - 1].type == TOKEN_BLOCK_ENTRY)
		return 0;
	return yaml_comments_line(s, comment, err);
}

/* Reads on until the next token is certain. */
static int fetch_more(struct yaml_scan *s, struct err *err)
{
	const struct yaml_token *head;
	struct yaml_simple_key *key;
	bool waits;

	for (;;) {
		if (s->token_len - s->token_head > QUEUE_AHEAD) {
			head = &s->tokens[s->token_head];
			if (!head->key || head->key > s->flow + 1)
				break;
			key = &s->keys[head->key - 1];
			if (key->number != s->parsed)
				break;
			if (key_valid(s, key, &waits, err) < 0)
				return -1;
			if (!waits)
				break;
		}
		if (fetch_next(s, err) < 0)
			return -1;
	}
	s->available = true;
	return 0;
}

int yaml_scan_peek(struct yaml_scan *s, struct yaml_token **ret_token, struct err *err)
{
	if (!s->available && fetch_more(s, err) < 0)
		return -1;
	if (s->comment_head < s->comment_len)
		yaml_comments_unfold(s, &s->tokens[s->token_head]);
	*ret_token = &s->tokens[s->token_head];
	return 0;
}

void yaml_scan_skip(struct yaml_scan *s)
{
	s->available = false;
	s->parsed++;
	s->token_head++;
}
