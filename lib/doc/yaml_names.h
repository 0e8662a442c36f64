/* SPDX-License-Identifier: Apache-2.0
 *
 * The names that a YAML reader has to remember: anchors, and the keys of the maps that are open; see yaml_names.c.
 */
#ifndef DOC_YAML_NAMES_H
#define DOC_YAML_NAMES_H

#include "base/err.h"
#include "base/span.h"

struct yaml_anchor;
struct yaml_node;

struct yaml_names {
	void *tree; /* of tsearch() */
};

/* name stands for anchor from now on. ERR_NOMEM. */
int yaml_names_set(struct yaml_names *names, struct span name, struct yaml_anchor *anchor,
		   struct err *err) NODISCARD;

/* What name stands for, or NULL. */
struct yaml_anchor *yaml_names_get(const struct yaml_names *names, struct span name);

void yaml_names_release(struct yaml_names *names);

struct yaml_key {
	struct span text;  /* as it stands in the source */
	uint64_t hash;     /* of the text: tells most keys apart */
	bool alias;        /* text is the name of an alias */
	uint32_t at, line; /* from 0 */
	int32_t column;
};

/* Keys of all open maps, the innermost last. */
struct yaml_keys {
	struct yaml_key *list;
	size_t len, cap;
};

/* Adds a key, which is a scalar or alias. ERR_NOMEM. */
int yaml_keys_add(struct yaml_keys *keys, const struct yaml_node *key, struct err *err) NODISCARD;

/* Drops the keys of the innermost map, which begin at `from`. ERR_FORMAT where two of them are equal. */
int yaml_keys_check(struct yaml_keys *keys, size_t from, struct err *err) NODISCARD;

void yaml_keys_release(struct yaml_keys *keys);

#endif
