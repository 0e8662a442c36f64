/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of RE2's syntax, with the flags that Go's regexp.Compile sets, printing PCRE2 as it goes; see re2.h. The grammar is that of
 * Go: regexp/syntax/parse.go, to its corners: what a repetition operator applies to, which escapes there are, what `{` means where no
 * count follows. Refused is what Go refuses: look-around, back references, possessive and doubled operators, \C, counts above 1000,
 * also multiplied.
 *
 * What is printed can not be misread: a letter or digit stands for itself, everything else is \x{...}, a class, or in a group.
 */
#include "sops/re2.h"

#include "base/arena.h"
#include "base/text.h"
#include "sops/re2_scan.h"

enum {
	REPEAT_MAX =
		1000, /* copies of one thing, all repetitions around it multiplied. Go: repeatIsValid */
	PROGRAM_MAX = (128 << 20) / 40, /* instructions of Go's program. Go: maxSize */
	ARENA_MAX = 64 * 1024 * 1024, /* bytes for classes: some hundred of each folded property */
};

enum flag {
	FLAG_FOLD = 1 << 0,        /* (?i) */
	FLAG_DOT_NEWLINE = 1 << 1, /* (?s) */
	FLAG_LINES = 1 << 2,       /* (?m) */
	FLAG_UNGREEDY = 1 << 3,    /* (?U): known, and without effect on whether there is a match */
};

/* What Go's limits are counted in. */
struct cost {
	uint64_t size;  /* instructions */
	uint32_t times; /* the largest product of repetitions within */
};

/* A group that is open, or the whole pattern. */
struct level {
	struct level *up;
	size_t start;  /* offset of its bracket in the output */
	uint8_t flags; /* to come back to */
	bool fold;     /* likewise, for the output */
	bool captures;
	uint64_t branches; /* that are complete */
	struct cost done;  /* those, and the current one up to `last` */

	/* What a repetition operator would apply to. */
	bool there, repeated;
	size_t last_start;
	struct cost last;
};

struct parser {
	struct re2_scan in;
	uint8_t flags;
	bool fold;       /* the (?i) of the output as it stands */
	bool was_repeat; /* a repetition operator was the last thing read */
	size_t depth;
	enum re2_form form;
	struct level *level;
	struct arena arena;
	struct buf *out;
};

static struct cost both(struct cost a, struct cost b)
{
	return (struct cost){a.size + b.size, a.times > b.times ? a.times : b.times};
}

/* What was last joins its branch; a new last thing begins here. */
static void begin_atom(struct parser *p, bool fold)
{
	struct level *level = p->level;

	if (level->there)
		level->done = both(level->done, level->last);
	if (p->fold != fold)
		buf_add_str(p->out, fold ? "(?i)" : "(?-i)");
	p->fold = fold;
	level->there = true;
	level->repeated = false;
	level->last_start = p->out->len;
	level->last = (struct cost){1, 1};
}

static void end_branch(struct parser *p)
{
	struct level *level = p->level;

	if (level->there)
		level->done = both(level->done, level->last);
	level->there = false;
	level->branches++;
}

static void add_assertion(struct parser *p, const char *text)
{
	begin_atom(p, false);
	buf_add_str(p->out, text);
}

static int add_class(struct parser *p, struct re2_class *class, bool negated, struct err *err)
{
	begin_atom(p, false);
	return re2_class_print(class, negated, p->out, err);
}

static int add_literal(struct parser *p, uint32_t code, struct err *err)
{
	struct re2_class class = {.arena = &p->arena, .fold = p->flags & FLAG_FOLD};
	bool letter = re2_is_alnum(code) && code > '9';

	/* PCRE2's own folding is used for the letters of ASCII, where it is the same as Go's (k and s have a third form in both): a class for
	 * each letter would be 16 times as large. */
	if (re2_is_alnum(code)) {
		begin_atom(p, letter && class.fold);
		buf_add_char(p->out, (uint8_t)code);
		return 0;
	}
	if (re2_class_add(&class, code, code, err) < 0)
		return -1;
	return add_class(p, &class, false, err);
}

