/* SPDX-License-Identifier: Apache-2.0
 *
 * The document tree to YAML text with sops's bytes: block style, comments where sops puts them, `---` between documents.
 *
 * sops hangs comments on nodes as head, line and foot comments (stores/yaml/store.go: appendTreeBranch, appendSequence); go-yaml's emitter
 * has one place for each kind, which the next event with such a comment overwrites and the next fitting moment empties (emitterc.go). So a
 * comment can land one item later, or get lost. Both programs are followed here step by step: `pending` are the emitter's places, and
 * announce() is an event that reaches it.
 *
 * Refuses what would not read back: keys that are not strings, comments that are not UTF-8, and text that sops prints as null.
 */
#include "doc/doc_yaml.h"

#include "base/text.h"
#include "doc/doc_path.h"
#include "doc/yaml_pen.h"

enum {
	SIMPLE_KEY_MAX =
		128 /* bytes of text and tag; go-yaml: emitterc.go (yaml_emitter_check_simple_key) */
};

/* A comment of one or more lines: a piece of writer.notes. */
struct note {
	size_t at, len;
};

static const struct note NO_NOTE = {0, 0};

struct writer {
	struct yaml_pen pen;
	struct buf notes;   /* the text of comments, with '#' and line breaks */
	struct buf scratch; /* of the scalar that is printed */
	struct {
		struct note head, line, foot, tail, key_line;
	} pending;
	unsigned depth;
	bool compat;
	struct err *err;
};

static void release_writer(struct writer *w)
{
	buf_release(&w->notes);
	buf_release(&w->scratch);
}

static int fail(struct writer *w, const struct doc_path *path, const char *what)
{
	return err_set(w->err, ERR_EMIT, "%s: %s", doc_path_text(path).text, what);
}

/* ---- collecting comments ---- */

static bool is_comment(const struct doc_node *node)
{
	return node->kind == DOC_COMMENT && !node->key.data;
}

static bool is_container(const struct doc_node *node)
{
	return node->kind == DOC_MAP || node->kind == DOC_LIST;
}

/* Adds a comment node as one more line of the note, which must be the last one made (or empty).
 * Differs: sops crashes on most comments that are not UTF-8 and prints the rest as they are, which no reader takes. Test:
 * differs_refuses_comment_bytes */
static int add_note(struct writer *w, struct note *note, const struct doc_node *comment,
		    const struct doc_path *path)
{
	if (!utf8_valid(comment->str))
		return fail(w, path, "a comment is not UTF-8");
	if (note->len == 0)
		note->at = w->notes.len;
	else
		buf_add_char(&w->notes, '\n');
	buf_add_char(&w->notes, '#');
	buf_add_span(&w->notes, comment->str);
	note->len = w->notes.len - note->at;
	return 0;
}

/* The comments from `from` up to the next item or the end, of one kind, as lines of the note. */
static int add_notes(struct writer *w, struct note *note, const struct doc_node *from, bool in_line,
		     const struct doc_path *path)
{
	for (; from && is_comment(from); from = from->next) {
		if (!!(from->flags & DOC_INLINE) == in_line && add_note(w, note, from, path) < 0)
			return -1;
	}
	return 0;
}

/* Where the run of comments before an item ends. */
static const struct doc_node *skip_comments(const struct doc_node *node)
{
	while (node && is_comment(node))
		node = node->next;
	return node;
}

/* The head comment that a map or list brings along: what stands before its first item; in an empty one all comments, inline ones last. */
static int add_own_head(struct writer *w, struct note *note, const struct doc_node *node,
			const struct doc_path *path)
{
	const struct doc_node *first = node->kids.first;

	if (!is_container(node))
		return 0;
	if (add_notes(w, note, first, false, path) < 0)
		return -1;
	return skip_comments(first) ? 0 : add_notes(w, note, first, true, path);
}

/* ---- the emitter's pending comments ---- */

static void keep(struct note *pending, struct note fresh)
{
	if (fresh.len)
		*pending = fresh;
}

static void announce(struct writer *w, struct note head, struct note line, struct note foot)
{
	keep(&w->pending.head, head);
	keep(&w->pending.line, line);
	keep(&w->pending.foot, foot);
}

