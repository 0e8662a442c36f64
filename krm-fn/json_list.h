/* SPDX-License-Identifier: Apache-2.0
 *
 * A report as a JSON list, made of small trees that the JSON writer prints.
 */
#ifndef JSON_LIST_H
#define JSON_LIST_H

#include "doc/doc.h"

/* Makes nodes in doc and puts them at the end of parent: a map's entry where key has data, else a list's. The text is not copied. A text that is
 * NULL or a null span adds nothing. */
int json_add_text(struct doc *doc, struct doc_node *parent, struct span key, struct span text,
		  struct err *err) NODISCARD;
int json_add_number(struct doc *doc, struct doc_node *parent, struct span key, int64_t number,
		    struct err *err) NODISCARD;
struct doc_node *json_add(struct doc *doc, struct doc_node *parent, struct span key,
			  enum doc_kind kind, struct err *err) NODISCARD;

/* Appends the entry (doc's one branch) to the list in out; json_list_end() closes it, also one without entries. */
int json_list_add(struct buf *out, const struct doc *entry, struct err *err) NODISCARD;
void json_list_end(struct buf *out);

#endif
