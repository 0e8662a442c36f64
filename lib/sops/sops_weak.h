/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata fields to the types that SOPS wants, with its tolerance: names in any case, numbers and booleans as text, text as numbers,
 * null as absent, one map for a list of one. sops decodes with mapstructure's WeaklyTypedInput; sops-format.md 4.2
 */
#ifndef SOPS_SOPS_WEAK_H
#define SOPS_SOPS_WEAK_H

#include "doc/doc.h"

/* The field of map by that name, else by that name in another case; NULL where it is absent or null. Of equal names the last counts. */
const struct doc_node *sops_weak_field(const struct doc_node *map, const char *name);

/* One value as text (in doc's arena where it had to be made); `name` is for the message. Errors: ERR_FORMAT for a time, map, list or null. */
int sops_weak_node_text(struct doc *doc, const struct doc_node *node, const char *name,
			struct span *ret_text, struct err *err) NODISCARD;

/* The field as text (in doc's arena where it had to be made), a null span where absent. Errors: ERR_FORMAT for a time, map or list. */
int sops_weak_text(struct doc *doc, const struct doc_node *map, const char *name,
		   struct span *ret_text, struct err *err) NODISCARD;

/* The field as a number, 0 where absent or empty. Errors: ERR_FORMAT. Refused beyond what sops refuses: text in other bases than ten,
 * digits with underscores, fractions. */
int sops_weak_int(const struct doc_node *map, const char *name, int64_t *ret_number,
		  struct err *err) NODISCARD;

/* The field as a truth value, false where absent or empty. Errors: ERR_FORMAT. */
int sops_weak_bool(const struct doc_node *map, const char *name, bool *ret_value, struct err *err)
	NODISCARD;

/* The entries of a field that should be a list of maps: a list's, or the one map itself; NULL where there are none. Walk on with
 * sops_weak_next(). An entry may be of any kind; null stands for a map without fields. */
const struct doc_node *sops_weak_first(const struct doc_node *map, const char *name,
				       bool *ret_list);
const struct doc_node *sops_weak_next(const struct doc_node *entry, bool list);

#endif
