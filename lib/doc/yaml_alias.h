/* SPDX-License-Identifier: Apache-2.0
 *
 * Anchors, aliases, and how much there may be; see yaml_alias.c.
 */
#ifndef DOC_YAML_ALIAS_H
#define DOC_YAML_ALIAS_H

#include "doc/yaml_build.h"

/* Counts nodes of the document, and how many of them come through an alias. ERR_LIMIT where the share is too large. */
int yaml_alias_count(struct yaml_build *b, size_t decoded, size_t expanded, uint32_t line,
		     struct err *err) NODISCARD;

/* A new node of the tree. NULL with ERR_LIMIT or ERR_NOMEM. */
struct doc_node *yaml_alias_node(struct yaml_build *b, enum doc_kind kind, uint32_t line,
				 struct err *err) NODISCARD;

/* Gives n that name; before its content is read. */
int yaml_alias_define(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
	NODISCARD;

/* n is an alias for what has that name. */
int yaml_alias_find(struct yaml_build *b, struct yaml_node *n, struct span name, struct err *err)
	NODISCARD;

/* A copy of what the alias n stands for, with the comments of the original inside. kind: as the original is, or DOC_MAP for a null.
 * depth is that of the alias. */
struct doc_node *yaml_alias_copy(struct yaml_build *b, const struct yaml_node *n,
				 enum doc_kind kind, unsigned depth, struct err *err) NODISCARD;

#endif
