/* SPDX-License-Identifier: Apache-2.0
 *
 * What every parser has to survive: nothing at all, a document cut at each length, each bit turned over, one byte too many. Each case
 * lies in a heap block of exactly its size, so that AddressSanitizer sees one byte read too far, and the block is freed before the
 * next case, so that it sees a span kept too long.
 */
#ifndef MANGLE_H
#define MANGLE_H

#include "base/attr.h"
#include "base/span.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

/* Parses input; what it returns tells nothing (accepted or refused). It fails the test itself where an invariant is broken. */
typedef int (*mangle_fn)(struct span input, void *arg);

/* One case of `len` bytes in a block of its own; the caller fills it, then mangle_run() hands it over and frees it. An empty case gets a
 * block of one byte but a length of 0. */
static inline uint8_t *mangle_block(struct span from, size_t len)
{
	uint8_t *block = malloc(len ? len : 1);

	assert_non_null(block);
	if (from.len && len)
		memcpy(block, from.data, from.len < len ? from.len : len);
	return block;
}

static inline void mangle_run(uint8_t *block, size_t len, mangle_fn fn, void *arg)
{
	(void)fn(span_of(block, len), arg);
	free(block);
}

/* fn on: the input as it is, empty (with and without a pointer), every prefix, every single-bit flip, one byte appended (each of a few
 * that parsers stumble over). */
static inline void mangle_all(struct span input, mangle_fn fn, void *arg)
{
	static const uint8_t extra[] = {0x00, '\n', '\r', ' ', '"',  '\\', '#',
					'=',  ']',  '}',  ':', 0x80, 0xff};
	uint8_t *block;
	size_t i, bit;

	(void)fn(SPAN_NULL, arg);
	for (i = 0; i <= input.len; i++)
		mangle_run(mangle_block(input, i), i, fn, arg);
	for (i = 0; i < input.len; i++) {
		for (bit = 0; bit < 8; bit++) {
			block = mangle_block(input, input.len);
			block[i] ^= (uint8_t)(1u << bit);
			mangle_run(block, input.len, fn, arg);
		}
	}
	for (i = 0; i < ARRAY_LEN(extra); i++) {
		block = mangle_block(input, input.len + 1);
		block[input.len] = extra[i];
		mangle_run(block, input.len + 1, fn, arg);
	}
}

#endif
