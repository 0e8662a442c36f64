/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking map entries and list elements out of the text: the `sops` block of an item, the sops_* keys of a Secret made from a dotenv,
 * encrypted comments that stand as list elements; see splice.h.
 *
 * Block style, whole lines:              behind a dash, up to what follows:       flow style, with a comma:
 *     kind: Secret                           - sops:          ▓▓▓▓▓                   {"a": 1, "sops": {...}}
 *     sops:           ▓▓▓▓▓                      mac: x       ▓▓▓▓▓                          ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
 *       mac: x        ▓▓▓▓▓                    kind: Secret
 *     type: Opaque
 *
 * What does not look like one of these is refused, not guessed at.
 */
#include "splice.h"

#include "base/text.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_break(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static int refuse(const struct doc_node *entry, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "'%s' on line %u can not be cut out of its text",
		       entry->key.data ? text_quote(entry->key).text : "an element",
		       (unsigned)entry->line);
}

/* Removing what an anchor or alias stands in would change other places, or leave them without their anchor. */
static bool shares_text(const struct doc_node *node)
{
	const struct doc_node *kid;

	if (node->flags & DOC_ALIASED)
		return true;
	if (node->kind != DOC_MAP && node->kind != DOC_LIST)
		return false;
	doc_each (kid, node) {
		if (shares_text(kid))
			return true;
	}
	return false;
}

/* The entries of one parent that are no comments, with their texts' places. */
struct places {
	struct span source;
	const struct doc_node *parent;
	bool flow, list;
};

/* The dash of a block list's element, or the `?` of an explicit key, lies before what the tree knows of. */
static int find_start(const struct places *p, const struct doc_node *entry, size_t *ret_start,
		      struct err *err)
{
	size_t at = p->list ? entry->start : entry->key_start;
	size_t back = at;

	if (at > p->source.len || entry->end < at)
		return refuse(entry, err);
	if (p->list && !p->flow) {
		while (back > 0 &&
		       (is_blank(p->source.data[back - 1]) || is_break(p->source.data[back - 1])))
			back--;
		if (back == 0 || p->source.data[back - 1] != '-')
			return refuse(entry, err);
		back--;
		if (back > 0 && !is_blank(p->source.data[back - 1]) &&
		    !is_break(p->source.data[back - 1]))
			return refuse(entry, err);
		*ret_start = back;
		return 0;
	}
	if (!p->flow) {
		while (back > 0 && is_blank(p->source.data[back - 1]))
			back--;
		if (back > 0 && back < at && p->source.data[back - 1] == '?')
			at = back - 1;
	}
	*ret_start = at;
	return 0;
}

/* What stands between a line's beginning and a first entry that shares it: dashes of lists, `? ` or `: ` around it. */
static bool only_indicators(struct span before)
{
	size_t i;

	for (i = 0; i < before.len; i++) {
		uint8_t c = before.data[i];

		if (is_blank(c))
			continue;
		if ((c != '-' && c != '?' && c != ':') || i + 1 == before.len ||
		    !is_blank(before.data[i + 1]))
			return false;
	}
	return true;
}

static bool all_blank(struct span s)
{
	size_t i;

	for (i = 0; i < s.len && is_blank(s.data[i]); i++)
		;
	return i == s.len;
}

/* The end of the lines of a block entry whose value ends at `at`. Behind a value there is nothing but blanks and a comment. */
static int lines_end(const struct places *p, const struct doc_node *entry, size_t at,
		     size_t *ret_end, struct err *err)
{
	struct span source = p->source;
	size_t i = at;

	if (at > 0 && is_break(source.data[at - 1])) {
		*ret_end = at;
		return 0;
	}
	while (i < source.len && is_blank(source.data[i]))
		i++;
	if (i < source.len && !is_break(source.data[i]) && (source.data[i] != '#' || i == at))
		return refuse(entry, err);
	*ret_end = splice_line_end(source, i);
	return 0;
}

/* The next kid from `from` on that is an entry. A comment is none; but a list element that held an encrypted comment is one, though the walk
 * has made it a comment by now. */
static const struct doc_node *next_entry(const struct places *p, const struct doc_node *from)
{
	for (; from; from = from->next) {
		if (from->kind != DOC_COMMENT)
			break;
		if (from->start < from->end && from->end <= p->source.len &&
		    p->source.data[from->start] != '#')
			break;
	}
	return from;
}

static int cut_block_run(struct splice *splice, const struct places *p,
			 const struct doc_node *first, const struct doc_node *last, struct err *err)
{
	size_t start = 0, line, end = 0;

	if (find_start(p, first, &start, err) < 0 || lines_end(p, last, last->end, &end, err) < 0)
		return -1;
	line = splice_line_start(p->source, start);
	if (all_blank(span_sub(p->source, line, start - line)))
		return splice_replace(splice, line, end, SPAN_NULL, err);
	if (!only_indicators(span_sub(p->source, line, start - line)))
		return refuse(first, err);
	/* What follows moves up behind the dash. */
	while (end < p->source.len &&
	       (is_blank(p->source.data[end]) || is_break(p->source.data[end])))
		end++;
	return splice_replace(splice, start, end, SPAN_NULL, err);
}

