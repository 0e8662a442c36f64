/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns of any kind, the first line being the path that they are asked about. A last pattern for everything decides.
 */
#include "flux_ignore.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_FLUX_IGNORE struct flux_ignore ignore = FLUX_IGNORE_INIT;
	struct span text = span_of(data, size);
	size_t end = span_find(text, 0, '\n');
	struct span path = span_sub(text, 0, end);
	struct err err = ERR_INIT;
	bool plain = path.len && path.data[0] != '/';

	assert(flux_ignore_add(&ignore, span_from(text, end), span_of("", 0), &err) == 0);
	assert(flux_ignore_end(&ignore, &err) == 0);
	(void)flux_ignore_has(&ignore, path);
	assert(flux_ignore_add(&ignore, SPAN("*\n"), span_of("", 0), &err) == 0);
	assert(!plain || flux_ignore_has(&ignore, path));
	assert(flux_ignore_add(&ignore, SPAN("!*\n"), span_of("", 0), &err) == 0);
	assert(!flux_ignore_has(&ignore, path));
	return 0;
}
