/* SPDX-License-Identifier: Apache-2.0
 *
 * Character classes of RE2 while a pattern is translated: code points, folded here and not by PCRE2, and Unicode properties by name.
 */
#ifndef SOPS_RE2_CLASS_H
#define SOPS_RE2_CLASS_H

#include "base/arena.h"
#include "base/buf.h"

struct re2_range {
	uint32_t lo, hi;
};

struct re2_set {
	struct re2_range *ranges; /* of the arena */
	size_t count, room;
};

/* A property as an item: what PCRE2 prints for it. */
struct re2_item {
	struct re2_item *next;
	const struct re2_property *property;
	bool negated;
	bool folded; /* negated only: what (?i) adds to the property is left out too */
};

struct re2_class {
	struct arena *arena;
	struct re2_set set;
	struct re2_item *items, *last;
	bool fold; /* (?i) holds */
};

enum { RE2_CODE_MAX = 0x10ffff };

/* All return -1 with ERR_NOMEM or ERR_LIMIT, where no more is said. */
int re2_class_add(struct re2_class *class, uint32_t lo, uint32_t hi, struct err *err) NODISCARD;

/* name: a letter of \d \D \s \S \w \W. 1 where it is none of these. */
int re2_class_add_perl(struct re2_class *class, uint8_t name, struct err *err) NODISCARD;

/* name: the text between [: and :]. 1 where there is no such class. */
int re2_class_add_posix(struct re2_class *class, struct span name, struct err *err) NODISCARD;

/* name: as in \p{name}, without a leading ^. 1 where there is no such property. */
int re2_class_add_property(struct re2_class *class, struct span name, bool negated, struct err *err)
	NODISCARD;

/* Appends the class as one PCRE2 item that a quantifier may follow. */
int re2_class_print(struct re2_class *class, bool negated, struct buf *out, struct err *err)
	NODISCARD;

#endif
