/* SPDX-License-Identifier: Apache-2.0
 *
 * Which leaves of a document are encrypted: one of six rules, asked once for each map key and comment on the way down. What a key decides
 * holds for everything below it, so the walk carries a flag in place of a path. sops: sops.go (shouldBeEncrypted); sops-format.md section 2
 */
#ifndef SOPS_SOPS_RULE_H
#define SOPS_SOPS_RULE_H

#include "sops/sops_meta.h"

struct regex;
struct regex_work;

struct sops_rule {
	enum sops_rule_kind kind;
	struct span suffix;  /* of the suffix rules */
	struct regex *regex; /* of the others */
};

#define CLEAN_SOPS_RULE CLEANUP(sops_rule_release)

/* Where the walk stands. Start with all false for each branch. */
struct sops_rule_state {
	bool key_hit;       /* a key on the path matches */
	bool outer_comment; /* an active comment of a map or list further out matches */
	bool last_comment;  /* an active comment of this map or list matches ... */
	bool prior_comment; /* ... and one that is not the last of them */
};

/* ret_rule must be zeroed, or one that this has filled: documents of a repository share theirs, so a pattern is kept where it is the same again.
 * work: as in regex.h, or NULL. Errors: ERR_FORMAT for a pattern that RE2 would not take, ERR_NOMEM. */
int sops_rule_init(const struct sops_meta *meta, struct regex_work *work,
		   struct sops_rule *ret_rule, struct err *err) NODISCARD;

/* Goes below a map's key: sets key_hit where the key matches. Errors: ERR_LIMIT, ERR_NOMEM. */
int sops_rule_key(const struct sops_rule *rule, struct span key, struct sops_rule_state *state,
		  struct err *err) NODISCARD;

/* Goes into a map or list: its comments are another level. */
void sops_rule_enter(struct sops_rule_state *state);

/* Meets a comment, before it is itself asked about. */
int sops_rule_comment(const struct sops_rule *rule, struct span text, struct sops_rule_state *state,
		      struct err *err) NODISCARD;

/* Has passed an entry that is no comment: this level's comments are spent. */
void sops_rule_pass(struct sops_rule_state *state);

/* Is the leaf (or comment) here encrypted? */
bool sops_rule_encrypts(const struct sops_rule *rule, const struct sops_rule_state *state,
			bool comment);

void sops_rule_release(struct sops_rule *rule);

#endif
