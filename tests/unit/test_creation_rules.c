/* SPDX-License-Identifier: Apache-2.0
 *
 * The creation rules of `.sops.yaml`: which rule is a file's, which keys it names, what is refused. tests/interop/recipients.py holds all of it to
 * the real `sops updatekeys`; here stand the cases by name.
 */
#include "creation_cache.h"

#include "files.h"
#include "key_text.h"

#define AGE_A "age1aaaa"
#define AGE_B "age1bbbb"

/* "1: age age1aaaa, pgp ABC | age age1bbbb" for the rule that fits; "none"; "error: ...". */
static void choose(const char *config, const char *path, struct buf *out)
{
	CLEAN_CREATION_RULES struct creation_rules rules = CREATION_RULES_INIT;
	const struct creation_rule *rule = NULL;
	const struct sops_group *group;
	const struct sops_key *key;
	struct err err = ERR_INIT;

	buf_reset(out);
	if (creation_rules_parse(span_str(config), "/repo/.sops.yaml", &rules, &err) < 0 ||
	    creation_rules_choose(&rules, path, &rule, &err) < 0) {
		assert_int_not_equal(err.code, ERR_NONE);
		buf_printf(out, "error: %s", err.msg);
	} else if (!rule) {
		buf_add_str(out, "none");
	} else {
		buf_printf(out, "%zu:", rule->number);
		for (group = rule->groups; group; group = group->next) {
			for (key = group->keys; key; key = key->next) {
				buf_printf(out, " %s ", sops_key_type_name(key->type));
				key_text_add(key, out);
			}
			if (group->next)
				buf_add_str(out, " |");
		}
	}
	buf_add_char(out, 0);
	assert_int_equal(out->bad, ERR_NONE);
}

static void takes_the_first_rule_that_fits(void **state)
{
	static const char config[] = "creation_rules:\n"
				     "- path_regex: ^prod/.*\\.yaml$\n"
				     "  age: " AGE_A "\n"
				     "- path_regex: \\.yaml$\n"
				     "  pgp: ABC\n"
				     "- path_regex: (?i)LAST\n"
				     "  age: " AGE_B "\n";
	static const struct {
		const char *path, *rule;
	} table[] = {
		{"/repo/prod/a.yaml", "1: age age1aaaa"},
		{"/repo/prod/deep/a.yaml", "1: age age1aaaa"},
		{"/repo/x/prod/a.yaml", "2: pgp ABC"},
		{"/repo/a.yaml", "2: pgp ABC"},
		{"/repo/a.yml", "none"},
		{"/repo/last.json", "3: age age1bbbb"},
		/* Not below the folder: sops then matches the absolute path. */
		{"/repository/prod/a.yaml", "2: pgp ABC"},
		{"/prod/a.yaml", "2: pgp ABC"},
	};
	CLEAN_BUF struct buf out = BUF_INIT(10000);
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		choose(config, table[i].path, &out);
		assert_string_equal((const char *)out.data, table[i].rule);
	}
}

static void reads_keys_in_all_their_forms(void **state)
{
	static const struct {
		const char *rule, *keys;
	} table[] = {
		{"age: ' " AGE_A " ,," AGE_B ", '", "1: age age1aaaa age age1bbbb"},
		{"age: [" AGE_A ", ' " AGE_B " ']", "1: age age1aaaa age age1bbbb"},
		{"age: ['" AGE_A "," AGE_B "']", "1: age age1aaaa age age1bbbb"},
		{"age: ''", "1:"},
		{"age: null", "1:"},
		{"{}", "1:"},
		{"age: [ssh-ed25519 AAAA]", "1: age ssh-ed25519 AAAA"},
		{"pgp: AB CD EF, 12", "1: pgp ABCDEF pgp 12"},
		{"{kms: 'arn:aws:kms:r:1:key/a+arn:aws:iam::1:role/r', aws_profile: p}",
		 "1: kms arn:aws:kms:r:1:key/a+arn:aws:iam::1:role/r||p"},
		{"gcp_kms: projects/p / x", "1: gcp_kms projects/p/x"},
		{"hckms: [' r:u ', '']", "1: hckms r:u"},
		{"azure_keyvault: https://v.example/keys/k/1",
		 "1: azure_kv https://v.example/keys/k/1"},
		{"azure_keyvault: https://v.example/keys/k",
		 "1: azure_kv https://v.example/keys/k/"},
		{"hc_vault_transit_uri: https://v:8200/v1/a/b/keys/k",
		 "1: hc_vault https://v:8200/v1/a/b/keys/k"},
		{"key_groups: [{age: [" AGE_A "], pgp: [F P]}, {hc_vault: "
		 "['https://v/v1/t/keys/k']}]",
		 "1: age age1aaaa pgp FP | hc_vault https://v/v1/t/keys/k"},
		{"key_groups: [{age: [" AGE_A "], merge: [{age: [" AGE_B "]}, {pgp: [FP]}]}]",
		 "1: age age1bbbb pgp FP age age1aaaa"},
		{"key_groups: [{kms: [{arn: a, role: r, context: {b: '2', a: '1'}, aws_profile: "
		 "p}]}]",
		 "1: kms a+r|a:1,b:2|p"},
		{"key_groups: [{azure_keyvault: [{vaultUrl: https://v, key: k, version: '1'}], "
		 "gcp_kms: [{resource_id: x}], hckms: [{key_id: 'r:u'}]}]",
		 "1: gcp_kms x hckms r:u azure_kv https://v/keys/k/1"},
		/* With key groups the flat fields do not count. */
		{"{age: " AGE_A ", key_groups: [{pgp: [FP]}]}", "1: pgp FP"},
		{"{age: " AGE_A ", key_groups: []}", "1: age age1aaaa"},
	};
	CLEAN_BUF struct buf out = BUF_INIT(10000);
	char config[1000];
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		snprintf(config, sizeof(config), "creation_rules:\n- %s\n", table[i].rule);
		choose(config, "/repo/a.yaml", &out);
		if (strcmp((const char *)out.data, table[i].keys) != 0)
			fail_msg("case %zu: \"%s\"", i, (const char *)out.data);
	}
}

