/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML: what was accepted has every value where it says it is, so that each can be replaced in the text without harm to the others; a
 * refusal says why. What is made of plain entries only (no comments, aliases, tags or texts of several lines, which sops's layout does
 * not bring back in each case) prints, reads back, and prints the same again.
 */
#include "yaml_tree.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_break(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (yaml_break_at(s, i))
			return true;
	}
	return false;
}

static bool is_plain(const struct doc_node *node)
{
	const struct doc_node *kid;

	if ((node->flags & DOC_KEY_BAD) || has_break(node->key) || span_is(node->key, "<<"))
		return false;
	if (node->kind == DOC_STRING)
		return !has_break(node->str);
	if (node->kind != DOC_MAP && node->kind != DOC_LIST)
		return true;
	doc_each (kid, node) {
		if (!is_plain(kid))
			return false;
	}
	return true;
}

static void prints_the_same_again(const struct doc *doc)
{
	CLEAN_BUF struct buf once = BUF_INIT(YAML_TREE_MAX), twice = BUF_INIT(YAML_TREE_MAX);
	CLEAN_DOC struct doc again = DOC_INIT;
	const struct doc_style style = {0};
	const struct doc_node *branch;
	struct err err = ERR_INIT;
	int r;

	for (branch = doc->first; branch; branch = branch->next) {
		if (!is_plain(branch))
			return;
	}
	r = doc_yaml_write(doc, &style, &once, &err);
	assert(r == 0);
	r = doc_yaml_read(buf_span(&once), &again, &err);
	assert(r == 0);
	r = doc_yaml_write(&again, &style, &twice, &err);
	assert(r == 0);
	assert(span_eq(buf_span(&once), buf_span(&twice)));
	(void)r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	if (doc_yaml_read(text, &doc, &err) < 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		assert(err.msg[0] && !doc.first);
		return 0;
	}
	if (yaml_tree_places(text, &doc) || yaml_tree_splices(text, &doc))
		abort();
	if (size && !memchr(data, '#', size) && !memchr(data, '*', size) &&
	    !memchr(data, '!', size))
		prints_the_same_again(&doc);
	return 0;
}
