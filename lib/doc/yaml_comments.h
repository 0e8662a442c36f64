/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding comments between tokens and giving them to tokens; see yaml_comments.c.
 */
#ifndef DOC_YAML_COMMENTS_H
#define DOC_YAML_COMMENTS_H

#include "doc/yaml_scan.h"

/* At a '#' that stands before the next token: takes this group of comment lines. `scan` is where the search for the token began. */
int yaml_comments_gap(struct yaml_scan *s, struct yaml_mark scan, struct err *err) NODISCARD;

/* Behind a token: takes a comment on the rest of its line, for the token that starts at `token`. */
int yaml_comments_line(struct yaml_scan *s, uint32_t token, struct err *err) NODISCARD;

/* Turns the line comment of a key into a head comment where the first "- " of its list has just been read. */
void yaml_comments_promote(struct yaml_scan *s);

/* Where a block of that indentation ends, whose end was noticed behind comments: before the first of them that stands in its column. */
struct yaml_mark yaml_comments_block_end(const struct yaml_scan *s, int32_t indent,
					 struct yaml_mark block);

/* Hands what belongs to the token, or to something before it, to s->head, s->line_text and s->foot. */
void yaml_comments_unfold(struct yaml_scan *s, const struct yaml_token *token);

/* Puts the lines of tail behind those of text; tail is empty after. */
void yaml_text_join(struct yaml_text *text, struct yaml_text *tail);

#endif
