/* SPDX-License-Identifier: Apache-2.0
 *
 * `.sops.yaml`: the rule that is chosen for a path is the first that fits it, has groups, and every key of it has a name.
 */
#include "creation_rules.h"
#include "key_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const struct creation_rules *rules, const struct creation_rule *rule)
{
	const struct sops_group *group;
	const struct sops_key *key;
	struct err err = ERR_INIT;
	size_t i, groups = 0, keys;
	bool fits = true;
	int r;

	assert(rule->loaded && rule->number >= 1 && rule->number <= rules->count);
	for (i = 0; i + 1 < rule->number; i++) {
		r = creation_rule_fits(&rules->rules[i], SPAN("a/b.yaml"), &fits, &err);
		assert(r == 0 && !fits);
	}
	for (group = rule->groups; group; group = group->next) {
		groups++;
		keys = 0;
		for (key = group->keys; key; key = key->next) {
			CLEAN_BUF struct buf name = BUF_INIT(1 << 24);

			key_text_add(key, &name);
			assert(!name.bad && key->type < SOPS_KEY_TYPES && !key->enc.data);
			keys++;
		}
		assert(keys == group->count);
	}
	assert(groups == rule->group_count && groups >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_CREATION_RULES struct creation_rules rules = CREATION_RULES_INIT;
	const struct creation_rule *rule = NULL, *again = NULL;
	struct err err = ERR_INIT;

	if (creation_rules_parse(span_of(data, size), "/repo/.sops.yaml", &rules, &err) < 0 ||
	    creation_rules_choose(&rules, "/repo/a/b.yaml", &rule, &err) < 0) {
		assert(err.code != ERR_NONE);
		return 0;
	}
	if (rule)
		check_rule(&rules, rule);
	if (creation_rules_choose(&rules, "/repo/a/b.yaml", &again, &err) < 0)
		assert(!"a second choice fails");
	assert(rule == again);
	return 0;
}
