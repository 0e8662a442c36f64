/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns of RE2 syntax, as Go's regexp takes them: what the rules of a document and of .sops.yaml are written in.
 */
#ifndef SOPS_REGEX_H
#define SOPS_REGEX_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct regex;

/* What matching has cost a whole run, over all its patterns: they and what they are matched with come from documents, so all of it together has a
 * bound. Begins as zeros. */
struct regex_work {
	uint64_t spent; /* nanoseconds, of matches that took unusually long */
};

/* work: the run's, which must outlive the regex; NULL: a bound for this pattern alone. Errors, which name the pattern: ERR_FORMAT for one that RE2 does not take, ERR_UNSUPPORTED for a script that this PCRE2 does not know,
 * ERR_LIMIT, ERR_NOMEM. */
int regex_compile(struct span pattern, struct regex_work *work, struct regex **ret_regex,
		  struct err *err) NODISCARD;

/* Is there a match anywhere in subject? Bytes that are not UTF-8 count as U+FFFD. Errors: ERR_LIMIT, also where the run's
 * work is spent; ERR_NOMEM. */
int regex_match(const struct regex *regex, struct span subject, bool *ret_match, struct err *err)
	NODISCARD;

/* The pattern that it was made of. */
struct span regex_text(const struct regex *regex);

/* NULL is fine. */
void regex_free(struct regex *regex);

#endif
