/* SPDX-License-Identifier: Apache-2.0
 *
 * Trimming of Unicode white space; see white.h.
 */
#include "doc/white.h"

#include "base/text.h"

enum { WHITE_UTF8_MAX = 3 /* bytes of the longest white character */ };

/* The property White_Space, which has not changed since Unicode 6.3. */
static bool is_white(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

struct span white_trim_left(struct span s)
{
	size_t at = 0, len;
	uint32_t code;

	while (at < s.len) {
		len = utf8_next(s, at, &code);
		if (!len || !is_white(code))
			break;
		at += len;
	}
	return span_from(s, at);
}

/* Bytes of the white character that s ends with, 0 where there is none. A character's last byte can not be a whole other character, so
 * at most one length fits. */
static size_t white_tail(struct span s)
{
	size_t len;
	uint32_t code;

	for (len = 1; len <= WHITE_UTF8_MAX && len <= s.len; len++) {
		if (utf8_next(s, s.len - len, &code) == len)
			return is_white(code) ? len : 0;
	}
	return 0;
}

struct span white_trim_right(struct span s)
{
	size_t tail;

	while ((tail = white_tail(s)) > 0)
		s.len -= tail;
	return s;
}

struct span white_trim(struct span s)
{
	return white_trim_right(white_trim_left(s));
}
