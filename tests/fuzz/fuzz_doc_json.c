/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON: what was accepted prints, and reads back as the same tree, which prints the same again. As in sops, a float without fraction can come
 * back as an integer, so that -0.0 loses its sign the second time.
 */
#include "doc/doc_json.h"

#include <assert.h>

enum { OUT_MAX = 1 << 26 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_number(const struct doc_node *a, const struct doc_node *b)
{
	if (b->kind == DOC_INT)
		return a->number == (double)b->integer;
	return memcmp(&a->number, &b->number, sizeof(a->number)) == 0;
}

/* False where a negative zero was among them. */
static bool compare(const struct doc_node *a, const struct doc_node *b)
{
	bool exact = true;

	for (; a && b; a = a->next, b = b->next) {
		assert(a->kind == b->kind || (a->kind == DOC_FLOAT && b->kind == DOC_INT));
		assert(span_eq(a->key, b->key) && !a->key.data == !b->key.data);
		assert(a->depth == b->depth && a->line > 0);
		if (a->kind == DOC_MAP || a->kind == DOC_LIST)
			exact &= compare(a->kids.first, b->kids.first);
		else if (a->kind == DOC_STRING)
			assert(span_eq(a->str, b->str));
		else if (a->kind == DOC_INT)
			assert(a->integer == b->integer);
		else if (a->kind == DOC_FLOAT)
			assert(same_number(a, b));
		else if (a->kind == DOC_BOOL)
			assert(a->boolean == b->boolean);
		else
			assert(a->kind == DOC_NULL);
		exact &= a->kind != DOC_FLOAT || a->number != 0 || !__builtin_signbit(a->number);
	}
	assert(!a && !b);
	return exact;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DOC struct doc doc = DOC_INIT, again = DOC_INIT;
	CLEAN_BUF struct buf once = BUF_INIT(OUT_MAX), twice = BUF_INIT(OUT_MAX);
	const struct doc_style style = {0};
	struct err err = ERR_INIT;
	int r;

	if (doc_json_read(span_of(data, size), &doc, &err) < 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		assert(!doc.first);
		return 0;
	}
	r = doc_json_write(&doc, &style, &once, &err);
	assert(r == 0);
	r = doc_json_read(buf_span(&once), &again, &err);
	assert(r == 0);
	bool exact = compare(doc.first, again.first);
	r = doc_json_write(&again, &style, &twice, &err);
	assert(r == 0 && (!exact || span_eq(buf_span(&once), buf_span(&twice))));
	(void)r;
	(void)exact;
	return 0;
}
