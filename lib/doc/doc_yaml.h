/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOC_DOC_YAML_H
#define DOC_DOC_YAML_H

#include "doc/doc.h"

int doc_yaml_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;
int doc_yaml_write(const struct doc *doc, const struct doc_style *style, struct buf *out,
		   struct err *err) NODISCARD;

#endif
