/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a closed schema, for the operator's policy: maps whose every field is known, lists of texts, each error with its line and path.
 */
#ifndef POLICY_READ_H
#define POLICY_READ_H

#include "policy.h"

struct policy_reader {
	struct policy *policy;
	const char *path;
};

/* One entry of a map: how it is called, who reads it. */
struct policy_field {
	const char *name;
	int (*read)(struct policy_reader *reader, const char *where, const struct doc_node *node,
		    struct err *err);
};

enum {
	POLICY_WHERE_MAX = 128, /* bytes of "spec.keys.azure_kv" and the like */
	POLICY_LIMIT_MAX =
		1000 * 1000 *
		1000, /* of limits.files and limits.bytes: the arena of a search holds no more */
};

/* What an entry's star may stand for. */
enum policy_star {
	POLICY_STAR_ANY,  /* any end of the text */
	POLICY_STAR_PATH, /* of an address only what follows its host: "https://vault.example.com*" would let "….com.evil.org" in */
	POLICY_STAR_NEVER,
};

/* ERR_FORMAT: "policy 'FILE': line 3: 'spec.mac' WHAT". */
int policy_bad(const struct policy_reader *reader, const struct doc_node *node, struct err *err,
	       const char *what, const char *where);

/* Every entry of the map by the table; `where` is the map's own path, "" at the top. */
int policy_read_map(struct policy_reader *reader, const char *where, const struct doc_node *map,
		    const struct policy_field *fields, size_t n, struct err *err) NODISCARD;

int policy_read_list(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     enum policy_star star, struct policy_list *list, struct err *err) NODISCARD;

/* A map from key types to lists: what a document may ask for. */
int policy_read_keys(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct policy_list lists[static SOPS_KEY_TYPES], struct err *err) NODISCARD;

/* policy_keysets.c: `keySets` of the spec. */
int policy_read_key_sets(struct policy_reader *reader, const char *where,
			 const struct doc_node *node, struct err *err) NODISCARD;

#endif
