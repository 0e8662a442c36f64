/* SPDX-License-Identifier: Apache-2.0
 *
 * What a build changes, field by field, without telling a secret: of a Secret's values, and of what else was decrypted, only that they differ.
 */
#ifndef BUILD_DIFF_H
#define BUILD_DIFF_H

#include "manifests.h"

#define BUILD_DIFF_MASK "********" /* whatever the length of what it stands for */

enum {
	BUILD_DIFF_SHOWN_MAX = 60, /* bytes of a value in a line */
	BUILD_DIFF_SECRET_MIN =
		4, /* bytes of a secret that is looked for inside of other values: shorter ones are everywhere */
};

/* Texts that were encrypted. */
struct build_secrets {
	struct arena arena;
	struct span *list;
	size_t count, cap;
};

#define BUILD_SECRETS_INIT                                     \
	{                                                      \
		.arena = ARENA_INIT((size_t)256 * 1024 * 1024) \
	}
#define CLEAN_BUILD_SECRETS CLEANUP(build_secrets_release)

int build_secrets_add(struct build_secrets *secrets, struct span text, struct err *err) NODISCARD;

/* Adds every value below node that was decrypted (DOC_OPENED). */
int build_secrets_add_opened(struct build_secrets *secrets, const struct doc_node *node,
			     struct err *err) NODISCARD;

void build_secrets_release(struct build_secrets *secrets);

/* Appends the differences of two builds: "+ Kind ns/name", "- Kind ns/name", "~ Kind ns/name" with a line for each field. Objects belong together by kind, namespace and
 * name; the hash that kustomize puts behind a name does not count. Nothing is appended where they are the same. Errors: ERR_NOMEM. */
int build_diff(const struct manifests *before, const struct manifests *after,
	       const struct build_secrets *secrets, struct buf *out, struct err *err) NODISCARD;

#endif
