/* SPDX-License-Identifier: Apache-2.0
 *
 * Character classes; see re2_class.h. PCRE2 gets explicit code points, so that neither its tables, nor its idea of case, nor its options
 * matter; only of a Unicode property it is asked. Go: regexp/syntax/parse.go (parseClass and what it calls).
 */
#include "sops/re2_class.h"

#include "sops/re2_tables.h"

#include <stdlib.h>

enum {
	SET_FIRST = 16, /* ranges that a set has room for at first */
	SURROGATE_LO = 0xd800,
	SURROGATE_HI = 0xdfff,
	NAME_MAX = 32, /* bytes of a property's name; the longest has 20 */
};

struct named {
	const char *name;
	struct re2_range ranges[5]; /* up to the first with hi == 0 */
};

static const struct named perl[] = {
	{"d", {{'0', '9'}}},
	{"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
	{"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
};

static const struct named posix[] = {
	{"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
	{"alpha", {{'A', 'Z'}, {'a', 'z'}}},
	{"ascii", {{0, 0x7f}}},
	{"blank", {{'\t', '\t'}, {' ', ' '}}},
	{"cntrl", {{0, 0x1f}, {0x7f, 0x7f}}},
	{"digit", {{'0', '9'}}},
	{"graph", {{'!', '~'}}},
	{"lower", {{'a', 'z'}}},
	{"print", {{' ', '~'}}},
	{"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
	{"space", {{'\t', '\r'}, {' ', ' '}}},
	{"upper", {{'A', 'Z'}}},
	{"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
	{"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};

static int by_place(const void *a, const void *b)
{
	const struct re2_range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi < y->hi ? -1 : x->hi > y->hi;
}

/* Sorts, and joins what overlaps or abuts. */
static void clean(struct re2_set *set)
{
	size_t i, n = 0;

	if (!set->count)
		return;
	qsort(set->ranges, set->count, sizeof(set->ranges[0]), by_place);
	for (i = 1; i < set->count; i++) {
		if (set->ranges[i].lo <= set->ranges[n].hi + 1) {
			if (set->ranges[i].hi > set->ranges[n].hi)
				set->ranges[n].hi = set->ranges[i].hi;
		} else {
			set->ranges[++n] = set->ranges[i];
		}
	}
	set->count = n + 1;
}

static int grow(struct re2_set *set, struct arena *arena, struct err *err)
{
	size_t room = set->room ? set->room * 2 : SET_FIRST;
	struct re2_range *ranges;

	/* A class that names the same again and again stays small. */
	clean(set);
	if (set->count < set->room / 2)
		return 0;
	ranges = arena_alloc(arena, room * sizeof(*ranges), err);
	if (!ranges)
		return -1;
	if (set->count)
		memcpy(ranges, set->ranges, set->count * sizeof(*ranges));
	set->ranges = ranges;
	set->room = room;
	return 0;
}

static int set_add(struct re2_set *set, struct arena *arena, uint32_t lo, uint32_t hi,
		   struct err *err)
{
	struct re2_range *last = set->count ? &set->ranges[set->count - 1] : NULL;

	if (last && lo <= last->hi + 1 && last->lo <= hi + 1) {
		last->lo = lo < last->lo ? lo : last->lo;
		last->hi = hi > last->hi ? hi : last->hi;
		return 0;
	}
	if (set->count == set->room && grow(set, arena, err) < 0)
		return -1;
	set->ranges[set->count++] = (struct re2_range){lo, hi};
	return 0;
}

/* The index of the first run that ends at or behind code. */
static size_t fold_run(uint32_t code)
{
	size_t lo = 0, hi = re2_folds_len, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (re2_folds[mid].hi < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint32_t fold_next(uint32_t code)
{
	size_t at = fold_run(code);
	const struct re2_fold *run = &re2_folds[at];

	if (at == re2_folds_len || code < run->lo)
		return code;
	if (run->delta)
		return (uint32_t)((int32_t)code + run->delta);
	return (code - run->lo) % 2 ? code - 1 : code + 1;
}

/* lo to hi and all that fold to one of them. */
static int add_folded(struct re2_set *set, struct arena *arena, uint32_t lo, uint32_t hi,
		      struct err *err)
{
	uint32_t code, end, other;
	size_t at;

	if (set_add(set, arena, lo, hi, err) < 0)
		return -1;
	for (at = fold_run(lo); at < re2_folds_len && re2_folds[at].lo <= hi; at++) {
		code = lo > re2_folds[at].lo ? lo : re2_folds[at].lo;
		end = hi < re2_folds[at].hi ? hi : re2_folds[at].hi;
		for (; code <= end; code++) {
			for (other = fold_next(code); other != code; other = fold_next(other)) {
				if (other >= lo && other <= hi)
					continue;
				if (set_add(set, arena, other, other, err) < 0)
					return -1;
			}
		}
	}
	return 0;
}

int re2_class_add(struct re2_class *class, uint32_t lo, uint32_t hi, struct err *err)
{
	return class->fold ? add_folded(&class->set, class->arena, lo, hi, err)
			   : set_add(&class->set, class->arena, lo, hi, err);
}

/* What is not in set, which is cleaned, is added to `to`. */
static int add_negated(struct re2_set *to, struct re2_set *set, struct arena *arena,
		       struct err *err)
{
	uint32_t next = 0;
	size_t i;

	clean(set);
	for (i = 0; i < set->count; i++) {
		if (next < set->ranges[i].lo &&
		    set_add(to, arena, next, set->ranges[i].lo - 1, err) < 0)
			return -1;
		next = set->ranges[i].hi + 1;
	}
	return next <= RE2_CODE_MAX ? set_add(to, arena, next, RE2_CODE_MAX, err) : 0;
}

/* Under (?i) a class by name is folded first, then negated: \W leaves out U+017F and U+212A, which fold to s and k. Go: appendGroup */
static int add_named(struct re2_class *class, const struct named *named, bool negated,
		     struct err *err)
{
	struct re2_class group = {.arena = class->arena, .fold = class->fold};
	size_t i;

	for (i = 0; i < ARRAY_LEN(named->ranges) && named->ranges[i].hi; i++) {
		if (re2_class_add(negated ? &group : class, named->ranges[i].lo,
				  named->ranges[i].hi, err) < 0)
			return -1;
	}
	return negated ? add_negated(&class->set, &group.set, class->arena, err) : 0;
}

int re2_class_add_perl(struct re2_class *class, uint8_t name, struct err *err)
{
	bool negated = name >= 'A' && name <= 'Z';
	size_t i;

	for (i = 0; i < ARRAY_LEN(perl); i++) {
		if (perl[i].name[0] == (name | 0x20))
			return add_named(class, &perl[i], negated, err);
	}
	return 1;
}

int re2_class_add_posix(struct re2_class *class, struct span name, struct err *err)
{
	bool negated = span_starts(name, SPAN("^"));
	size_t i;

	for (i = 0; i < ARRAY_LEN(posix); i++) {
		if (span_is(span_from(name, negated), posix[i].name))
			return add_named(class, &posix[i], negated, err);
	}
	return 1;
}

/* Blanks, hyphens and underscores are forgotten, and case but for one leading letter. Go: canonicalName. false where it is too long. */
static bool canonical(struct span name, char ret_name[static NAME_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < name.len; i++) {
		char c = (char)name.data[i];

		if (c == '_' || c == '-' || c == ' ')
			continue;
		if (n == NAME_MAX - 1 || !c)
			return false;
		if (n == 0)
			c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		else
			c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		ret_name[n++] = c;
	}
	ret_name[n] = '\0';
	return true;
}

static int by_name(const void *key, const void *property)
{
	return strcmp(key, ((const struct re2_property *)property)->name);
}

static int add_property(struct re2_class *class, const struct re2_property *property, bool negated,
			struct err *err)
{
	bool folded = class->fold && property->fold_len;
	struct re2_item *item = arena_alloc(class->arena, sizeof(*item), err);
	size_t i;
	uint32_t code;

	if (!item)
		return -1;
	*item = (struct re2_item){
		.property = property, .negated = negated, .folded = folded && negated};
	if (class->last)
		class->last->next = item;
	else
		class->items = item;
	class->last = item;
	for (i = 0; folded && !negated && i < property->fold_len; i++) {
		const struct re2_stride *s = &property->fold[i];

		for (code = s->lo; code <= s->hi; code += s->step) {
			if (set_add(&class->set, class->arena, code, code, err) < 0)
				return -1;
		}
	}
	return 0;
}

int re2_class_add_property(struct re2_class *class, struct span name, bool negated, struct err *err)
{
	static const struct named any = {"Any", {{0, RE2_CODE_MAX}}},
				  ascii = {"Ascii", {{0, 0x7f}}};
	static const struct re2_property cn = {"Cn", "Cn", NULL, 0};
	const struct re2_property *property;
	char known[NAME_MAX];

	if (!canonical(name, known))
		return 1;
	/* Go: unicodeTable (Special cases) */
	if (strcmp(known, any.name) == 0)
		return add_named(class, &any, negated, err);
	if (strcmp(known, ascii.name) == 0)
		return add_named(class, &ascii, negated, err);
	if (strcmp(known, "Assigned") == 0)
		return add_property(class, &cn, !negated, err);
	property = bsearch(known, re2_properties, re2_properties_len, sizeof(*property), by_name);
	return property ? add_property(class, property, negated, err) : 1;
}

static void print_code(uint32_t code, struct buf *out)
{
	buf_printf(out, "\\x{%x}", (unsigned)code);
}

static void print_range(uint32_t lo, uint32_t hi, struct buf *out)
{
	print_code(lo, out);
	if (hi > lo + 1)
		buf_add_char(out, '-');
	if (hi > lo)
		print_code(hi, out);
}

static void print_set(const struct re2_set *set, struct buf *out)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		print_range(set->ranges[i].lo, set->ranges[i].hi, out);
}

static void print_item(const struct re2_item *item, bool negated, struct buf *out)
{
	buf_printf(out, "\\%c{%s}", negated ? 'P' : 'p', item->property->pcre);
}

/* PCRE2 does not take surrogates, and no subject has them: the class is cleaned of them. */
static int drop_surrogates(struct re2_class *class, struct err *err)
{
	struct re2_set *set = &class->set;
	size_t i, n = 0;
	uint32_t above = 0;

	clean(set);
	for (i = 0; i < set->count; i++) {
		struct re2_range r = set->ranges[i];

		if (r.lo <= SURROGATE_HI && r.hi >= SURROGATE_LO) {
			if (r.hi > SURROGATE_HI)
				above = r.hi;
			if (r.lo >= SURROGATE_LO)
				continue;
			r.hi = SURROGATE_LO - 1;
		}
		set->ranges[n++] = r;
	}
	set->count = n;
	if (above && set_add(set, class->arena, SURROGATE_HI + 1, above, err) < 0)
		return -1;
	clean(set);
	return 0;
}

/* Nothing but code points. */
static void print_plain(const struct re2_set *set, bool negated, struct buf *out)
{
	bool none = set->count == 0;
	bool all = set->count == 2 && set->ranges[0].lo == 0 &&
		   set->ranges[0].hi == SURROGATE_LO - 1 && set->ranges[1].lo == SURROGATE_HI + 1 &&
		   set->ranges[1].hi == RE2_CODE_MAX;

	if (none || all) {
		buf_add_str(out, all != negated ? "(?s:.)" : "(?:(?!))");
		return;
	}
	buf_add_str(out, negated ? "[^" : "[");
	print_set(set, out);
	buf_add_char(out, ']');
}

/* A negated property less what (?i) adds to it: a class of its own, as PCRE2 has no intersection within one. */
static void print_folded(const struct re2_item *item, bool negated, struct buf *out)
{
	size_t i;
	uint32_t code;

	buf_add_str(out, negated ? "[" : "[^");
	print_item(item, false, out);
	for (i = 0; i < item->property->fold_len; i++) {
		const struct re2_stride *s = &item->property->fold[i];

		if (s->step == 1) {
			print_range(s->lo, s->hi, out);
			continue;
		}
		for (code = s->lo; code <= s->hi; code += s->step)
			print_code(code, out);
	}
	buf_add_char(out, ']');
}

int re2_class_print(struct re2_class *class, bool negated, struct buf *out, struct err *err)
{
	const struct re2_item *item;
	size_t simple = 0, folded = 0;

	if (drop_surrogates(class, err) < 0)
		return -1;
	for (item = class->items; item; item = item->next)
		*(item->folded ? &folded : &simple) += 1;
	if (!simple && !folded) {
		print_plain(&class->set, negated, out);
		return buf_check(out, err);
	}
	if (folded == 1 && !simple && !class->set.count) {
		print_folded(class->items, negated, out);
		return buf_check(out, err);
	}
	if (folded)
		buf_add_str(out, negated ? "(?:(?!" : "(?:");
	if (simple || class->set.count) {
		buf_add_str(out, negated && !folded ? "[^" : "[");
		print_set(&class->set, out);
		for (item = class->items; item; item = item->next) {
			if (!item->folded)
				print_item(item, item->negated, out);
		}
		buf_add_char(out, ']');
	}
	for (item = class->items; item; item = item->next) {
		if (!item->folded)
			continue;
		if (simple || class->set.count || item != class->items)
			buf_add_char(out, '|');
		print_folded(item, false, out);
	}
	if (folded)
		buf_add_str(out, negated ? ")(?s:.))" : ")");
	return buf_check(out, err);
}