static void print_note(struct writer *w, struct note *note)
{
	yaml_pen_comment(&w->pen, span_sub(buf_span(&w->notes), note->at, note->len));
	note->len = 0;
}

static void mark_foot(struct writer *w)
{
	w->pen.foot_indent = w->pen.indent < 0 ? 0 : w->pen.indent;
}

static void print_head(struct writer *w)
{
	if (w->pending.tail.len) {
		yaml_pen_line(&w->pen);
		print_note(w, &w->pending.tail);
		mark_foot(w);
	}
	if (w->pending.head.len) {
		yaml_pen_line(&w->pen);
		print_note(w, &w->pending.head);
	}
}

static void print_line(struct writer *w)
{
	if (!w->pending.line.len)
		return;
	if (!w->pen.spaced)
		yaml_pen_mark(&w->pen, " ", false, false, true); /* go-yaml: counts for no blank */
	print_note(w, &w->pending.line);
}

static void print_foot(struct writer *w)
{
	if (!w->pending.foot.len)
		return;
	yaml_pen_line(&w->pen);
	print_note(w, &w->pending.foot);
	mark_foot(w);
}

static void print_line_and_foot(struct writer *w)
{
	print_line(w);
	print_foot(w);
}

/* ---- scalars ---- */

/* Differs: sops prints null in the place of a text that has line breaks and begins with a TAB, as its library can not read its own literal
 * block back; where a comment hangs on it, sops fails. Test: differs_refuses_lost_text */
static int check_lost(struct writer *w, const struct doc_path *path, bool commented,
		      struct yaml_scalar *scalar)
{
	if (!scalar->lost)
		return 0;
	if (w->compat && !commented) {
		*scalar = (struct yaml_scalar){.text = SPAN("null"), .style = YAML_PLAIN};
		return 0;
	}
	(void)fail(w, path,
		   "a text with line breaks that begins with a TAB, which sops prints as null");
	if (w->compat)
		return -1;
	return err_hint(w->err, "--compat=sops prints what sops prints");
}

static void print_scalar(struct writer *w, const struct yaml_scalar *scalar, enum yaml_spot spot)
{
	int outer = w->pen.indent;

	w->pen.indent = yaml_pen_nested(&w->pen, spot, true);
	if (scalar->style == YAML_LITERAL) {
		yaml_pen_literal_head(&w->pen, scalar, w->pen.step);
		if (w->pending.line.len)
			print_line(w);
		else
			yaml_pen_break(&w->pen);
		yaml_pen_literal_body(&w->pen, scalar);
	} else {
		yaml_pen_scalar(&w->pen, scalar);
	}
	w->pen.indent = outer;
}

/* ---- maps and lists ---- */

/* What hangs on a value: `line` and `foot` belong to a container's end. */
struct hung {
	struct note head, line, foot;
};

/* {} or []. Comments that belong into a map are printed between its braces; those of a list wait for what comes next. */
static void print_empty(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
			const struct hung *hung)
{
	bool map = node->kind == DOC_MAP;
	int outer = w->pen.indent;

	announce(w, NO_NOTE, hung->line, hung->foot);
	yaml_pen_mark(&w->pen, map ? "{" : "[", true, true, false);
	w->pen.indent = yaml_pen_nested(&w->pen, spot, true);
	if (map)
		print_head(w);
	w->pen.indent = outer;
	yaml_pen_mark(&w->pen, map ? "}" : "]", false, false, false);
	print_line_and_foot(w);
}

static int print_content(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
			 const struct hung *hung, const struct doc_path *path);

/* A value that announce() has told of: the whole scalar; of a container, what comes before its content. */
static int print_value(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
		       bool commented, const struct doc_path *path)
{
	struct yaml_scalar scalar;

	if (node->kind == DOC_COMMENT)
		return fail(w, path, "a comment stands where a value belongs");
	if (!is_container(node)) {
		buf_reset(&w->scratch);
		if (yaml_style_choose(node, &w->scratch, &scalar, w->err) < 0)
			return err_wrap(w->err, "%s", doc_path_text(path).text);
		if (check_lost(w, path, commented, &scalar) < 0)
			return -1;
		print_scalar(w, &scalar, spot);
	}
	print_line_and_foot(w);
	return 0;
}