static int open_group(struct parser *p, bool captures, uint8_t flags, struct err *err)
{
	struct level *level = arena_alloc(&p->arena, sizeof(*level), err);

	if (!level)
		return -1;
	if (p->depth++ == RE2_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "more than %d groups within each other",
			       RE2_DEPTH_MAX);
	level->up = p->level;
	level->start = p->out->len;
	level->flags = p->flags;
	level->fold = p->fold;
	level->captures = captures;
	level->done = (struct cost){0, 1};
	p->level = level;
	p->flags = flags;
	buf_add_str(p->out, "(?:");
	return 0;
}

static struct cost level_cost(const struct level *level)
{
	struct cost cost = level->done;

	cost.size += level->branches - 1 + (level->captures ? 2 : 0);
	if (cost.size < 1)
		cost.size = 1;
	return cost;
}

static int close_group(struct parser *p, struct err *err)
{
	struct level *level = p->level;
	struct cost cost;

	if (!level->up)
		return re2_refuse("unexpected )", err);
	end_branch(p);
	cost = level_cost(level);
	buf_add_char(p->out, ')');
	p->flags = level->flags;
	p->fold = level->fold;
	p->level = level->up;
	p->depth--;
	begin_atom(p, p->fold);
	p->level->last_start = level->start;
	p->level->last = cost;
	return 0;
}

/* Puts a group around the last thing, so that one more repetition operator can follow. */
static void wrap_last(struct parser *p)
{
	static const char open[] = "(?:";
	size_t start = p->level->last_start, len = p->out->len - start;
	uint8_t *room = buf_room(p->out, sizeof(open) - 1);

	if (!room)
		return;
	memmove(p->out->data + start + sizeof(open) - 1, p->out->data + start, len);
	memcpy(p->out->data + start, open, sizeof(open) - 1);
	p->out->len += sizeof(open) - 1;
	buf_add_char(p->out, ')');
}

/* Go: calcSize, repeatIsValid */
static int add_cost(struct cost *cost, bool counted, int min, int max, struct err *err)
{
	uint32_t m = (uint32_t)(max == RE2_INFINITE ? min : max);

	if (max == RE2_INFINITE) {
		cost->size = min ? 1 + cost->size * (uint64_t)min : 2 + cost->size;
	} else {
		cost->size = cost->size * (uint64_t)max + (uint64_t)(max - min);
	}
	if (cost->size < 1)
		cost->size = 1;
	if (cost->size > PROGRAM_MAX)
		return re2_refuse("expression too large", err);
	if (!counted)
		return 0;
	if (max == 0)
		cost->times = 1;
	else if (m > 1)
		cost->times *= m;
	if (cost->times > REPEAT_MAX)
		return re2_refuse("invalid repeat count", err);
	return 0;
}

static void print_counts(int min, int max, struct buf *out)
{
	if (max == RE2_INFINITE && min < 2)
		buf_add_char(out, min ? '+' : '*');
	else if (max == RE2_INFINITE)
		buf_printf(out, "{%d,}", min);
	else if (max == min)
		buf_printf(out, "{%d}", min);
	else
		buf_printf(out, "{%d,%d}", min, max);
}

/* PCRE2's parallel matcher has a path for each number of turns that a single character's + or {n,} may have taken; a group's turns it does
 * not count, nor those of a *. */
static void print_uncounted(struct parser *p, int min)
{
	struct span atom = span_from(buf_span(p->out), p->level->last_start);
	size_t len = atom.len;
	uint8_t *room;

	if (min == 1) {
		wrap_last(p);
		buf_add_char(p->out, '+');
		return;
	}
	buf_printf(p->out, "{%d}", min);
	room = buf_room(p->out, len);
	if (room) {
		memcpy(room, p->out->data + p->level->last_start, len);
		p->out->len += len;
	}
	buf_add_char(p->out, '*');
}

