/* SPDX-License-Identifier: Apache-2.0
 *
 * INI: what was accepted prints; sections and keys have names, a key comes once in its section. Where the tree is made of harmless text
 * only (the printer's quoting does not undo all that the reader takes away, as in sops), it reads back as the same tree.
 */
#include "doc/doc_ini.h"

#include <assert.h>

enum { OUT_MAX = 1 << 24, KEYS_COMPARED = 64 /* of one section: the comparison is quadratic */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool harmless(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.')
			return false;
	}
	return true;
}

static bool check(const struct doc *doc)
{
	const struct doc_node *section, *entry, *other;
	bool all = true;
	size_t n;

	doc_each (section, doc->first) {
		assert(section->kind == DOC_MAP && section->key.len);
		all = all && harmless(section->key);
		n = 0;
		doc_each (entry, section) {
			/* An empty comment is not printed. */
			all = all && harmless(entry->key) && harmless(entry->str) &&
			      (entry->key.len || entry->str.len);
			assert(entry->key.len ? entry->kind == DOC_STRING
					      : entry->kind == DOC_COMMENT);
			for (other = entry->next; other && entry->key.len && n < KEYS_COMPARED;
			     other = other->next)
				assert(!span_eq(entry->key, other->key));
			n++;
		}
	}
	return all;
}

static void compare(const struct doc_node *a, const struct doc_node *b)
{
	for (; a && b; a = a->next, b = b->next) {
		assert(a->kind == b->kind && span_eq(a->key, b->key));
		if (a->kind == DOC_MAP)
			compare(a->kids.first, b->kids.first);
		else
			assert(span_eq(a->str, b->str));
	}
	assert(!a && !b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DOC struct doc doc = DOC_INIT, again = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	const struct doc_node *first;
	struct err err = ERR_INIT;
	int r;

	if (doc_ini_read(span_of(data, size), &doc, &err) < 0) {
		assert(err.code == ERR_FORMAT);
		return 0;
	}
	r = doc_ini_write(&doc, &out, &err);
	assert(r == 0);
	if (!check(&doc))
		return 0;
	r = doc_ini_read(buf_span(&out), &again, &err);
	assert(r == 0);
	/* The DEFAULT that every document has is printed only where it has keys. */
	first = doc.first->kids.first;
	if (first->kids.first) {
		compare(first, again.first->kids.first);
	} else {
		assert(!again.first->kids.first->kids.first);
		compare(first->next, again.first->kids.first->next);
	}
	(void)r;
	return 0;
}
