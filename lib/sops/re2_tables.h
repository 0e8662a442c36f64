/* SPDX-License-Identifier: Apache-2.0
 *
 * What Go's regexp knows of Unicode and PCRE2 knows otherwise: which letters are the same letter under (?i), and by which names \p{...}
 * goes. Which code points a property has is left to PCRE2.
 */
#ifndef SOPS_RE2_TABLES_H
#define SOPS_RE2_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Simple folding as a step: each code point from lo to hi folds to itself plus delta, the last of an orbit back to its first. Where delta
 * is 0, neighbours fold to each other, two by two from lo. Sorted; what is not in it folds to itself. */
struct re2_fold {
	uint32_t lo, hi;
	int32_t delta;
};
extern const struct re2_fold re2_folds[];
extern const size_t re2_folds_len;

/* Every step-th code point from lo to hi. */
struct re2_stride {
	uint32_t lo, hi, step;
};

/* name: as Go looks it up, first letter upper, the rest lower case, no blanks, hyphens or underscores. pcre: what PCRE2 calls it. fold: the
 * code points that (?i) adds to it. Sorted by name. */
struct re2_property {
	const char *name, *pcre;
	const struct re2_stride *fold;
	size_t fold_len;
};
extern const struct re2_property re2_properties[];
extern const size_t re2_properties_len;

#endif
