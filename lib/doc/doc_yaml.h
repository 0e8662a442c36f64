/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML documents, read and printed as sops does (go-yaml v3).
 */
#ifndef DOC_DOC_YAML_H
#define DOC_DOC_YAML_H

#include "doc/doc.h"

int doc_yaml_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;

/* All documents, with sops's bytes. style->yaml_indent out of 2 to 9 (and not 0) prints with 2, as in sops. ERR_EMIT with the path for keys
 * that are not strings, comments that are not UTF-8, and text that sops prints as null (a first line that begins with a TAB, and more
 * lines): the latter is printed as null with style->compat. */
int doc_yaml_write(const struct doc *doc, const struct doc_style *style, struct buf *out,
		   struct err *err) NODISCARD;

/* One value as `sops decrypt --extract` prints it: a document with 4 blanks a level, whatever the style says, and a line break at its end.
 * A string comes as a YAML scalar; that --extract prints a string's bytes is the caller's business. */
int doc_yaml_write_value(const struct doc_node *value, const struct doc_style *style,
			 struct buf *out, struct err *err) NODISCARD;

#endif