/* The key and its colon or, for one that is long or has line breaks, `? ` and a line for the colon. */
static int print_key(struct writer *w, const struct doc_node *entry, struct note head,
		     const struct doc_path *path, bool *ret_simple)
{
	struct yaml_scalar scalar;

	if (!entry->key.data || entry->flags & DOC_KEY_BAD)
		return fail(w, path, "the key is not a string");
	buf_reset(&w->scratch);
	if (yaml_style_choose_key(entry->key, &w->scratch, &scalar, w->err) < 0)
		return err_wrap(w->err, "%s", doc_path_text(path).text);
	if (check_lost(w, path, head.len > 0, &scalar) < 0)
		return -1;
	announce(w, head, NO_NOTE, NO_NOTE);
	print_head(w);
	yaml_pen_line(&w->pen);
	if (w->pending.line.len) {
		w->pending.key_line = w->pending.line;
		w->pending.line = NO_NOTE;
	}
	size_t len = scalar.text.len + (scalar.tag ? strlen(scalar.tag) : 0);
	*ret_simple = !scalar.multiline && len <= SIMPLE_KEY_MAX;
	if (!*ret_simple)
		yaml_pen_lead(&w->pen, "?");
	print_scalar(w, &scalar, YAML_SPOT_ENTRY);
	return 0;
}

static void print_colon(struct writer *w, bool simple, bool container)
{
	if (simple) {
		yaml_pen_mark(&w->pen, ":", false, false, false);
	} else {
		yaml_pen_line(&w->pen);
		yaml_pen_lead(&w->pen, ":");
	}
	if (!w->pending.key_line.len || (!container && w->pending.line.len))
		return;
	/* A line comment that waited when the key came: in front of a container it is printed now, else with the scalar. */
	w->pending.line = w->pending.key_line;
	w->pending.key_line = NO_NOTE;
	if (container)
		print_line(w);
}

static int print_entry(struct writer *w, const struct doc_node *entry, struct note head,
		       struct note line, const struct doc_path *path)
{
	struct hung hung = {.line = line};
	bool container = is_container(entry), simple = false;

	if (print_key(w, entry, head, path, &simple) < 0 ||
	    add_own_head(w, &hung.head, entry, path) < 0)
		return -1;
	announce(w, hung.head, container ? NO_NOTE : line, NO_NOTE);
	print_colon(w, simple, container);
	if (print_value(w, entry, YAML_SPOT_ENTRY, line.len > 0, path) < 0)
		return -1;
	return container ? print_content(w, entry, YAML_SPOT_ENTRY, &hung, path) : 0;
}

static int print_map(struct writer *w, const struct doc_node *map, const struct hung *hung,
		     const struct doc_path *up)
{
	const struct doc_node *run = map->kids.first, *entry;
	struct doc_path path = {.up = up};
	struct note tail = NO_NOTE;

	for (; (entry = skip_comments(run)); run = entry->next) {
		struct note head = NO_NOTE, line = NO_NOTE;

		path.key = entry->key.data ? entry->key : SPAN("");
		if ((run != map->kids.first && add_notes(w, &head, run, false, up) < 0) ||
		    add_notes(w, &line, run, true, up) < 0 ||
		    print_entry(w, entry, head, line, &path) < 0)
			return -1;
	}
	if (add_notes(w, &tail, run, false, up) < 0 || add_notes(w, &tail, run, true, up) < 0)
		return -1;
	announce(w, NO_NOTE, hung->line, hung->foot);
	keep(&w->pending.tail, tail);
	print_head(w);
	return 0;
}

static int print_element(struct writer *w, const struct doc_node *element, const struct hung *hung,
			 const struct doc_path *path)
{
	bool container = is_container(element);

	announce(w, hung->head, container ? NO_NOTE : hung->line, container ? NO_NOTE : hung->foot);
	print_head(w);
	yaml_pen_line(&w->pen);
	yaml_pen_lead(&w->pen, "-");
	if (print_value(w, element, YAML_SPOT_ELEMENT,
			hung->head.len + hung->line.len + hung->foot.len > 0, path) < 0)
		return -1;
	return container ? print_content(w, element, YAML_SPOT_ELEMENT, hung, path) : 0;
}

