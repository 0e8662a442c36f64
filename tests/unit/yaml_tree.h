/* SPDX-License-Identifier: Apache-2.0
 *
 * What a tree read from YAML says, as text, and what its places in the source have to be good for. Used by the unit tests, the fuzz
 * target and tests/tools/yaml_read.c; the tokens are those of tests/interop/yaml_reader/main.go:
 *
 *   { ... }  map             [ ... ]  list            k'TEXT'  key of the next value    K  key that is not a string
 *   c'TEXT'  comment         i'TEXT'  inline comment  s'TEXT'  string    n  null    t f  bool
 *   dINT  integer            uINT  above int64        gBITS  double, in hex    TSEC,NANO,OFFSET  time
 *
 * TEXT is printable ASCII; quotes, backslashes and all else are \xHH.
 */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "doc/doc_yaml.h"
#include "doc/yaml_chars.h"

enum {
	YAML_TREE_MAX = 64 * 1024 * 1024, /* bytes of text for a tree */
	YAML_SPLICE_MAX =
		4096, /* bytes of a source that every value is replaced in, one after the other */
};

static inline void yaml_tree_text(char sign, struct span s, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";

	buf_add_char(out, ' ');
	buf_add_char(out, (uint8_t)sign);
	buf_add_char(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c >= 0x20 && c < 0x7F && c != '\'' && c != '\\') {
			buf_add_char(out, c);
			continue;
		}
		buf_add_str(out, "\\x");
		buf_add_char(out, (uint8_t)digits[c >> 4]);
		buf_add_char(out, (uint8_t)digits[c & 15]);
	}
	buf_add_char(out, '\'');
}

/* How to print: without comments, and with one value as the string "X". */
struct yaml_tree_style {
	bool no_comments;
	const struct doc_node *as_x;
};

static inline void yaml_tree_node(const struct doc_node *node, struct yaml_tree_style style,
				  struct buf *out)
{
	const struct doc_node *kid;
	uint64_t bits;

	if (node == style.as_x) {
		yaml_tree_text('s', SPAN("X"), out);
		return;
	}
	switch (node->kind) {
	case DOC_NULL:
		buf_add_str(out, " n");
		break;
	case DOC_STRING:
		yaml_tree_text('s', node->str, out);
		break;
	case DOC_INT:
		buf_printf(out, " d%lld", (long long)node->integer);
		break;
	case DOC_UINT:
		buf_printf(out, " u%llu", (unsigned long long)node->big);
		break;
	case DOC_FLOAT:
		memcpy(&bits, &node->number, sizeof(bits));
		if (node->number != node->number)
			bits = 0x7ff8000000000000;
		buf_printf(out, " g%016llx", (unsigned long long)bits);
		break;
	case DOC_BOOL:
		buf_add_str(out, node->boolean ? " t" : " f");
		break;
	case DOC_TIME:
		buf_printf(out, " T%lld,%d,%d", (long long)node->time.seconds,
			   node->time.nanoseconds, node->time.offset);
		break;
	case DOC_COMMENT:
		yaml_tree_text(node->flags & DOC_INLINE ? 'i' : 'c', node->str, out);
		break;
	default:
		buf_add_str(out, node->kind == DOC_MAP ? " {" : " [");
		doc_each (kid, node) {
			if (kid->kind == DOC_COMMENT && style.no_comments)
				continue;
			if (kid->flags & DOC_KEY_BAD)
				buf_add_str(out, " K");
			else if (kid->key.data)
				yaml_tree_text('k', kid->key, out);
			yaml_tree_node(kid, style, out);
		}
		buf_add_str(out, node->kind == DOC_MAP ? " }" : " ]");
		break;
	}
}

static inline void yaml_tree(const struct doc *doc, struct yaml_tree_style style, struct buf *out)
{
	const struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next)
		yaml_tree_node(branch, style, out);
}

/* ---- places ---- */

static inline uint32_t yaml_tree_line(struct span text, size_t at)
{
	uint32_t line = 1;
	size_t i, width;

	for (i = 0; i < at; i += width ? width : 1) {
		width = yaml_break_at(text, i);
		line += width != 0;
	}
	return line;
}

static inline const char *yaml_tree_place(struct span text, const struct doc_node *node,
					  const struct doc_node *parent, uint32_t *after)
{
	uint32_t begin = node->key.data ? node->key_start : node->start;

	if (node->start > node->end || node->end > text.len)
		return "a value that ends outside of the text, or before it begins";
	if (node->kind == DOC_COMMENT) {
		if (text.data[node->start] != '#' ||
		    !span_eq(node->str,
			     span_sub(text, node->start + 1, node->end - node->start - 1)))
			return "a comment that is not where it says";
	} else if (begin > node->start || begin < parent->start || node->end > parent->end ||
		   begin < *after) {
		return "a value outside of what holds it, or not behind the one before";
	} else {
		*after = node->end;
	}
	if (node->end > node->start && yaml_tree_line(text, node->start) != node->line)
		return "a value on another line than it says";
	return NULL;
}

