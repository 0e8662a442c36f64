/* SPDX-License-Identifier: Apache-2.0
 *
 * The key lists of the metadata: which wrapped keys there are, in which groups. sops: stores/stores.go (internalKeygroups)
 */
#ifndef SOPS_SOPS_KEYS_H
#define SOPS_SOPS_KEYS_H

#include "sops/sops_meta.h"

/* Fills groups and group_count from the metadata map. Lists at the top make one group, and `key_groups` is then read but not used.
 * Errors: ERR_FORMAT (no keys, a field of the wrong type, an entry in use whose `created_at` is no time, a hckms `key_id` without
 * region), ERR_NOMEM. */
int sops_keys_parse(struct doc *doc, const struct doc_node *block, struct sops_meta *meta,
		    struct err *err) NODISCARD;

#endif
