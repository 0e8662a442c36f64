/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a YAML text: encoding and characters; see yaml_input.c.
 */
#ifndef DOC_YAML_INPUT_H
#define DOC_YAML_INPUT_H

#include "doc/doc.h"

struct yaml_input {
	struct span text; /* UTF-8; the input itself, or in the document's arena */
	size_t from;      /* where the text begins: behind a byte order mark */
	bool converted;   /* was UTF-16: offsets are not those of the input */
};

/* Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int yaml_input_open(struct span input, struct doc *doc, struct yaml_input *ret_input,
		    struct err *err) NODISCARD;

#endif
