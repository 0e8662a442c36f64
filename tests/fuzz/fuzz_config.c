/* SPDX-License-Identifier: Apache-2.0
 *
 * functionConfig, of every kind: what is refused is told; what is accepted means one thing, and reading it again gives the same.
 */
#include "config.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct config *a, const struct config *b)
{
	size_t i;

	assert(a->source == b->source && a->mode == b->mode && a->disabled == b->disabled);
	assert(a->mode <= CONFIG_VALIDATE && a->kind_count <= CONFIG_KINDS_MAX);
	assert(a->flux == b->flux && a->string_data == b->string_data);
	assert(a->allow_plaintext == b->allow_plaintext && a->kind_count == b->kind_count);
	assert(span_eq(a->secret, b->secret) && span_eq(a->ns, b->ns) && span_eq(a->mac, b->mac));
	assert(a->source == CONFIG_OURS || a->source == CONFIG_MAP || !a->allow_plaintext);
	for (i = 0; i < a->kind_count; i++)
		assert(a->kinds[i].len > 0 && span_eq(a->kinds[i], b->kinds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_CONFIG struct config config = CONFIG_INIT, again = CONFIG_INIT;
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	int r;

	if (doc_read(DOC_YAML, span_of(data, size), &doc, &err) < 0)
		return 0;
	if (config_read(doc.first, &config, &err) < 0) {
		assert((err.code == ERR_USAGE || err.code == ERR_LIMIT) && err.msg[0]);
		return 0;
	}
	r = config_read(doc.first, &again, &err);
	assert(r == 0);
	check(&config, &again);
	return 0;
}
