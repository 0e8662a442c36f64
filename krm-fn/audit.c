/* SPDX-License-Identifier: Apache-2.0
 *
 * The comparison of a document's recipients with those that its creation rule names; see audit.h. Groups are compared by their place, keys by name,
 * as `sops updatekeys` does; the selection rule and the threshold, which updatekeys leaves alone, are compared too.
 */
#include "audit.h"

#include "base/text.h"
#include "key_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIFFERS_MAX = 1024 /* bytes of the text of one difference */ };

static const char *const status_names[] = {
	[AUDIT_OK] = "ok",           [AUDIT_DRIFT] = "drift",
	[AUDIT_NO_RULE] = "no rule", [AUDIT_NO_CONFIG] = "no .sops.yaml",
	[AUDIT_ERROR] = "error",
};

static const char *const rule_names[] = {
	[SOPS_RULE_UNENCRYPTED_SUFFIX] = "unencrypted_suffix",
	[SOPS_RULE_ENCRYPTED_SUFFIX] = "encrypted_suffix",
	[SOPS_RULE_UNENCRYPTED_REGEX] = "unencrypted_regex",
	[SOPS_RULE_ENCRYPTED_REGEX] = "encrypted_regex",
	[SOPS_RULE_UNENCRYPTED_COMMENT_REGEX] = "unencrypted_comment_regex",
	[SOPS_RULE_ENCRYPTED_COMMENT_REGEX] = "encrypted_comment_regex",
};

const char *audit_status_name(enum audit_status status)
{
	return status_names[status];
}

static int name_of(struct audit *audit, const struct sops_key *key, struct span *ret,
		   struct err *err)
{
	CLEAN_BUF struct buf name = BUF_INIT(KEY_TEXT_MAX);

	key_text_add(key, &name);
	if (buf_check(&name, err) < 0)
		return -1;
	return arena_dup(&audit->arena, buf_span(&name), ret, err);
}

static int add(struct audit *audit, const struct audit_key *key, struct err *err)
{
	struct audit_key *keys;

	if (audit->count == audit->room) {
		size_t room = audit->room ? audit->room * 2 : 8;

		keys = reallocarray(audit->keys, room, sizeof(*keys));
		if (!keys)
			return err_nomem(err);
		audit->keys = keys;
		audit->room = room;
	}
	audit->keys[audit->count++] = *key;
	return 0;
}

/* An Azure key that is named without a version means the newest, which only Azure knows: any will do. */
static bool same(const struct audit_key *have, const struct sops_key *want, struct span name)
{
	if (have->type != want->type)
		return false;
	if (want->type == SOPS_KEY_AZURE_KV && !want->path.len)
		return span_starts(have->name, name);
	return span_eq(have->name, name);
}

/* The keys of one group of the file, each EXTRA until the rule names it too. */
static int add_group(struct audit *audit, const struct sops_group *group, size_t number,
		     struct err *err)
{
	const struct sops_key *key;

	for (key = group ? group->keys : NULL; key; key = key->next) {
		struct audit_key entry = {AUDIT_EXTRA, key->type, number, SPAN_NULL};

		if (name_of(audit, key, &entry.name, err) < 0 || add(audit, &entry, err) < 0)
			return -1;
	}
	return 0;
}

static int match_group(struct audit *audit, size_t first, const struct sops_group *group,
		       size_t number, struct err *err)
{
	const struct sops_key *key;
	size_t last = audit->count, i;

	for (key = group ? group->keys : NULL; key; key = key->next) {
		struct audit_key entry = {AUDIT_MISSING, key->type, number, SPAN_NULL};
		bool found = false;

		if (name_of(audit, key, &entry.name, err) < 0)
			return -1;
		for (i = first; i < audit->count; i++) {
			if (!same(&audit->keys[i], key, entry.name))
				continue;
			found = true;
			if (i < last)
				audit->keys[i].side = AUDIT_BOTH;
		}
		if (!found && add(audit, &entry, err) < 0)
			return -1;
	}
	return 0;
}

static int differ(struct audit *audit, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int differ(struct audit *audit, struct err *err, const char *fmt, ...)
{
	char text[DIFFERS_MAX];
	const char *copy;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	copy = arena_str(&audit->arena, span_str(text), err);
	if (!copy)
		return -1;
	audit->differs[audit->differ_count++] = copy;
	return 0;
}

/* What counts of several groups where the file does not say: all of them. sops: sops.go (GenerateDataKeyWithKeyServices) */
static int64_t threshold(int64_t said, size_t groups)
{
	return said ? said : (int64_t)groups;
}

static int compare_rest(struct audit *audit, const struct sops_meta *meta,
			const struct creation_rule *rule, struct err *err)
{
	int64_t have = threshold(meta->shamir_threshold, meta->group_count);
	int64_t want = threshold(rule->shamir_threshold, rule->group_count);

	if ((meta->rule != rule->kind || !span_eq(meta->rule_text, rule->text)) &&
	    differ(audit, err, "%s: '%s', expected %s: '%s'", rule_names[meta->rule],
		   text_quote(meta->rule_text).text, rule_names[rule->kind],
		   text_quote(rule->text).text) < 0)
		return -1;
	if (meta->group_count > 1 && rule->group_count > 1 && have != want &&
	    differ(audit, err, "shamir_threshold: %lld, expected %lld", (long long)have,
		   (long long)want) < 0)
		return -1;
	if (meta->mac_only_encrypted != rule->mac_only_encrypted &&
	    differ(audit, err, "mac_only_encrypted: %s, expected %s",
		   meta->mac_only_encrypted ? "true" : "false",
		   rule->mac_only_encrypted ? "true" : "false") < 0)
		return -1;
	return 0;
}

static void settle(struct audit *audit, bool has_rule)
{
	size_t i;

	audit->status = audit->differ_count ? AUDIT_DRIFT : AUDIT_OK;
	for (i = 0; i < audit->count; i++) {
		if (!has_rule)
			audit->keys[i].side = AUDIT_BOTH;
		else if (audit->keys[i].side != AUDIT_BOTH)
			audit->status = AUDIT_DRIFT;
	}
	if (!has_rule)
		audit->status = AUDIT_NO_RULE;
}

int audit_compare(const struct sops_meta *meta, const struct creation_rule *rule,
		  struct audit *ret_audit, struct err *err)
{
	const struct sops_group *have = meta->groups, *want = rule ? rule->groups : NULL;
	size_t i;

	for (i = 0; have || want; i++) {
		size_t first = ret_audit->count;

		if (add_group(ret_audit, have, i, err) < 0 ||
		    match_group(ret_audit, first, want, i, err) < 0)
			return -1;
		have = have ? have->next : NULL;
		want = want ? want->next : NULL;
	}
	ret_audit->groups = i;
	if (rule && compare_rest(ret_audit, meta, rule, err) < 0)
		return -1;
	settle(ret_audit, rule != NULL);
	return 0;
}

void audit_release(struct audit *audit)
{
	if (!audit)
		return;
	free(audit->keys);
	arena_release(&audit->arena);
	audit->keys = NULL;
	audit->count = audit->room = 0;
}
