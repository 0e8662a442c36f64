/* SPDX-License-Identifier: Apache-2.0
 *
 * Edits over a source text: the output is the source with some byte ranges replaced, and nothing else. So what holds no ciphertext
 * leaves as it came, comments, quotes and line ends included (design.md, promise 2).
 *
 *   splice_replace, splice_remove, splice_scalar ──► a list of edits ──► splice_apply: sorted, written once
 */
#ifndef SPLICE_H
#define SPLICE_H

#include "doc/doc.h"

struct splice_edit {
	size_t start, end; /* bytes of the source that go; equal: an insertion */
	size_t from, len;  /* what comes in their place, in `text` */
};

struct splice {
	struct span source;
	struct splice_edit *edits;
	size_t count, cap;
	size_t removals; /* edits at the front that only take out, in the order of their places */
	struct buf text; /* the new texts, one behind the other */
};

enum {
	SPLICE_TEXT_MAX = 1024 * 1024 * 1024, /* bytes of new text, as DECRYPT_OUTPUT_MAX */
};

#define SPLICE_INIT(bytes)                                                    \
	{                                                                     \
		.source = (bytes), .text = BUF_INIT((size_t)SPLICE_TEXT_MAX), \
	}
#define CLEAN_SPLICE CLEANUP(splice_release)

/* Reads a text that will be spliced: YAML documents, or one JSON object. ret_doc must be DOC_INIT. splice_read.c. Errors: those of doc_read(),
 * ERR_UNSUPPORTED for UTF-16, whose bytes the tree does not count. */
int splice_read(struct span text, struct doc *ret_doc, struct err *err) NODISCARD;

/* Puts text in the place of source[start, end). Errors: ERR_NOMEM, ERR_LIMIT. */
int splice_replace(struct splice *splice, size_t start, size_t end, struct span text,
		   struct err *err) NODISCARD;

/* A replacement whose text the caller writes: begin, add to splice->text, end. */
size_t splice_begin(const struct splice *splice);
int splice_end(struct splice *splice, size_t start, size_t end, size_t begin, struct err *err)
	NODISCARD;

/* Takes entries out of a map or elements out of a list: in block style with their lines, in flow style with a comma; what is then empty
 * becomes {} or []. `drop` are kids of parent, in their order; parent must still hold all of its kids. splice_entry.c
 * Errors: ERR_UNSUPPORTED where one of them can not be cut out (anchors and aliases, layouts we do not know). */
int splice_remove(struct splice *splice, const struct doc_node *parent,
		  const struct doc_node *const *drop, size_t n, struct err *err) NODISCARD;

/* Writes the node's value in the place of its old text, in a style that fits there. `flow`: the node stands somewhere inside {} or [].
 * splice_scalar.c. Errors: ERR_UNSUPPORTED where the node can not be spliced (aliases), ERR_EMIT where no text says the value (a string that
 * is not UTF-8; infinity in JSON). */
int splice_scalar(struct splice *splice, const struct doc_node *node, bool flow, struct err *err)
	NODISCARD;

/* Appends the source with its edits to out. Edits may come in any order but not overlap: ERR_BUG. The list is empty after. */
int splice_apply(struct splice *splice, struct buf *out, struct err *err) NODISCARD;

/* Where what is left of the source goes on at `at`: behind the removals that cover it. Only those are seen that were made before any other
 * edit. */
size_t splice_skip_removals(const struct splice *splice, size_t at);

/* Where the line begins that source[at] stands in, and where the one ends (behind its line break). */
size_t splice_line_start(struct span source, size_t at);
size_t splice_line_end(struct span source, size_t at);

/* Wipes and frees. NULL is fine. */
void splice_release(struct splice *splice);

#endif
