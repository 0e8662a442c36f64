/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding Flux's objects; see flux_object.h.
 */
#include "flux_object.h"

#include "command.h"
#include "conf.h"
#include "flux_text.h"
#include "item.h"
#include "walk.h"

#include "base/text.h"

#include <stdlib.h>

enum { FILES_MAX = 1000 * 1000 /* of a repository, as STAGE_FILES_MAX */ };

struct wanted {
	const char *name, *ns;
	struct flux_object *object; /* where the one that was found goes */
	bool found;
};

static bool fits(const struct doc_node *object, const struct wanted *wanted)
{
	struct span ns;

	if (object->kind != DOC_MAP || !item_is(object, FLUX_GROUP, "Kustomization"))
		return false;
	ns = item_namespace(object);
	return (!wanted->name || span_is(item_name(object), wanted->name)) &&
	       (!wanted->ns || !ns.len || span_is(ns, wanted->ns));
}

static int too_many(const struct wanted *wanted, const char *path, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "more than one Kustomization: in '%s' and in '%s'",
		      text_quote(span_str(wanted->object->path)).text,
		      text_quote(span_str(path)).text);
	return err_hint(err, "choose with --name and --namespace");
}

/* Takes over text and doc where the one is in it. */
static int take(struct wanted *wanted, const char *path, struct buf *text, struct doc *doc,
		struct err *err)
{
	struct flux_object *object = wanted->object;
	struct doc_node *node, *hit = NULL;

	for (node = doc->first; node; node = node->next) {
		if (!fits(node, wanted))
			continue;
		if (wanted->found || hit)
			return too_many(wanted, path, err);
		hit = node;
		object->path = strdup(path);
		if (!object->path)
			return err_nomem(err);
	}
	if (!hit)
		return 0;
	wanted->found = true;
	if (flux_text_settle(doc, buf_span(text), hit, err) < 0 ||
	    flux_spec_read(hit, &object->spec, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	buf_move(&object->text, text);
	object->doc = *doc;
	*doc = (struct doc)DOC_INIT;
	return 0;
}

static int not_found(const struct wanted *wanted, const char *where, struct err *err)
{
	if (wanted->found)
		return 0;
	return err_set(err, ERR_USAGE, "no Kustomization of '" FLUX_GROUP "'%s%s%s%s%s in '%s'",
		       wanted->name ? " named '" : "",
		       wanted->ns && wanted->name ? text_quote(span_str(wanted->ns)).text : "",
		       wanted->ns && wanted->name ? "/" : "",
		       wanted->name ? text_quote(span_str(wanted->name)).text : "",
		       wanted->name ? "'" : "", text_quote(span_str(where)).text);
}

int flux_object_read(const char *path, const char *name, const char *ns,
		     struct flux_object *ret_object, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct wanted wanted = {.name = name, .ns = ns, .object = ret_object};

	if (command_read(path, &text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(&text), &doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	if (take(&wanted, path, &text, &doc, err) < 0)
		return -1;
	return not_found(&wanted, path, err);
}

static enum walk_next look(void *cookie, const struct walk_file *file, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(FLUX_OBJECT_FILE_MAX + 1);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err own = ERR_INIT;
	struct span name = span_str(file->name);

	if (!span_ends(name, SPAN(".yaml")) && !span_ends(name, SPAN(".yml")))
		return WALK_ON;
	/* What can not be read, or is no YAML, holds no object of Flux's. */
	if (walk_read(file, FLUX_OBJECT_FILE_MAX, true, &text, &own) != 0 ||
	    span_search(buf_span(&text), SPAN(FLUX_GROUP)) == SIZE_MAX ||
	    doc_read(DOC_YAML, buf_span(&text), &doc, &own) < 0)
		return WALK_ON;
	return take(cookie, file->path, &text, &doc, err) < 0 ? WALK_ERROR : WALK_ON;
}

int flux_object_find(const char *root, const char *name, const char *ns,
		     struct flux_object *ret_object, bool *ret_found, struct err *err)
{
	const struct walk_options options = {.root = root, .files_max = FILES_MAX};
	struct wanted wanted = {.name = name, .ns = ns, .object = ret_object};

	if (walk_tree(&options, look, &wanted, NULL, NULL, err) < 0)
		return -1;
	if (ret_found)
		*ret_found = wanted.found;
	return ret_found ? 0 : not_found(&wanted, root, err);
}

/* Without a sourceRef in the object, any source will do. */
static bool is_source(const struct doc_node *node, const struct flux_spec *spec)
{
	return node->kind == DOC_MAP && span_is(item_group(node), FLUX_SOURCE_GROUP) &&
	       (!spec->source_kind.len || span_eq(doc_get_str(node, "kind"), spec->source_kind)) &&
	       (!spec->source_name.len || span_eq(item_name(node), spec->source_name));
}

static int take_source(struct flux_object *object, const struct doc *doc, bool *ret_found,
		       struct err *err)
{
	const struct doc_node *node, *spec;

	for (node = doc->first; node; node = node->next) {
		if (!is_source(node, &object->spec))
			continue;
		*ret_found = true;
		spec = conf_get(node, "spec");
		return spec ? conf_text(spec, "ignore", &object->ignore, err) : 0;
	}
	return 0;
}

int flux_object_source(struct flux_object *object, const char *path, struct err *err)
{
	bool found = false;

	if (!path)
		return take_source(object, &object->doc, &found, err);
	if (command_read(path, &object->source_text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(&object->source_text), &object->source_doc, err) < 0 ||
	    take_source(object, &object->source_doc, &found, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	if (!found)
		return err_set(err, ERR_USAGE, "'%s' has no source that the Kustomization names",
			       text_quote(span_str(path)).text);
	return 0;
}

void flux_object_release(struct flux_object *object)
{
	free(object->path);
	doc_release(&object->doc);
	buf_release(&object->text);
	doc_release(&object->source_doc);
	buf_release(&object->source_text);
}
