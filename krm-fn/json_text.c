/* SPDX-License-Identifier: Apache-2.0
 *
 * Double-quoted strings; see json_text.h.
 */
#include "json_text.h"

#include "base/text.h"

/* A character that stands as it is inside double quotes. YAML's printable characters are fewer than JSON's (YAML 1.1, section 5.1); its line
 * breaks NEL, LS and PS are escaped too, as it would fold them. */
static bool is_plain(uint32_t c)
{
	if (c < 0x80)
		return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
	return c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

static void add_escape(uint32_t c, struct buf *out)
{
	static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
	const char *hit = c && c < 0x80 ? strchr(from, (int)c) : NULL;

	if (hit) {
		buf_add_char(out, '\\');
		buf_add_char(out, (uint8_t)to[hit - from]);
	} else {
		buf_printf(out, "\\u%04x", (unsigned)c);
	}
}

static int add(struct span s, bool lossy, struct buf *out)
{
	uint32_t c;
	size_t at, len;

	buf_add_char(out, '"');
	for (at = 0; at < s.len; at += len) {
		len = utf8_next(s, at, &c);
		if (!len && !lossy)
			return -1;
		if (!len) {
			buf_add_char(out, '?');
			len = 1;
		} else if (is_plain(c)) {
			buf_add(out, s.data + at, len);
		} else {
			add_escape(c, out);
		}
	}
	buf_add_char(out, '"');
	return 0;
}

int json_text_add(struct span s, struct buf *out)
{
	return add(s, false, out);
}

void json_text_add_lossy(struct span s, struct buf *out)
{
	(void)add(s, true, out);
}
