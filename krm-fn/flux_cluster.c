/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads Flux's objects from the cluster; see flux_cluster.h.
 */
#include "flux_cluster.h"

#include "conf.h"
#include "flux_text.h"

#include "base/text.h"

#define SOURCE_API "apis/" FLUX_SOURCE_GROUP "/v1"

static const struct cluster_kind kustomization = {"apis/" FLUX_GROUP "/v1", "kustomizations",
						  "Kustomization"};

static const struct cluster_kind sources[] = {
	{SOURCE_API, "gitrepositories", "GitRepository"},
	{SOURCE_API, "ocirepositories", "OCIRepository"},
	{SOURCE_API, "buckets", "Bucket"},
};

/* JSON is YAML, and what reads the object notes where its values stand in the text. */
static int get(struct cluster *cluster, const struct cluster_kind *kind, const char *ours,
	       struct span ns, struct span name, struct buf *ret_text, struct doc *ret_doc,
	       struct err *err)
{
	CLEAN_CLUSTER_OBJECT struct cluster_object object = CLUSTER_OBJECT_INIT;
	bool found = false;

	if (cluster_get(cluster, kind, ours, ns, name, &object, &found, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_UNREACHABLE, "%s '%s/%s' is not in %s", kind->kind,
			       text_quote(ns).text, text_quote(name).text,
			       cluster_called(cluster).text);
	buf_move(ret_text, &object.text);
	if (doc_read(DOC_YAML, buf_span(ret_text), ret_doc, err) < 0)
		return err_wrap(err, "%s of %s", kind->kind, cluster_called(cluster).text);
	return 0;
}

static int get_source(struct cluster *cluster, const char *ours, struct flux_object *object,
		      struct err *err)
{
	const struct flux_spec *spec = &object->spec;
	const struct doc_node *source;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sources); i++) {
		if (span_is(spec->source_kind, sources[i].kind))
			break;
	}
	if (i == ARRAY_LEN(sources)) {
		(void)err_set(err, ERR_UNSUPPORTED, "a source '%s' is not read from the cluster",
			      text_quote(spec->source_kind).text);
		return err_hint(err, "--source FILE names a manifest with it");
	}
	if (get(cluster, &sources[i], ours, spec->source_ns.len ? spec->source_ns : spec->ns,
		spec->source_name, &object->source_text, &object->source_doc, err) < 0)
		return -1;
	source = conf_get(object->source_doc.first, "spec");
	return source ? conf_text(source, "ignore", &object->ignore, err) : 0;
}

int flux_cluster_read(struct cluster *cluster, const char *name, const char *ns, bool with_source,
		      struct flux_object *ret_object, struct err *err)
{
	struct flux_object *object = ret_object;
	const struct cluster_kind *kind = &kustomization;

	if (!ns)
		return err_set(err, ERR_USAGE,
			       "Kustomization '%s' of the cluster: say its --namespace",
			       text_quote(span_str(name)).text);
	if (get(cluster, kind, ns, span_str(ns), span_str(name), &object->text, &object->doc, err) <
	    0)
		return -1;
	if (flux_text_settle(&object->doc, buf_span(&object->text), object->doc.first, err) < 0 ||
	    flux_spec_read(object->doc.first, &object->spec, err) < 0)
		return err_wrap(err, "Kustomization of %s", cluster_called(cluster).text);
	return with_source ? get_source(cluster, ns, object, err) : 0;
}
