/* SPDX-License-Identifier: Apache-2.0
 *
 * The creation rules of many files: each `.sops.yaml` is read once. A file's is the nearest above it, as for a sops that runs in the file's own
 * folder, unless one is given for all.
 */
#ifndef CREATION_CACHE_H
#define CREATION_CACHE_H

#include "creation_rules.h"

#include "sops/regex.h"

/* One `.sops.yaml`. */
struct creation_entry {
	struct creation_entry *next;
	char *path;
	struct creation_rules rules;
	bool broken; /* err says why; it has no rules then */
	bool told;   /* free for the caller: he has told so */
	struct err err;
};

struct creation_cache {
	const char *given; /* --config: an absolute path, for every file; NULL: look for it */
	struct creation_entry *entries;
	struct regex_work patterns; /* of all of them */
	char *dir;                  /* the folder of the last file, and its entry */
	struct creation_entry *last;
};

#define CREATION_CACHE_INIT    \
	{                      \
		.given = NULL, \
	}
#define CLEAN_CREATION_CACHE CLEANUP(creation_cache_release)

/* The rule of the file with that absolute path. *ret_entry: its `.sops.yaml`, NULL where there is none; *ret_rule: NULL where none fits, or the entry
 * is broken. Errors: ERR_NOMEM. */
int creation_cache_choose(struct creation_cache *cache, const char *path,
			  struct creation_entry **ret_entry, const struct creation_rule **ret_rule,
			  struct err *err) NODISCARD;

void creation_cache_release(struct creation_cache *cache);

#endif
