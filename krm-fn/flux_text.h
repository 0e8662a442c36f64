/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects as kustomize prints them: sorted keys, indentation 2, compact lists, long texts folded at column 80. kustomize takes every object through
 * JSON and then through version 2 of go-yaml, whose rules differ from those of sops's version 3 (doc_yaml_write.c).
 */
#ifndef FLUX_TEXT_H
#define FLUX_TEXT_H

#include "doc/doc.h"

/* Appends the object. Comments are left out. Errors: ERR_EMIT for what is not UTF-8 (Differs: Flux writes U+FFFD), with the field's path;
 * ERR_UNSUPPORTED for a key with a line break, ERR_NOMEM, ERR_LIMIT. */
int flux_text_add(const struct doc_node *object, struct buf *out, struct err *err) NODISCARD;

/* Makes the tree that doc_read() made of text what version 2 of go-yaml and JSON take it for: `yes` and its kin are true or false, times are
 * strings, keys are strings, numbers are doubles. Values are changed in place. Errors: ERR_UNSUPPORTED for what JSON can not say, ERR_NOMEM. */
int flux_text_settle(struct doc *doc, struct span text, struct doc_node *object, struct err *err)
	NODISCARD;

#endif
