/* SPDX-License-Identifier: Apache-2.0
 *
 * The classes of characters that go-yaml's emitter knows, on valid UTF-8. go-yaml: yamlprivateh.go
 */
#ifndef DOC_YAML_CHAR_H
#define DOC_YAML_CHAR_H

#include "base/span.h"

/* Bytes of the character that begins with c. */
static inline size_t yaml_width(uint8_t c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* U+0085, U+2028 and U+2029, the line breaks beyond ASCII; data has the whole character. */
static inline bool yaml_is_wide_break(const uint8_t *data)
{
	return (data[0] == 0xc2 && data[1] == 0x85) ||
	       (data[0] == 0xe2 && data[1] == 0x80 && (data[2] == 0xa8 || data[2] == 0xa9));
}

static inline bool yaml_is_break(const uint8_t *data)
{
	return data[0] == '\n' || data[0] == '\r' || (data[0] >= 0x80 && yaml_is_wide_break(data));
}

/* Not TAB, not CR, nothing above U+FFFF, no byte order mark. */
static inline bool yaml_is_printable(const uint8_t *data)
{
	uint8_t c = data[0];

	if (c < 0x80)
		return (c >= 0x20 && c < 0x7f) || c == '\n';
	if (c == 0xc2)
		return data[1] >= 0xa0;
	if (c == 0xef)
		return !(data[1] == 0xbb && data[2] == 0xbf) &&
		       !(data[1] == 0xbf && data[2] >= 0xbe);
	return c < 0xf0;
}

#endif
