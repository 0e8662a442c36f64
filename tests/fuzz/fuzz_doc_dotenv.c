/* SPDX-License-Identifier: Apache-2.0
 *
 * dotenv: what was accepted prints, reads back, and prints the same bytes; and the tree read back is the same entry by entry.
 */
#include "doc/doc_dotenv.h"

#include <assert.h>

enum { OUT_MAX = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DOC struct doc doc = DOC_INIT, again = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX), out_again = BUF_INIT(OUT_MAX);
	const struct doc_node *a, *b;
	struct err err = ERR_INIT;
	int r;

	if (doc_dotenv_read(span_of(data, size), &doc, &err) < 0) {
		assert(err.code == ERR_FORMAT);
		return 0;
	}
	r = doc_dotenv_write(&doc, &out, &err);
	assert(r == 0);
	r = doc_dotenv_read(buf_span(&out), &again, &err);
	assert(r == 0);
	r = doc_dotenv_write(&again, &out_again, &err);
	assert(r == 0 && span_eq(buf_span(&out), buf_span(&out_again)));
	for (a = doc.first->kids.first, b = again.first->kids.first; a && b;
	     a = a->next, b = b->next)
		assert(a->kind == b->kind && span_eq(a->key, b->key) && span_eq(a->str, b->str));
	assert(!a && !b);
	(void)r;
	return 0;
}
