/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a walk over an object is, for its messages: a chain on the stack, read only when something is wrong.
 */
#ifndef PLACE_H
#define PLACE_H

#include "doc/doc.h"

struct place {
	const struct place *up;      /* NULL: the object itself is above */
	const struct doc_node *node; /* an entry with a key, or an element */
	size_t index;                /* of an element */
};

enum { PLACE_SHOWN_MAX = 300 /* bytes of a path in a message */ };

struct place_text {
	char text[PLACE_SHOWN_MAX + 4];
};

/* "spec.env[2].value"; cut with "..." where it is too long. */
struct place_text place_text(const struct place *place);

#endif
