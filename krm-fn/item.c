/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading an object's identity; see item.h.
 */
#include "item.h"

#include "base/text.h"

#include <strings.h>

enum {
	LABEL_MAX = 2048, /* bytes of a label: four quoted names */
};

struct doc_node *item_list(const struct doc_node *item)
{
	const struct doc_node *sops = doc_get(item, "sops");
	struct doc_node *items = doc_get(item, "items");

	if (!span_ends(doc_get_str(item, "kind"), SPAN("List")) || !items ||
	    items->kind != DOC_LIST || (sops && sops->kind != DOC_NULL))
		return NULL;
	return items;
}

struct span item_group(const struct doc_node *item)
{
	struct span version = doc_get_str(item, "apiVersion");
	size_t slash = span_find(version, 0, '/');

	if (!version.data)
		return SPAN_NULL;
	return slash < version.len ? span_sub(version, 0, slash) : span_sub(version, 0, 0);
}

bool item_is(const struct doc_node *item, const char *group, const char *kind)
{
	return span_is(doc_get_str(item, "kind"), kind) && span_is(item_group(item), group);
}

bool item_is_secret(const struct doc_node *item)
{
	return span_is(doc_get_str(item, "kind"), "Secret");
}

struct span item_annotation(const struct doc_node *item, const char *name)
{
	return doc_get_str(doc_get(doc_get(item, "metadata"), "annotations"), name);
}

struct span item_name(const struct doc_node *item)
{
	return doc_get_str(doc_get(item, "metadata"), "name");
}

struct span item_namespace(const struct doc_node *item)
{
	return doc_get_str(doc_get(item, "metadata"), "namespace");
}

bool item_is_disabled(const struct doc_node *item)
{
	struct span value = item_annotation(item, ITEM_ANNOTATION_DECRYPT);
	struct span word = SPAN("disabled");

	/* strncasecmp would follow the locale; the program never sets one, so it is ASCII. Flux's EqualFold also takes a long s (U+017F) for an
	 * s: nobody writes that. */
	return value.len == word.len &&
	       strncasecmp((const char *)value.data, (const char *)word.data, word.len) == 0;
}

bool item_is_hashed(const struct doc_node *item)
{
	return span_is(item_annotation(item, ITEM_ANNOTATION_HASH), "enabled");
}

bool item_is_in_place(const struct doc_node *item)
{
	return (item_annotation(item, ITEM_INTERNAL_PATH).data ||
		item_annotation(item, ITEM_ANNOTATION_PATH).data) &&
	       !item_annotation(item, ITEM_ANNOTATION_ID).data;
}

/* The value of one `name: value` line of the annotation's YAML; kustomize writes nothing else there. */
static struct span origin_field(struct span origin, const char *name)
{
	struct span line, key = span_str(name);
	size_t at = 0, end;

	for (; at < origin.len; at = end + 1) {
		end = span_find(origin, at, '\n');
		line = span_sub(origin, at, end - at);
		if (line.len > key.len + 1 && span_starts(line, key) && line.data[key.len] == ':' &&
		    line.data[key.len + 1] == ' ')
			return span_from(line, key.len + 2);
	}
	return SPAN_NULL;
}

struct span item_path(const struct doc_node *item)
{
	struct span origin = item_annotation(item, ITEM_ANNOTATION_ORIGIN), path;

	if (origin.data) {
		/* A file of another repository is not ours to look for. */
		if (origin_field(origin, "repo").data)
			return SPAN_NULL;
		path = origin_field(origin, "path");
		if (path.data)
			return path;
	}
	path = item_annotation(item, ITEM_INTERNAL_PATH);
	return path.data ? path : item_annotation(item, ITEM_ANNOTATION_PATH);
}

/* As messages show it, which hold no ciphertext; kustomize puts its prefixes in front of it. */
static struct quoted shown(struct span text)
{
	return text_quote(span_search(text, SPAN("ENC[AES256_GCM,")) == SIZE_MAX
				  ? text
				  : SPAN("(encrypted)"));
}

const char *item_label(const struct doc_node *item, struct arena *arena, struct err *err)
{
	CLEAN_BUF struct buf label = BUF_INIT(LABEL_MAX);
	struct span kind = doc_get_str(item, "kind"), name = item_name(item);
	struct span ns = item_namespace(item), path = item_path(item);

	buf_add_str(&label, kind.len ? shown(kind).text : "object");
	buf_add_char(&label, ' ');
	if (ns.len) {
		buf_add_str(&label, shown(ns).text);
		buf_add_char(&label, '/');
	}
	if (name.len)
		buf_add_str(&label, shown(name).text);
	else
		buf_printf(&label, "without name on line %u", (unsigned)item->line);
	if (path.len) {
		buf_add_str(&label, " (");
		buf_add_str(&label, text_quote(path).text);
		buf_add_char(&label, ')');
	}
	if (buf_check(&label, err) < 0)
		return NULL;
	return arena_str(arena, buf_span(&label), err);
}
