/* SPDX-License-Identifier: Apache-2.0
 *
 * What check has found; see check.h. Names and paths are other people's text: they go through text_quote() on the way in.
 */
#include "check.h"

#include "base/text.h"
#include "item.h"
#include "json_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WHAT_MAX = 1024, /* bytes of the text of one finding */
};

static int copy(struct findings *findings, struct span text, const char **ret, struct err *err)
{
	if (!text.len)
		return 0;
	*ret = arena_str(&findings->arena, span_str(text_quote(text).text), err);
	return *ret ? 0 : -1;
}

int findings_add(struct findings *findings, const struct finding_at *at, struct err *err,
		 const char *fmt, ...)
{
	struct finding finding = {.line = at->line};
	char what[WHAT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (findings->count == findings->room) {
		size_t room = findings->room ? findings->room * 2 : 16;
		struct finding *list = reallocarray(findings->list, room, sizeof(*list));

		if (!list)
			return err_nomem(err);
		findings->list = list;
		findings->room = room;
	}
	finding.path = arena_str(&findings->arena, span_str(at->path), err);
	finding.what = arena_str(&findings->arena, span_str(what), err);
	if (!finding.path || !finding.what || copy(findings, at->field, &finding.field, err) < 0)
		return -1;
	/* Only what says both of itself is an object. */
	if (at->item && doc_get_str(at->item, "apiVersion").len &&
	    (copy(findings, doc_get_str(at->item, "kind"), &finding.kind, err) < 0 ||
	     copy(findings, item_namespace(at->item), &finding.ns, err) < 0 ||
	     copy(findings, item_name(at->item), &finding.name, err) < 0))
		return -1;
	findings->list[findings->count++] = finding;
	return 0;
}

/* A path as it is, so that editors can jump to it, but for what a terminal would obey. */
static void add_path(const char *path, struct buf *out)
{
	for (; *path; path++)
		buf_add_char(out, (uint8_t)*path < ' ' || *path == 0x7f ? '?' : (uint8_t)*path);
}

static void add_object(const struct finding *finding, struct buf *out)
{
	buf_add_str(out, finding->kind);
	if (finding->name)
		buf_printf(out, " %s%s%s", finding->ns ? finding->ns : "", finding->ns ? "/" : "",
			   finding->name);
	buf_add_str(out, ": ");
}

void findings_text(const struct findings *findings, struct buf *out)
{
	size_t i;

	for (i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		add_path(finding->path, out);
		if (finding->line)
			buf_printf(out, ":%u", finding->line);
		buf_add_str(out, ": ");
		if (finding->kind)
			add_object(finding, out);
		if (finding->field)
			buf_printf(out, "%s: ", finding->field);
		buf_printf(out, "%s\n", finding->what);
	}
}

static struct span text(const char *text)
{
	return text ? span_str(text) : SPAN_NULL;
}

int findings_json(const struct findings *findings, struct buf *out, struct err *err)
{
	size_t i;

	for (i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct doc_node *map = doc_new(&doc, DOC_MAP, err);

		if (!map)
			return -1;
		doc_add_branch(&doc, map);
		if (json_add_text(&doc, map, SPAN("path"), text(finding->path), err) < 0 ||
		    (finding->line &&
		     json_add_number(&doc, map, SPAN("line"), finding->line, err) < 0) ||
		    json_add_text(&doc, map, SPAN("kind"), text(finding->kind), err) < 0 ||
		    json_add_text(&doc, map, SPAN("namespace"), text(finding->ns), err) < 0 ||
		    json_add_text(&doc, map, SPAN("name"), text(finding->name), err) < 0 ||
		    json_add_text(&doc, map, SPAN("field"), text(finding->field), err) < 0 ||
		    json_add_text(&doc, map, SPAN("message"), text(finding->what), err) < 0 ||
		    json_list_add(out, &doc, err) < 0)
			return -1;
	}
	json_list_end(out);
	return 0;
}

void findings_release(struct findings *findings)
{
	if (!findings)
		return;
	free(findings->list);
	arena_release(&findings->arena);
	findings->list = NULL;
	findings->count = findings->room = 0;
}
