/* SPDX-License-Identifier: Apache-2.0
 *
 * Kubernetes objects for tests: a YAML text and its tree, kept together.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "doc/doc.h"

#include "mangle.h"

struct object {
	struct doc doc;
	struct doc_node *node; /* the first document; NULL where the text is "" */
};

#define OBJECT_INIT              \
	{                        \
		.doc = DOC_INIT, \
	}
#define CLEAN_OBJECT CLEANUP(object_release)

static inline void object_release(struct object *object)
{
	doc_release(&object->doc);
}

/* text must outlive the object. */
static inline struct doc_node *object_read(struct object *object, const char *text)
{
	struct err err = ERR_INIT;

	if (!text[0])
		return NULL;
	if (doc_read(DOC_YAML, span_str(text), &object->doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	object->node = object->doc.first;
	return object->node;
}

#endif
