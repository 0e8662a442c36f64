/* SPDX-License-Identifier: Apache-2.0
 *
 * White space as Go's unicode.IsSpace has it, and the trimming that is built on it (strings.TrimSpace): the INI rules are made of it.
 * Bytes that are not UTF-8 are not white.
 */
#ifndef DOC_WHITE_H
#define DOC_WHITE_H

#include "base/span.h"

struct span white_trim_left(struct span s);
struct span white_trim_right(struct span s);
struct span white_trim(struct span s);

#endif
