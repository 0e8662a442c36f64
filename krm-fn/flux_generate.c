/* SPDX-License-Identifier: Apache-2.0
 *
 * Flux's generated kustomization; see flux_generate.h.
 */
#include "flux_generate.h"

#include "conf.h"

#include "base/text.h"

#include <strings.h>

const char *const flux_kustomization_names[FLUX_KUSTOMIZATION_NAMES] = {
	"kustomization.yaml", "kustomization.yml", "Kustomization"};

/* Fields of kustomize's Kustomization. The generator reads the file into that struct and prints it, so that all else is lost. kustomize:
 * api/types/kustomization.go */
static const char *const fields[] = {
	"apiVersion",
	"kind",
	"metadata",
	"openapi",
	"namePrefix",
	"nameSuffix",
	"namespace",
	"commonLabels",
	"labels",
	"commonAnnotations",
	"patchesStrategicMerge",
	"patchesJson6902",
	"patches",
	"images",
	"imageTags",
	"replacements",
	"replicas",
	"vars",
	"sortOptions",
	"resources",
	"components",
	"crds",
	"bases",
	"configMapGenerator",
	"secretGenerator",
	"helmGlobals",
	"helmCharts",
	"helmChartInflationGenerator",
	"generatorOptions",
	"configurations",
	"generators",
	"transformers",
	"validators",
	"buildMetadata",
};

static const char *field_of(struct span key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (key.len == strlen(fields[i]) &&
		    strncasecmp((const char *)key.data, fields[i], key.len) == 0)
			return fields[i];
	}
	return NULL;
}

static struct doc_node *add(struct doc *doc, struct doc_node *parent, const char *key,
			    enum doc_kind kind, struct err *err)
{
	struct doc_node *node = doc_new(doc, kind, err);

	if (!node)
		return NULL;
	if (key)
		node->key = span_str(key);
	doc_append(parent, node);
	return node;
}

static int add_text(struct doc *doc, struct doc_node *parent, const char *key, struct span text,
		    struct err *err)
{
	struct doc_node *node = add(doc, parent, key, DOC_STRING, err);

	if (!node)
		return -1;
	node->str = text;
	return 0;
}

/* The list under key, made where there is none. */
static struct doc_node *need_list(struct doc *doc, struct doc_node *root, const char *key,
				  struct err *err)
{
	struct doc_node *list = doc_get(root, key);

	if (list && list->kind == DOC_NULL) {
		doc_remove(root, list);
		list = NULL;
	}
	if (!list)
		return add(doc, root, key, DOC_LIST, err);
	if (list->kind == DOC_LIST)
		return list;
	(void)err_set(err, ERR_FORMAT, "line %u: '%s' is not a list", list->line, key);
	return NULL;
}

static int set_text(struct doc *doc, struct doc_node *root, const char *key, struct span text,
		    struct err *err)
{
	struct doc_node *old = doc_get(root, key);

	if (!text.data)
		return 0;
	if (old)
		doc_remove(root, old);
	return add_text(doc, root, key, text, err);
}

/* Go's JSON reader finds fields in any letter case. */
static void keep_fields(struct doc_node *root)
{
	struct doc_node *kid, *next;

	for (kid = root->kids.first; kid; kid = next) {
		const char *field = kid->key.data ? field_of(kid->key) : NULL;

		next = kid->next;
		if (!field || kid->kind == DOC_NULL)
			doc_remove(root, kid);
		else
			kid->key = span_str(field);
	}
}

static bool is_empty(const struct doc_node *root, const char *key)
{
	const struct doc_node *list = doc_get(root, key), *kid;

	if (!list || list->kind != DOC_LIST)
		return true;
	doc_each (kid, list) {
		if (kid->kind != DOC_COMMENT)
			return false;
	}
	return true;
}

