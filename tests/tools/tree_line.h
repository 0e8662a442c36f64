/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees from a line of text, for tests of the writers: for the tool yaml_write and for unit tests.
 *
 *   { ... }  map             [ ... ]  list            kTEXT  key of the next value
 *   cTEXT  comment           iTEXT  inline comment    sTEXT  string
 *   n  null    t f  bool     dINT  integer            gBITS  double, its bits in hex     TSEC,NANO,OFFSET  time
 *
 * TEXT is hex, or =words where every _ stands for a blank.
 */
#ifndef TREE_LINE_H
#define TREE_LINE_H

#include "doc/doc.h"

#include <stdio.h>
#include <stdlib.h>

enum { TREE_LINE_DEPTH = 64 };

static inline void tree_line_die(const char *what)
{
	fprintf(stderr, "tree_line: %s\n", what);
	exit(2);
}

static inline struct span tree_line_text(struct doc *doc, const char *text, struct err *err)
{
	bool words = text[0] == '=';
	size_t len = words ? strlen(text) - 1 : strlen(text) / 2;
	uint8_t *bytes = arena_alloc(&doc->arena, len, err);
	unsigned byte;

	if (!bytes)
		tree_line_die(err->msg);
	for (size_t i = 0; i < len; i++) {
		if (words) {
			bytes[i] = text[i + 1] == '_' ? ' ' : (uint8_t)text[i + 1];
			continue;
		}
		if (sscanf(text + i * 2, "%2x", &byte) != 1)
			tree_line_die("bad hex");
		bytes[i] = (uint8_t)byte;
	}
	return span_of(bytes, len);
}

static inline void tree_line_fill(struct doc *doc, struct doc_node *node, const char *token,
				  struct err *err)
{
	long long seconds;
	int nano, offset;
	uint64_t bits;

	switch (token[0]) {
	case '{':
		node->kind = DOC_MAP;
		break;
	case '[':
		node->kind = DOC_LIST;
		break;
	case 'c':
	case 'i':
		node->kind = DOC_COMMENT;
		node->flags = token[0] == 'i' ? DOC_INLINE : 0;
		node->str = tree_line_text(doc, token + 1, err);
		break;
	case 's':
		node->kind = DOC_STRING;
		node->str = tree_line_text(doc, token + 1, err);
		break;
	case 'n':
		node->kind = DOC_NULL;
		break;
	case 't':
	case 'f':
		node->kind = DOC_BOOL;
		node->boolean = token[0] == 't';
		break;
	case 'd':
		node->kind = DOC_INT;
		node->integer = strtoll(token + 1, NULL, 10);
		break;
	case 'g':
		node->kind = DOC_FLOAT;
		bits = strtoull(token + 1, NULL, 16);
		memcpy(&node->number, &bits, sizeof(bits));
		break;
	case 'T':
		node->kind = DOC_TIME;
		if (sscanf(token + 1, "%lld,%d,%d", &seconds, &nano, &offset) != 3)
			tree_line_die("bad time");
		node->time = (struct doc_time){seconds, nano, offset};
		break;
	default:
		tree_line_die("unknown token");
	}
}

/* The tokens of what strtok_r() has left of a line (or of a whole line) as a document's branches. */
static inline void tree_line_build(struct doc *doc, char **rest, struct err *err)
{
	struct doc_node *open[TREE_LINE_DEPTH];
	struct span key = SPAN_NULL;
	int depth = 0;
	char *token;

	while ((token = strtok_r(NULL, " \n", rest))) {
		if (token[0] == 'k') {
			key = tree_line_text(doc, token + 1, err);
			continue;
		}
		if (token[0] == '}' || token[0] == ']') {
			depth--;
			continue;
		}
		struct doc_node *node = doc_new(doc, DOC_NULL, err);

		if (!node || depth >= TREE_LINE_DEPTH)
			tree_line_die("too much");
		tree_line_fill(doc, node, token, err);
		if (node->kind != DOC_COMMENT) {
			node->key = key;
			key = SPAN_NULL;
		}
		if (depth)
			doc_append(open[depth - 1], node);
		else
			doc_add_branch(doc, node);
		if (token[0] == '{' || token[0] == '[')
			open[depth++] = node;
	}
}

#endif
