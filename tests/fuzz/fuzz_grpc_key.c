/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to sops's key service: what is accepted is a key of a known type whose texts lie in the request, and reading it again gives the same.
 */
#include "grpc_key.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct span part, const uint8_t *data, size_t size)
{
	return part.len == 0 || (part.data >= data && part.data + part.len <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DOC struct doc doc = DOC_INIT, doc_again = DOC_INIT;
	struct sops_key key, again;
	struct err err = ERR_INIT;

	if (grpc_key_read(span_of(data, size), &doc, &key, &err) < 0) {
		assert(err.code != ERR_NONE);
		return 0;
	}
	assert(key.type < SOPS_KEY_TYPES);
	assert(inside(key.enc, data, size) && inside(key.id, data, size) &&
	       inside(key.address, data, size));
	assert(!key.context || key.type == SOPS_KEY_KMS);
	assert(grpc_key_read(span_of(data, size), &doc_again, &again, &err) == 0);
	assert(again.type == key.type && span_eq(again.enc, key.enc) && span_eq(again.id, key.id));
	return 0;
}
