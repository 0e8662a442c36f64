/* SPDX-License-Identifier: Apache-2.0
 *
 * ENC[...] text: what is taken apart has parts that lie in the text in their order and are put together to it again; nothing opens under a
 * key that sealed nothing.
 */
#include "sops/sops_value.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(struct span text, const struct sops_value *value)
{
	CLEAN_BUF struct buf again = BUF_INIT(SOPS_VALUE_SCRATCH_MAX);
	size_t end;

	assert(value->data.len && value->nonce.len && value->tag.len);
	assert(value->data.data + value->data.len < value->nonce.data);
	assert(value->nonce.data + value->nonce.len < value->tag.data);
	buf_add_str(&again, "ENC[AES256_GCM,data:");
	buf_add_span(&again, value->data);
	buf_add_str(&again, ",iv:");
	buf_add_span(&again, value->nonce);
	buf_add_str(&again, ",tag:");
	buf_add_span(&again, value->tag);
	buf_add_str(&again, ",type:");
	assert(!again.bad && span_starts(text, buf_span(&again)));
	for (end = text.len; text.data[end - 1] != ']'; end--)
		assert(memchr(" \t\r\n", text.data[end - 1], 4));
	assert(!memchr(text.data, '\n', end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[GCM_KEY_LEN] = {1};
	static struct gcm *gcm;
	struct arena arena = ARENA_INIT(DOC_ARENA_MAX);
	struct sops_value_opener opener = {.scratch = BUF_INIT(SOPS_VALUE_SCRATCH_MAX),
					   .arena = &arena};
	struct span text = span_of(data, size);
	struct doc_node node = {.kind = DOC_NULL};
	struct sops_value value;
	struct err err = ERR_INIT;
	bool parsed;

	if (!gcm && (gcm_new(&gcm, &err) < 0 || gcm_set_key(gcm, key, &err) < 0))
		return 0;
	opener.gcm = gcm;
	parsed = sops_value_parse(text, &value, &err) == 0;
	if (parsed)
		check_parts(text, &value);
	assert(!parsed || sops_value_is(text));
	if (sops_value_open(&opener, text, SPAN("a:"), &node, &err) == 0)
		assert(size == 0 && node.kind == DOC_STRING && node.str.len == 0);
	else
		assert(err.code == ERR_VALUE && node.kind == DOC_NULL);
	buf_release(&opener.scratch);
	arena_release(&arena);
	return 0;
}
