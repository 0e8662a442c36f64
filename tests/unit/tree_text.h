/* SPDX-License-Identifier: Apache-2.0
 *
 * A tree of strings, sections and comments as text, so that a table can say what a reader of lines has to make: `key=<value>`,
 * `#<comment>`, `[section]`, each on a line of its own, everything within the brackets raw.
 */
#ifndef TREE_TEXT_H
#define TREE_TEXT_H

#include "doc/doc.h"

static inline void tree_text_add(const struct doc_node *map, struct buf *out)
{
	const struct doc_node *node;

	doc_each (node, map) {
		if (node->kind == DOC_COMMENT) {
			buf_add_str(out, "#<");
			buf_add_span(out, node->str);
			buf_add_str(out, ">\n");
		} else if (node->kind == DOC_MAP) {
			buf_add_char(out, '[');
			buf_add_span(out, node->key);
			buf_add_str(out, "]\n");
			tree_text_add(node, out);
		} else {
			assert_int_equal(node->kind, DOC_STRING);
			assert_non_null(node->key.data);
			buf_add_span(out, node->key);
			buf_add_str(out, "=<");
			buf_add_span(out, node->str);
			buf_add_str(out, ">\n");
		}
	}
}

/* The one branch of doc, as a string. */
static inline const char *tree_text(const struct doc *doc, struct buf *out)
{
	assert_non_null(doc->first);
	assert_null(doc->first->next);
	buf_reset(out);
	tree_text_add(doc->first, out);
	buf_add_char(out, '\0');
	assert_int_equal(out->bad, ERR_NONE);
	return (const char *)out->data;
}

/* Building blocks for trees that no reader of lines makes. */
static inline struct doc_node *tree_add(struct doc *doc, struct doc_node *to, const char *key,
					enum doc_kind kind)
{
	struct err err = ERR_INIT;
	struct doc_node *node = doc_new(doc, kind, &err);

	assert_non_null(node);
	if (key)
		node->key = span_str(key);
	if (to)
		doc_append(to, node);
	else
		doc_add_branch(doc, node);
	return node;
}

static inline void tree_add_str(struct doc *doc, struct doc_node *to, const char *key,
				const char *value)
{
	tree_add(doc, to, key, DOC_STRING)->str = span_str(value);
}

static inline void tree_add_comment(struct doc *doc, struct doc_node *to, const char *text)
{
	tree_add(doc, to, NULL, DOC_COMMENT)->str = span_str(text);
}

/* One entry of every scalar kind that is not a string; `flat` is what dotenv prints for them. */
static inline void tree_add_scalars(struct doc *doc, struct doc_node *to)
{
	tree_add(doc, to, "null", DOC_NULL);
	tree_add(doc, to, "int", DOC_INT)->integer = INT64_MIN;
	tree_add(doc, to, "uint", DOC_UINT)->big = UINT64_MAX;
	tree_add(doc, to, "whole", DOC_FLOAT)->number = 100000;
	tree_add(doc, to, "million", DOC_FLOAT)->number = 1e6;
	tree_add(doc, to, "small", DOC_FLOAT)->number = 0.00001;
	tree_add(doc, to, "tenth", DOC_FLOAT)->number = 0.1;
	tree_add(doc, to, "zero", DOC_FLOAT)->number = -0.0;
	tree_add(doc, to, "inf", DOC_FLOAT)->number = -__builtin_inf();
	tree_add(doc, to, "nan", DOC_FLOAT)->number = __builtin_nan("");
	tree_add(doc, to, "yes", DOC_BOOL)->boolean = true;
	tree_add(doc, to, "no", DOC_BOOL)->boolean = false;
	tree_add(doc, to, "time", DOC_TIME)->time =
		(struct doc_time){.seconds = 1577934245, .nanoseconds = 5000000, .offset = -19800};
}

#endif
