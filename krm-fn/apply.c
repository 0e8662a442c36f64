/* SPDX-License-Identifier: Apache-2.0
 *
 * Decrypted pieces to edits; see apply.h.
 */
#include "apply.h"

#include "item.h"
#include "place.h"

#include "base/text.h"

#include <stdlib.h>

enum { BASE64_LINE = 70 /* characters of a line, kustomize's */ };

int apply_removals(struct splice *splice, const struct find_hit *hit, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_INPUT_MAX);
	const struct doc_node **drop, *kid;
	size_t n = 0;

	if (hit->kind == FIND_VALUE)
		return 0;
	if (hit->kind == FIND_WHOLE) {
		kid = hit->node;
		if (splice_remove(splice, hit->item, &kid, 1, err) < 0)
			return err_wrap(err, "%s", hit->label);
		return 0;
	}
	doc_each (kid, hit->map)
		n++;
	drop = arena_alloc(&arena, n * sizeof(*drop), err);
	if (!drop)
		return -1;
	n = 0;
	doc_each (kid, hit->map) {
		if (span_starts(kid->key, SPAN("sops_")))
			drop[n++] = kid;
	}
	if (splice_remove(splice, hit->map, drop, n, err) < 0)
		return err_wrap(err, "%s", hit->label);
	return 0;
}

void apply_base64_wrapped(struct span bytes, struct buf *out)
{
	size_t start = out->len, len, lines, at;
	uint8_t *text;

	base64_encode(bytes, true, out);
	if (out->bad)
		return;
	len = out->len - start;
	lines = (len + BASE64_LINE - 1) / BASE64_LINE;
	if (len < BASE64_LINE)
		return;
	if (!buf_room(out, lines))
		return;
	/* From the last line to the first, each moves right by as many breaks as there are before it. */
	text = out->data + start;
	for (at = lines; at-- > 0;) {
		size_t from = at * BASE64_LINE, n = len - from;

		n = n > BASE64_LINE ? BASE64_LINE : n;
		memmove(text + from + at, text + from, n);
		text[from + at + n] = '\n';
	}
	out->len += lines;
}

/* An encrypted comment, if the reader knows its place: its text behind the '#'. One with line breaks becomes several lines; sops writes
 * them so. */
static int put_comment(struct splice *splice, const struct doc_node *node, struct err *err)
{
	size_t begin = splice_begin(splice), line, at = 0, end;
	struct span indent, source = splice->source;

	if (node->start >= node->end || node->end > source.len || source.data[node->start] != '#')
		return 0;
	line = splice_line_start(source, node->start);
	indent = span_sub(source, line, node->start - line);
	for (end = 0; end < indent.len && indent.data[end] == ' '; end++)
		;
	indent.len = end;
	for (; at <= node->str.len; at = end + 1) {
		end = span_find(node->str, at, '\n');
		if (at) {
			buf_add_char(&splice->text, '\n');
			buf_add_span(&splice->text, indent);
			buf_add_str(&splice->text, "# ");
		} else {
			buf_add_char(&splice->text, '#');
		}
		buf_add_span(&splice->text, span_sub(node->str, at, end - at));
	}
	return splice_end(splice, node->start, node->end, begin, err);
}

static int put_opened(struct splice *splice, const struct doc_node *parent, bool flow,
		      const struct place *up, struct err *err);

static int put_one(struct splice *splice, const struct doc_node *node, bool flow,
		   const struct place *place, struct err *err)
{
	if (node->kind == DOC_MAP || node->kind == DOC_LIST)
		return put_opened(splice, node, flow || (node->flags & DOC_FLOW), place, err);
	if (!(node->flags & DOC_OPENED))
		return 0;
	if (node->kind == DOC_COMMENT)
		return put_comment(splice, node, err);
	if (splice_scalar(splice, node, flow, err) < 0)
		return err_wrap(err, "%s", place_text(place).text);
	return 0;
}

