/* SPDX-License-Identifier: Apache-2.0
 *
 * The document tree to YAML text with sops's bytes: block style, comments where sops puts them, `---` between documents.
 *
 * Which comments hang on what follows sops: stores/yaml/store.go (appendTreeBranch, appendSequence); the order in which all is printed
 * follows go-yaml's emitter step by step, as comments wait there for a fitting moment (yaml_notes.h).
 *
 * Refuses what would not read back: keys that are not strings, comments that are not UTF-8, and text that sops prints as null.
 */
#include "doc/doc_yaml.h"

#include "doc/doc_path.h"
#include "doc/yaml_notes.h"

enum {
	SIMPLE_KEY_MAX =
		128 /* bytes of text and tag; go-yaml: emitterc.go (yaml_emitter_check_simple_key) */
};

struct writer {
	struct yaml_pen pen;
	struct yaml_notes notes;
	struct buf scratch; /* of the scalar that is printed */
	unsigned depth;
	bool compat;
	struct err *err;
};

static void release_writer(struct writer *w)
{
	yaml_notes_release(&w->notes);
	buf_release(&w->scratch);
}

static int fail(struct writer *w, const struct doc_path *path, const char *what)
{
	return err_set(w->err, ERR_EMIT, "%s: %s", doc_path_text(path).text, what);
}

static bool is_container(const struct doc_node *node)
{
	return node->kind == DOC_MAP || node->kind == DOC_LIST;
}

/* Differs: sops crashes on most comments that are not UTF-8 and prints the rest as they are, which can make content of what follows. Test:
 * differs_refuses_comment_bytes */
static int add_notes(struct writer *w, struct yaml_note *note, const struct doc_node *from,
		     bool in_line, const struct doc_path *path)
{
	return yaml_notes_add(&w->notes, note, from, in_line)
		       ? 0
		       : fail(w, path, "a comment is not UTF-8");
}

/* The head comment that a map or list brings along: what stands before its first item; in an empty one all comments, inline ones last. */
static int add_own_head(struct writer *w, struct yaml_note *note, const struct doc_node *node,
			const struct doc_path *path)
{
	const struct doc_node *first = node->kids.first;

	if (!is_container(node))
		return 0;
	if (add_notes(w, note, first, false, path) < 0)
		return -1;
	return yaml_notes_skip(first) ? 0 : add_notes(w, note, first, true, path);
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
		if (w->notes.line.len)
			yaml_notes_line(&w->notes, &w->pen);
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
	struct yaml_note head, line, foot;
};

/* {} or []. Comments that belong into a map are printed between its braces; those of a list wait for what comes next. */
static void print_empty(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
			const struct hung *hung)
{
	bool map = node->kind == DOC_MAP;
	int outer = w->pen.indent;

	yaml_notes_announce(&w->notes, YAML_NO_NOTE, hung->line, hung->foot);
	yaml_pen_mark(&w->pen, map ? "{" : "[", true, true, false);
	w->pen.indent = yaml_pen_nested(&w->pen, spot, true);
	if (map)
		yaml_notes_head(&w->notes, &w->pen);
	w->pen.indent = outer;
	yaml_pen_mark(&w->pen, map ? "}" : "]", false, false, false);
	yaml_notes_behind(&w->notes, &w->pen);
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
	yaml_notes_behind(&w->notes, &w->pen);
	return 0;
}

