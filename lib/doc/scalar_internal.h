/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files scalar*.c only.
 */
#ifndef DOC_SCALAR_INTERNAL_H
#define DOC_SCALAR_INTERNAL_H

#include "doc/doc.h"

/* Text read from left to right; with `bare` as if it had no underscores: resolve.go removes them all before it tries integers and
 * floats. */
struct scalar_cursor {
	struct span text;
	size_t at;
	bool bare;
};

/* The next byte, or -1 at the end. */
static inline int scalar_peek(struct scalar_cursor *c)
{
	while (c->bare && c->at < c->text.len && c->text.data[c->at] == '_')
		c->at++;
	return c->at < c->text.len ? c->text.data[c->at] : -1;
}

static inline int scalar_next(struct scalar_cursor *c)
{
	int byte = scalar_peek(c);

	c->at += byte >= 0;
	return byte;
}

static inline bool scalar_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* scalar_parse_float() of the text without its underscores. */
bool scalar_parse_bare_float(struct span text, double *ret);

/* value = 0.d1d2...dn x 10^point, d1 and dn not 0; zero has no digits and point 0. */
struct scalar_decimal {
	char digits[24]; /* 17 at most, no NUL */
	int count, point;
};

/* The digits of a finite value >= 0. */
void scalar_shortest(double value, struct scalar_decimal *ret);

/* The four timestamp layouts that go-yaml knows in plain scalars. */
bool scalar_parse_yaml_time(struct span text, struct doc_time *ret);

#endif
