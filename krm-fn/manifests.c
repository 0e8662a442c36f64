/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a stream of manifests; see manifests.h.
 */
#include "manifests.h"

#include "item.h"
#include "splice.h"

/* Blanks, comments and document markers: helm prints such streams for a chart without resources. */
static bool is_void(struct span text)
{
	size_t at = span_starts(text, SPAN("\xef\xbb\xbf")) ? 3 : 0, end;

	for (; at < text.len; at = end + 1) {
		struct span line;

		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		while (line.len &&
		       (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\r' ||
			line.data[line.len - 1] == '\t'))
			line.len--;
		if (span_is(line, "---"))
			continue;
		while (line.len && line.data[0] == ' ')
			line = span_from(line, 1);
		if (line.len && line.data[0] != '#')
			return false;
	}
	return true;
}

/* An empty document is no object. */
static bool has_fields(const struct doc_node *object)
{
	const struct doc_node *kid;

	doc_each (kid, object) {
		if (kid->kind != DOC_COMMENT)
			return true;
	}
	return false;
}

static int add(struct manifests *manifests, struct doc_node *object, size_t *cap, struct err *err)
{
	struct doc_node **more;

	if (object->kind != DOC_MAP || !has_fields(object))
		return 0;
	if (manifests->count == MANIFESTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d objects", MANIFESTS_MAX);
	more = arena_grow(&manifests->doc.arena, manifests->items, manifests->count, cap,
			  sizeof(struct doc_node *), err);
	if (!more)
		return -1;
	manifests->items = more;
	manifests->items[manifests->count++] = object;
	return 0;
}

/* An object, or what is in a list of objects, which may be lists themselves. */
static int add_all(struct manifests *manifests, struct doc_node *object, size_t *cap,
		   struct err *err)
{
	struct doc_node *items = item_list(object), *item;

	if (!items)
		return add(manifests, object, cap, err);
	doc_each (item, items) {
		if (add_all(manifests, item, cap, err) < 0)
			return -1;
	}
	return 0;
}

int manifests_read(struct span text, const char *name, struct manifests *ret_manifests,
		   struct err *err)
{
	struct manifests *manifests = ret_manifests;
	struct doc_node *object;
	size_t cap = 0;

	manifests->text = text;
	if (is_void(text))
		return 0;
	if (splice_read(text, &manifests->doc, err) < 0)
		return err_wrap(err, "%s", name);
	for (object = manifests->doc.first; object; object = object->next) {
		if (add_all(manifests, object, &cap, err) < 0)
			return err_wrap(err, "%s", name);
	}
	return 0;
}

void manifests_release(struct manifests *manifests)
{
	if (!manifests)
		return;
	doc_release(&manifests->doc);
	manifests->items = NULL;
	manifests->count = 0;
}
