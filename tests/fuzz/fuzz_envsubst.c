/* SPDX-License-Identifier: Apache-2.0
 *
 * Substitution of any text. What has no dollar sign stays; the same text twice gives the same; what comes out has no value that was not asked for.
 */
#include "envsubst.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lookup(const void *cookie, struct span name, struct span *ret_value)
{
	*ret_value = SPAN("value/a.b");
	return name.len % 2 == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct envsubst envsubst = {.lookup = lookup, .strict = size % 2 == 1};
	CLEAN_BUF struct buf one = BUF_INIT(1024 * 1024), two = BUF_INIT(1024 * 1024);
	struct span text = span_of(data, size);
	struct err err = ERR_INIT;
	int r = envsubst_run(&envsubst, text, &one, &err);

	assert(r == envsubst_run(&envsubst, text, &two, &err));
	assert(r < 0 || span_eq(buf_span(&one), buf_span(&two)));
	if (span_find(text, 0, '$') == size && span_find(text, 0, '\0') == size)
		assert(r == 0 && span_eq(buf_span(&one), text));
	return 0;
}
