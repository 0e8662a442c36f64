/* SPDX-License-Identifier: Apache-2.0
 *
 * Comments on their way into YAML text. go-yaml's emitter has one place for each kind of comment, which the next event with such a comment
 * overwrites and the next fitting moment empties. So a comment can land one item later, or get lost; sops's bytes show it. struct
 * yaml_notes are these places; announcing is an event that reaches the emitter, with the comments that hang on it.
 *
 * Rules: go-yaml: emitterc.go (yaml_emitter_analyze_event, yaml_emitter_process_head_comment and its like).
 */
#ifndef DOC_YAML_NOTES_H
#define DOC_YAML_NOTES_H

#include "doc/yaml_pen.h"

/* A comment of one or more lines: a piece of the text below. */
struct yaml_note {
	size_t at, len;
};

#define YAML_NO_NOTE ((struct yaml_note){0, 0})

struct yaml_notes {
	struct buf text; /* of all comments so far, with '#' and line breaks */
	/* What waits. tail: the foot of a map's last key, printed at the map's end; key_line: what waited as line when a key came */
	struct yaml_note head, line, foot, tail, key_line;
};

void yaml_notes_release(struct yaml_notes *notes);

/* Where the run of comments that begins at node ends: the first node that is none, or NULL. */
const struct doc_node *yaml_notes_skip(const struct doc_node *node);

/* Adds the comments of one kind (inline or not) in the run from `from` on to the note, each as a line. The note must be the one made last, or
 * empty. false where a comment is not UTF-8. */
bool yaml_notes_add(struct yaml_notes *notes, struct yaml_note *note, const struct doc_node *from,
		    bool in_line) NODISCARD;

void yaml_notes_announce(struct yaml_notes *notes, struct yaml_note head, struct yaml_note line,
			 struct yaml_note foot);

/* The fitting moments: before an item (tail first); behind a value on its line; below it; both. */
void yaml_notes_head(struct yaml_notes *notes, struct yaml_pen *pen);
void yaml_notes_line(struct yaml_notes *notes, struct yaml_pen *pen);
void yaml_notes_foot(struct yaml_notes *notes, struct yaml_pen *pen);
void yaml_notes_behind(struct yaml_notes *notes, struct yaml_pen *pen);

#endif
