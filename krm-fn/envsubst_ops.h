/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operators of ${VAR} do with a value; envsubst.c reads them. fluxcd/pkg: envsubst/funcs.go
 */
#ifndef ENVSUBST_OPS_H
#define ENVSUBST_OPS_H

#include "base/buf.h"

enum { ENVSUBST_ARGS_MAX = 2 };

/* Appends what operator `op` ("" for ${V}, "#", "##", ":", "/", ",,", ...) makes of value. count: the arguments that were given. */
int envsubst_apply(struct span op, struct span value, const struct span *args, size_t count,
		   struct buf *out, struct err *err) NODISCARD;

/* A shell pattern against a whole text, `*` matches slashes too. 1, 0, or -1 for a pattern that is none. Go: path.Match, as Flux changed it */
int envsubst_match(struct span pattern, struct span text) NODISCARD;

#endif
