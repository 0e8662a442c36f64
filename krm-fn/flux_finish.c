/* SPDX-License-Identifier: Apache-2.0
 *
 * The last steps of a build; see flux_finish.h. kustomize-controller: internal/controller/kustomization_controller.go (build, apply)
 */
#include "flux_finish.h"

#include "conf.h"
#include "envsubst.h"
#include "flux_text.h"
#include "item.h"

#include "base/text.h"

enum {
	OBJECT_MAX = 64 * 1024 * 1024, /* bytes of one object's text: etcd takes 1.5 MiB */
	LABEL_MAX = 1024 * 1024,       /* bytes of its name in a message, with its path */
};

#define SUBSTITUTE FLUX_GROUP "/substitute"

static const struct span separator = {(const uint8_t *)"---\n", 4};

/* The text of the next object, without the line that separates it from the one after. */
static struct span next_text(struct span *rest)
{
	struct span text = *rest;
	size_t at = 0;

	while (at < rest->len) {
		size_t end = span_find(*rest, at, '\n');

		if (end - at == 3 && span_starts(span_from(*rest, at), separator)) {
			text = span_sub(*rest, 0, at);
			*rest = span_from(*rest, end + 1);
			return text;
		}
		at = end + 1;
	}
	*rest = span_from(*rest, rest->len);
	return text;
}

static bool is_excepted(const struct doc_node *object)
{
	const struct doc_node *labels = doc_get(doc_get(object, "metadata"), "labels");

	return span_is(item_annotation(object, SUBSTITUTE), "disabled") ||
	       (labels && labels->kind == DOC_MAP &&
		span_is(doc_get_str(labels, SUBSTITUTE), "disabled"));
}

/* Reads the new text; the tree's strings may point into it. */
static int read_again(struct span text, struct doc *doc, struct err *err)
{
	if (doc_read(DOC_YAML, text, doc, err) < 0)
		return err_wrap(err, "after the substitution");
	if (!doc->first || doc->first != doc->last || doc->first->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "after the substitution it is no object any more");
	return flux_text_settle(doc, text, doc->first, err);
}

/* 1: the text is another now, and doc has its tree. */
static int substitute(const struct flux_finish *finish, const struct doc_node *object,
		      struct span text, struct buf *ret, struct doc *ret_doc, struct err *err)
{
	const struct envsubst envsubst = {
		.lookup = flux_vars_lookup, .cookie = finish->vars, .strict = !finish->lax};

	if (!finish->spec->post_build || is_excepted(object) ||
	    (!finish->vars->count && !finish->spec->substitute_always) ||
	    span_find(text, 0, '$') == text.len)
		return 0;
	if (envsubst_run(&envsubst, text, ret, err) < 0)
		return err_wrap(err, "post build failed");
	if (span_eq(buf_span(ret), text))
		return 0;
	return read_again(buf_span(ret), ret_doc, err) < 0 ? -1 : 1;
}

static struct doc_node *need_map(struct doc *doc, struct doc_node *parent, const char *key,
				 struct err *err)
{
	struct doc_node *map = doc_get(parent, key);

	if (map && map->kind == DOC_MAP)
		return map;
	if (map)
		doc_remove(parent, map);
	map = doc_new(doc, DOC_MAP, err);
	if (!map)
		return NULL;
	map->key = span_str(key);
	doc_append(parent, map);
	return map;
}

static int put_all(struct doc *doc, struct doc_node *object, const char *key,
		   const struct doc_node *from, struct err *err)
{
	struct doc_node *metadata, *map, *node;
	const struct doc_node *kid;

	if (!from)
		return 0;
	metadata = need_map(doc, object, "metadata", err);
	map = metadata ? need_map(doc, metadata, key, err) : NULL;
	if (!map)
		return -1;
	doc_each (kid, from) {
		if (kid->kind != DOC_STRING)
			continue;
		doc_each (node, map) {
			if (span_eq(node->key, kid->key))
				break;
		}
		if (!node) {
			node = doc_new(doc, DOC_STRING, err);
			if (!node)
				return -1;
			node->key = kid->key;
			doc_append(map, node);
		}
		node->kind = DOC_STRING;
		node->str = kid->str;
	}
	return 0;
}

static int finish_one(const struct flux_finish *finish, struct doc *doc, struct doc_node *object,
		      bool opened, struct span text, struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf printed = BUF_INIT(OBJECT_MAX);
	CLEAN_BUF struct buf substituted = BUF_INIT(OBJECT_MAX);
	CLEAN_DOC struct doc again = DOC_INIT;
	const struct flux_spec *spec = finish->spec;
	int r;

	if (opened) {
		if (flux_text_add(object, &printed, err) < 0)
			return -1;
		text = buf_span(&printed);
	}
	r = substitute(finish, object, text, &substituted, &again, err);
	if (r < 0)
		return -1;
	if (r > 0) {
		doc = &again;
		object = again.first;
		/* A variable may bring ciphertext along. */
		leftover_look(&finish->look, object, false);
	}
	if (put_all(doc, object, "labels", spec->labels, err) < 0 ||
	    put_all(doc, object, "annotations", spec->annotations, err) < 0)
		return -1;
	if (r > 0 || spec->labels || spec->annotations)
		return flux_text_add(object, out, err);
	buf_add_span(out, text);
	return buf_check(out, err);
}

int flux_finish(const struct flux_finish *finish, struct manifests *manifests, const bool *opened,
		struct buf *out, struct err *err)
{
	struct doc_node *object = manifests->doc.first;
	struct span rest = manifests->text;
	size_t i;

	(void)buf_room(out, rest.len); /* most objects are printed as they came */
	for (i = 0; object; object = object->next, i++) {
		CLEAN_ARENA struct arena arena = ARENA_INIT(LABEL_MAX);
		struct span text = next_text(&rest);
		const char *label;

		if (i)
			buf_add_span(out, separator);
		if (finish_one(finish, &manifests->doc, object, opened[i], text, out, err) == 0)
			continue;
		label = item_label(object, &arena, err);
		return label ? err_wrap(err, "%s", label) : -1;
	}
	return buf_check(out, err);
}
