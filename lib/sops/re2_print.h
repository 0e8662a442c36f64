/* SPDX-License-Identifier: Apache-2.0
 *
 * The printing half of re2.c: PCRE2's text, the groups that are open in it, and what the pattern costs by Go's limits.
 *
 * What is printed can not be misread: a letter or digit stands for itself, everything else is \x{...}, a class, or in a group.
 */
#ifndef SOPS_RE2_PRINT_H
#define SOPS_RE2_PRINT_H

#include "base/arena.h"
#include "sops/re2.h"
#include "sops/re2_class.h"

enum {
	RE2_REPEAT_MAX =
		1000, /* copies of one thing, all repetitions around it multiplied. Go: repeatIsValid */
	RE2_ARENA_MAX =
		64 * 1024 * 1024, /* bytes for classes: some hundred of each folded property */
};

enum re2_flag {
	RE2_FOLD = 1 << 0,        /* (?i) */
	RE2_DOT_NEWLINE = 1 << 1, /* (?s) */
	RE2_LINES = 1 << 2,       /* (?m) */
	RE2_UNGREEDY = 1 << 3,    /* (?U): known, and without effect on whether there is a match */
};

struct re2_level;

struct re2_print {
	uint8_t flags; /* enum re2_flag, as they hold where we are */
	bool fold;     /* the (?i) of the output as it stands */
	size_t depth;
	enum re2_form form;
	struct re2_level *level;
	struct arena arena;
	struct buf *out;
};

/* Errors of all: ERR_FORMAT where Go refuses the pattern, ERR_LIMIT, ERR_NOMEM. */

int re2_print_begin(struct re2_print *p, enum re2_form form, struct buf *out, struct err *err)
	NODISCARD;

/* The whole pattern has been read. */
int re2_print_end(struct re2_print *p, struct err *err) NODISCARD;

void re2_print_release(struct re2_print *p);

/* PCRE2's text, a group of its own. */
void re2_print_assertion(struct re2_print *p, const char *text);

int re2_print_class(struct re2_print *p, struct re2_class *class, bool negated, struct err *err)
	NODISCARD;

/* One character, folded where the flags say so. */
int re2_print_literal(struct re2_print *p, uint32_t code, struct err *err) NODISCARD;

/* Inside the group the flags are these; behind it they are again what they were. */
int re2_print_open(struct re2_print *p, bool captures, uint8_t flags, struct err *err) NODISCARD;
int re2_print_close(struct re2_print *p, struct err *err) NODISCARD;

void re2_print_or(struct re2_print *p);

/* Repeats the last thing. counted: written with braces, to which Go's limit on repetitions applies. */
int re2_print_repeat(struct re2_print *p, bool counted, int min, int max, struct err *err)
	NODISCARD;

#endif