static void follows_anchors_and_merges(void **state)
{
	static const char config[] = "keys:\n"
				     "- &a " AGE_A "\n"
				     "defaults: &d {pgp: FP, age: " AGE_B "}\n"
				     "creation_rules:\n"
				     "- <<: *d\n"
				     "  age: [*a]\n";
	CLEAN_BUF struct buf out = BUF_INIT(10000);

	choose(config, "/repo/a", &out);
	assert_string_equal((const char *)out.data, "1: age age1aaaa pgp FP");
}

static void has_no_rules_where_there_are_none(void **state)
{
	static const char *const configs[] = {
		"",
		"# nothing\n\n---\n...\n",
		"{}",
		"creation_rules: null",
		"creation_rules: []",
		"stores: {yaml: {indent: 2}}\ndestination_rules: [{path_regex: x}]",
	};
	CLEAN_BUF struct buf out = BUF_INIT(10000);
	size_t i;

	for (i = 0; i < ARRAY_LEN(configs); i++) {
		choose(configs[i], "/repo/a.yaml", &out);
		assert_string_equal((const char *)out.data, "none");
	}
}

static void refuses_what_sops_refuses(void **state)
{
	static const struct {
		const char *config, *message;
	} table[] = {
		{"creation_rules: [", "'/repo/.sops.yaml': line"},
		{"[]", "map"},
		{"creation_rules: {}", "'creation_rules' is not a list"},
		{"creation_rules: [x]", "not a map"},
		{"creation_rules: [{path_regex: [x]}]", "line 1: 'path_regex' is not a text"},
		{"creation_rules: [{path_regex: '('}]", "creation rule 1: 'path_regex'"},
		{"creation_rules: [{path_regex: '(?=x)'}]", "creation rule 1: 'path_regex'"},
		{"creation_rules: [{age: bob}]", "'age': 'bob' is not an age recipient"},
		{"creation_rules: [{age: 1}]", "'age' is neither a text nor a list"},
		{"creation_rules: [{age: [1]}]", "'age' has an entry that is not a text"},
		{"creation_rules: [{age: {}}]", "'age' is neither a text nor a list"},
		{"creation_rules: [{age: [" AGE_A ", '']}]", "not an age recipient"},
		{"creation_rules: [{hckms: x}]", "'hckms' is not a list"},
		{"creation_rules: [{hckms: [x]}]", "is not 'region:key-uuid'"},
		{"creation_rules: [{azure_keyvault: 'http://v/keys/k/1'}]", "Azure"},
		{"creation_rules: [{azure_keyvault: 'https://v/keys/'}]", "Azure"},
		{"creation_rules: [{azure_keyvault: 'https://v/keys/k/1/2'}]", "Azure"},
		{"creation_rules: [{hc_vault_transit_uri: 'v/v1/t/keys/k'}]", "Vault"},
		{"creation_rules: [{hc_vault_transit_uri: 'https://v/t/keys/k'}]", "Vault"},
		{"creation_rules: [{hc_vault_transit_uri: 'https://v/v1/keys/k'}]", "Vault"},
		{"creation_rules: [{hc_vault_transit_uri: 'https://v/p/v1/t/keys/k'}]", "Vault"},
		{"creation_rules: [{key_groups: [x]}]", "'key_groups' has an entry"},
		{"creation_rules: [{key_groups: [{age: x}]}]", "'age' is not a list"},
		{"creation_rules: [{key_groups: [{kms: [x]}]}]", "'kms' has an entry"},
		{"creation_rules: [{shamir_threshold: x}]", "'shamir_threshold' is not a number"},
		{"creation_rules: [{mac_only_encrypted: maybe}]", "'mac_only_encrypted'"},
		{"creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]", "more than one"},
		/* A wrong type anywhere, even behind the rule that fits. */
		{"creation_rules: [{age: " AGE_A "}, {shamir_threshold: x}]", "is not a number"},
		{"destination_rules: [{omit_extensions: []}]", "'omit_extensions'"},
		{"stores: {json: {indent: x}}", "'indent' is not a number"},
		{"a: 1\na: 2\n", "already"},
	};
	CLEAN_BUF struct buf out = BUF_INIT(10000);
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		choose(table[i].config, "/repo/a.yaml", &out);
		if (strncmp((const char *)out.data, "error: ", 7) != 0 ||
		    !strstr((const char *)out.data, table[i].message))
			fail_msg("case %zu: \"%s\"", i, (const char *)out.data);
	}
}

