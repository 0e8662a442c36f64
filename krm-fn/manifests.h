/* SPDX-License-Identifier: Apache-2.0
 *
 * A stream of manifests, as `kustomize build` and `helm template` print it and `kubectl get -o yaml` does: YAML documents, each an object or
 * a list of objects. Read with the place of every value; what is between the documents nobody touches.
 */
#ifndef MANIFESTS_H
#define MANIFESTS_H

#include "doc/doc.h"

struct manifests {
	struct span text; /* the input, which must outlive the stream */
	struct doc doc;
	struct doc_node **items; /* objects in their order, those of lists too; in doc's arena */
	size_t count;
};

enum {
	MANIFESTS_MAX = 1000 * 1000, /* objects of one stream, as RESOURCE_LIST_ITEMS_MAX */
};

#define MANIFESTS_INIT           \
	{                        \
		.doc = DOC_INIT, \
	}
#define CLEAN_MANIFESTS CLEANUP(manifests_release)

/* `name` is what messages call the input. A stream without any document, or with empty ones, is fine. Errors: ERR_FORMAT, ERR_UNSUPPORTED
 * (UTF-16), ERR_LIMIT, ERR_NOMEM. */
int manifests_read(struct span text, const char *name, struct manifests *ret_manifests,
		   struct err *err) NODISCARD;

void manifests_release(struct manifests *manifests);

#endif
