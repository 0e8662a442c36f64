/* SPDX-License-Identifier: Apache-2.0
 *
 * The INI reader. Every rule here is one of go-ini 1.67.3 (parser.go) with sops's settings (sections may come twice), and most of them
 * surprise: `#` and `;` start a comment anywhere in a bare value, a section's name runs to the last `]` of its line, a raw value ends at
 * the last closing quote of its line, the text behind which is lost. Refused: a line without a delimiter, an empty key or section
 * name, an open section header, an open quote. See doc_ini.h.
 */
#include "doc/doc_ini.h"

#include "base/text.h"
#include "doc/ini_items.h"
#include "doc/white.h"

struct reader {
	struct span input;
	size_t at;     /* offset of the next line */
	uint32_t line; /* number of the line that was taken last */
	struct doc *doc;
	struct doc_node *branch;
	struct buf pending; /* comment text that waits for its section or key */

	struct doc_node *section;
	struct ini_items items; /* its keys: a later line may still replace an earlier one */
	uint32_t number;        /* the next key `-` becomes `#number` */
};

enum {
	INI_COMMENT_MAX = DOC_INPUT_MAX, /* bytes of one comment: it is text of the input */
	INI_VALUE_MAX = DOC_INPUT_MAX,   /* bytes of one continued value, likewise */
};

static int bad(const struct reader *in, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "line %u: %s", (unsigned)in->line, what);
}

/* The next line with its line feed; empty at the end. */
static struct span take_line(struct reader *in)
{
	size_t end = span_find(in->input, in->at, '\n');
	struct span line = span_sub(in->input, in->at, end - in->at + 1);

	in->at += line.len;
	in->line++;
	return line;
}

static bool at_end(const struct reader *in)
{
	return in->at >= in->input.len;
}

/* A byte order mark of UTF-8 or UTF-16 is skipped; what follows is read as bytes all the same. go-ini: parser.go (BOM) */
static size_t mark_len(struct span input)
{
	if (span_starts(input, SPAN("\xfe\xff")) || span_starts(input, SPAN("\xff\xfe")))
		return 2;
	return span_starts(input, SPAN("\xef\xbb\xbf")) ? 3 : 0;
}

/* Offset of the first of two bytes, or s.len. */
static size_t find_any(struct span s, uint8_t a, uint8_t b)
{
	size_t first = span_find(s, 0, a);

	return span_find(span_sub(s, 0, first), 0, b);
}

/* Offset of the last needle, or SIZE_MAX. */
static size_t find_last(struct span s, struct span needle)
{
	size_t at;

	for (at = s.len; at-- > 0;) {
		if (span_starts(span_from(s, at), needle))
			return at;
	}
	return SIZE_MAX;
}

/* The inline comment of rest, if there is one, joins what waits. */
static void keep_comment(struct reader *in, struct span rest, bool trim)
{
	struct span comment = span_from(rest, find_any(rest, '#', ';'));

	buf_add_span(&in->pending, trim ? white_trim(comment) : comment);
}

/* What waited, trimmed, without its leading marks; a null span where there is nothing. */
static int take_comment(struct reader *in, struct span *ret_comment, struct err *err)
{
	struct span text = white_trim(buf_span(&in->pending));

	*ret_comment = SPAN_NULL;
	if (buf_check(&in->pending, err) < 0)
		return -1;
	if (text.len) {
		/* Only the run at the very start goes; later lines keep their marks. sops: stores/ini/store.go (stripCommentChar) */
		uint8_t mark = text.data[0];
		size_t n = 0;

		while (n < text.len && (text.data[n] == mark || text.data[n] == ' '))
			n++;
		if (arena_dup(&in->doc->arena, span_from(text, n), ret_comment, err) < 0)
			return -1;
	}
	buf_reset(&in->pending);
	return 0;
}

static int add_comment(struct reader *in, struct span comment, uint32_t line, struct err *err)
{
	struct doc_node *node;

	if (!comment.data)
		return 0;
	node = doc_new(in->doc, DOC_COMMENT, err);
	if (!node)
		return -1;
	node->str = comment;
	node->line = line;
	doc_append(in->section, node);
	return 0;
}

