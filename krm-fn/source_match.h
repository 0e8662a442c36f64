/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this item what became of that source? The comparison behind source_find(); source.h says what may differ.
 */
#ifndef SOURCE_MATCH_H
#define SOURCE_MATCH_H

#include "sops/regex.h"
#include "sops/sops_rule.h"

/* A file that was read and whose metadata has been taken out. */
struct source_doc {
	const struct doc *doc;
	const struct sops_meta *meta;
	enum doc_format format; /* DOC_DOTENV: the item is a Secret with its lines in `data` */
	const char *path;       /* for messages */
};

/* 0: it is; 1: it is not, and err says where it differs (ERR_MAC); -1: ERR_NOMEM and the like. */
int source_match(const struct source_doc *source, struct doc_node *item, struct err *err) NODISCARD;

/* What is kept from one item to the next: the pattern, and what matching has cost. Begins as zeros. */
struct source_rule {
	struct sops_rule rule;
	struct regex_work work;
};

/* What is odd about an item without a source, one text each in arena: its kind, what is empty in an encrypted place, what is in the clear in
 * an encrypted Secret. */
int source_notes(struct doc_node *item, struct source_rule *rule, struct arena *arena,
		 const char ***ret_notes, size_t *ret_count, struct err *err) NODISCARD;

enum { SOURCE_NOTES_MAX = 32 /* notes of one item; the last then says how many more there are */ };

#endif
