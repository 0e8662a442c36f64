/* SPDX-License-Identifier: Apache-2.0
 *
 * The characters of YAML and the scanner's cursor. Past the end of the input every byte reads as 0, which cannot occur in it.
 */
#ifndef DOC_YAML_CHARS_H
#define DOC_YAML_CHARS_H

#include "doc/yaml_class.h"
#include "doc/yaml_scan.h"

static inline uint8_t yaml_at(const struct yaml_scan *s, size_t off)
{
	return s->pos + off < s->in.len ? s->in.data[s->pos + off] : 0;
}

static inline bool yaml_end(const struct yaml_scan *s)
{
	return s->pos >= s->in.len;
}

static inline bool yaml_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline size_t yaml_break(const struct yaml_scan *s, size_t off)
{
	return yaml_break_at(s->in, s->pos + off);
}

static inline bool yaml_breakz(const struct yaml_scan *s, size_t off)
{
	return s->pos + off >= s->in.len || yaml_break(s, off);
}

static inline bool yaml_blankz(const struct yaml_scan *s, size_t off)
{
	return yaml_blank(yaml_at(s, off)) || yaml_breakz(s, off);
}

/* Letters, digits, '_' and '-': what names are made of. */
static inline bool yaml_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

/* The value of a hex digit, or -1. */
static inline int yaml_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline int32_t yaml_column(const struct yaml_scan *s)
{
	return (int32_t)(s->pos - s->line_start - s->wide);
}

static inline struct yaml_mark yaml_mark(const struct yaml_scan *s)
{
	return (struct yaml_mark){(uint32_t)s->pos, s->line, yaml_column(s)};
}

/* Over one character that is no line break. */
static inline void yaml_skip(struct yaml_scan *s)
{
	uint8_t c = s->in.data[s->pos];
	size_t width = yaml_width(c);

	if (!yaml_blank(c))
		s->newlines = 0;
	s->pos += width;
	s->wide += width - 1;
}

/* Over one line break. */
static inline void yaml_skip_break(struct yaml_scan *s)
{
	s->pos += yaml_break(s, 0);
	s->line_start = s->pos;
	s->wide = 0;
	s->line++;
	s->newlines++;
}

static inline void yaml_skip_blanks(struct yaml_scan *s)
{
	while (yaml_blank(yaml_at(s, 0)))
		s->pos++;
}

/* "---" or "..." alone at the start of a line. */
static inline bool yaml_document_mark(const struct yaml_scan *s)
{
	uint8_t c = yaml_at(s, 0);

	return s->pos == s->line_start && (c == '-' || c == '.') && yaml_at(s, 1) == c &&
	       yaml_at(s, 2) == c && yaml_blankz(s, 3);
}

#endif
