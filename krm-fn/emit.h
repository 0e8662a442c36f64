/* SPDX-License-Identifier: Apache-2.0
 *
 * An object as YAML that every reader takes for what it is: strings in double quotes, one line each. For what kustomize reads and prints in
 * its own way anyway; the writer of sops's bytes (doc_yaml_write.c) has texts that other readers take wrongly.
 */
#ifndef EMIT_H
#define EMIT_H

#include "doc/doc.h"

/* Appends the map in block style. source: the text that the object was read from, whose words stand for all that is no string; a null span: they
 * are printed as sops does, for what sops has printed. Comments are left out. A `<<` key merges, as it does in what sops prints. Errors: ERR_EMIT for a string that is not
 * UTF-8 or a key that is not a string, with the field's path. */
int emit_object(const struct doc_node *object, struct span source, struct buf *out, struct err *err)
	NODISCARD;

#endif
