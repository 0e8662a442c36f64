/* SPDX-License-Identifier: Apache-2.0
 *
 * The document tree to JSON text with sops's bytes: one member a line, HTML-safe escapes, comments dropped, only the first document.
 * Refuses what JSON has no text for.
 *
 * Rules: sops: stores/json/store.go; Go: encoding/json (appendString, Indent).
 */
#include "doc/doc_json.h"

#include "doc/doc_path.h"
#include "doc/scalar.h"

struct writer {
	struct buf *out;
	int indent; /* blanks a level; JSON_TAB */
	struct err *err;
};

enum { JSON_TAB = -1 };

static int fail(struct writer *w, const struct doc_path *path, const char *what)
{
	return err_set(w->err, ERR_EMIT, "%s: %s", doc_path_text(path).text, what);
}

static void add_line(struct writer *w, unsigned depth)
{
	buf_add_char(w->out, '\n');
	if (w->indent == JSON_TAB)
		buf_add_fill(w->out, '\t', depth);
	else
		buf_add_fill(w->out, ' ', (size_t)depth * (unsigned)w->indent);
}

/* The bytes that stand for themselves: printable ASCII without " \ < > &, and DEL. */
static bool is_plain(uint8_t c)
{
	static const bool plain[256] = {
		[' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
		['='] = true,         ['?' ... '['] = true, [']' ... 0x7f] = true,
	};

	return plain[c];
}

static void add_escaped(uint8_t c, struct buf *out)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *hit = c ? strchr(bytes, c) : NULL;

	if (c == '"' || c == '\\') {
		buf_add_char(out, '\\');
		buf_add_char(out, c);
	} else if (hit) {
		buf_add_char(out, '\\');
		buf_add_char(out, (uint8_t)letters[hit - bytes]);
	} else {
		buf_add_str(out, "\\u00");
		hex_encode(span_of(&c, 1), false, out);
	}
}

static void add_string(struct span s, struct buf *out)
{
	size_t at = 0, start = 0;
	uint32_t code = 0;

	buf_add_char(out, '"');
	while (at < s.len) {
		size_t len = 1;

		if (is_plain(s.data[at])) {
			at++;
			continue;
		}
		if (s.data[at] >= 0x80) {
			len = utf8_next(s, at, &code);
			if (len > 0 && code != 0x2028 && code != 0x2029) {
				at += len;
				continue;
			}
		}
		buf_add(out, s.data + start, at - start);
		if (len == 0) { /* not UTF-8: one for each byte, as text and not as the character */
			buf_add_str(out, "\\ufffd");
			len = 1;
		} else if (len > 1) {
			buf_add_str(out, code == 0x2028 ? "\\u2028" : "\\u2029");
		} else {
			add_escaped(s.data[at], out);
		}
		start = at += len;
	}
	buf_add(out, s.data + start, at - start);
	buf_add_char(out, '"');
}

static int add_value(struct writer *w, const struct doc_node *node, unsigned depth,
		     const struct doc_path *path);

static int add_container(struct writer *w, const struct doc_node *node, unsigned depth,
			 const struct doc_path *up)
{
	bool map = node->kind == DOC_MAP, any = false;
	struct doc_path path = {.up = up};
	const struct doc_node *kid;

	if (depth > DOC_DEPTH_MAX)
		return err_set(w->err, ERR_LIMIT, "nested deeper than %d levels", DOC_DEPTH_MAX);
	buf_add_char(w->out, map ? '{' : '[');
	doc_each (kid, node) {
		path.key = kid->key;
		if (kid->kind == DOC_COMMENT && !kid->key.data) {
			path.index++;
			continue;
		}
		if (any)
			buf_add_char(w->out, ',');
		add_line(w, depth + 1);
		any = true;
		if (map) {
			if (!kid->key.data || kid->flags & DOC_KEY_BAD)
				return fail(w, &path, "the key is not a string");
			add_string(kid->key, w->out);
			buf_add_str(w->out, ": ");
		}
		if (add_value(w, kid, depth + 1, &path) < 0)
			return -1;
		path.index++;
	}
	if (any)
		add_line(w, depth);
	buf_add_char(w->out, map ? '}' : ']');
	return 0;
}

static int add_value(struct writer *w, const struct doc_node *node, unsigned depth,
		     const struct doc_path *path)
{
	switch ((enum doc_kind)node->kind) {
	case DOC_NULL:
		buf_add_str(w->out, "null");
		return 0;
	case DOC_STRING:
		add_string(node->str, w->out);
		return 0;
	case DOC_INT:
		scalar_add_int(node->integer, w->out);
		return 0;
	case DOC_UINT:
		buf_printf(w->out, "%llu", (unsigned long long)node->big);
		return 0;
	case DOC_FLOAT:
		if (!__builtin_isfinite(node->number))
			return fail(w, path, "JSON has no text for infinity and NaN");
		scalar_add_float(node->number, FLOAT_JSON, w->out);
		return 0;
	case DOC_BOOL:
		buf_add_str(w->out, node->boolean ? "true" : "false");
		return 0;
	case DOC_TIME:
		buf_add_char(w->out, '"');
		if (!scalar_add_time(&node->time, TIME_NANO, w->out))
			return fail(w, path, "JSON has no text for a time with such an offset");
		buf_add_char(w->out, '"');
		return 0;
	case DOC_MAP:
	case DOC_LIST:
		return add_container(w, node, depth, path);
	case DOC_COMMENT:
		break;
	}
	/* Differs: sops prints its own data structure where a value's `type` was changed to `comment`. Test: differs_refuses_comment_value */
	return fail(w, path, "a comment stands where a value belongs");
}

static struct writer start(const struct doc_style *style, struct buf *out, struct err *err)
{
	int indent = style->json_indent;

	return (struct writer){
		.out = out,
		.indent = indent == 0  ? JSON_TAB
			  : indent < 0 ? 0
				       : indent,
		.err = err,
	};
}

int doc_json_write(const struct doc *doc, const struct doc_style *style, struct buf *out,
		   struct err *err)
{
	struct writer w = start(style, out, err);

	if (!doc->first)
		return err_set(err, ERR_EMIT, "there is no document to print as JSON");
	if (add_container(&w, doc->first, 0, NULL) < 0)
		return -1;
	buf_add_char(out, '\n');
	return buf_check(out, err);
}

int doc_json_write_value(const struct doc_node *value, const struct doc_style *style,
			 struct buf *out, struct err *err)
{
	struct writer w = start(style, out, err);

	if (add_value(&w, value, 0, NULL) < 0)
		return -1;
	return buf_check(out, err);
}
