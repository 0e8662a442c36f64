/* SPDX-License-Identifier: Apache-2.0
 *
 * Strings in double quotes that JSON and YAML both read as what they are, for text that is spliced in or written anew.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "base/buf.h"

/* Appends s with its quotes. -1, with nothing said, where it is not UTF-8; what was added then stays, the caller throws it away. */
int json_text_add(struct span s, struct buf *out) NODISCARD;

/* The same, with '?' for each byte that is not UTF-8. */
void json_text_add_lossy(struct span s, struct buf *out);

#endif
