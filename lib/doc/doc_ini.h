/* SPDX-License-Identifier: Apache-2.0
 *
 * INI to tree and back by the rules of the INI library of sops, its oddities included. One branch: a map of sections, each a map of
 * strings; a section's comment is its first entry, a key's comment stands behind the key. A section DEFAULT always comes first. What sops
 * stores about the document stays in it as the section `sops`, its values as they are written. sops: stores/ini/store.go;
 * go-ini 1.67.3: parser.go, file.go
 */
#ifndef DOC_DOC_INI_H
#define DOC_DOC_INI_H

#include "doc/doc.h"

/* Values on one line and all keys point into input. ERR_FORMAT with the line. */
int doc_ini_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;

/* Prints the sections of every branch, one after another. ERR_EMIT where an entry of a branch is not a map, where a section's or key's
 * name is empty, or where a value is a list or a map. */
int doc_ini_write(const struct doc *doc, struct buf *out, struct err *err) NODISCARD;

#endif
