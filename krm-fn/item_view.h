/* SPDX-License-Identifier: Apache-2.0
 *
 * An encrypted item of the build as the SOPS document that it was: a whole resource with a `sops` entry, or a dotenv whose lines kustomize
 * has made into the `data` of a Secret (`envs:`).
 */
#ifndef ITEM_VIEW_H
#define ITEM_VIEW_H

#include "sops/sops_meta.h"

struct item_view {
	struct doc doc; /* what the view made: decoded lines, metadata nodes */
	bool dotenv;
	struct doc_node *
		branch; /* of a whole item: the item itself, with its `sops`; else the lines, without sops_* */
	struct sops_meta meta;
};

#define ITEM_VIEW_INIT           \
	{                        \
		.doc = DOC_INIT, \
	}
#define CLEAN_ITEM_VIEW CLEANUP(item_view_release)

/* ret_view must be ITEM_VIEW_INIT. The item is not changed and must outlive the view. Errors: ERR_FORMAT for metadata that can not be read,
 * ERR_NOMEM. */
int item_view(struct doc_node *item, struct item_view *ret_view, struct err *err) NODISCARD;

/* True for a path of leaves_walk() that lies in the metadata of a whole item. */
bool item_view_is_metadata(const struct item_view *view, struct span path);

void item_view_release(struct item_view *view);

#endif
