/* SPDX-License-Identifier: Apache-2.0
 *
 * Bech32: what was accepted is exactly what is written for its parts; and any bytes written for a human-readable part read back equal.
 */
#include "bech32_emit.h"
#include "keys/bech32.h"

#include <assert.h>

enum { TEXT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf again = BUF_INIT(TEXT_MAX), written = BUF_INIT(TEXT_MAX);
	struct span text = span_of(data, size), hrp, bytes;
	uint8_t out[BECH32_TEXT_MAX];
	struct err err = ERR_INIT;
	size_t len;

	if (bech32_decode(text, &hrp, out, sizeof(out), &len, &err) == 0) {
		bech32_emit(hrp, span_of(out, len), &again);
		assert(span_eq(buf_span(&again), text));
	} else {
		assert(err.code == ERR_FORMAT && err.msg[0]);
	}
	bytes = span_sub(text, 0, 2000);
	bech32_emit(size & 1 ? SPAN("age") : SPAN("AGE-SECRET-KEY-"), bytes, &written);
	assert(bech32_decode(buf_span(&written), &hrp, out, sizeof(out), &len, &err) == 0);
	assert(span_eq(span_of(out, len), bytes));
	return 0;
}
