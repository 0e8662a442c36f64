/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer that goes with lib/keys/bech32.c, for tests of what it accepts. It is written down from BIP 173 by itself, with a table and
 * plain branches, so that a mistake in one is not in the other.
 */
#ifndef BECH32_EMIT_H
#define BECH32_EMIT_H

#include "base/buf.h"

#include <ctype.h>

static inline uint32_t bech32_emit_polymod(const uint8_t *values, size_t count)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < count; i++) {
		uint32_t top = sum >> 25;

		sum = ((sum & 0x1ffffff) << 5) ^ values[i];
		if (top & 1)
			sum ^= 0x3b6a57b2;
		if (top & 2)
			sum ^= 0x26508e6d;
		if (top & 4)
			sum ^= 0x1ea119fa;
		if (top & 8)
			sum ^= 0x3d4233dd;
		if (top & 16)
			sum ^= 0x2a1462b3;
	}
	return sum;
}

/* Appends the text for five-bit values, in the case of hrp (lower where it has no letters). */
static inline void bech32_emit_values(struct span hrp, const uint8_t *values, size_t count,
				      struct buf *out)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	CLEAN_BUF struct buf all = BUF_INIT(65536);
	bool upper = false;
	uint32_t sum;
	size_t i;

	for (i = 0; i < hrp.len; i++) {
		upper |= isupper(hrp.data[i]) != 0;
		buf_add_char(&all, (uint8_t)(tolower(hrp.data[i]) >> 5));
	}
	buf_add_char(&all, 0);
	for (i = 0; i < hrp.len; i++)
		buf_add_char(&all, tolower(hrp.data[i]) & 31);
	buf_add(&all, values, count);
	buf_add(&all, "\0\0\0\0\0\0", 6);
	sum = bech32_emit_polymod(all.data, all.len) ^ 1;
	buf_add_span(out, hrp);
	buf_add_char(out, '1');
	for (i = 0; i < count + 6; i++) {
		char c = digits[i < count ? values[i] : (sum >> 5 * (5 - (i - count))) & 31];

		buf_add_char(out, (uint8_t)(upper ? toupper(c) : c));
	}
}

static inline void bech32_emit(struct span hrp, struct span bytes, struct buf *out)
{
	CLEAN_BUF struct buf values = BUF_INIT(65536);
	uint32_t acc = 0, bits = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		acc = (acc << 8 | bytes.data[i]) & 0xffff;
		for (bits += 8; bits >= 5; bits -= 5)
			buf_add_char(&values, acc >> (bits - 5) & 31);
	}
	if (bits)
		buf_add_char(&values, (uint8_t)(acc << (5 - bits)) & 31);
	bech32_emit_values(hrp, values.data, values.len, out);
}

#endif
