/* SPDX-License-Identifier: Apache-2.0
 *
 * Flattened metadata back to a tree: `age__list_0__map_enc`, as it stands below [sops] in INI and behind `sops_` in dotenv.
 * sops: stores/flatten.go; sops-format.md 4.6
 */
#ifndef SOPS_SOPS_FLAT_H
#define SOPS_SOPS_FLAT_H

#include "doc/doc.h"

/* Makes a DOC_MAP out of flat's entries, each key without prefix_len leading bytes; comments are passed over. The new nodes live in doc's
 * arena, keys are sorted bytewise. Errors: ERR_FORMAT (a list with gaps, a name given twice, a name that is leaf and prefix both),
 * ERR_LIMIT (deeper than DOC_DEPTH_MAX), ERR_NOMEM. Refused beyond what sops refuses: an index that is not a number. */
int sops_flat_restore(struct doc *doc, const struct doc_node *flat, size_t prefix_len,
		      struct doc_node **ret_map, struct err *err) NODISCARD;

#endif
