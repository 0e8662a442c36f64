/* SPDX-License-Identifier: Apache-2.0
 *
 * dotenv: KEY=value, one a line, `#` at the very start of a line for a comment, `\n` in a value for a line feed. Everything else is taken
 * literally: quotes, blanks, CR, `#` behind a value, a key that is empty or comes twice. Refused: a line without '=', and on the way
 * out a list or a map. See doc_dotenv.h.
 */
#include "doc/doc_dotenv.h"

#include "base/text.h"
#include "doc/doc_flat.h"

/* Two characters, backslash and n, become one line feed. A backslash before them is not looked at: `\\n` is a backslash and a line
 * feed. */
static int unescape(struct doc *doc, struct span value, struct span *ret_value, struct err *err)
{
	uint8_t *copy;
	size_t i, n = 0;

	if (span_search(value, SPAN("\\n")) == SIZE_MAX) {
		*ret_value = value;
		return 0;
	}
	copy = arena_alloc(&doc->arena, value.len, err);
	if (!copy)
		return -1;
	for (i = 0; i < value.len; i++) {
		if (value.data[i] == '\\' && i + 1 < value.len && value.data[i + 1] == 'n') {
			copy[n++] = '\n';
			i++;
		} else {
			copy[n++] = value.data[i];
		}
	}
	*ret_value = span_of(copy, n);
	return 0;
}

static int read_line(struct doc *doc, struct doc_node *branch, struct span line, uint32_t number,
		     struct err *err)
{
	bool comment = line.data[0] == '#';
	struct doc_node *node = doc_new(doc, comment ? DOC_COMMENT : DOC_STRING, err);
	size_t eq;

	if (!node)
		return -1;
	node->line = number;
	if (comment) {
		node->str = span_from(line, 1);
	} else {
		eq = span_find(line, 0, '=');
		if (eq == line.len)
			return err_set(err, ERR_FORMAT, "line %u: no '=' in it", (unsigned)number);
		node->key = span_sub(line, 0, eq);
		if (unescape(doc, span_from(line, eq + 1), &node->str, err) < 0)
			return -1;
	}
	doc_append(branch, node);
	return 0;
}

int doc_dotenv_read(struct span input, struct doc *ret_doc, struct err *err)
{
	struct doc_node *branch = doc_new(ret_doc, DOC_MAP, err);
	uint32_t number = 0;
	size_t at, end;

	if (!branch)
		return -1;
	for (at = 0; at < input.len; at = end + 1) {
		end = span_find(input, at, '\n');
		number++;
		if (end > at &&
		    read_line(ret_doc, branch, span_sub(input, at, end - at), number, err) < 0)
			return -1;
	}
	doc_add_branch(ret_doc, branch);
	return 0;
}

static void write_string(struct span value, struct buf *out)
{
	size_t at, end;

	for (at = 0;; at = end + 1) {
		end = span_find(value, at, '\n');
		buf_add_span(out, span_sub(value, at, end - at));
		if (end == value.len)
			return;
		buf_add_str(out, "\\n");
	}
}

int doc_dotenv_write(const struct doc *doc, struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf scratch = BUF_INIT(DOC_FLAT_SCALAR_MAX);
	const struct doc_node *entry;
	struct span text;

	/* sops prints the first document of a stream and leaves the others out. */
	if (!doc->first)
		return err_set(err, ERR_EMIT, "there is no document to print");
	doc_each (entry, doc->first) {
		if (!entry->key.data) {
			/* A comment of several lines, which only another format can hold, is not marked again; sops does so too. */
			buf_add_char(out, '#');
			buf_add_span(out, entry->str);
			buf_add_char(out, '\n');
			continue;
		}
		if (doc_flat_key(entry, err) < 0 || doc_flat_text(entry, &scratch, &text, err) < 0)
			return -1;
		buf_add_span(out, entry->key);
		buf_add_char(out, '=');
		write_string(text, out);
		buf_add_char(out, '\n');
	}
	return buf_check(out, err);
}
