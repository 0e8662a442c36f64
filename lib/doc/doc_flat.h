/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two flat formats, dotenv and INI, have in common when they print: every scalar becomes text, and nothing but a scalar can.
 */
#ifndef DOC_DOC_FLAT_H
#define DOC_DOC_FLAT_H

#include "doc/doc.h"

/* The text of a map entry's scalar. ret_text points into the tree (strings) or into scratch, which is reset first. Strings come as they
 * are: each format has its own quoting. ERR_EMIT that names the key for what is no scalar. sops: stores/stores.go (ValToString) */
int doc_flat_text(const struct doc_node *entry, struct buf *scratch, struct span *ret_text,
		  struct err *err) NODISCARD;

/* -1 with ERR_EMIT where the entry's key is not a string. */
int doc_flat_key(const struct doc_node *entry, struct err *err) NODISCARD;

enum {
	DOC_FLAT_SCALAR_MAX =
		512 /* bytes of a number, time or boolean as text; -1.8e308 in full has 310 */
};

#endif
