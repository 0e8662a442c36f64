/* SPDX-License-Identifier: Apache-2.0
 *
 * The metadata block in each layout (the first byte chooses): what is accepted is whole, and a second reading of the same bytes says the same.
 */
#include "sops/sops_meta.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_keys(const struct sops_meta *meta)
{
	const struct sops_group *group;
	const struct sops_key *key;
	size_t groups = 0, keys = 0, all = 0;

	for (group = meta->groups; group; group = group->next, groups++) {
		keys = 0;
		for (key = group->keys; key; key = key->next, keys++) {
			assert(!key->next || key->type <= key->next->type);
			assert(key->type == SOPS_KEY_KMS || !key->context);
			assert(!key->context || key->context->kind == DOC_MAP);
		}
		assert(keys == group->count);
		all += keys;
	}
	assert(groups == meta->group_count && groups > 0);
	return all;
}

static bool take(enum doc_format format, struct span text, struct sops_meta *meta, struct doc *doc)
{
	struct err err = ERR_INIT;

	if (doc_read(format, text, doc, &err) < 0 || sops_meta_take(doc, format, meta, &err) < 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return false;
	}
	assert(format == DOC_DOTENV || !doc_get(doc->first, "sops"));
	assert(meta->rule_text.len && meta->version.len && meta->shamir_threshold >= 0);
	assert(meta->mac.len || !meta->mac.data);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum doc_format formats[] = {DOC_JSON, DOC_DOTENV, DOC_INI, DOC_YAML};
	CLEAN_DOC struct doc first = DOC_INIT;
	CLEAN_DOC struct doc second = DOC_INIT;
	struct sops_meta one, two;
	enum doc_format format;
	struct span text;

	if (!size)
		return 0;
	format = formats[data[0] % ARRAY_LEN(formats)];
	text = span_of(data + 1, size - 1);
	if (!take(format, text, &one, &first))
		return 0;
	assert(take(format, text, &two, &second));
	assert(count_keys(&one) == count_keys(&two));
	assert(one.rule == two.rule && span_eq(one.rule_text, two.rule_text));
	assert(span_eq(one.mac, two.mac) && span_eq(one.version, two.version));
	assert(one.lastmodified.seconds == two.lastmodified.seconds);
	return 0;
}
