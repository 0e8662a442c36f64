/* SPDX-License-Identifier: Apache-2.0
 *
 * The child `kustomize`: found, walled in, run, its output taken.
 */
#ifndef KUSTOMIZE_H
#define KUSTOMIZE_H

#include "base/buf.h"

#include <limits.h>

enum {
	KUSTOMIZE_STDERR_MAX = 64 * 1024, /* bytes of its messages that are kept */
};

struct kustomize {
	char path[PATH_MAX]; /* the program, absolute */
	bool kubectl;        /* it is kubectl, which has kustomize in it */
	bool remote;         /* it may fetch: no wall, the whole environment but for credentials */
};

/* Finds the program: `given` (--kustomize) where not NULL, else `kustomize` on PATH, else `kubectl`. Errors: ERR_USAGE. */
int kustomize_find(const char *given, struct kustomize *ret, struct err *err) NODISCARD;

/* Runs `kustomize build` on root/folder. What it prints is appended to out, what it says on stderr to messages (cut at its limit). It sees
 * root and its own program, no variable but what it needs, and ends with us. Errors: ERR_FORMAT (it failed: the caller has to show the
 * messages), ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM. */
int kustomize_build(const struct kustomize *kustomize, const char *root, const char *folder,
		    struct buf *out, struct buf *messages, struct err *err) NODISCARD;

/* Appends messages to out without what is secret in them: words that are in one of the `opened` texts and not in the `closed` one beside it become
 * "<redacted>". */
void kustomize_redact(struct span messages, const struct span *opened, const struct span *closed,
		      size_t count, struct buf *out);

#endif
