/* SPDX-License-Identifier: Apache-2.0
 *
 * Who can open an encrypted document, and who should by the repository's creation rules: the comparison behind `krm-sops audit`.
 * sops: cmd/sops/common/common.go (DiffKeyGroups), cmd/sops/subcommand/updatekeys
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "creation_rules.h"

enum audit_status {
	AUDIT_OK,
	AUDIT_DRIFT,
	AUDIT_NO_RULE,   /* a .sops.yaml is there, but none of its rules fits the file */
	AUDIT_NO_CONFIG, /* there is no .sops.yaml */
	AUDIT_ERROR,     /* the file's metadata or the .sops.yaml can not be read */
};

enum audit_side { AUDIT_BOTH, AUDIT_MISSING /* expected, not in the file */, AUDIT_EXTRA };

struct audit_key {
	enum audit_side side;
	enum sops_key_type type;
	size_t group;     /* from 0 */
	struct span name; /* key_text.h */
};

/* One document. All of it lives in the arena. */
struct audit {
	struct arena arena;
	enum audit_status status;
	struct audit_key *keys;
	size_t count, room;
	size_t groups;          /* the larger number of both sides */
	const char *differs[4]; /* other drift: "encrypted_regex: '^data$', expected '^x$'" */
	size_t differ_count;
};

#define AUDIT_ARENA_MAX ((size_t)64 * 1024 * 1024) /* names of the keys of one document */
#define AUDIT_INIT                                   \
	{                                            \
		.arena = ARENA_INIT(AUDIT_ARENA_MAX) \
	}
#define CLEAN_AUDIT CLEANUP(audit_release)

/* Compares. rule NULL: status is AUDIT_NO_RULE and every key AUDIT_BOTH. ret_audit must be AUDIT_INIT. Errors: ERR_NOMEM, ERR_LIMIT. */
int audit_compare(const struct sops_meta *meta, const struct creation_rule *rule,
		  struct audit *ret_audit, struct err *err) NODISCARD;

const char *audit_status_name(enum audit_status status);

void audit_release(struct audit *audit);

#endif
