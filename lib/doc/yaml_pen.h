/* SPDX-License-Identifier: Apache-2.0
 *
 * The hand that writes YAML text: it knows the column, the indentation, and whether a blank or a line break is due before what comes next.
 * What to write, and in which order, is the business of doc_yaml_write.c and yaml_style.c.
 *
 * Rules: go-yaml: emitterc.go.
 */
#ifndef DOC_YAML_PEN_H
#define DOC_YAML_PEN_H

#include "doc/yaml_style.h"

struct yaml_pen {
	struct buf *out;
	size_t column; /* bytes since the last line break */
	int indent;    /* of what is being written; -1 outside of every document */
	int step;      /* 2 to 9 */
	int foot_indent; /* where a foot comment ended just now: a blank line follows at that indentation; else -1 */
	bool spaced; /* the last byte separates: no blank is due */
	bool fresh;  /* nothing but indentation, `-` and `?` stand on this line */
};

enum { YAML_STEP_DEFAULT = 4, YAML_STEP_FALLBACK = 2, YAML_STEP_MIN = 2, YAML_STEP_MAX = 9 };

/* At the start of a document; a step out of range becomes 2, as in go-yaml. */
struct yaml_pen yaml_pen_at_start(struct buf *out, int step);

/* Where a scalar or a nested block stands, which decides its indentation. */
enum yaml_spot { YAML_SPOT_ROOT, YAML_SPOT_ELEMENT, YAML_SPOT_ENTRY };

/* The indentation of what is nested there, and of a scalar's further lines (in_line: also what {} and [] have). */
int yaml_pen_nested(const struct yaml_pen *pen, enum yaml_spot spot, bool in_line);

void yaml_pen_break(struct yaml_pen *pen);

/* Goes to the start of a line at the current indentation, if it is not there already. */
void yaml_pen_line(struct yaml_pen *pen);

/* An indicator. `due`: a blank goes before it where one is due; `spaces`: it separates like a blank; `leads`: the line stays fresh. */
void yaml_pen_mark(struct yaml_pen *pen, const char *text, bool due, bool spaces, bool leads);

/* "-", "?" or ":" with what follows from it. */
static inline void yaml_pen_lead(struct yaml_pen *pen, const char *text)
{
	yaml_pen_mark(pen, text, true, false, true);
}

/* A scalar of any style but literal, with its tag; pen->indent is where its further lines go. */
void yaml_pen_scalar(struct yaml_pen *pen, const struct yaml_scalar *scalar);

/* A literal in two parts, as a comment may come between: tag, `|` and its hints without the line break; then its lines. digit: what the
 * indentation hint says where one is needed. */
void yaml_pen_literal_head(struct yaml_pen *pen, const struct yaml_scalar *scalar, int digit);
void yaml_pen_literal_body(struct yaml_pen *pen, const struct yaml_scalar *scalar);

/* Comment text, each line of which begins with '#' or gets "# "; ends in a line break. */
void yaml_pen_comment(struct yaml_pen *pen, struct span text);

#endif
