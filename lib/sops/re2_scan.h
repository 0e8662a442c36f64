/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces that an RE2 pattern is made of, below groups and operators: characters, escapes, counts, classes.
 */
#ifndef SOPS_RE2_SCAN_H
#define SOPS_RE2_SCAN_H

#include "sops/re2_class.h"

/* A pattern, known to be UTF-8, and how far it has been read. */
struct re2_scan {
	struct span text;
	size_t at;
};

static inline bool re2_more(const struct re2_scan *s)
{
	return s->at < s->text.len;
}

static inline bool re2_next_is(const struct re2_scan *s, size_t ahead, uint8_t c)
{
	return s->at + ahead < s->text.len && s->text.data[s->at + ahead] == c;
}

/* ERR_FORMAT with the reason. Always returns -1. */
int re2_refuse(const char *why, struct err *err);

/* The next character. */
uint32_t re2_take(struct re2_scan *s);

bool re2_is_alnum(uint32_t c);

enum { RE2_INFINITE = -1 };

/* At a brace: {n}, {n,} or {n,m}. false, and nothing taken, where it is not of that form. */
bool re2_take_counts(struct re2_scan *s, int *ret_min, int *ret_max);

/* At a backslash: an escape that stands for one character. */
int re2_take_escape(struct re2_scan *s, uint32_t *ret_code, struct err *err) NODISCARD;

/* Anywhere: one of \d \D \s \S \w \W \p \P joins class. 1, and nothing taken, where there is none of these. */
int re2_take_class_escape(struct re2_scan *s, struct re2_class *class, struct err *err) NODISCARD;

/* At a bracket: a class up to its closing bracket. */
int re2_take_bracket(struct re2_scan *s, struct re2_class *class, bool *ret_negated,
		     struct err *err) NODISCARD;

#endif
