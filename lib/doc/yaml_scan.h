/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text to tokens, with the comments between them: the lower half of the YAML reader.
 *
 *   yaml_input ──► yaml_scan ──► yaml_stream ──► yaml_build ──► doc tree
 *   (characters)   (tokens)      (documents)     (keys, places of comments)
 *                   ├ yaml_comments               ├ yaml_value (types)
 *                   ├ yaml_scalar, yaml_block     ├ yaml_alias (anchors, copies, limits)
 *                   └ yaml_property               └ yaml_names (duplicate keys)
 *                                └ yaml_grammar, yaml_flow (nodes)
 *
 * Which tokens a text has, and which comment belongs to which of them, decides what sops hashes, encrypts and prints, so the rules
 * are those of the scanner that sops uses (go.yaml.in/yaml/v3: scannerc.go), its oddities included. libyaml is of the same family
 * but differs in what it accepts (`?` in flow text, `\/`, tags, TABs before comments), knows no comments and counts characters
 * where splicing needs bytes; so it is not used. Everything is a span of the input, except text that escapes or folding change:
 * that lies in the document's arena.
 */
#ifndef DOC_YAML_SCAN_H
#define DOC_YAML_SCAN_H

#include "doc/doc.h"

/* A place in the text. */
struct yaml_mark {
	uint32_t at;    /* byte offset */
	uint32_t line;  /* from 0 */
	int32_t column; /* characters, from 0 */
};

enum yaml_token_type {
	TOKEN_STREAM_START,
	TOKEN_STREAM_END,
	TOKEN_VERSION,       /* %YAML: `style` is 1 for version 1.1 */
	TOKEN_TAG_DIRECTIVE, /* %TAG: text is the handle, more the prefix */
	TOKEN_DOCUMENT_START,
	TOKEN_DOCUMENT_END,
	TOKEN_BLOCK_SEQUENCE_START,
	TOKEN_BLOCK_MAPPING_START,
	TOKEN_BLOCK_END,
	TOKEN_FLOW_SEQUENCE_START,
	TOKEN_FLOW_SEQUENCE_END,
	TOKEN_FLOW_MAPPING_START,
	TOKEN_FLOW_MAPPING_END,
	TOKEN_BLOCK_ENTRY,
	TOKEN_FLOW_ENTRY,
	TOKEN_KEY,
	TOKEN_VALUE,
	TOKEN_ALIAS,  /* text is the name */
	TOKEN_ANCHOR, /* text is the name */
	TOKEN_TAG,    /* text is the handle, more the suffix; an empty handle: more is all of it */
	TOKEN_SCALAR, /* text is the content, style how it is written */
};

enum yaml_token_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL, STYLE_FOLDED };

struct yaml_token {
	uint8_t type;  /* enum yaml_token_type */
	uint8_t style; /* enum yaml_token_style */
	uint16_t key;  /* 1 + the level whose simple key may begin here, or 0 */
	struct yaml_mark start;
	uint32_t end; /* byte offset */
	struct span text, more;
};

/* Lines of comments, as the tree's own nodes. `depth` of a node is 1 where an empty line follows it inside its group. */
struct yaml_text {
	struct doc_node *first, *last;
};

enum yaml_comment_kind { COMMENT_HEAD, COMMENT_LINE, COMMENT_FOOT };

/* A group of comment lines and the token that it belongs to. */
struct yaml_comment {
	enum yaml_comment_kind kind;
	struct yaml_mark scan;  /* where the search that found it began */
	struct yaml_mark start; /* its '#'; its column counts from 1, but from 0 for COMMENT_LINE */
	uint32_t token;         /* handed over with the first token that starts here or later */
	uint32_t end;           /* 0 for COMMENT_LINE */
	struct yaml_text text;
};

/* Where a key without `?` may have begun. */
struct yaml_simple_key {
	bool possible, required;
	uint64_t number; /* of the token that it begins with */
	struct yaml_mark mark;
};

struct yaml_scan {
	struct span in;  /* UTF-8 that yaml_input has checked */
	struct doc *doc; /* whose arena takes comments and changed text */

	size_t pos, line_start;
	size_t wide; /* bytes since line_start that are not the first of their character */
	uint32_t line;
	uint32_t newlines; /* line breaks since the last character that was not blank */

	bool started;
	bool key_allowed; /* a simple key may begin here */
	int32_t indent;   /* column of the innermost open block, or -1 */
	uint32_t indent_count, flow;
	int32_t indents[DOC_DEPTH_MAX +
			2];               /* of the blocks around the innermost; the first is -1 */
	uint32_t ends[DOC_DEPTH_MAX + 2]; /* of each open block: yaml_comments_block_ends() */
	struct yaml_simple_key keys[DOC_DEPTH_MAX + 2]; /* one a flow level */

	struct yaml_token *tokens;
	size_t token_head, token_len, token_cap;
	uint64_t parsed; /* tokens handed out */
	bool available;

	struct yaml_comment *comments;
	size_t comment_head, comment_len, comment_cap;
	/* What the grammar has not yet given to a node. */
	struct yaml_text head, line_text, foot, stem;

	struct buf scratch;
};

/* A scanner at the start of input (whose first byte is at offset `from`), or NULL with ERR_NOMEM. */
struct yaml_scan *yaml_scan_new(struct span input, size_t from, struct doc *doc, struct err *err)
	NODISCARD;

/* Frees it, wipes what it held. NULL is fine. */
void yaml_scan_free(struct yaml_scan *s);

/* The next token, which stays next; valid till the next call. Comments that belong to it are moved to head, line_text and foot. */
int yaml_scan_peek(struct yaml_scan *s, struct yaml_token **ret_token, struct err *err) NODISCARD;

/* Drops the token that was peeked at. */
void yaml_scan_skip(struct yaml_scan *s);

/* ERR_FORMAT "line N, column M: what". Always -1. */
int yaml_fail(struct yaml_mark mark, const char *what, struct err *err);

#endif