/* counted: written with braces, to which Go's limit on repetitions applies. */
static int repeat(struct parser *p, bool counted, int min, int max, struct err *err)
{
	if (re2_next_is(&p->in, 0, '?'))
		p->in.at++;
	if (p->was_repeat)
		return re2_refuse("invalid nested repetition operator", err);
	if (!p->level->there)
		return re2_refuse("missing argument to repetition operator", err);
	if (add_cost(&p->level->last, counted, min, max, err) < 0)
		return -1;
	if (max == 0) {
		/* Nothing is left of it. PCRE2 10.42 looks into a group that comes no times when it asks where a match may begin:
		 * (?:|\Aa){0}b matches nothing but at the start. */
		buf_cut(p->out, p->level->last_start);
		buf_add_str(p->out, "(?:)");
		p->level->repeated = false;
		return 0;
	}
	if (p->level->repeated)
		wrap_last(p);
	p->level->repeated = true;
	if (p->form == RE2_PARALLEL && max == RE2_INFINITE && min > 0)
		print_uncounted(p, min);
	else
		print_counts(min, max, p->out);
	return 0;
}

static int parse_operator(struct parser *p, struct err *err)
{
	uint8_t op = p->in.text.data[p->in.at++];

	return repeat(p, false, op == '+', op == '?' ? 1 : RE2_INFINITE, err);
}

static int parse_brace(struct parser *p, bool *ret_repeat, struct err *err)
{
	int min, max;

	if (!re2_take_counts(&p->in, &min, &max)) {
		p->in.at++;
		return add_literal(p, '{', err);
	}
	if (min > REPEAT_MAX || max > REPEAT_MAX || (max != RE2_INFINITE && min > max))
		return re2_refuse("invalid repeat count", err);
	*ret_repeat = true;
	return repeat(p, true, min, max, err);
}

static int parse_bracket(struct parser *p, struct err *err)
{
	struct re2_class class = {.arena = &p->arena, .fold = p->flags & FLAG_FOLD};
	bool negated = false;

	if (re2_take_bracket(&p->in, &class, &negated, err) < 0)
		return -1;
	return add_class(p, &class, negated, err);
}

/* \Q...\E, or to the end. The text is literal; a repetition operator behind it applies to its last character. */
static int parse_literal_text(struct parser *p, struct err *err)
{
	size_t end;

	p->in.at += 2;
	end = span_search(span_from(p->in.text, p->in.at), SPAN("\\E"));
	end = end == SIZE_MAX ? p->in.text.len : p->in.at + end;
	while (p->in.at < end) {
		if (add_literal(p, re2_take(&p->in), err) < 0)
			return -1;
	}
	if (p->in.at < p->in.text.len)
		p->in.at += 2;
	return 0;
}