/* Elements that were encrypted comments: a list of plain values has no element there. */
static int drop_comments(struct splice *splice, const struct doc_node *list, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_INPUT_MAX);
	const struct doc_node **drop, *kid;
	size_t n = 0;

	doc_each (kid, list)
		n++;
	drop = arena_alloc(&arena, n * sizeof(*drop), err);
	if (!drop)
		return -1;
	n = 0;
	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT && (kid->flags & DOC_OPENED) &&
		    kid->start < kid->end && kid->end <= splice->source.len &&
		    splice->source.data[kid->start] != '#')
			drop[n++] = kid;
	}
	return splice_remove(splice, list, drop, n, err);
}

static int put_opened(struct splice *splice, const struct doc_node *parent, bool flow,
		      const struct place *up, struct err *err)
{
	struct place place = {.up = up};
	const struct doc_node *kid;
	bool comments = false;

	doc_each (kid, parent) {
		place.node = kid;
		if (put_one(splice, kid, flow, &place, err) < 0)
			return -1;
		comments = comments || (kid->kind == DOC_COMMENT && (kid->flags & DOC_OPENED));
		place.index += kid->kind != DOC_COMMENT;
	}
	if (comments && parent->kind == DOC_LIST && drop_comments(splice, parent, err) < 0)
		return up ? err_wrap(err, "%s", place_text(up).text) : -1;
	return 0;
}

/* A new value of a Secret's data or stringData. */
static int put_value(struct splice *splice, struct arena *arena, const struct find_hit *hit,
		     struct doc_node *node, struct span bytes, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(DECRYPT_OUTPUT_MAX);

	if (!hit->base64)
		buf_add_span(&text, bytes);
	else if (item_is_hashed(hit->item))
		apply_base64_wrapped(bytes, &text);
	else
		base64_encode(bytes, true, &text);
	if (buf_check(&text, err) < 0 || arena_dup(arena, buf_span(&text), &node->str, err) < 0)
		return -1;
	node->flags |= DOC_OPENED;
	return splice_scalar(splice, node, hit->map->flags & DOC_FLOW, err);
}

/* The decrypted lines, each to its key. kustomize takes a line's text as it is, `\n` and quotes included, but for a CR at its end. */
static int put_lines(struct splice *splice, struct arena *arena, const struct find_hit *hit,
		     struct span lines, struct err *err)
{
	struct doc_node *node = hit->map->kids.first, *next;
	size_t at = 0, end, equals;

	for (; at < lines.len; at = end + 1) {
		struct span line;

		end = span_find(lines, at, '\n');
		line = span_sub(lines, at, end - at);
		equals = span_find(line, 0, '=');
		/* Both are in the order of the map. */
		while (node && !span_eq(node->key, span_sub(line, 0, equals)))
			node = node->next;
		if (!node || equals == line.len)
			return err_set(err, ERR_BUG, "%s: a line without its key", hit->label);
		if (line.data[line.len - 1] == '\r')
			line.len--;
		if (put_value(splice, arena, hit, node, span_from(line, equals + 1), err) < 0)
			return err_wrap(err, "%s: %s.%s", hit->label,
					hit->base64 ? "data" : "stringData",
					text_quote(node->key).text);
	}
	for (node = hit->map->kids.first; node; node = next) {
		next = node->next;
		if (span_starts(node->key, SPAN("sops_")))
			doc_remove(hit->map, node);
	}
	return 0;
}

int apply_result(struct splice *splice, struct arena *arena, const struct find_hit *hit,
		 const struct decrypt_job *job, struct err *err)
{
	switch (hit->kind) {
	case FIND_WHOLE:
		if (put_opened(splice, hit->item, hit->item->flags & DOC_FLOW, NULL, err) < 0)
			return err_wrap(err, "%s", hit->label);
		return 0;
	case FIND_ENVS:
		return put_lines(splice, arena, hit, buf_span(&job->output), err);
	case FIND_VALUE:
		break;
	}
	if (put_value(splice, arena, hit, hit->node, buf_span(&job->output), err) < 0)
		return err_wrap(err, "%s", hit->label);
	return 0;
}
