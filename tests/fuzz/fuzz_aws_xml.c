/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers of STS: what is found in an answer is found in no answer that was cut before the end of that text, and nothing is left behind where
 * nothing is found.
 */
#include "keys/aws_xml.h"

#include <assert.h>

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_BUF struct buf cut = BUF_INIT(OUT_MAX);
	size_t end = size;

	if (!aws_xml_text(span_of(data, size), "Credentials", "SessionToken", &out)) {
		assert(out.len == 0);
		return 0;
	}
	while (end > 0 && data[end - 1] != '>')
		end--;
	assert(end > 0);
	assert(!aws_xml_text(span_of(data, end - 1), "Credentials", "SessionToken", &cut));
	assert(cut.len == 0);
	return 0;
}