static int parse_backslash(struct parser *p, struct err *err)
{
	struct re2_class class = {.arena = &p->arena, .fold = p->flags & FLAG_FOLD};
	uint32_t code = 0;
	int r;

	switch (p->in.at + 1 < p->in.text.len ? p->in.text.data[p->in.at + 1] : 0) {
	case 'A':
		add_assertion(p, "(?:\\A)");
		p->in.at += 2;
		return 0;
	case 'z':
		add_assertion(p, "(?:\\z)");
		p->in.at += 2;
		return 0;
	case 'b': /* of ASCII words in both, as UCP is off */
		add_assertion(p, "(?:\\b)");
		p->in.at += 2;
		return 0;
	case 'B':
		add_assertion(p, "(?:\\B)");
		p->in.at += 2;
		return 0;
	case 'Q':
		return parse_literal_text(p, err);
	default:
		break;
	}
	r = re2_take_class_escape(&p->in, &class, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return add_class(p, &class, false, err);
	if (re2_take_escape(&p->in, &code, err) < 0)
		return -1;
	return add_literal(p, code, err);
}

/* (?P<name> and (?<name>. A name may come twice. */
static int parse_named_group(struct parser *p, size_t name_at, struct err *err)
{
	size_t end = span_find(p->in.text, name_at, '>'), i;

	if (end == p->in.text.len || end == name_at)
		return re2_refuse("invalid named capture", err);
	for (i = name_at; i < end; i++) {
		if (!re2_is_alnum(p->in.text.data[i]) && p->in.text.data[i] != '_')
			return re2_refuse("invalid named capture", err);
	}
	p->in.at = end + 1;
	return open_group(p, true, p->flags, err);
}

/* What begins with (?. Go: parsePerlFlags */
static int parse_flags(struct parser *p, struct err *err)
{
	uint8_t flags = p->flags, flag;
	bool minus = false, saw = false;

	if (re2_next_is(&p->in, 2, 'P') && re2_next_is(&p->in, 3, '<'))
		return parse_named_group(p, p->in.at + 4, err);
	if (re2_next_is(&p->in, 2, '<'))
		return parse_named_group(p, p->in.at + 3, err);
	for (p->in.at += 2; re2_more(&p->in); p->in.at++) {
		switch (p->in.text.data[p->in.at]) {
		case 'i':
			flag = FLAG_FOLD;
			break;
		case 'm':
			flag = FLAG_LINES;
			break;
		case 's':
			flag = FLAG_DOT_NEWLINE;
			break;
		case 'U':
			flag = FLAG_UNGREEDY;
			break;
		case '-':
			if (minus)
				goto bad;
			minus = true;
			saw = false;
			continue;
		case ':':
		case ')':
			if (minus && !saw)
				goto bad;
			if (p->in.text.data[p->in.at++] == ':')
				return open_group(p, false, flags, err);
			p->flags = flags;
			return 0;
		default:
			goto bad;
		}
		flags = (uint8_t)(minus ? flags & ~flag : flags | flag);
		saw = true;
	}
bad:
	return re2_refuse("invalid or unsupported Perl syntax", err);
}

static int parse_one(struct parser *p, struct err *err)
{
	struct re2_class none = {.arena = &p->arena};
	bool repeated = false;
	int r = 0;

	switch (p->in.text.data[p->in.at]) {
	case '(':
		if (re2_next_is(&p->in, 1, '?')) {
			r = parse_flags(p, err);
			break;
		}
		p->in.at++;
		r = open_group(p, true, p->flags, err);
		break;
	case ')':
		p->in.at++;
		r = close_group(p, err);
		break;
	case '|':
		p->in.at++;
		end_branch(p);
		buf_add_char(p->out, '|');
		break;
	case '^':
		p->in.at++;
		add_assertion(p, p->flags & FLAG_LINES ? "(?:(?<![^\\x{a}]))" : "(?:\\A)");
		break;
	case '$':
		p->in.at++;
		add_assertion(p, p->flags & FLAG_LINES ? "(?:(?![^\\x{a}]))" : "(?:\\z)");
		break;
	case '.':
		p->in.at++;
		if (!(p->flags & FLAG_DOT_NEWLINE))
			r = re2_class_add(&none, '\n', '\n', err);
		if (r == 0)
			r = add_class(p, &none, true, err);
		break;
	case '[':
		r = parse_bracket(p, err);
		break;
	case '*':
	case '+':
	case '?':
		repeated = true;
		r = parse_operator(p, err);
		break;
	case '{':
		r = parse_brace(p, &repeated, err);
		break;
	case '\\':
		r = parse_backslash(p, err);
		break;
	default:
		r = add_literal(p, re2_take(&p->in), err);
	}
	p->was_repeat = repeated;
	return r;
}

static int parse_all(struct parser *p, struct err *err)
{
	while (re2_more(&p->in)) {
		if (parse_one(p, err) < 0)
			return -1;
	}
	if (p->level->up)
		return re2_refuse("missing closing )", err);
	end_branch(p);
	if (level_cost(p->level).size > PROGRAM_MAX)
		return re2_refuse("expression too large", err);
	return buf_check(p->out, err);
}

int re2_translate(struct span pattern, enum re2_form form, struct buf *out, struct err *err)
{
	struct level top = {.done = {0, 1}};
	struct parser p = {.in = {.text = pattern},
			   .form = form,
			   .level = &top,
			   .arena = ARENA_INIT(ARENA_MAX),
			   .out = out};
	int r;

	if (pattern.len > RE2_PATTERN_MAX)
		return err_set(err, ERR_LIMIT, "a pattern of %zu bytes; the limit is %d",
			       pattern.len, RE2_PATTERN_MAX);
	if (!utf8_valid(pattern))
		return re2_refuse("invalid UTF-8", err);
	r = parse_all(&p, err);
	arena_release(&p.arena);
	return r;
}
