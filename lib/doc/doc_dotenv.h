/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOC_DOC_DOTENV_H
#define DOC_DOC_DOTENV_H

#include "doc/doc.h"

int doc_dotenv_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;
int doc_dotenv_write(const struct doc *doc, struct buf *out, struct err *err) NODISCARD;

#endif