/* The kids of `from` at the end of `to`, without comments. */
static int copy_kids(struct doc *doc, const struct doc_node *from, struct doc_node *to,
		     const char *const *only, struct err *err)
{
	const struct doc_node *kid;
	struct doc_node *copy;
	size_t i;

	doc_each (kid, from) {
		for (i = 0; only && only[i] && !span_is(kid->key, only[i]); i++)
			;
		if (kid->kind == DOC_COMMENT || (only && !only[i]))
			continue;
		copy = doc_new(doc, DOC_NULL, err);
		if (!copy)
			return -1;
		*copy = *kid;
		copy->next = NULL;
		doc_append(to, copy);
	}
	return 0;
}

static int add_patches(const struct flux_spec *spec, struct doc *doc, struct doc_node *root,
		       struct err *err)
{
	static const char *const selector[] = {"group",
					       "version",
					       "kind",
					       "name",
					       "namespace",
					       "labelSelector",
					       "annotationSelector",
					       NULL};
	const struct doc_node *patch, *target;
	struct doc_node *list, *entry, *copy;

	if (!spec->patches)
		return 0;
	list = need_list(doc, root, "patches", err);
	if (!list)
		return -1;
	doc_each (patch, spec->patches) {
		if (patch->kind != DOC_MAP)
			continue;
		entry = add(doc, list, NULL, DOC_MAP, err);
		if (!entry || add_text(doc, entry, "patch", doc_get_str(patch, "patch"), err) < 0)
			return -1;
		target = conf_get(patch, "target");
		if (!target)
			continue;
		copy = add(doc, entry, "target", DOC_MAP, err);
		if (!copy || copy_kids(doc, target, copy, selector, err) < 0)
			return -1;
	}
	return 0;
}

static bool starts_fold(struct span path, const char *prefix)
{
	size_t len = strlen(prefix);

	return path.len > len && strncasecmp((const char *)path.data, prefix, len) == 0;
}

bool flux_is_remote(struct span path)
{
	static const char *const prefixes[] = {"git::",   "gh:",  "ssh://",      "https://",
					       "http://", "git@", "github.com:", "github.com/"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (starts_fold(path, prefixes[i]))
			return true;
	}
	return span_search(path, SPAN("://")) != SIZE_MAX;
}

static int add_components(const struct flux_generate *generate, struct doc *doc,
			  struct doc_node *root, struct err *err)
{
	const struct flux_spec *spec = generate->spec;
	const struct doc_node *kid;
	struct doc_node *list;

	if (!spec->components)
		return 0;
	list = need_list(doc, root, "components", err);
	if (!list)
		return -1;
	doc_each (kid, spec->components) {
		if (kid->kind != DOC_STRING)
			continue;
		if (flux_is_remote(kid->str) || span_starts(kid->str, SPAN("/")))
			return err_set(err, ERR_POLICY,
				       "component path '%s' must be local and relative",
				       text_quote(kid->str).text);
		if (spec->ignore_missing_components &&
		    !generate->exists(generate->cookie, kid->str))
			continue;
		if (add_text(doc, list, NULL, kid->str, err) < 0)
			return -1;
	}
	if (!list->kids.first)
		doc_remove(root, list);
	return 0;
}

static struct doc_node *find_image(struct doc_node *list, struct span name)
{
	struct doc_node *kid;

	doc_each (kid, list) {
		if (kid->kind == DOC_MAP && span_eq(doc_get_str(kid, "name"), name))
			return kid;
	}
	return NULL;
}

static void drop(struct doc_node *map, const char *key)
{
	struct doc_node *node = doc_get(map, key);

	if (node)
		doc_remove(map, node);
}

/* A field of the spec wins over the file's; tag and digest are set as one. */
static int merge_image(struct doc *doc, struct doc_node *mine, const struct doc_node *image,
		       struct err *err)
{
	struct span name = doc_get_str(image, "newName"), tag = doc_get_str(image, "newTag"),
		    digest = doc_get_str(image, "digest");

	if (name.len && set_text(doc, mine, "newName", name, err) < 0)
		return -1;
	if (!tag.len && !digest.len)
		return 0;
	drop(mine, "newTag");
	drop(mine, "digest");
	if (tag.len && set_text(doc, mine, "newTag", tag, err) < 0)
		return -1;
	return digest.len ? set_text(doc, mine, "digest", digest, err) : 0;
}