static inline const char *yaml_tree_places_of(struct span text, const struct doc_node *parent)
{
	uint32_t after = parent->start;
	const struct doc_node *kid;
	const char *wrong;

	doc_each (kid, parent) {
		if (kid->flags & DOC_ALIASED)
			continue;
		wrong = yaml_tree_place(text, kid, parent, &after);
		if (!wrong && (kid->kind == DOC_MAP || kid->kind == DOC_LIST))
			wrong = yaml_tree_places_of(text, kid);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* NULL, or what is wrong with the places of the tree that was read from text. */
static inline const char *yaml_tree_places(struct span text, const struct doc *doc)
{
	const struct doc_node *branch;
	const char *wrong = NULL;

	for (branch = doc->first; branch && !wrong; branch = branch->next)
		wrong = yaml_tree_places_of(text, branch);
	return wrong;
}

/* ---- splicing ---- */

/* The text with X in the value's place, quoted as it was, says the same tree, but for that value. Comments may move where lines go away. */
static inline const char *yaml_tree_splice(struct span text, const struct doc *doc,
					   const struct doc_node *node)
{
	struct yaml_tree_style style = {.as_x = node}, plain = {.no_comments = false};
	struct span old = span_sub(text, node->start, node->end - node->start);
	CLEAN_BUF struct buf spliced = BUF_INIT(YAML_TREE_MAX);
	CLEAN_BUF struct buf want = BUF_INIT(YAML_TREE_MAX);
	CLEAN_BUF struct buf got = BUF_INIT(YAML_TREE_MAX);
	CLEAN_DOC struct doc again = DOC_INIT;
	struct err err = ERR_INIT;
	size_t i;

	/* A tag or anchor with nothing behind it takes no comments, a text does; a block text has one of its own inside. */
	style.no_comments =
		old.data[0] == '!' || old.data[0] == '&' || (node->flags & DOC_BLOCK_TEXT);
	for (i = 0; i < old.len; i++)
		style.no_comments = style.no_comments || yaml_break_at(old, i);
	plain.no_comments = style.no_comments;
	buf_add_span(&spliced, span_sub(text, 0, node->start));
	buf_add_str(&spliced, node->flags & DOC_BLOCK_TEXT ? "\"X\"\n"
			      : node->flags & DOC_QUOTED   ? "\"X\""
							   : "X");
	buf_add_span(&spliced, span_from(text, node->end));
	if (doc_yaml_read(buf_span(&spliced), &again, &err) < 0)
		return "a text that is refused once a value is replaced";
	yaml_tree(doc, style, &want);
	yaml_tree(&again, plain, &got);
	return span_eq(buf_span(&want), buf_span(&got)) ? NULL
							: "a value whose place is not its own";
}

/* A block text may stand on a line of its own at the very column of its map; nothing else may. */
static inline bool yaml_tree_own_line(struct span text, const struct doc_node *node)
{
	size_t at = node->start, width;

	while (at > 0 && yaml_blank(text.data[at - 1]))
		at--;
	for (width = 1; width <= 3 && width <= at; width++) {
		if (yaml_break_at(text, at - width) == width)
			return node->flags & DOC_BLOCK_TEXT;
	}
	return false;
}

static inline const char *yaml_tree_splices_of(struct span text, const struct doc *doc,
					       const struct doc_node *parent)
{
	const struct doc_node *kid;
	const char *wrong = NULL;

	doc_each (kid, parent) {
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST)
			wrong = yaml_tree_splices_of(text, doc, kid);
		else if (kid->kind != DOC_COMMENT && kid->start < kid->end &&
			 !(kid->flags & DOC_ALIASED) && !yaml_tree_own_line(text, kid))
			wrong = yaml_tree_splice(text, doc, kid);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* NULL, or what is wrong where any one value of the tree is replaced in its text. */
static inline const char *yaml_tree_splices(struct span text, const struct doc *doc)
{
	const struct doc_node *branch;
	const char *wrong = NULL;

	if (text.len > YAML_SPLICE_MAX)
		return NULL;
	for (branch = doc->first; branch && !wrong; branch = branch->next)
		wrong = yaml_tree_splices_of(text, doc, branch);
	return wrong;
}

#endif
