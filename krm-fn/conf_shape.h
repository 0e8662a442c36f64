/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of a configuration: which field holds what. A Go program that reads YAML into typed structs refuses the whole file where one field has
 * another type, wherever it is; so do we. go-yaml: decode.go
 */
#ifndef CONF_SHAPE_H
#define CONF_SHAPE_H

#include "doc/doc.h"

enum conf_type {
	CONF_ANY,
	CONF_TEXT,
	CONF_NUMBER,
	CONF_BOOL,
	CONF_MAP,       /* `fields` says what is in it; NULL: any texts */
	CONF_TEXT_LIST, /* of texts */
	CONF_MAP_LIST,  /* of maps with `fields` */
};

struct conf_field {
	const char *name; /* NULL ends a table */
	enum conf_type type;
	const struct conf_field *fields;
};

/* Holds map, and what its fields name below it, against the table. Fields that it does not name may be anything. Errors: ERR_FORMAT with line and
 * field, ERR_LIMIT. */
int conf_check(const struct doc_node *map, const struct conf_field *fields, struct err *err)
	NODISCARD;

#endif
