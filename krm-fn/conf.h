/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a YAML configuration as a Go program with typed structs reads them: unknown fields are passed over, `<<` merges, a value of
 * another type is an error. For `.sops.yaml`. go-yaml: decode.go
 */
#ifndef CONF_H
#define CONF_H

#include "doc/doc.h"

/* The value of key in map, its own or one that comes in by `<<`; NULL where there is none or it is null. */
const struct doc_node *conf_get(const struct doc_node *map, const char *key);

/* The same as text, number or truth value; a null span, 0 or false where there is none. Errors: ERR_FORMAT with the line. */
int conf_text(const struct doc_node *map, const char *key, struct span *ret, struct err *err)
	NODISCARD;
int conf_int(const struct doc_node *map, const char *key, int64_t *ret, struct err *err) NODISCARD;
int conf_bool(const struct doc_node *map, const char *key, bool *ret, struct err *err) NODISCARD;

/* The list under key; NULL where there is none. */
int conf_list(const struct doc_node *map, const char *key, const struct doc_node **ret,
	      struct err *err) NODISCARD;

#endif
