/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading Flux's Kustomization; see flux_spec.h.
 */
#include "flux_spec.h"

#include "conf.h"
#include "conf_shape.h"
#include "item.h"

#include "base/text.h"

static const struct conf_field target_fields[] = {
	{"group", CONF_TEXT, NULL},
	{"version", CONF_TEXT, NULL},
	{"kind", CONF_TEXT, NULL},
	{"namespace", CONF_TEXT, NULL},
	{"name", CONF_TEXT, NULL},
	{"labelSelector", CONF_TEXT, NULL},
	{"annotationSelector", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field patch_fields[] = {
	{"patch", CONF_TEXT, NULL},
	{"target", CONF_MAP, target_fields},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field image_fields[] = {
	{"name", CONF_TEXT, NULL},   {"newName", CONF_TEXT, NULL}, {"newTag", CONF_TEXT, NULL},
	{"digest", CONF_TEXT, NULL}, {NULL, CONF_ANY, NULL},
};

static const struct conf_field metadata_fields[] = {
	{"labels", CONF_MAP, NULL},
	{"annotations", CONF_MAP, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field from_fields[] = {
	{"kind", CONF_TEXT, NULL},
	{"name", CONF_TEXT, NULL},
	{"optional", CONF_BOOL, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field post_build_fields[] = {
	{"substitute", CONF_MAP, NULL},
	{"substituteFrom", CONF_MAP_LIST, from_fields},
	{"substituteStrategy", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field source_fields[] = {
	{"kind", CONF_TEXT, NULL},
	{"name", CONF_TEXT, NULL},
	{"namespace", CONF_TEXT, NULL},
	{NULL, CONF_ANY, NULL},
};

static const struct conf_field spec_fields[] = {
	{"path", CONF_TEXT, NULL},
	{"sourceRef", CONF_MAP, source_fields},
	{"targetNamespace", CONF_TEXT, NULL},
	{"namePrefix", CONF_TEXT, NULL},
	{"nameSuffix", CONF_TEXT, NULL},
	{"patches", CONF_MAP_LIST, patch_fields},
	{"images", CONF_MAP_LIST, image_fields},
	{"components", CONF_TEXT_LIST, NULL},
	{"buildMetadata", CONF_TEXT_LIST, NULL},
	{"ignoreMissingComponents", CONF_BOOL, NULL},
	{"commonMetadata", CONF_MAP, metadata_fields},
	{"postBuild", CONF_MAP, post_build_fields},
	{NULL, CONF_ANY, NULL},
};

static int get_lists(const struct doc_node *spec, struct flux_spec *ret, struct err *err)
{
	const struct doc_node *meta = conf_get(spec, "commonMetadata");
	const struct doc_node *post = conf_get(spec, "postBuild");
	struct span strategy = SPAN_NULL;

	if (conf_list(spec, "patches", &ret->patches, err) < 0 ||
	    conf_list(spec, "images", &ret->images, err) < 0 ||
	    conf_list(spec, "components", &ret->components, err) < 0 ||
	    conf_list(spec, "buildMetadata", &ret->build_metadata, err) < 0 ||
	    conf_bool(spec, "ignoreMissingComponents", &ret->ignore_missing_components, err) < 0)
		return -1;
	if (meta) {
		ret->labels = conf_get(meta, "labels");
		ret->annotations = conf_get(meta, "annotations");
	}
	if (!post)
		return 0;
	ret->post_build = true;
	ret->substitute = conf_get(post, "substitute");
	if (conf_list(post, "substituteFrom", &ret->substitute_from, err) < 0 ||
	    conf_text(post, "substituteStrategy", &strategy, err) < 0)
		return -1;
	ret->substitute_always = span_is(strategy, "Always");
	if (strategy.len && !ret->substitute_always && !span_is(strategy, "WithVariables"))
		return err_set(err, ERR_FORMAT,
			       "'substituteStrategy' is neither WithVariables nor Always");
	return 0;
}

static int get_texts(const struct doc_node *spec, struct flux_spec *ret, struct err *err)
{
	const struct doc_node *source = conf_get(spec, "sourceRef");

	if (conf_text(spec, "path", &ret->path, err) < 0 ||
	    conf_text(spec, "targetNamespace", &ret->target_namespace, err) < 0 ||
	    conf_text(spec, "namePrefix", &ret->name_prefix, err) < 0 ||
	    conf_text(spec, "nameSuffix", &ret->name_suffix, err) < 0)
		return -1;
	if (!source)
		return 0;
	if (conf_text(source, "kind", &ret->source_kind, err) < 0 ||
	    conf_text(source, "name", &ret->source_name, err) < 0)
		return -1;
	return conf_text(source, "namespace", &ret->source_ns, err);
}

/* Flux's generator still reads them, but the API server lets no object with them through. */
static int refuse_old(const struct doc_node *spec, struct err *err)
{
	static const char *const names[] = {"patchesStrategicMerge", "patchesJson6902"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!conf_get(spec, names[i]))
			continue;
		(void)err_set(err, ERR_UNSUPPORTED,
			      "'spec.%s' is no field of version v1, which drops it", names[i]);
		return err_hint(err, "write it as 'spec.patches'");
	}
	return 0;
}

static int read_spec(const struct doc_node *object, struct flux_spec *spec, struct err *err)
{
	const struct doc_node *node = conf_get(object, "spec");

	if (!node)
		return err_set(err, ERR_FORMAT, "has no 'spec'");
	if (conf_check(node, spec_fields, err) < 0 || refuse_old(node, err) < 0 ||
	    get_texts(node, spec, err) < 0)
		return -1;
	return get_lists(node, spec, err);
}

int flux_spec_read(const struct doc_node *object, struct flux_spec *ret_spec, struct err *err)
{
	struct flux_spec spec = {.object = object};

	if (!item_is(object, FLUX_GROUP, "Kustomization"))
		return err_set(err, ERR_FORMAT, "is no Kustomization of '" FLUX_GROUP "'");
	spec.ns = item_namespace(object);
	spec.name = item_name(object);
	if (read_spec(object, &spec, err) < 0)
		return err_wrap(err, "Kustomization '%s'", text_quote(spec.name).text);
	*ret_spec = spec;
	return 0;
}
