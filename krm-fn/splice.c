/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of edits and its application; see splice.h.
 */
#include "splice.h"

#include "base/wipe.h"

#include <stdlib.h>

enum { EDITS_FIRST = 64 };

static int reserve(struct splice *splice, struct err *err)
{
	size_t cap = splice->cap ? splice->cap * 2 : EDITS_FIRST;
	struct splice_edit *edits;

	if (splice->count < splice->cap)
		return 0;
	edits = calloc(cap, sizeof(*edits));
	if (!edits)
		return err_nomem(err);
	if (splice->count)
		memcpy(edits, splice->edits, splice->count * sizeof(*edits));
	wipe_free(splice->edits, splice->cap * sizeof(*edits));
	splice->edits = edits;
	splice->cap = cap;
	return 0;
}

size_t splice_begin(const struct splice *splice)
{
	return splice->text.len;
}

int splice_end(struct splice *splice, size_t start, size_t end, size_t begin, struct err *err)
{
	if (buf_check(&splice->text, err) < 0)
		return -1;
	if (start > end || end > splice->source.len)
		return err_set(err, ERR_BUG, "an edit lies outside of its source");
	if (reserve(splice, err) < 0)
		return -1;
	if (splice->text.len == begin && splice->removals == splice->count &&
	    (!splice->count || splice->edits[splice->count - 1].end <= start))
		splice->removals++;
	splice->edits[splice->count++] = (struct splice_edit){
		.start = start, .end = end, .from = begin, .len = splice->text.len - begin};
	return 0;
}

int splice_replace(struct splice *splice, size_t start, size_t end, struct span text,
		   struct err *err)
{
	size_t begin = splice_begin(splice);

	buf_add_span(&splice->text, text);
	return splice_end(splice, start, end, begin, err);
}

/* By place; two at one place keep the order in which they were made (an insertion before what replaces). */
static int by_place(const void *a, const void *b)
{
	const struct splice_edit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

int splice_apply(struct splice *splice, struct buf *out, struct err *err)
{
	struct span source = splice->source;
	size_t at = 0, i, total = source.len + splice->text.len;
	struct span text = buf_span(&splice->text);

	if (splice->count)
		qsort(splice->edits, splice->count, sizeof(*splice->edits), by_place);
	if (total >= source.len)
		(void)buf_room(out, total); /* one allocation: an upper bound of the result */
	for (i = 0; i < splice->count; i++) {
		const struct splice_edit *edit = &splice->edits[i];

		if (edit->start < at)
			return err_set(err, ERR_BUG, "two edits of one place");
		buf_add_span(out, span_sub(source, at, edit->start - at));
		buf_add_span(out, span_sub(text, edit->from, edit->len));
		at = edit->end;
	}
	buf_add_span(out, span_from(source, at));
	splice->count = splice->removals = 0;
	buf_reset(&splice->text);
	return buf_check(out, err);
}

size_t splice_skip_removals(const struct splice *splice, size_t at)
{
	size_t low = 0, high = splice->removals;

	while (low < high) { /* the first that ends behind `at` */
		size_t mid = low + (high - low) / 2;

		if (splice->edits[mid].end <= at)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < splice->removals && splice->edits[low].start <= at; low++)
		at = splice->edits[low].end;
	return at;
}

size_t splice_line_start(struct span source, size_t at)
{
	while (at > 0 && source.data[at - 1] != '\n' && source.data[at - 1] != '\r')
		at--;
	/* A byte order mark is no part of the first line. */
	if (at == 0 && span_starts(source, SPAN("\xef\xbb\xbf")))
		at = 3;
	return at;
}

size_t splice_line_end(struct span source, size_t at)
{
	while (at < source.len && source.data[at] != '\n' && source.data[at] != '\r')
		at++;
	if (at < source.len && source.data[at++] == '\r' && at < source.len &&
	    source.data[at] == '\n')
		at++;
	return at;
}

void splice_release(struct splice *splice)
{
	if (!splice)
		return;
	wipe_free(splice->edits, splice->cap * sizeof(*splice->edits));
	splice->edits = NULL;
	splice->count = splice->cap = splice->removals = 0;
	buf_release(&splice->text);
}
