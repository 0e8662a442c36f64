/* SPDX-License-Identifier: Apache-2.0
 *
 * The classes of characters that reader and writer share. go-yaml: yamlprivateh.go
 */
#ifndef DOC_YAML_CLASS_H
#define DOC_YAML_CLASS_H

#include "base/span.h"

/* Bytes of the character that begins with c. */
static inline size_t yaml_width(uint8_t c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* The width in bytes of the line break at text[i] (CR LF, CR, LF, NEL, LS, PS), or 0. */
static inline size_t yaml_break_at(struct span text, size_t i)
{
	size_t left = i < text.len ? text.len - i : 0;
	const uint8_t *c;

	if (!left)
		return 0;
	c = text.data + i;
	if (*c == '\n')
		return 1;
	if (*c == '\r')
		return left > 1 && c[1] == '\n' ? 2 : 1;
	if (*c == 0xC2)
		return left > 1 && c[1] == 0x85 ? 2 : 0;
	if (*c == 0xE2)
		return left > 2 && c[1] == 0x80 && (c[2] & 0xFE) == 0xA8 ? 3 : 0;
	return 0;
}

/* What go-yaml's emitter writes without an escape, of valid UTF-8: not TAB, not CR, nothing above U+FFFF, no byte order mark. */
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