/* The key and its colon or, for one that is long or has line breaks, `? ` and a line for the colon. */
static int print_key(struct writer *w, const struct doc_node *entry, struct yaml_note head,
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
	yaml_notes_announce(&w->notes, head, YAML_NO_NOTE, YAML_NO_NOTE);
	yaml_notes_head(&w->notes, &w->pen);
	yaml_pen_line(&w->pen);
	if (w->notes.line.len) {
		w->notes.key_line = w->notes.line;
		w->notes.line = YAML_NO_NOTE;
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
	if (!w->notes.key_line.len || (!container && w->notes.line.len))
		return;
	/* A line comment that waited when the key came: in front of a container it is printed now, else with the scalar. */
	w->notes.line = w->notes.key_line;
	w->notes.key_line = YAML_NO_NOTE;
	if (container)
		yaml_notes_line(&w->notes, &w->pen);
}

static int print_entry(struct writer *w, const struct doc_node *entry, struct yaml_note head,
		       struct yaml_note line, const struct doc_path *path)
{
	struct hung hung = {.line = line};
	bool container = is_container(entry), simple = false;

	if (print_key(w, entry, head, path, &simple) < 0 ||
	    add_own_head(w, &hung.head, entry, path) < 0)
		return -1;
	yaml_notes_announce(&w->notes, hung.head, container ? YAML_NO_NOTE : line, YAML_NO_NOTE);
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
	struct yaml_note tail = YAML_NO_NOTE;

	for (; (entry = yaml_notes_skip(run)); run = entry->next) {
		struct yaml_note head = YAML_NO_NOTE, line = YAML_NO_NOTE;

		path.key = entry->key.data ? entry->key : SPAN("");
		if ((run != map->kids.first && add_notes(w, &head, run, false, up) < 0) ||
		    add_notes(w, &line, run, true, up) < 0 ||
		    print_entry(w, entry, head, line, &path) < 0)
			return -1;
	}
	if (add_notes(w, &tail, run, false, up) < 0 || add_notes(w, &tail, run, true, up) < 0)
		return -1;
	yaml_notes_announce(&w->notes, YAML_NO_NOTE, hung->line, hung->foot);
	if (tail.len)
		w->notes.tail = tail;
	yaml_notes_head(&w->notes, &w->pen);
	return 0;
}

static int print_element(struct writer *w, const struct doc_node *element, const struct hung *hung,
			 const struct doc_path *path)
{
	bool container = is_container(element);

	yaml_notes_announce(&w->notes, hung->head, container ? YAML_NO_NOTE : hung->line,
			    container ? YAML_NO_NOTE : hung->foot);
	yaml_notes_head(&w->notes, &w->pen);
	yaml_pen_line(&w->pen);
	yaml_pen_lead(&w->pen, "-");
	if (print_value(w, element, YAML_SPOT_ELEMENT,
			hung->head.len || hung->line.len || hung->foot.len, path) < 0)
		return -1;
	return container ? print_content(w, element, YAML_SPOT_ELEMENT, hung, path) : 0;
}

static int print_list(struct writer *w, const struct doc_node *list, const struct hung *hung,
		      const struct doc_path *up)
{
	const struct doc_node *run = list->kids.first, *element, *rest;
	struct doc_path path = {.up = up};

	for (; (element = yaml_notes_skip(run)); run = element->next, path.index++) {
		struct hung own = {.head = YAML_NO_NOTE};

		for (rest = run; rest != element; rest = rest->next)
			path.index++;
		if ((run != list->kids.first && add_notes(w, &own.head, run, false, &path) < 0) ||
		    add_own_head(w, &own.head, element, &path) < 0 ||
		    add_notes(w, &own.line, run, true, &path) < 0)
			return -1;
		rest = element->next;
		if (!yaml_notes_skip(rest) && (add_notes(w, &own.foot, rest, false, &path) < 0 ||
					       add_notes(w, &own.foot, rest, true, &path) < 0))
			return -1;
		if (print_element(w, element, &own, &path) < 0)
			return -1;
	}
	yaml_notes_announce(&w->notes, YAML_NO_NOTE, hung->line, hung->foot);
	return 0;
}

/* What is inside a container, and its end. */
static int print_content(struct writer *w, const struct doc_node *node, enum yaml_spot spot,
			 const struct hung *hung, const struct doc_path *path)
{
	int outer = w->pen.indent, r;

	if (!yaml_notes_skip(node->kids.first)) {
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
	if (w->notes.head.len) { /* what an empty list at the end of the last document left */
		yaml_notes_head(&w->notes, &w->pen);
		yaml_pen_break(&w->pen);
	}
}

static int print_root(struct writer *w, const struct doc_node *root)
{
	struct hung hung = {.head = YAML_NO_NOTE};

	if (add_own_head(w, &hung.head, root, NULL) < 0)
		return -1;
	yaml_notes_announce(&w->notes, hung.head, YAML_NO_NOTE, YAML_NO_NOTE);
	yaml_notes_head(&w->notes, &w->pen);
	if (print_value(w, root, YAML_SPOT_ROOT, false, NULL) < 0)
		return -1;
	return is_container(root) ? print_content(w, root, YAML_SPOT_ROOT, &hung, NULL) : 0;
}

static void end_document(struct writer *w)
{
	w->pen.foot_indent = 0; /* a blank line before a foot comment that is still there */
	yaml_notes_foot(&w->notes, &w->pen);
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
		.notes = {.text = BUF_INIT(DOC_ARENA_MAX)},
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
	return buf_check(&w.notes.text, err) < 0 ? -1 : buf_check(out, err);
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
