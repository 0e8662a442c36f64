/* SPDX-License-Identifier: Apache-2.0
 *
 * age headers: there is one way to write one, so what was accepted is exactly what would be written for its parts.
 */
#include "age_emit.h"

#include <assert.h>

enum { OUT_MAX = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(OUT_MAX);
	CLEAN_BUF struct buf again = BUF_INIT(OUT_MAX);
	struct age_header header;
	struct err err = ERR_INIT;

	if (age_header_parse(span_of(data, size), &arena, &header, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_LIMIT) && err.msg[0]);
		return 0;
	}
	assert(header.covered.len + header.payload.len < size);
	if (!age_emit_header(&header, &again))
		return 0;
	buf_add_span(&again, header.payload);
	assert(span_eq(buf_span(&again), span_of(data, size)));
	return 0;
}
