/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether key files have changed: a fingerprint of what lies there (names, inodes, times, sizes; never content), to be compared with the last one.
 * Asked again and again rather than told by the kernel, as that holds for every kind of mount, and for Kubernetes' way of swapping `..data`.
 */
#ifndef WATCH_H
#define WATCH_H

#include "policy.h"
#include "serve_options.h"

enum {
	WATCH_PATHS_MAX = 128,
	WATCH_ENTRIES_MAX = 10 * 1000, /* files and folders that are looked at */
	WATCH_DEPTH_MAX = 6,           /* NAMESPACE/NAME/..data/KEY */
	WATCH_USUAL_MAX = 8,
	WATCH_PATH_LEN = 4096, /* as PATH_MAX of Linux */
};

struct watch {
	const char *paths[WATCH_PATHS_MAX];
	size_t count;
	char usual[WATCH_USUAL_MAX][WATCH_PATH_LEN]; /* below the user's home */
	size_t usual_count;
};

/* What the options, the policy's key sets and the environment name, and the usual files: all that a keeper reads once. Tokens that rotate are none of it,
 * as they are read each time that they are wanted. The strings must outlive the watch. */
void watch_init(struct watch *watch, const struct serve_options *options,
		const struct policy *policy);

uint64_t watch_fingerprint(const struct watch *watch);

#endif
