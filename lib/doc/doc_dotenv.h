/* SPDX-License-Identifier: Apache-2.0
 *
 * dotenv to tree and back, by sops's own rules, which know no quotes, no `export` and no blanks. One branch of strings and comments; what
 * sops stores about the document stays in it as entries named sops_*. sops: stores/dotenv/store.go
 */
#ifndef DOC_DOC_DOTENV_H
#define DOC_DOC_DOTENV_H

#include "doc/doc.h"

/* Values without an escape and all keys point into input. ERR_FORMAT with the line for one without '='. */
int doc_dotenv_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;

/* Prints the first branch. ERR_EMIT where there is none, or where it holds a list or a map. */
int doc_dotenv_write(const struct doc *doc, struct buf *out, struct err *err) NODISCARD;

#endif