/* Where the comma stands in a gap of blanks and comments, or SIZE_MAX. */
static size_t find_comma(struct span source, size_t from, size_t to)
{
	for (; from < to; from++) {
		if (source.data[from] == ',')
			return from;
		if (source.data[from] == '#') {
			while (from < to && !is_break(source.data[from]))
				from++;
		}
	}
	return SIZE_MAX;
}

static bool has_comment(struct span source, size_t from, size_t to)
{
	return span_find(span_sub(source, from, to - from), 0, '#') < to - from;
}

static int cut_flow_run(struct splice *splice, const struct places *p, const struct doc_node *prev,
			const struct doc_node *first, const struct doc_node *last,
			const struct doc_node *next, struct err *err)
{
	size_t start, from, to, comma;

	if (find_start(p, first, &start, err) < 0)
		return -1;
	to = last->end;
	if (next) {
		if (find_start(p, next, &from, err) < 0)
			return -1;
		if (from < to || find_comma(p->source, to, from) == SIZE_MAX)
			return refuse(last, err);
		if (has_comment(p->source, to, from))
			from = find_comma(p->source, to, from) + 1;
		return splice_replace(splice, start, from, SPAN_NULL, err);
	}
	if (!prev)
		return refuse(first, err);
	from = prev->end;
	comma = from <= start ? find_comma(p->source, from, start) : SIZE_MAX;
	if (comma == SIZE_MAX)
		return refuse(first, err);
	if (!has_comment(p->source, from, start))
		return splice_replace(splice, comma, to, SPAN_NULL, err);
	if (splice_replace(splice, comma, comma + 1, SPAN_NULL, err) < 0)
		return -1;
	return splice_replace(splice, start, to, SPAN_NULL, err);
}

/* Nothing is left: {} or [] in the place of all. */
static int cut_all(struct splice *splice, const struct places *p, const struct doc_node *first,
		   const struct doc_node *last, struct err *err)
{
	struct span source = p->source;
	size_t start, end = last->end, begin = splice_begin(splice), after;

	if (find_start(p, first, &start, err) < 0)
		return -1;
	if (p->flow) {
		for (after = end; after < source.len &&
				  (is_blank(source.data[after]) || is_break(source.data[after]));)
			after++;
		if (after < source.len && source.data[after] == ',')
			end = after + 1;
		return splice_replace(splice, start, end, SPAN_NULL, err);
	}
	buf_add_str(&splice->text, p->list ? "[]" : "{}");
	if (end > 0 && is_break(source.data[end - 1]))
		buf_add_char(&splice->text, '\n');
	return splice_end(splice, start, end, begin, err);
}

int splice_remove(struct splice *splice, const struct doc_node *parent,
		  const struct doc_node *const *drop, size_t n, struct err *err)
{
	struct places p = {.source = splice->source,
			   .parent = parent,
			   .flow = parent->flags & DOC_FLOW,
			   .list = parent->kind == DOC_LIST};
	const struct doc_node *kid = next_entry(&p, parent->kids.first), *prev = NULL, *first,
			      *last;
	size_t i = 0, kept = 0;

	if (n == 0)
		return 0;
	for (; kid; kid = next_entry(&p, kid->next)) {
		if (i < n && kid == drop[i])
			i++;
		else
			kept++;
	}
	if (i != n)
		return err_set(err, ERR_BUG, "an entry to remove is not where it was");
	for (i = 0; i < n; i++) {
		if (shares_text(drop[i]))
			return refuse(drop[i], err);
	}
	/* A flow map may be a single pair without braces: [sops: x]. */
	if (p.flow &&
	    (parent->start >= p.source.len || p.source.data[parent->start] != (p.list ? '[' : '{')))
		return refuse(drop[0], err);
	if (kept == 0)
		return cut_all(splice, &p, drop[0], drop[n - 1], err);
	i = 0;
	for (kid = next_entry(&p, parent->kids.first); kid && i < n;
	     kid = next_entry(&p, kid->next)) {
		if (kid != drop[i]) {
			prev = kid;
			continue;
		}
		first = last = kid;
		for (i++; i < n && next_entry(&p, last->next) == drop[i]; i++)
			last = drop[i];
		if (p.flow ? cut_flow_run(splice, &p, prev, first, last, next_entry(&p, last->next),
					  err) < 0
			   : cut_block_run(splice, &p, first, last, err) < 0)
			return -1;
		prev = kid = last;
	}
	return 0;
}
