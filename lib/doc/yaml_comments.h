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

/* The ends of blocks have been noticed behind comments, but a block ends in front of the first comment that stands in its column: for each
 * open block, s->ends becomes 1 + the index of that comment, or 0. stop: the last character before the comments. */
void yaml_comments_block_ends(struct yaml_scan *s, uint32_t stop);

/* Hands what belongs to the token, or to something before it, to s->head, s->line_text and s->foot. */
void yaml_comments_unfold(struct yaml_scan *s, const struct yaml_token *token);

/* Puts the lines of tail, at least one, behind those of text; tail is empty after. */
void yaml_text_join(struct yaml_text *text, struct yaml_text *tail);

#endif
