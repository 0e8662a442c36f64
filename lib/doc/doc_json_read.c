/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON text to the document tree. By hand, as the order of members, duplicate keys and the text of numbers decide what SOPS's MAC is
 * computed over. Accepts what sops's token stream accepts: a top-level object, anything behind it; invalid UTF-8 and lone surrogates
 * become U+FFFD. Refuses raw control characters in strings, a byte order mark, numbers out of a double's range.
 *
 * Strings without escapes are spans into the input.
 *
 * Rules: sops: stores/json/store.go; Go: encoding/json (Decoder.Token, unquote).
 */
#include "doc/doc_json.h"

#include "base/text.h"
#include "doc/scalar.h"

struct reader {
	struct span input;
	size_t at;
	size_t line_start; /* offset */
	uint32_t line;     /* 1-based */
	size_t nodes;
	struct doc *doc;
	struct err *err;
};

static int fail(struct reader *r, const char *what)
{
	return err_set(r->err, ERR_FORMAT, "line %u, column %zu: %s%s", r->line,
		       r->at - r->line_start + 1, what,
		       r->at >= r->input.len ? ", but the input ends" : "");
}

/* White space; the next byte, or -1 at the end. A line break can only stand here. */
static int peek(struct reader *r)
{
	for (; r->at < r->input.len; r->at++) {
		uint8_t c = r->input.data[r->at];

		if (c == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return c;
		}
	}
	return -1;
}

static int expect(struct reader *r, int byte, const char *what)
{
	if (peek(r) != byte)
		return fail(r, what);
	r->at++;
	return 0;
}

static int hex4(struct span s, size_t at)
{
	int value = 0;

	if (at + 4 > s.len)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		int c = s.data[i], low = c | 0x20;

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (low >= 'a' && low <= 'f')
			value = value * 16 + low - 'a' + 10;
		else
			return -1;
	}
	return value;
}

enum { REPLACEMENT = 0xfffd };

/* \uXXXX at *at (behind the `u`), with its second half where it is the first half of a pair. -1: not four hex digits. */
static int take_unicode(struct span s, size_t *at, uint32_t *ret_code)
{
	int high = hex4(s, *at), low;

	if (high < 0)
		return -1;
	*at += 4;
	*ret_code = (uint32_t)high;
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	*ret_code = REPLACEMENT;
	if (high < 0xdc00 && *at + 2 <= s.len && s.data[*at] == '\\' && s.data[*at + 1] == 'u') {
		low = hex4(s, *at + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*ret_code = 0x10000 + (((uint32_t)high - 0xd800) << 10) +
				    ((uint32_t)low - 0xdc00);
			*at += 6;
		}
	}
	return 0;
}

/* The next character of a string's body; *at moves behind it. -1 for what may not stand in a string. */
static int take_char(struct span s, size_t *at, uint32_t *ret_code)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	uint8_t c = s.data[*at];

	if (c >= 0x80) {
		size_t len = utf8_next(s, *at, ret_code);

		if (len == 0)
			*ret_code = REPLACEMENT;
		*at += len ? len : 1;
		return 0;
	}
	if (c != '\\') {
		*ret_code = c;
		(*at)++;
		return c < 0x20 ? -1 : 0;
	}
	if (++*at >= s.len)
		return -1;
	c = s.data[(*at)++];
	if (c == 'u')
		return take_unicode(s, at, ret_code);
	const char *hit = c ? strchr(letters, c) : NULL;
	if (!hit)
		return -1;
	*ret_code = (uint8_t)meanings[hit - letters];
	return 0;
}

/* Writes the UTF-8 form of code; its length. */
static size_t put_utf8(uint32_t code, uint8_t *to)
{
	if (code < 0x80) {
		to[0] = (uint8_t)code;
		return 1;
	}
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, code >>= 6)
		to[i] = (uint8_t)(0x80 | (code & 0x3f));
	to[0] = (uint8_t)(0xf00 >> len | code);
	return len;
}

/* A string whose characters are not all its own bytes: measured, then written into the arena. */
static int take_escaped(struct reader *r, struct span *ret)
{
	size_t start = r->at, size = 0, used = 0;
	uint8_t one[4];
	uint32_t code = 0;

	while (r->at < r->input.len && r->input.data[r->at] != '"') {
		if (take_char(r->input, &r->at, &code) < 0)
			return fail(r, "no such escape or a control character in a string");
		size += put_utf8(code, one);
	}
	if (r->at >= r->input.len)
		return fail(r, "expected the end of a string");
	uint8_t *text = arena_alloc(&r->doc->arena, size, r->err);
	if (!text)
		return -1;
	for (size_t at = start; at < r->at && take_char(r->input, &at, &code) == 0;)
		used += put_utf8(code, text + used);
	*ret = span_of(text, used);
	r->at++;
	return 0;
}

/* The text between quotes; the first one is next. */
static int take_string(struct reader *r, struct span *ret)
{
	const uint8_t *data = r->input.data;
	size_t start = ++r->at, at = start;
	bool ascii = true;

	for (; at < r->input.len && data[at] != '"' && data[at] != '\\' && data[at] >= 0x20; at++)
		ascii &= data[at] < 0x80;
	struct span text = span_sub(r->input, start, at - start);
	if (at >= r->input.len || data[at] != '"' || (!ascii && !utf8_valid(text)))
		return take_escaped(r, ret);
	*ret = text;
	r->at = at + 1;
	return 0;
}

