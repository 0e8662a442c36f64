/* SPDX-License-Identifier: Apache-2.0
 *
 * RE2's syntax, as Go's regexp.Compile takes it, put into PCRE2's.
 */
#ifndef SOPS_RE2_H
#define SOPS_RE2_H

#include "base/buf.h"

enum {
	/* Bytes: PCRE2 compiles to at most 64 KiB, and no character takes less than one. */
	RE2_PATTERN_MAX = 64 * 1024,
	/* Groups within groups: half of what PCRE2 10.42 takes. Go: 1000. */
	RE2_DEPTH_MAX = 250,
	/* Bytes of the translation, which spells out what folds. */
	RE2_OUTPUT_MAX = 8 * 1024 * 1024,
};

enum re2_form {
	RE2_BACKTRACKING, /* for pcre2_match() */
	RE2_PARALLEL, /* for pcre2_dfa_match(), which counts the turns of a single character's + one by one, and has a path for each */
};

/* Appends a PCRE2 pattern that matches somewhere in exactly those subjects in which `pattern` does; for PCRE2_UTF without UCP. Captures and
 * greed are not kept, as they have no part in that. Errors: ERR_FORMAT where Go refuses the pattern, ERR_LIMIT, ERR_NOMEM. */
int re2_translate(struct span pattern, enum re2_form form, struct buf *out, struct err *err)
	NODISCARD;

#endif
