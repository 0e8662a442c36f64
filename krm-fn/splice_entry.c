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

/* One entry of a block collection. *moved_to: where the last cut brought the text behind it up to, behind a dash; an entry that begins there
 * has lost its own line. */
static int cut_block(struct splice *splice, const struct places *p, const struct doc_node *entry,
		     size_t *moved_to, struct err *err)
{
	size_t start = 0, line, end = 0;

	if (find_start(p, entry, &start, err) < 0 || lines_end(p, entry, entry->end, &end, err) < 0)
		return -1;
	line = splice_line_start(p->source, start);
	if (start != *moved_to && all_blank(span_sub(p->source, line, start - line)))
		return splice_replace(splice, line, end, SPAN_NULL, err);
	if (start != *moved_to && !only_indicators(span_sub(p->source, line, start - line)))
		return refuse(entry, err);
	/* What follows moves up behind the dash. */
	while (end < p->source.len &&
	       (is_blank(p->source.data[end]) || is_break(p->source.data[end])))
		end++;
	*moved_to = end;
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

/* An entry of a flow collection that another one follows: with the comma and the blanks behind it. */
static int cut_flow_before(struct splice *splice, const struct places *p,
			   const struct doc_node *entry, const struct doc_node *next,
			   struct err *err)
{
	size_t start, end, comma;

	if (find_start(p, entry, &start, err) < 0 || find_start(p, next, &end, err) < 0)
		return -1;
	comma = entry->end <= end ? find_comma(p->source, entry->end, end) : SIZE_MAX;
	if (comma == SIZE_MAX)
		return refuse(entry, err);
	if (has_comment(p->source, entry->end, end))
		end = comma + 1;
	return splice_replace(splice, start, end, SPAN_NULL, err);
}

/* The entries from first to the end, of which drop[n - 1] is the last: the comma behind the one that is kept goes too. With comments in between
 * nothing but the entries and their commas. */
static int cut_flow_tail(struct splice *splice, const struct places *p, const struct doc_node *kept,
			 const struct doc_node *const *drop, size_t n, struct err *err)
{
	size_t start, at = kept->end, comma = SIZE_MAX, before, i;
	bool comments = false;

	for (i = 0; i < n; i++) {
		if (find_start(p, drop[i], &start, err) < 0)
			return -1;
		before = at <= start ? find_comma(p->source, at, start) : SIZE_MAX;
		if (before == SIZE_MAX)
			return refuse(drop[i], err);
		comments = comments || has_comment(p->source, at, start);
		comma = i == 0 ? before : comma;
		at = drop[i]->end;
	}
	if (!comments)
		return splice_replace(splice, comma, at, SPAN_NULL, err);
	for (i = 0, at = kept->end; i < n; i++, at = drop[i - 1]->end) {
		if (find_start(p, drop[i], &start, err) < 0)
			return -1;
		comma = find_comma(p->source, at, start);
		if (splice_replace(splice, comma, comma + 1, SPAN_NULL, err) < 0 ||
		    splice_replace(splice, start, drop[i]->end, SPAN_NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* Nothing is left of a flow collection but its brackets, and a comma at its end goes too. */
static int cut_flow_only(struct splice *splice, const struct places *p,
			 const struct doc_node *entry, struct err *err)
{
	struct span source = p->source;
	size_t start, end = entry->end, after = end;

	if (find_start(p, entry, &start, err) < 0)
		return -1;
	while (after < source.len && (is_blank(source.data[after]) || is_break(source.data[after])))
		after++;
	if (after < source.len && source.data[after] == ',')
		end = after + 1;
	return splice_replace(splice, start, end, SPAN_NULL, err);
}

/* Nothing is left of a block collection: {} or [] stands where the first entry was. */
static int put_empty(struct splice *splice, const struct places *p, const struct doc_node *first,
		     struct err *err)
{
	size_t start, end = first->end, begin = splice_begin(splice);

	if (find_start(p, first, &start, err) < 0)
		return -1;
	/* A block list may stand at its key's column, a flow list must not. */
	buf_add_str(&splice->text, p->list ? "  []" : "{}");
	if (end > start && is_break(p->source.data[end - 1]))
		buf_add_char(&splice->text, '\n');
	return splice_end(splice, start, end, begin, err);
}

static int check(const struct places *p, const struct doc_node *const *drop, size_t n,
		 size_t *ret_kept, struct err *err)
{
	const struct doc_node *kid = next_entry(p, p->parent->kids.first);
	size_t i = 0;

	*ret_kept = 0;
	for (; kid; kid = next_entry(p, kid->next)) {
		if (i < n && kid == drop[i])
			i++;
		else
			++*ret_kept;
	}
	if (i != n)
		return err_set(err, ERR_BUG, "an entry to remove is not where it was");
	for (i = 0; i < n; i++) {
		if (shares_text(drop[i]))
			return refuse(drop[i], err);
	}
	/* A flow map may be a single pair without braces: [sops: x]. */
	if (p->flow && (p->parent->start >= p->source.len ||
			p->source.data[p->parent->start] != (p->list ? '[' : '{')))
		return refuse(drop[0], err);
	return 0;
}

static int remove_block(struct splice *splice, const struct places *p,
			const struct doc_node *const *drop, size_t n, size_t kept, struct err *err)
{
	size_t i = 0, moved_to = SIZE_MAX;

	if (kept == 0 && put_empty(splice, p, drop[i++], err) < 0)
		return -1;
	for (; i < n; i++) {
		if (cut_block(splice, p, drop[i], &moved_to, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_flow(struct splice *splice, const struct places *p,
		       const struct doc_node *const *drop, size_t n, struct err *err)
{
	const struct doc_node *kept = NULL, *kid, *next;
	size_t tail = n, single, i;

	/* drop[tail] and those behind it are the last entries; none where something is kept there. */
	while (tail > 0 && next_entry(p, drop[tail - 1]->next) == (tail < n ? drop[tail] : NULL))
		tail--;
	for (kid = next_entry(p, p->parent->kids.first); tail < n && kid != drop[tail];
	     kid = next_entry(p, kid->next))
		kept = kid;
	single = tail < n && !kept ? n - 1 : tail;
	for (i = 0; i < single; i++) {
		next = next_entry(p, drop[i]->next);
		if (cut_flow_before(splice, p, drop[i], next, err) < 0)
			return -1;
	}
	if (tail == n)
		return 0;
	if (!kept)
		return cut_flow_only(splice, p, drop[n - 1], err);
	return cut_flow_tail(splice, p, kept, drop + tail, n - tail, err);
}

int splice_remove(struct splice *splice, const struct doc_node *parent,
		  const struct doc_node *const *drop, size_t n, struct err *err)
{
	const struct places p = {.source = splice->source,
				 .parent = parent,
				 .flow = parent->flags & DOC_FLOW,
				 .list = parent->kind == DOC_LIST};
	size_t kept = 0;

	if (n == 0)
		return 0;
	if (check(&p, drop, n, &kept, err) < 0)
		return -1;
	if (p.flow)
		return remove_flow(splice, &p, drop, n, err);
	return remove_block(splice, &p, drop, n, kept, err);
}
