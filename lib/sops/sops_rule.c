/* SPDX-License-Identifier: Apache-2.0
 *
 * The six rules; see sops_rule.h.
 */
#include "sops/sops_rule.h"

#include "sops/regex.h"

int sops_rule_init(const struct sops_meta *meta, struct regex_work *work,
		   struct sops_rule *ret_rule, struct err *err)
{
	struct sops_rule rule = {.kind = meta->rule};

	if (ret_rule->regex && ret_rule->kind == rule.kind &&
	    span_eq(regex_text(ret_rule->regex), meta->rule_text))
		return 0;
	sops_rule_release(ret_rule);
	if (rule.kind == SOPS_RULE_UNENCRYPTED_SUFFIX || rule.kind == SOPS_RULE_ENCRYPTED_SUFFIX)
		rule.suffix = meta->rule_text;
	/* Differs: for sops a pattern that does not compile matches nothing, silently. */
	else if (regex_compile(meta->rule_text, work, &rule.regex, err) < 0)
		return err_wrap(err, "sops metadata: the pattern of what is encrypted");
	*ret_rule = rule;
	return 0;
}

int sops_rule_key(const struct sops_rule *rule, struct span key, struct sops_rule_state *state,
		  struct err *err)
{
	switch (rule->kind) {
	case SOPS_RULE_UNENCRYPTED_SUFFIX:
	case SOPS_RULE_ENCRYPTED_SUFFIX:
		state->key_hit = state->key_hit || span_ends(key, rule->suffix);
		return 0;
	case SOPS_RULE_UNENCRYPTED_REGEX:
	case SOPS_RULE_ENCRYPTED_REGEX:
		if (state->key_hit)
			return 0;
		return regex_match(rule->regex, key, &state->key_hit, err);
	default:
		return 0;
	}
}

void sops_rule_enter(struct sops_rule_state *state)
{
	state->outer_comment = state->outer_comment || state->last_comment;
	state->last_comment = state->prior_comment = false;
}

int sops_rule_comment(const struct sops_rule *rule, struct span text, struct sops_rule_state *state,
		      struct err *err)
{
	state->prior_comment = state->last_comment;
	if (state->last_comment || (rule->kind != SOPS_RULE_UNENCRYPTED_COMMENT_REGEX &&
				    rule->kind != SOPS_RULE_ENCRYPTED_COMMENT_REGEX))
		return 0;
	return regex_match(rule->regex, text, &state->last_comment, err);
}

void sops_rule_pass(struct sops_rule_state *state)
{
	state->last_comment = state->prior_comment = false;
}

bool sops_rule_encrypts(const struct sops_rule *rule, const struct sops_rule_state *state,
			bool comment)
{
	switch (rule->kind) {
	case SOPS_RULE_UNENCRYPTED_SUFFIX:
	case SOPS_RULE_UNENCRYPTED_REGEX:
		return !state->key_hit;
	case SOPS_RULE_ENCRYPTED_SUFFIX:
	case SOPS_RULE_ENCRYPTED_REGEX:
		return state->key_hit;
	case SOPS_RULE_UNENCRYPTED_COMMENT_REGEX:
		return !state->outer_comment && !state->last_comment;
	default:
		/* The comment that switches encryption on stays readable itself. */
		return state->outer_comment ||
		       (comment ? state->prior_comment : state->last_comment);
	}
}

void sops_rule_release(struct sops_rule *rule)
{
	regex_free(rule->regex);
	rule->regex = NULL;
}
