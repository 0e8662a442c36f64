/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags and the types of scalars; see yaml_value.c.
 */
#ifndef DOC_YAML_VALUE_H
#define DOC_YAML_VALUE_H

#include "doc/yaml_scan.h"

enum yaml_tag {
	TAG_NONE, /* none, or "!" */
	TAG_OTHER,
	TAG_STR,
	TAG_INT,
	TAG_FLOAT,
	TAG_BOOL,
	TAG_NULL,
	TAG_TIME,
	TAG_BINARY,
	TAG_MERGE,
};

/* What a handle's prefix and the rest of a tag, put together, mean. */
enum yaml_tag yaml_value_tag(struct span prefix, struct span suffix);

/* Sets kind and value of a scalar. plain: without quotes and not a block. Errors: ERR_FORMAT at mark, ERR_NOMEM, ERR_LIMIT. */
int yaml_value_resolve(enum yaml_tag tag, bool plain, struct span text, struct yaml_mark mark,
		       struct arena *arena, struct doc_node *value, struct err *err) NODISCARD;

#endif
