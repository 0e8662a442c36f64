/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that another program printed, as kubectl does of two objects, without the secrets of a build. There they stand in whatever style YAML has for them: as
 * they are, in quotes with escapes, or line by line.
 */
#ifndef BUILD_MASK_H
#define BUILD_MASK_H

#include "build_diff.h"

/* Appends text with the mask in the place of every secret of at least BUILD_DIFF_SECRET_MIN bytes, but for `true` and `false`. Lines are those of a diff: a
 * sign, blanks, and what counts. Errors: ERR_NOMEM, ERR_LIMIT. */
int build_mask(struct span text, const struct build_secrets *secrets, struct buf *out,
	       struct err *err) NODISCARD;

#endif