static void looks_at_no_rule_behind_the_one_that_fits(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(10000);

	choose("creation_rules: [{age: " AGE_A "}, {path_regex: '(', age: bob}]", "/repo/a", &out);
	assert_string_equal((const char *)out.data, "1: age age1aaaa");
}

static int mangled(struct span input, void *arg)
{
	CLEAN_CREATION_RULES struct creation_rules rules = CREATION_RULES_INIT;
	const struct creation_rule *rule = NULL;
	struct err err = ERR_INIT;

	if (creation_rules_parse(input, "/repo/.sops.yaml", &rules, &err) < 0 ||
	    creation_rules_choose(&rules, "/repo/a.yaml", &rule, &err) < 0) {
		assert_int_not_equal(err.code, ERR_NONE);
		return -1;
	}
	assert_true(!rule || (rule->loaded && rule->number <= rules.count && rule->groups));
	return 0;
}

static void survives_mangled_files(void **state)
{
	static const char text[] =
		"a: &a {age: age1x}\ncreation_rules:\n- path_regex: ^a\\.\n  <<: *a\n  key_groups:\n"
		"  - merge: [{kms: [{arn: x, context: {a: b}}]}]\n    hc_vault: [https://v/v1/t/keys/k]\n";

	mangle_all(span_str(text), mangled, NULL);
}

static void finds_the_nearest_file_and_reads_it_once(void **state)
{
	CLEAN_CREATION_CACHE struct creation_cache cache = CREATION_CACHE_INIT;
	const struct creation_rule *rule = NULL, *again = NULL;
	struct creation_entry *entry = NULL, *other = NULL;
	struct err err = ERR_INIT;
	char path[256];

	files_put("top/.sops.yaml", "creation_rules: [{age: " AGE_A "}]");
	files_put("top/a/b/file", "");
	files_put("top/c/.sops.yaml", "creation_rules: [{path_regex: ^file$, age: " AGE_B "}]");
	files_put("top/c/d/file", "");
	files_put("top/broken/.sops.yaml", "creation_rules: x");
	snprintf(path, sizeof(path), "%s/top/a/b/file", files_top);
	assert_int_equal(creation_cache_choose(&cache, path, &entry, &rule, &err), 0);
	assert_true(span_is(rule->groups->keys->id, AGE_A));
	snprintf(path, sizeof(path), "%s/top/file", files_top);
	assert_int_equal(creation_cache_choose(&cache, path, &other, &again, &err), 0);
	assert_ptr_equal(entry, other);
	assert_ptr_equal(rule, again);
	snprintf(path, sizeof(path), "%s/top/c/d/file", files_top);
	assert_int_equal(creation_cache_choose(&cache, path, &entry, &rule, &err), 0);
	assert_null(rule);
	assert_false(entry->broken);
	snprintf(path, sizeof(path), "%s/top/c/file", files_top);
	assert_int_equal(creation_cache_choose(&cache, path, &entry, &rule, &err), 0);
	assert_true(span_is(rule->groups->keys->id, AGE_B));
	snprintf(path, sizeof(path), "%s/top/broken/file", files_top);
	assert_int_equal(creation_cache_choose(&cache, path, &entry, &rule, &err), 0);
	assert_null(rule);
	assert_true(entry->broken);
	assert_non_null(strstr(entry->err.msg, "'creation_rules' is not a list"));
}

static void has_no_entry_where_no_file_is_above(void **state)
{
	CLEAN_CREATION_CACHE struct creation_cache cache = CREATION_CACHE_INIT;
	const struct creation_rule *rule = NULL;
	struct creation_entry *entry = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(creation_cache_choose(&cache, "/nonexistent/x/file", &entry, &rule, &err),
			 0);
	assert_null(entry);
	assert_null(rule);
	assert_int_equal(creation_cache_choose(&cache, "/file", &entry, &rule, &err), 0);
	assert_null(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_first_rule_that_fits),
		cmocka_unit_test(reads_keys_in_all_their_forms),
		cmocka_unit_test(follows_anchors_and_merges),
		cmocka_unit_test(has_no_rules_where_there_are_none),
		cmocka_unit_test(refuses_what_sops_refuses),
		cmocka_unit_test(looks_at_no_rule_behind_the_one_that_fits),
		cmocka_unit_test(survives_mangled_files),
		cmocka_unit_test(finds_the_nearest_file_and_reads_it_once),
		cmocka_unit_test(has_no_entry_where_no_file_is_above),
	};

	return cmocka_run_group_tests(tests, files_make, files_drop);
}
