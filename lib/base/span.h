/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of bytes that somebody else owns. Never NUL-terminated, may hold NUL and bytes that are not UTF-8; data may be NULL only
 * where len is 0.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t len;
};

#define SPAN_NULL ((struct span){NULL, 0})

/* A span over a string literal, without its NUL. */
#define SPAN(literal) ((struct span){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){data, len};
}

static inline struct span span_str(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

static inline bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

static inline bool span_ends(struct span s, struct span suffix)
{
	return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.data + s.len - suffix.len,
								 suffix.data, suffix.len) == 0);
}

/* The part from `from` on, at most len bytes of it; both are clamped to what is there. */
static inline struct span span_sub(struct span s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct span){s.data ? s.data + from : NULL, len};
}

static inline struct span span_from(struct span s, size_t from)
{
	return span_sub(s, from, SIZE_MAX);
}

/* Offset of the first c at or after from, or s.len. */
static inline size_t span_find(struct span s, size_t from, uint8_t c)
{
	const uint8_t *hit = from < s.len ? memchr(s.data + from, c, s.len - from) : NULL;

	return hit ? (size_t)(hit - s.data) : s.len;
}

/* Offset of the first needle, or SIZE_MAX. */
static inline size_t span_search(struct span s, struct span needle)
{
	const uint8_t *hit = s.len ? memmem(s.data, s.len, needle.data, needle.len) : NULL;

	return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

#endif
