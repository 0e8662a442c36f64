/* SPDX-License-Identifier: Apache-2.0
 *
 * One file held against all that is looked for: the inner half of source_find(). Which files these are, and how many, is source.c's.
 */
#ifndef SOURCE_SCAN_H
#define SOURCE_SCAN_H

#include "source.h"
#include "source_match.h"

/* What is known of a wanted MAC, beside its first want. */
struct source_seen {
	size_t file;       /* the number of the last file that was looked at for it */
	size_t mismatches; /* files that some want differs from */
};

struct source_search {
	struct source_want **by_mac; /* sorted */
	struct source_seen *seen;
	size_t count, open; /* wants, those that are not FOUND */
	const struct source_options *options;
	struct source_files *files;
	struct source_rule rule; /* of those without a source */
};

/* Puts by_mac in order, which source_scan() looks MACs up in. */
void source_scan_sort(struct source_search *search);

/* Settles the wants that this file answers; each file is read once, however many MACs it quotes. What can not be read is not the source. Errors:
 * ERR_NOMEM, ERR_LIMIT. */
int source_scan(struct source_search *search, const char *path, struct span text, struct err *err)
	NODISCARD;

#endif
