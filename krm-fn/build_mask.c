/* SPDX-License-Identifier: Apache-2.0
 *
 * Secrets in text; see build_mask.h.
 */
#include "build_mask.h"

#include "json_text.h"

#include <stdlib.h>

/* What is looked for: within lines, and as whole lines, which are sorted. */
struct forms {
	struct arena arena;
	struct span *texts, *lines;
	size_t text_count, line_count;
};

#define FORMS_INIT                                              \
	{                                                       \
		.arena = ARENA_INIT((size_t)1024 * 1024 * 1024) \
	}

enum { STYLES = 3 /* as it is, in single quotes, in double quotes */ };

static void forms_release(struct forms *forms)
{
	arena_release(&forms->arena);
}

static bool counts(struct span secret)
{
	return secret.len >= BUILD_DIFF_SECRET_MIN && !span_is(secret, "true") &&
	       !span_is(secret, "false");
}

static struct span trim(struct span line)
{
	while (line.len && (line.data[0] == ' ' || line.data[0] == '\t'))
		line = span_from(line, 1);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int add_text(struct forms *forms, struct span text, struct err *err)
{
	if (arena_dup(&forms->arena, text, &forms->texts[forms->text_count], err) < 0)
		return -1;
	forms->text_count++;
	return 0;
}

static int add_single_quoted(struct forms *forms, struct span secret, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	size_t i;

	if (span_find(secret, 0, '\'') == secret.len)
		return 0;
	for (i = 0; i < secret.len; i++) {
		buf_add_char(&text, secret.data[i]);
		if (secret.data[i] == '\'')
			buf_add_char(&text, '\'');
	}
	return buf_check(&text, err) < 0 ? -1 : add_text(forms, buf_span(&text), err);
}

static int add_double_quoted(struct forms *forms, struct span secret, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)8 * DOC_INPUT_MAX);
	struct span inner;

	json_text_add_lossy(secret, &text);
	if (buf_check(&text, err) < 0)
		return -1;
	inner = span_sub(buf_span(&text), 1, text.len - 2);
	return span_eq(inner, secret) ? 0 : add_text(forms, inner, err);
}

static void add_lines(struct forms *forms, struct span secret)
{
	size_t at, end;

	if (span_find(secret, 0, '\n') == secret.len)
		return;
	for (at = 0; at < secret.len; at = end + 1) {
		struct span line;

		end = span_find(secret, at, '\n');
		line = trim(span_sub(secret, at, end - at));
		if (counts(line))
			forms->lines[forms->line_count++] = line;
	}
}

static int compare(const void *left, const void *right)
{
	const struct span *a = left, *b = right;
	size_t len = a->len < b->len ? a->len : b->len;
	int r = len ? memcmp(a->data, b->data, len) : 0;

	return r ? r : (a->len > b->len) - (a->len < b->len);
}

static int make(struct forms *forms, const struct build_secrets *secrets, struct err *err)
{
	size_t i, at, lines = 0;

	for (i = 0; i < secrets->count; i++) {
		for (at = 0; at < secrets->list[i].len; at++)
			lines += secrets->list[i].data[at] == '\n';
		lines++;
	}
	forms->lines = arena_alloc(&forms->arena, lines * sizeof(*forms->lines), err);
	forms->texts =
		arena_alloc(&forms->arena, STYLES * secrets->count * sizeof(*forms->texts), err);
	if (!forms->lines || !forms->texts)
		return -1;
	for (i = 0; i < secrets->count; i++) {
		struct span secret = secrets->list[i];

		if (!counts(secret))
			continue;
		if (add_text(forms, secret, err) < 0 || add_single_quoted(forms, secret, err) < 0 ||
		    add_double_quoted(forms, secret, err) < 0)
			return -1;
		add_lines(forms, secret);
	}
	if (forms->line_count)
		qsort(forms->lines, forms->line_count, sizeof(*forms->lines), compare);
	return 0;
}

/* The longest of them that begins there. */
static size_t begins(const struct forms *forms, struct span text)
{
	size_t longest = 0, i;

	for (i = 0; i < forms->text_count; i++) {
		if (forms->texts[i].len > longest && span_starts(text, forms->texts[i]))
			longest = forms->texts[i].len;
	}
	return longest;
}

static void mask_line(const struct forms *forms, struct span line, struct buf *out)
{
	bool sign = line.len && memchr("+- ", line.data[0], 3);
	struct span rest = trim(span_from(line, sign));
	size_t at = 0;

	if (rest.len && forms->line_count &&
	    bsearch(&rest, forms->lines, forms->line_count, sizeof(*forms->lines), compare)) {
		buf_add_span(out, span_sub(line, 0, (size_t)(rest.data - line.data)));
		buf_add_str(out, BUILD_DIFF_MASK);
		return;
	}
	while (at < line.len) {
		size_t len = begins(forms, span_from(line, at));

		if (len)
			buf_add_str(out, BUILD_DIFF_MASK);
		else
			buf_add_char(out, line.data[at]);
		at += len ? len : 1;
	}
}

int build_mask(struct span text, const struct build_secrets *secrets, struct buf *out,
	       struct err *err)
{
	CLEANUP(forms_release) struct forms forms = FORMS_INIT;
	size_t at, end;

	if (make(&forms, secrets, err) < 0)
		return -1;
	for (at = 0; at < text.len; at = end + 1) {
		end = span_find(text, at, '\n');
		mask_line(&forms, span_sub(text, at, end - at), out);
		if (end < text.len)
			buf_add_char(out, '\n');
	}
	return buf_check(out, err);
}
