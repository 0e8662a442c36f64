/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a writer stands in a tree, for its messages: a chain of steps on the stack, put into words only when something is wrong.
 */
#ifndef DOC_DOC_PATH_H
#define DOC_DOC_PATH_H

#include "base/text.h"

enum { DOC_PATH_SHOWN_MAX = 300 /* bytes; a longer path loses its middle steps */ };

struct doc_path {
	const struct doc_path *up; /* NULL: below the top */
	struct span key;           /* data is NULL for a list element */
	size_t index;              /* in a list, comments counted as sops does */
};

struct doc_path_text {
	char text[DOC_PATH_SHOWN_MAX];
};

/* "stringData.ports[2]"; "(top)" for NULL. Fit for a message, without quotes around it. */
struct doc_path_text doc_path_text(const struct doc_path *path);

#endif