static size_t skip_digits(struct reader *r)
{
	size_t start = r->at;

	while (r->at < r->input.len && r->input.data[r->at] >= '0' && r->input.data[r->at] <= '9')
		r->at++;
	return r->at - start;
}

static bool skip_byte(struct reader *r, char a, char b)
{
	if (r->at >= r->input.len || (r->input.data[r->at] != a && r->input.data[r->at] != b))
		return false;
	r->at++;
	return true;
}

static int take_number(struct reader *r, struct doc_node *node)
{
	size_t start = r->at;
	bool whole = true;

	skip_byte(r, '-', '-');
	if (!skip_byte(r, '0', '0') && !skip_digits(r))
		return fail(r, "expected a digit");
	if (skip_byte(r, '.', '.')) {
		whole = false;
		if (!skip_digits(r))
			return fail(r, "expected a digit");
	}
	if (skip_byte(r, 'e', 'E')) {
		whole = false;
		skip_byte(r, '+', '-');
		if (!skip_digits(r))
			return fail(r, "expected a digit");
	}
	struct span text = span_sub(r->input, start, r->at - start);
	if (whole && scalar_parse_int(text, &node->integer)) {
		node->kind = DOC_INT;
		return 0;
	}
	node->kind = DOC_FLOAT;
	if (!scalar_parse_float(text, &node->number))
		return fail(r, "a number is out of range");
	return 0;
}

static int take_word(struct reader *r, const char *word)
{
	struct span want = span_str(word);

	if (!span_eq(span_sub(r->input, r->at, want.len), want))
		return fail(r, "expected a value");
	r->at += want.len;
	return 0;
}

static int take_container(struct reader *r, struct doc_node *node);

/* What kind of value a first byte begins; null stands for all that is not one, as its word then does not fit. */
static enum doc_kind kind_of(int first)
{
	switch (first) {
	case '{':
		return DOC_MAP;
	case '[':
		return DOC_LIST;
	case '"':
		return DOC_STRING;
	case 't':
	case 'f':
		return DOC_BOOL;
	default:
		return first == '-' || (first >= '0' && first <= '9') ? DOC_INT : DOC_NULL;
	}
}

static int take_kind(struct reader *r, struct doc_node *node, int first)
{
	switch (node->kind) {
	case DOC_MAP:
	case DOC_LIST:
		return take_container(r, node);
	case DOC_STRING:
		node->flags = DOC_QUOTED;
		return take_string(r, &node->str);
	case DOC_BOOL:
		node->boolean = first == 't';
		return take_word(r, first == 't' ? "true" : "false");
	case DOC_INT:
		return take_number(r, node);
	default:
		return take_word(r, "null");
	}
}

static int take_value(struct reader *r, struct span key, size_t key_start, struct doc_node *parent)
{
	int first = peek(r);
	struct doc_node *node = doc_new(r->doc, kind_of(first), r->err);
	unsigned depth = parent->depth + 1u;

	if (!node)
		return -1;
	if (++r->nodes > DOC_NODES_MAX)
		return err_set(r->err, ERR_LIMIT, "line %u: more than %d values", r->line,
			       DOC_NODES_MAX);
	if (depth > DOC_DEPTH_MAX)
		return err_set(r->err, ERR_LIMIT, "line %u: nested deeper than %d levels", r->line,
			       DOC_DEPTH_MAX);
	node->key = key;
	node->line = r->line;
	node->depth = (uint16_t)depth;
	doc_append(parent, node);
	node->key_start = (uint32_t)key_start;
	node->start = (uint32_t)r->at;
	if (take_kind(r, node, first) < 0)
		return -1;
	node->end = (uint32_t)r->at;
	return 0;
}

/* An object or array; its opening bracket is next. */
static int take_container(struct reader *r, struct doc_node *node)
{
	bool map = node->kind == DOC_MAP;
	int close = map ? '}' : ']';

	node->flags = DOC_FLOW;
	r->at++;
	if (peek(r) == close) {
		r->at++;
		return 0;
	}
	for (;;) {
		struct span key = SPAN_NULL;
		size_t key_start = 0;

		if (map) {
			if (peek(r) != '"')
				return fail(r, "expected a key in double quotes");
			key_start = r->at;
			if (take_string(r, &key) < 0 || expect(r, ':', "expected ':'") < 0)
				return -1;
		}
		if (take_value(r, key, key_start, node) < 0)
			return -1;
		if (peek(r) == close) {
			r->at++;
			return 0;
		}
		if (expect(r, ',', map ? "expected ',' or '}'" : "expected ',' or ']'") < 0)
			return -1;
	}
}

/* Differs: sops takes a document cut off inside its last member of the top level for a whole one without that member, as it reads the end
 * of the input there as the end of the object. Here it is an error. Test: differs_refuses_cut_json */
int doc_json_read(struct span input, struct doc *ret_doc, struct err *err)
{
	struct reader r = {.input = input, .line = 1, .doc = ret_doc, .err = err};
	struct doc_node *root;

	if (span_starts(input, SPAN("\xef\xbb\xbf")))
		return err_set(err, ERR_FORMAT,
			       "begins with a byte order mark, which JSON must not");
	if (peek(&r) != '{')
		return fail(&r, "expected '{'");
	root = doc_new(ret_doc, DOC_MAP, err);
	if (root) {
		root->line = r.line;
		root->start = (uint32_t)r.at;
		doc_add_branch(ret_doc, root);
	}
	if (!root || take_container(&r, root) < 0) {
		doc_release(ret_doc);
		return -1;
	}
	root->end = (uint32_t)r.at;
	return 0;
}
