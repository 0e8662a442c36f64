/* SPDX-License-Identifier: Apache-2.0
 *
 * `kubectl diff` underneath `krm-sops diff`: the cluster's answer to what a build would change.
 */
#ifndef KUBECTL_H
#define KUBECTL_H

#include "base/buf.h"

/* Runs `kubectl diff -f -` of PATH on the objects, with its temporary files in the folder `scratch`. What it prints is appended to out; its messages go
 * to stderr. *ret_differs: it found differences. Errors: ERR_USAGE (no kubectl), ERR_SYSTEM (it failed), ERR_NOMEM. */
int kubectl_diff(struct span objects, const char *scratch, struct buf *out, bool *ret_differs,
		 struct err *err) NODISCARD;

#endif
