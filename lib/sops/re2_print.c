/* SPDX-License-Identifier: Apache-2.0
 *
 * PCRE2's text of what re2.c reads; see re2_print.h.
 */
#include "sops/re2_print.h"

#include "sops/re2_scan.h"

enum { PROGRAM_MAX = (128 << 20) / 40 /* instructions of Go's program. Go: maxSize */ };

/* What Go's limits are counted in. */
struct cost {
	uint64_t size;  /* instructions */
	uint32_t times; /* the largest product of repetitions within */
};

/* A group that is open, or the whole pattern. */
struct re2_level {
	struct re2_level *up;
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

static struct cost both(struct cost a, struct cost b)
{
	return (struct cost){a.size + b.size, a.times > b.times ? a.times : b.times};
}

/* What was last joins its branch; a new last thing begins here. */
static void begin_atom(struct re2_print *p, bool fold)
{
	struct re2_level *level = p->level;

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

static void end_branch(struct re2_print *p)
{
	struct re2_level *level = p->level;

	if (level->there)
		level->done = both(level->done, level->last);
	level->there = false;
	level->branches++;
}

void re2_print_assertion(struct re2_print *p, const char *text)
{
	begin_atom(p, false);
	buf_add_str(p->out, text);
}

int re2_print_class(struct re2_print *p, struct re2_class *class, bool negated, struct err *err)
{
	begin_atom(p, false);
	return re2_class_print(class, negated, p->out, err);
}

int re2_print_literal(struct re2_print *p, uint32_t code, struct err *err)
{
	struct re2_class class = {.arena = &p->arena, .fold = p->flags & RE2_FOLD};
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
	return re2_print_class(p, &class, false, err);
}

int re2_print_open(struct re2_print *p, bool captures, uint8_t flags, struct err *err)
{
	struct re2_level *level = arena_alloc(&p->arena, sizeof(*level), err);

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

static struct cost level_cost(const struct re2_level *level)
{
	struct cost cost = level->done;

	cost.size += level->branches - 1 + (level->captures ? 2 : 0);
	if (cost.size < 1)
		cost.size = 1;
	return cost;
}

int re2_print_close(struct re2_print *p, struct err *err)
{
	struct re2_level *level = p->level;
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
static void wrap_last(struct re2_print *p)
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
	if (cost->times > RE2_REPEAT_MAX)
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
static void print_uncounted(struct re2_print *p, int min)
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

void re2_print_or(struct re2_print *p)
{
	end_branch(p);
	buf_add_char(p->out, '|');
}

int re2_print_repeat(struct re2_print *p, bool counted, int min, int max, struct err *err)
{
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

int re2_print_begin(struct re2_print *p, enum re2_form form, struct buf *out, struct err *err)
{
	*p = (struct re2_print){.form = form, .arena = ARENA_INIT(RE2_ARENA_MAX), .out = out};
	p->level = arena_alloc(&p->arena, sizeof(*p->level), err);
	if (!p->level)
		return -1;
	p->level->done = (struct cost){0, 1};
	return 0;
}

int re2_print_end(struct re2_print *p, struct err *err)
{
	if (p->level->up)
		return re2_refuse("missing closing )", err);
	end_branch(p);
	if (level_cost(p->level).size > PROGRAM_MAX)
		return re2_refuse("expression too large", err);
	return buf_check(p->out, err);
}

void re2_print_release(struct re2_print *p)
{
	arena_release(&p->arena);
}