static int end_section(struct reader *in, struct err *err)
{
	const struct ini_item *item;
	struct doc_node *node;
	size_t i;

	if (ini_items_merge(&in->items, &in->doc->arena, err) < 0)
		return -1;
	for (i = 0; i < in->items.count; i++) {
		item = &in->items.all[i];
		if (item->dropped)
			continue;
		node = doc_new(in->doc, DOC_STRING, err);
		if (!node)
			return -1;
		*node = *item->entry;
		doc_append(in->section, node);
		if (add_comment(in, item->comment, node->line, err) < 0)
			return -1;
	}
	in->items.count = 0;
	return 0;
}

static int begin_section(struct reader *in, struct span name, struct err *err)
{
	in->section = doc_new(in->doc, DOC_MAP, err);
	if (!in->section)
		return -1;
	in->section->key = name;
	in->section->line = in->line;
	doc_append(in->branch, in->section);
	in->number = 1;
	return 0;
}

static int read_section(struct reader *in, struct span line, struct err *err)
{
	size_t close = find_last(line, SPAN("]"));
	struct span comment;

	if (close == SIZE_MAX)
		return bad(in, "a section header is not closed", err);
	if (close == 1)
		return bad(in, "a section without a name", err);
	if (end_section(in, err) < 0 || begin_section(in, span_sub(line, 1, close - 1), err) < 0)
		return -1;
	keep_comment(in, span_from(line, close + 1), false);
	if (take_comment(in, &comment, err) < 0)
		return -1;
	return add_comment(in, comment, in->line, err);
}

/* go-ini: parser.go (readKeyName). What stands between a closing quote and the delimiter is lost. */
static int read_key(const struct reader *in, struct span line, struct span *ret_name,
		    size_t *ret_value_at, struct err *err)
{
	struct span quote = SPAN_NULL, rest = line;
	size_t end = 0, delimiter;

	if (line.data[0] == '"')
		quote = line.len > 6 && span_starts(line, SPAN("\"\"\"")) ? SPAN("\"\"\"")
									  : SPAN("\"");
	else if (line.data[0] == '`')
		quote = SPAN("`");
	if (quote.len) {
		end = span_search(span_from(line, quote.len), quote);
		if (end == SIZE_MAX)
			return bad(in, "the quote around a key is not closed", err);
		end += quote.len;
		rest = span_from(line, end + quote.len);
	}
	delimiter = find_any(rest, '=', ':');
	if (delimiter == rest.len)
		return bad(in, "no '=' or ':' in it", err);
	*ret_name = white_trim(quote.len ? span_sub(line, quote.len, end - quote.len)
					 : span_sub(line, 0, delimiter));
	if (!ret_name->len)
		return bad(in, "an empty key", err);
	*ret_value_at = line.len - rest.len + delimiter + 1;
	return 0;
}

/* A raw value that does not end on its first line: all up to a line with the closing quote, of that line up to the last one. Where a
 * backslash ends that line, the value goes on. go-ini: parser.go (readMultilines) */
static int read_raw_lines(struct reader *in, struct span start, struct span quote,
			  struct span *ret_value, struct err *err)
{
	uint32_t opened = in->line;
	struct span next, rest;
	size_t close;

	for (;;) {
		next = take_line(in);
		close = find_last(next, quote);
		if (close != SIZE_MAX) {
			rest = white_trim(span_from(next, close + quote.len));
			if (span_ends(rest, SPAN("\\")))
				continue;
			break;
		}
		if (at_end(in))
			return err_set(err, ERR_FORMAT,
				       "line %u: the quote around a value is not closed",
				       (unsigned)opened);
	}
	keep_comment(in, span_from(next, close), true);
	*ret_value = span_of(start.data, (size_t)(next.data + close - start.data));
	return 0;
}

/* A bare value that ends in a backslash: the next line is joined, trimmed, and so on. The result is final: no quotes, no comment.
 * go-ini: parser.go (readContinuationLines) */
static int read_continued(struct reader *in, struct span start, struct span *ret_value,
			  struct err *err)
{
	CLEAN_BUF struct buf value = BUF_INIT(INI_VALUE_MAX);
	struct span next;

