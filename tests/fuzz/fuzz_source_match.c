/* SPDX-License-Identifier: Apache-2.0
 *
 * An item and its source: a document of one branch is its own source; with one ciphertext taken out, or emptied, it is not any more.
 */
#include "leaves.h"
#include "source_match.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first whole ciphertext outside of `sops`. */
static struct doc_node *find_token(struct doc_node *node, bool top)
{
	struct doc_node *kid, *found;

	if (node->kind != DOC_MAP && node->kind != DOC_LIST)
		return leaf_is_token(node) ? node : NULL;
	doc_each (kid, node) {
		if (top && kid->key.data && span_is(kid->key, "sops"))
			continue;
		found = kid->kind == DOC_COMMENT ? NULL : find_token(kid, false);
		if (found)
			return found;
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DOC struct doc file = DOC_INIT, item = DOC_INIT;
	struct source_doc source = {.doc = &file, .format = DOC_YAML, .path = "file"};
	struct sops_meta meta = {.groups = NULL};
	struct doc_node *token;
	struct err err = ERR_INIT;
	int r;

	if (doc_read(DOC_YAML, span_of(data, size), &file, &err) < 0 || !file.first ||
	    file.first->next || sops_meta_take(&file, DOC_YAML, &meta, &err) < 0)
		return 0;
	r = doc_read(DOC_YAML, span_of(data, size), &item, &err);
	assert(r == 0);
	source.meta = &meta;
	r = source_match(&source, item.first, &err);
	assert(r == 0);
	token = find_token(item.first, true);
	if (!token)
		return 0;
	token->str = SPAN("");
	r = source_match(&source, item.first, &err);
	assert(r == 1 && err.code == ERR_MAC);
	return 0;
}
