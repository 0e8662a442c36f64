/* SPDX-License-Identifier: Apache-2.0
 *
 * A Secret as text: what a plan says of it and the values that its files gave.
 */
#ifndef GENERATE_SECRET_H
#define GENERATE_SECRET_H

#include "generate_plan.h"
#include "generate_values.h"

/* Appends it as a YAML map in block style, all texts in double quotes. Errors: ERR_EMIT for a text that is not UTF-8. */
int generate_secret_print(const struct generate_secret *secret,
			  const struct generate_values *string_data,
			  const struct generate_values *data, struct buf *out, struct err *err)
	NODISCARD;

#endif
