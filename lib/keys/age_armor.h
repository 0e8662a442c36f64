/* SPDX-License-Identifier: Apache-2.0
 *
 * The ASCII armor around an age file: what sops keeps in `enc`.
 */
#ifndef KEYS_AGE_ARMOR_H
#define KEYS_AGE_ARMOR_H

#include "base/buf.h"

enum {
	AGE_ARMOR_SPACE_MAX =
		1024, /* bytes of white space before it, and fewer than that after it */
};

/* Appends the age file inside text to out. Errors: ERR_FORMAT; ERR_LIMIT and ERR_NOMEM are out's. */
int age_armor_decode(struct span text, struct buf *out, struct err *err) NODISCARD;

#endif
