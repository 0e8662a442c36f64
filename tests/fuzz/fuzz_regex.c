/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns: the first byte is the pattern's length, the rest is the subject. A pattern is taken, refused, or past a limit, never a bug of the
 * translation; and whether it matches somewhere is the same whether it is searched for or spelled out from the subject's start to its end.
 */
#include "base/buf.h"
#include "sops/regex.h"

#include <assert.h>

enum { WRAPPED_MAX = 1024, UNKNOWN = -1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1, 0, or UNKNOWN. */
static int match_of(struct span pattern, struct span subject, bool must_compile)
{
	struct regex *regex = NULL;
	struct err err = ERR_INIT;
	bool match = false;
	int r;

	if (regex_compile(pattern, NULL, &regex, &err) < 0) {
		assert(err.code == ERR_LIMIT || err.code == ERR_UNSUPPORTED ||
		       (err.code == ERR_FORMAT && !must_compile));
		return UNKNOWN;
	}
	r = regex_match(regex, subject, &match, &err);
	assert(r == 0 || err.code == ERR_LIMIT);
	regex_free(regex);
	return r < 0 ? UNKNOWN : match;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf wrapped = BUF_INIT(WRAPPED_MAX);
	struct span input = span_of(data, size), pattern, subject;
	int found, spelled;

	if (!size)
		return 0;
	pattern = span_sub(input, 1, data[0]);
	subject = span_from(input, 1 + (size_t)data[0]);
	found = match_of(pattern, subject, false);
	/* What \Q opens would go on over the group's end. */
	if (found == UNKNOWN || span_search(pattern, SPAN("\\Q")) != SIZE_MAX)
		return 0;
	buf_add_str(&wrapped, "\\A(?s:.*)(?:");
	buf_add_span(&wrapped, pattern);
	buf_add_str(&wrapped, ")(?s:.*)\\z");
	spelled = match_of(buf_span(&wrapped), subject, true);
	assert(spelled == UNKNOWN || spelled == found);
	return 0;
}
