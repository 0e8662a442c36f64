/* SPDX-License-Identifier: Apache-2.0
 *
 * base64 by each rule: what is refused leaves the output alone; what is accepted encodes and decodes to the same bytes, and by the strict rules,
 * which skip nothing, encodes to the same text.
 */
#include "base/text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum base64_rule rules[] = {BASE64_GO, BASE64_STRICT, BASE64_RAW_STRICT};
	struct span text = span_of(data, size);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++) {
		CLEAN_BUF struct buf bytes = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
		CLEAN_BUF struct buf back = BUF_INIT(1 << 20);
		bool padded = rules[i] != BASE64_RAW_STRICT;

		buf_add_str(&bytes, "<");
		if (base64_decode(rules[i], text, &bytes) < 0) {
			assert(span_is(buf_span(&bytes), "<"));
			continue;
		}
		base64_encode(span_from(buf_span(&bytes), 1), padded, &again);
		assert(rules[i] == BASE64_GO || span_eq(buf_span(&again), text));
		assert(base64_decode(rules[i], buf_span(&again), &back) == 0);
		assert(span_eq(buf_span(&back), span_from(buf_span(&bytes), 1)));
	}
	return 0;
}