static int add_images(const struct flux_spec *spec, struct doc *doc, struct doc_node *root,
		      struct err *err)
{
	static const char *const names[] = {"name", "newName", "newTag", "digest", NULL};
	const struct doc_node *image;
	struct doc_node *list, *mine;

	if (!spec->images)
		return 0;
	list = need_list(doc, root, "images", err);
	if (!list)
		return -1;
	doc_each (image, spec->images) {
		if (image->kind != DOC_MAP)
			continue;
		mine = find_image(list, doc_get_str(image, "name"));
		if (mine) {
			if (merge_image(doc, mine, image, err) < 0)
				return -1;
			continue;
		}
		mine = add(doc, list, NULL, DOC_MAP, err);
		if (!mine || copy_kids(doc, image, mine, names, err) < 0)
			return -1;
	}
	return 0;
}

static int set_metadata(struct doc *doc, struct doc_node *root, const struct doc_node *from,
			struct err *err)
{
	struct doc_node *list;

	drop(root, "buildMetadata");
	list = add(doc, root, "buildMetadata", DOC_LIST, err);
	if (!list)
		return -1;
	/* Without resources kustomize would call the file empty. */
	return from ? copy_kids(doc, from, list, NULL, err)
		    : add_text(doc, list, NULL, SPAN("originAnnotations"), err);
}

static int put_spec(const struct flux_generate *generate, struct doc *doc, struct doc_node *root,
		    struct err *err)
{
	const struct flux_spec *spec = generate->spec;

	keep_fields(root);
	if (!generate->created && is_empty(root, "resources") &&
	    set_metadata(doc, root, NULL, err) < 0)
		return -1;
	if (set_text(doc, root, "namespace", spec->target_namespace, err) < 0 ||
	    set_text(doc, root, "namePrefix", spec->name_prefix, err) < 0 ||
	    set_text(doc, root, "nameSuffix", spec->name_suffix, err) < 0 ||
	    add_patches(spec, doc, root, err) < 0 || add_components(generate, doc, root, err) < 0 ||
	    add_images(spec, doc, root, err) < 0)
		return -1;
	if (spec->build_metadata && spec->build_metadata->kids.first)
		return set_metadata(doc, root, spec->build_metadata, err);
	return 0;
}

/* Flux keeps the order of the resources, where kustomize's command line sorts them. */
static int set_order(struct doc *doc, struct doc_node *root, struct err *err)
{
	struct doc_node *options;

	if (conf_get(root, "sortOptions"))
		return 0;
	drop(root, "sortOptions");
	options = add(doc, root, "sortOptions", DOC_MAP, err);
	return options ? add_text(doc, options, "order", SPAN("fifo"), err) : -1;
}

int flux_generate(const struct flux_generate *generate, struct doc *doc, struct doc_node *root,
		  struct err *err)
{
	if (root->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "is not a map");
	if (generate->spec->object && put_spec(generate, doc, root, err) < 0)
		return -1;
	return set_order(doc, root, err);
}

struct doc_node *flux_generate_new(struct doc *doc, const struct span *resources, size_t count,
				   struct err *err)
{
	struct doc_node *root = doc_new(doc, DOC_MAP, err), *list;
	size_t i;

	if (!root ||
	    add_text(doc, root, "apiVersion", SPAN("kustomize.config.k8s.io/v1beta1"), err) < 0 ||
	    add_text(doc, root, "kind", SPAN("Kustomization"), err) < 0)
		return NULL;
	doc_add_branch(doc, root);
	if (!count)
		return add_text(doc, root, "namespace", SPAN("_placeholder"), err) < 0 ? NULL
										       : root;
	list = add(doc, root, "resources", DOC_LIST, err);
	for (i = 0; list && i < count; i++) {
		if (add_text(doc, list, NULL, resources[i], err) < 0)
			return NULL;
	}
	return list ? root : NULL;
}
