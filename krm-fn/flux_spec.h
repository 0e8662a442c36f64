/* SPDX-License-Identifier: Apache-2.0
 *
 * A Flux Kustomization: what of its spec decides what is built. Its `decryption` is config.h's.
 * kustomize-controller: api/v1/kustomization_types.go
 */
#ifndef FLUX_SPEC_H
#define FLUX_SPEC_H

#include "doc/doc.h"

#define FLUX_GROUP        "kustomize.toolkit.fluxcd.io"
#define FLUX_SOURCE_GROUP "source.toolkit.fluxcd.io"

/* Spans and nodes are the object's own. A null span: not said. */
struct flux_spec {
	const struct doc_node *object; /* NULL: there is none, a kustomization is built as it is */
	struct span ns, name;
	struct span path;
	struct span source_kind, source_name, source_ns;
	struct span target_namespace, name_prefix, name_suffix;
	const struct doc_node *patches, *images, *components, *build_metadata; /* lists or NULL */
	bool ignore_missing_components;
	const struct doc_node *labels,
		*annotations; /* of commonMetadata; maps of strings or NULL */
	bool post_build;
	bool substitute_always;
	const struct doc_node *substitute;      /* a map of strings or NULL */
	const struct doc_node *substitute_from; /* a list or NULL */
};

/* Reads the object, of which doc_read() made the tree. Fields that are not of the schema are passed over, as the API server drops them, but for
 * those of older versions that would change the build. Errors: ERR_FORMAT with the field, ERR_UNSUPPORTED. */
int flux_spec_read(const struct doc_node *object, struct flux_spec *ret_spec, struct err *err)
	NODISCARD;

#endif
