/* SPDX-License-Identifier: Apache-2.0
 *
 * Comments on their way into YAML text; see yaml_notes.h.
 */
#include "doc/yaml_notes.h"

#include "base/text.h"

void yaml_notes_release(struct yaml_notes *notes)
{
	buf_release(&notes->text);
}

static bool is_comment(const struct doc_node *node)
{
	return node->kind == DOC_COMMENT && !node->key.data;
}

const struct doc_node *yaml_notes_skip(const struct doc_node *node)
{
	while (node && is_comment(node))
		node = node->next;
	return node;
}

static void add_line(struct yaml_notes *notes, struct yaml_note *note, struct span text)
{
	if (note->len == 0)
		note->at = notes->text.len;
	else
		buf_add_char(&notes->text, '\n');
	buf_add_char(&notes->text, '#');
	buf_add_span(&notes->text, text);
	note->len = notes->text.len - note->at;
}

bool yaml_notes_add(struct yaml_notes *notes, struct yaml_note *note, const struct doc_node *from,
		    bool in_line)
{
	for (; from && is_comment(from); from = from->next) {
		if (!!(from->flags & DOC_INLINE) != in_line)
			continue;
		if (!utf8_valid(from->str))
			return false;
		add_line(notes, note, from->str);
	}
	return true;
}

static void keep(struct yaml_note *waiting, struct yaml_note fresh)
{
	if (fresh.len)
		*waiting = fresh;
}

void yaml_notes_announce(struct yaml_notes *notes, struct yaml_note head, struct yaml_note line,
			 struct yaml_note foot)
{
	keep(&notes->head, head);
	keep(&notes->line, line);
	keep(&notes->foot, foot);
}

static void print(struct yaml_notes *notes, struct yaml_note *note, struct yaml_pen *pen)
{
	yaml_pen_comment(pen, span_sub(buf_span(&notes->text), note->at, note->len));
	note->len = 0;
}

void yaml_notes_head(struct yaml_notes *notes, struct yaml_pen *pen)
{
	if (notes->tail.len) {
		yaml_pen_line(pen);
		print(notes, &notes->tail, pen);
		pen->foot_indent = pen->indent;
	}
	if (notes->head.len) {
		yaml_pen_line(pen);
		print(notes, &notes->head, pen);
	}
}

void yaml_notes_line(struct yaml_notes *notes, struct yaml_pen *pen)
{
	if (!notes->line.len)
		return;
	if (!pen->spaced) /* a blank that counts for none, as in go-yaml */
		yaml_pen_mark(pen, " ", false, false, true);
	print(notes, &notes->line, pen);
}

void yaml_notes_foot(struct yaml_notes *notes, struct yaml_pen *pen)
{
	if (!notes->foot.len)
		return;
	yaml_pen_line(pen);
	print(notes, &notes->foot, pen);
	pen->foot_indent = pen->indent;
}

void yaml_notes_behind(struct yaml_notes *notes, struct yaml_pen *pen)
{
	yaml_notes_line(notes, pen);
	yaml_notes_foot(notes, pen);
}
