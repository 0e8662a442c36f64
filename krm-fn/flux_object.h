/* SPDX-License-Identifier: Apache-2.0
 *
 * The Flux object that a build is asked for, and its source object: out of a file, or looked for by name in a repository.
 */
#ifndef FLUX_OBJECT_H
#define FLUX_OBJECT_H

#include "flux_spec.h"

enum {
	FLUX_OBJECT_FILE_MAX =
		1024 *
		1024 /* bytes of a file in a repository that is looked into: an object has at most 1.5 MiB in etcd */
};

struct flux_object {
	struct buf text;
	struct doc doc;
	struct flux_spec spec;
	char *path; /* of the file, for messages */
	struct span
		ignore; /* of the source object; a null span where it has none or there is none */
	struct buf source_text;
	struct doc source_doc;
};

#define FLUX_OBJECT_INIT                                                                    \
	{                                                                                   \
		.text = BUF_INIT((size_t)DOC_INPUT_MAX + 1), .doc = DOC_INIT,               \
		.source_text = BUF_INIT((size_t)DOC_INPUT_MAX + 1), .source_doc = DOC_INIT, \
	}
#define CLEAN_FLUX_OBJECT CLEANUP(flux_object_release)

/* name, ns: NULL where not asked for. A file without namespaces fits every ns. Errors: ERR_USAGE where there is none or more than one, ERR_FORMAT, those
 * of reading. */
int flux_object_read(const char *path, const char *name, const char *ns,
		     struct flux_object *ret_object, struct err *err) NODISCARD;

/* The same from all YAML files below root (absolute). ret_found: whether there is one; NULL: there must be. */
int flux_object_find(const char *root, const char *name, const char *ns,
		     struct flux_object *ret_object, bool *ret_found, struct err *err) NODISCARD;

/* The source object: out of the file (--source) where not NULL, else out of the file of the object itself, if it is there. */
int flux_object_source(struct flux_object *object, const char *path, struct err *err) NODISCARD;

void flux_object_release(struct flux_object *object);

#endif
