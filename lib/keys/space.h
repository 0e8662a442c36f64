/* SPDX-License-Identifier: Apache-2.0
 *
 * White space as Go's unicode.IsSpace has it: armor and key lists that people paste may hold any of it.
 */
#ifndef KEYS_SPACE_H
#define KEYS_SPACE_H

#include "base/text.h"

/* The length of the white-space character at s.data[at], or 0 where there is none. at must be < s.len. */
static inline size_t space_at(struct span s, size_t at)
{
	uint32_t code;
	size_t len = utf8_next(s, at, &code);

	if (len && ((code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 ||
		    code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
		    code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000))
		return len;
	return 0;
}

static inline bool space_only(struct span s)
{
	size_t at, len;

	for (at = 0; at < s.len; at += len) {
		len = space_at(s, at);
		if (!len)
			return false;
	}
	return true;
}

#endif