static int print_list(struct writer *w, const struct doc_node *list, const struct hung *hung,
		      const struct doc_path *up)
{
	const struct doc_node *run = list->kids.first, *element, *rest;
	struct doc_path path = {.up = up};

	for (; (element = skip_comments(run)); run = element->next, path.index++) {
		struct hung own = {.head = NO_NOTE};

		for (rest = run; rest != element; rest = rest->next)
			path.index++;
		if ((run != list->kids.first && add_notes(w, &own.head, run, false, &path) < 0) ||
		    add_own_head(w, &own.head, element, &path) < 0 ||
		    add_notes(w, &own.line, run, true, &path) < 0)
			return -1;
		rest = element->next;
		if (!skip_comments(rest) && (add_notes(w, &own.foot, rest, false, &path) < 0 ||
					     add_notes(w, &own.foot, rest, true, &path) < 0))
			return -1;
		if (print_element(w, element, &own, &path) < 0)
			return -1;
	}
	announce(w, NO_NOTE, hung->line, hung->foot);
	return 0;
}

/* What is inside a container, and its end. */
static int print_content(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
			 const struct hung *hung, const struct doc_path *path)
{
	int outer = w->pen.indent, r;

	if (!skip_comments(node->kids.first)) {
		print_empty(w, node, spot, hung);
		return 0;
	}
	if (w->depth >= DOC_DEPTH_MAX)
		return err_set(w->err, ERR_LIMIT, "nested deeper than %d levels", DOC_DEPTH_MAX);
	w->depth++;
	w->pen.indent = yaml_pen_nested(&w->pen, spot, false);
	r = node->kind == DOC_MAP ? print_map(w, node, hung, path)
				  : print_list(w, node, hung, path);
	w->pen.indent = outer;
	w->depth--;
	return r;
}

/* ---- documents ---- */

static void begin_document(struct writer *w, bool first)
{
	if (!first) {
		yaml_pen_line(&w->pen);
		yaml_pen_mark(&w->pen, "---", true, false, false);
		yaml_pen_line(&w->pen);
	}
	if (w->pending.head.len) { /* what an empty list at the end of the last document left */
		print_head(w);
		yaml_pen_break(&w->pen);
	}
}

static int print_root(struct writer *w, const struct doc_node *root)
{
	struct hung hung = {.head = NO_NOTE};

	if (add_own_head(w, &hung.head, root, NULL) < 0)
		return -1;
	announce(w, hung.head, NO_NOTE, NO_NOTE);
	print_head(w);
	if (print_value(w, root, YAML_SPOT_ROOT, false, NULL) < 0)
		return -1;
	return is_container(root) ? print_content(w, root, YAML_SPOT_ROOT, &hung, NULL) : 0;
}

static void end_document(struct writer *w)
{
	w->pen.foot_indent = 0; /* a blank line before a foot comment that is still there */
	print_foot(w);
	w->pen.foot_indent = -1;
	yaml_pen_line(&w->pen);
}

/* The roots as documents, from `root` to `end`. */
static int print_documents(const struct doc_node *root, const struct doc_node *end, int step,
			   bool compat, struct buf *out, struct err *err)
{
	CLEANUP(release_writer)
	struct writer w = {
		.pen = yaml_pen_at_start(out, step),
		.notes = BUF_INIT(DOC_ARENA_MAX),
		.scratch = BUF_INIT(DOC_ARENA_MAX),
		.compat = compat,
		.err = err,
	};

	for (const struct doc_node *at = root; at != end; at = at->next) {
		begin_document(&w, at == root);
		if (print_root(&w, at) < 0)
			return -1;
		end_document(&w);
	}
	return buf_check(&w.notes, err) < 0 ? -1 : buf_check(out, err);
}

int doc_yaml_write(const struct doc *doc, const struct doc_style *style, struct buf *out,
		   struct err *err)
{
	int step = style->yaml_indent ? style->yaml_indent : YAML_STEP_DEFAULT;

	return print_documents(doc->first, NULL, step, style->compat, out, err);
}

int doc_yaml_write_value(const struct doc_node *value, const struct doc_style *style,
			 struct buf *out, struct err *err)
{
	return print_documents(value, value->next, YAML_STEP_DEFAULT, style->compat, out, err);
}
