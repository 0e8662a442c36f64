/* SPDX-License-Identifier: Apache-2.0
 *
 * The creation rules of a repository's `.sops.yaml`: which keys a file should be encrypted for, and which of its values. The first rule whose
 * path_regex matches the file's path, relative to the folder of `.sops.yaml`, is the file's. sops: config/config.go
 */
#ifndef CREATION_RULES_H
#define CREATION_RULES_H

#include "sops/sops_rule.h"

enum {
	CREATION_FILE_MAX = 4 * 1024 * 1024, /* bytes of a .sops.yaml: tens of thousands of rules */
	CREATION_LEVELS_MAX = 100,           /* folders up that it is looked for, as sops does */
};

struct creation_rule {
	size_t number; /* from 1, in the file's order */
	uint32_t line;
	struct span path_regex; /* a null span: fits every file */
	struct regex *regex;
	const struct doc_node *node;
	/* What follows is read when the rule is first chosen. */
	bool loaded;
	struct sops_group
		*groups; /* `enc` of the keys is a null span; an Azure key without version: any */
	size_t group_count;
	int64_t shamir_threshold;
	enum sops_rule_kind kind; /* what is encrypted, as in sops_meta */
	struct span text;
	bool mac_only_encrypted;
};

struct creation_rules {
	struct buf bytes;
	struct doc doc;
	const char *path, *dir;  /* of the file; absolute */
	struct regex_work *work; /* of path_regex, as in regex.h; may be set before a choice */
	struct creation_rule *rules;
	size_t count; /* 0: the file has no creation rules, which says nothing about any file */
};

#define CREATION_RULES_INIT                                                \
	{                                                                  \
		.bytes = BUF_INIT(CREATION_FILE_MAX + 1), .doc = DOC_INIT, \
	}
#define CLEAN_CREATION_RULES CLEANUP(creation_rules_release)

/* Looks for `.sops.yaml` in the absolute folder dir and above. 0 with its path (malloc'ed, the caller frees), or NULL where there is none. */
int creation_rules_find(const char *dir, char **ret_path, struct err *err) NODISCARD;

/* Reads the file, an absolute path. ret_rules must be CREATION_RULES_INIT. Errors: ERR_FORMAT with rule and line, ERR_SYSTEM, ERR_NOT_FOUND,
 * ERR_LIMIT, ERR_NOMEM. */
int creation_rules_load(const char *path, struct creation_rules *ret_rules, struct err *err)
	NODISCARD;

/* The same from bytes, which must outlive the rules. */
int creation_rules_parse(struct span text, const char *path, struct creation_rules *ret_rules,
			 struct err *err) NODISCARD;

/* The rule of the file with that absolute path; NULL where none fits. Errors: ERR_FORMAT for a pattern that is none, a key that can not be read
 * (only in the rules that are looked at, as in sops), ERR_NOMEM. */
int creation_rules_choose(struct creation_rules *rules, const char *path,
			  const struct creation_rule **ret_rule, struct err *err) NODISCARD;

/* Does the rule's path_regex match that path, relative to the folder of .sops.yaml? */
int creation_rule_fits(const struct creation_rule *rule, struct span path, bool *ret_fits,
		       struct err *err) NODISCARD;

/* The keys of a rule, into doc's arena. Errors: ERR_FORMAT, ERR_NOMEM. */
int creation_keys_read(struct doc *doc, struct creation_rule *rule, struct err *err) NODISCARD;

void creation_rules_release(struct creation_rules *rules);

#endif
