/* SPDX-License-Identifier: Apache-2.0
 *
 * One YAML scalar: which style it is written in, and its text. Two users with different needs:
 *
 *   doc_yaml_write.c  prints whole documents with the bytes of sops, its oddities included: yaml_style_choose() and what yaml_out.h has
 *                     to print the result.
 *   a splicer         puts a decrypted value in the place of a ciphertext in text that stays otherwise as it is, such as the items of a
 *                     ResourceList: yaml_scalar_add() and yaml_scalar_add_line(). These look like go-yaml's output too, but what they
 *                     print always reads back as the same value, or they fail.
 *
 * Rules: go-yaml: encode.go (stringv), emitterc.go (yaml_emitter_analyze_scalar, yaml_emitter_select_scalar_style).
 */
#ifndef DOC_YAML_STYLE_H
#define DOC_YAML_STYLE_H

#include "doc/doc.h"

/* Where a scalar stands, for the splicer. `column` counts from 0. */
enum yaml_place {
	YAML_IN_MAP,  /* a value of a block mapping whose keys begin at `column` */
	YAML_IN_LIST, /* an element of a block list whose dashes are at `column` */
};

/* Appends the scalar (every kind but comments, maps and lists) as it would stand there, from its first byte on: no blank before it.
 * step: the document's indentation (2 to 9, kustomize: 2).
 *
 *   YAML_IN_MAP, column 2, step 2:   `  key: ` + `abc`     or   `  key: ` + `|-\n    line1\n    line2`
 *   YAML_IN_LIST, column 2, step 2:  `  - ` + `abc`        or   `  - ` + `|-\n    line1\n    line2`
 *
 * Content lines of a literal block stand `step` deeper than a mapping's keys, on the next multiple of step, and 2 deeper than a list's dash;
 * the header has the indentation digit where the value begins with a blank or a line break.
 *
 * The text never ends with the line break behind the last line. For a literal block (it begins with '|') the caller sees to it that one
 * follows: nothing may stand behind the old value on its line (a comment, for instance; else use yaml_scalar_add_line()), and if the
 * old value was itself a block (DOC_BLOCK_TEXT: `end` is behind its line break) the caller adds it.
 *
 * Strings that no block style keeps as they are (a first line that begins with a TAB, blanks at line ends, control characters, U+2028, ...)
 * get double quotes. ERR_EMIT: the string is not UTF-8, for which YAML has no text. */
int yaml_scalar_add(const struct doc_node *scalar, enum yaml_place place, int column, int step,
		    struct buf *out, struct err *err) NODISCARD;

/* The same on one line, whatever the value: plain, 'single' or "double" quoted, valid inside {...} and [...] and everywhere else where a
 * value may stand, also in front of a comment. */
int yaml_scalar_add_line(const struct doc_node *scalar, struct buf *out, struct err *err) NODISCARD;

enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_LITERAL };

/* A scalar ready to be printed as sops does. */
struct yaml_scalar {
	struct span
		text; /* what stands in the document, before quoting: the node's own string or bytes in `scratch` */
	enum yaml_style style;
	const char *tag; /* "!!binary", "!!merge" or NULL */
	bool multiline;  /* has a line break, so it can not be a simple key */
	bool lost; /* sops prints null in its place: a literal block whose first line begins with a TAB */
};

/* Chooses tag and style as sops does for a scalar node (not a comment). Numbers, times and base64 text go to scratch, which must live as
 * long as the result and not grow before it is printed. -1: out of memory, or a time that has no text (ERR_EMIT). */
int yaml_style_choose(const struct doc_node *scalar, struct buf *scratch, struct yaml_scalar *ret,
		      struct err *err) NODISCARD;

/* The same for a map's key. */
int yaml_style_choose_key(struct span key, struct buf *scratch, struct yaml_scalar *ret,
			  struct err *err) NODISCARD;

#endif
