/* SPDX-License-Identifier: Apache-2.0
 *
 * The envelope that kustomize and kpt put around a build: items and functionConfig (krm-and-flux.md 1.1). Read as one YAML document, with
 * the place of every value, so that what is written back is the input's own text with the changes in it.
 */
#ifndef RESOURCE_LIST_H
#define RESOURCE_LIST_H

#include "report.h"

struct resource_list {
	struct span text; /* the input, which must outlive the list */
	struct doc doc;
	struct doc_node *root;
	struct doc_node *config; /* functionConfig; NULL where there is none */
	struct doc_node **items; /* objects in their order, without nulls; in doc's arena */
	size_t count;
};

enum {
	RESOURCE_LIST_ITEMS_MAX =
		1000 *
		1000, /* objects of one build: the largest ones known have some ten thousand */
};

#define RESOURCE_LIST_INIT       \
	{                        \
		.doc = DOC_INIT, \
	}
#define CLEAN_RESOURCE_LIST CLEANUP(resource_list_release)

/* Errors: ERR_FORMAT (no YAML, not one document, no ResourceList, items that are no objects), ERR_UNSUPPORTED (UTF-16), ERR_LIMIT, ERR_NOMEM. */
int resource_list_read(struct span text, struct resource_list *ret_list, struct err *err) NODISCARD;

/* True where the only item is the functionConfig itself: what kustomize sends to a generator. */
bool resource_list_is_generator(const struct resource_list *list);

/* A ResourceList without items: what a validator answers (T7) and a generator begins with. */
void resource_list_begin(struct buf *out);
void resource_list_empty(struct buf *out);

/* Adds one object as an item: `text` is block style YAML of a map, its lines ended by LF. */
void resource_list_add(struct span text, struct buf *out);

/* Appends the input with the report as its `results`. Errors: as splice.h. */
int resource_list_write_results(const struct resource_list *list, const struct report *report,
				struct buf *out, struct err *err) NODISCARD;

void resource_list_release(struct resource_list *list);

#endif