	buf_add_span(&value, start);
	for (;;) {
		next = white_trim(take_line(in));
		buf_add_span(&value, next);
		if (!span_ends(next, SPAN("\\")))
			break;
		buf_cut(&value, value.len - 1);
	}
	if (buf_check(&value, err) < 0)
		return -1;
	return arena_dup(&in->doc->arena, buf_span(&value), ret_value, err);
}

/* One pair of quotes goes where the same quote does not occur between them. go-ini: parser.go (hasSurroundedQuote) */
static struct span unquote(struct span s)
{
	if (s.len >= 2 && (s.data[0] == '\'' || s.data[0] == '"') &&
	    span_find(s, 1, s.data[0]) == s.len - 1)
		return span_sub(s, 1, s.len - 2);
	return s;
}

/* text is what follows the delimiter, with its line feed. go-ini: parser.go (readValue) */
static int read_value(struct reader *in, struct span text, struct span *ret_value, struct err *err)
{
	struct span quote = SPAN_NULL, value = white_trim_left(text);
	size_t close, comment;

	/* Of three quotes the line feed counts as the fourth byte that is asked for: at the end of the input they are a bare value. */
	if (value.len > 3 && span_starts(value, SPAN("\"\"\"")))
		quote = SPAN("\"\"\"");
	else if (span_starts(value, SPAN("`")))
		quote = SPAN("`");
	if (quote.len) {
		value = span_from(value, quote.len);
		close = find_last(value, quote);
		if (close == SIZE_MAX)
			return read_raw_lines(in, value, quote, ret_value, err);
		*ret_value = span_sub(value, 0, close);
		return 0;
	}
	value = white_trim_right(value);
	if (span_ends(value, SPAN("\\")))
		return read_continued(in, span_sub(value, 0, value.len - 1), ret_value, err);
	comment = find_any(value, '#', ';');
	buf_add_span(&in->pending, span_from(value, comment));
	*ret_value = unquote(white_trim_right(span_sub(value, 0, comment)));
	return 0;
}

/* The key `-` is numbered within its section: `#1`, `#2`, ... */
static int number_key(struct reader *in, struct span *name, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(16);

	buf_printf(&text, "#%u", (unsigned)in->number++);
	if (buf_check(&text, err) < 0)
		return -1;
	return arena_dup(&in->doc->arena, buf_span(&text), name, err);
}

static int read_entry(struct reader *in, struct span line, struct err *err)
{
	struct doc_node *entry = doc_new(in->doc, DOC_STRING, err);
	struct ini_item *item;
	size_t value_at = 0;

	if (!entry)
		return -1;
	entry->line = in->line;
	if (read_key(in, line, &entry->key, &value_at, err) < 0)
		return -1;
	if (span_is(entry->key, "-") && number_key(in, &entry->key, err) < 0)
		return -1;
	if (read_value(in, span_from(line, value_at), &entry->str, err) < 0)
		return -1;
	item = ini_items_add(&in->items, &in->doc->arena, entry, err);
	if (!item)
		return -1;
	item->commented = true; /* a line without a comment takes that of an earlier one away */
	return take_comment(in, &item->comment, err);
}

static int read_all(struct reader *in, struct err *err)
{
	struct span line;
	int r = 0;

	while (r == 0 && !at_end(in)) {
		line = white_trim_left(take_line(in));
		if (!line.len)
			continue;
		if (line.data[0] == '#' || line.data[0] == ';')
			buf_add_span(&in->pending, line);
		else if (line.data[0] == '[')
			r = read_section(in, line, err);
		else
			r = read_entry(in, line, err);
	}
	return r < 0 ? -1 : end_section(in, err);
}

int doc_ini_read(struct span input, struct doc *ret_doc, struct err *err)
{
	struct reader in = {
		.input = span_from(input, mark_len(input)),
		.doc = ret_doc,
		.pending = BUF_INIT(INI_COMMENT_MAX),
	};
	int r = -1;

	in.branch = doc_new(ret_doc, DOC_MAP, err);
	if (in.branch && begin_section(&in, SPAN("DEFAULT"), err) == 0)
		r = read_all(&in, err);
	buf_release(&in.pending);
	if (r == 0)
		doc_add_branch(ret_doc, in.branch);
	return r;
}
