/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's policy: what it takes and refuses as a file, and that Git can only tighten what it says.
 */
#include "policy.h"

#include "files.h"

#define HEAD "apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\n"

static int parse(const char *text, struct policy *policy, struct err *err)
{
	return policy_parse(span_str(text), "policy.yaml", policy, err);
}

static void reads_every_field(void **state)
{
	static const char text[] = HEAD "metadata: {name: ours, labels: {a: b}}\n"
					"spec:\n"
					"  mac: verify\n"
					"  namespaces: [flux-system, team-*]\n"
					"  keys:\n"
					"    age: [age1abc]\n"
					"    pgp: []\n"
					"    hc_vault: ['https://v/v1/transit/keys/*']\n"
					"  vault: {addresses: ['https://v']}\n"
					"  aws: {roles: ['arn:aws:iam::1:role/*'], "
					"credentialProcess: true}\n"
					"  azure: {cli: true}\n"
					"  cluster: {execPlugins: true}\n"
					"  limits: {files: 7, bytes: 9}\n";
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(parse(text, &policy, &err), 0);
	assert_string_equal(policy.path, "policy.yaml");
	assert_int_equal(policy.mac, POLICY_MAC_VERIFY);
	assert_int_equal(policy.namespaces.count, 2);
	assert_true(policy.keys[SOPS_KEY_AGE].given);
	assert_true(policy.keys[SOPS_KEY_PGP].given);
	assert_int_equal(policy.keys[SOPS_KEY_PGP].count, 0);
	assert_false(policy.keys[SOPS_KEY_KMS].given);
	assert_int_equal(policy.vault_addresses.count, 1);
	assert_int_equal(policy.aws_roles.count, 1);
	assert_true(policy.aws_process);
	assert_true(policy.azure_cli);
	assert_true(policy.cluster_exec);
	assert_int_equal(policy.files_max, 7);
	assert_int_equal(policy.bytes_max, 9);
}

static void reads_key_sets(void **state)
{
	static const char text[] =
		HEAD "spec:\n"
		     "  keys: {age: ['age1*']}\n"
		     "  keySets:\n"
		     "    a: {folder: /keys/a, keys: {age: [age1x], kms: []}, peers: "
		     "{uids: [7, 8], gids: [9]}}\n"
		     "    b: {ambient: true}\n";
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	const struct policy_key_set *set;
	struct err err = ERR_INIT;
	static const struct {
		enum sops_key_type type;
		const char *id;
		int allowed;
	} rows[] = {
		{SOPS_KEY_AGE, "age1x", 0},
		{SOPS_KEY_AGE, "age1y", -1}, /* the policy would, the set does not */
		{SOPS_KEY_KMS, "arn", -1},
		{SOPS_KEY_PGP, "AA", 0}, /* no word on it anywhere */
	};
	size_t i;

	assert_int_equal(parse(text, &policy, &err), 0);
	assert_null(policy_key_set(&policy, "c"));
	set = policy_key_set(&policy, "b");
	assert_true(set->ambient && !set->folder);
	set = policy_key_set(&policy, "a");
	assert_string_equal(set->folder, "/keys/a");
	assert_false(set->ambient);
	assert_true(policy_peer_allowed(set, 7, 1) && policy_peer_allowed(set, 1, 9));
	assert_false(policy_peer_allowed(set, 9, 7));
	policy_guard_set(set, &ring);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct sops_key key = {.type = rows[i].type, .id = span_str(rows[i].id)};
		struct err no = ERR_INIT;

		assert_int_equal(ring.allowed(ring.allowed_cookie, &key, &no), rows[i].allowed);
		assert_int_equal(no.code, rows[i].allowed ? ERR_POLICY : ERR_NONE);
	}
}

static void keeps_defaults_for_what_it_does_not_say(void **state)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(parse(HEAD, &policy, &err), 0);
	assert_int_equal(policy.mac, POLICY_MAC_AUTO);
	assert_false(policy.namespaces.given);
	assert_false(policy.cluster_exec);
	assert_int_equal(policy.files_max, POLICY_FILES_DEFAULT);
	assert_int_equal(policy.bytes_max, POLICY_BYTES_DEFAULT);
}

static void refuses_what_the_schema_does_not_have(void **state)
{
	static const struct {
		const char *text, *message;
	} table[] = {
		{"", "not a single document"},
		{HEAD "---\n" HEAD, "not a single document"},
		{"kind: Policy\n", "no apiVersion"},
		{"apiVersion: krm-sops.dev/v1alpha1\n", "no kind"},
		{"apiVersion: krm-sops.dev/v1\nkind: Policy\n", "line 1: 'apiVersion' is not"},
		{"apiVersion: krm-sops.dev/v1alpha1\nkind: Pol\n", "line 2: 'kind' is not"},
		{HEAD "spec: {keySets: []}\n", "'spec.keySets' is not a map"},
		{HEAD "spec: {keySets: {a/b: {}}}\n", "a name that no socket can have"},
		{HEAD "spec: {keySets: {a: {folder: x}}}\n", "not an absolute path"},
		{HEAD "spec: {keySets: {a: {ambient: 1}}}\n", "neither true nor false"},
		{HEAD "spec: {keySets: {a: {peers: {uids: [-1]}}}}\n", "no number of a user"},
		{HEAD "spec: {keySets: {a: {peers: {uid: []}}}}\n", "unknown field"},
		{HEAD "Spec: {}\n", "line 3: unknown field 'Spec'"},
		{HEAD "spec: {Mac: verify}\n", "unknown field 'spec.Mac'"},
		{HEAD "spec: {mac: verify, mac: ignore}\n", "in its map already"},
		{HEAD "spec: {mac: on}\n", "'spec.mac' is none of"},
		{HEAD "spec: {mac: [verify]}\n", "'spec.mac' is none of"},
		{HEAD "spec: [a]\n", "'spec' is not a map"},
		{HEAD "spec: {cluster: {execPlugins: 'yes'}}\n", "neither true nor false"},
		{HEAD "spec: {cluster: {exec: true}}\n", "unknown field 'spec.cluster.exec'"},
		{HEAD "spec: {namespaces: a}\n", "'spec.namespaces' is not a list"},
		{HEAD "spec: {namespaces: [1]}\n", "entry that is not a text"},
		{HEAD "spec: {namespaces: ['']}\n", "entry that is not a text"},
		{HEAD "spec: {namespaces: ['a*b']}\n", "'*' in a place"},
		{HEAD "spec: {namespaces: ['a**']}\n", "'*' in a place"},
		{HEAD "spec: {keys: {Age: []}}\n", "unknown field 'spec.keys.Age'"},
		{HEAD "spec: {keys: {age: x}}\n", "'spec.keys.age' is not a list"},
		{HEAD "spec: {keys: {hc_vault: ['https://v*']}}\n", "'*' in a place"},
		{HEAD "spec: {keys: {azure_kv: ['*']}}\n", "'*' in a place"},
		{HEAD "spec: {vault: {address: []}}\n", "unknown field 'spec.vault.address'"},
		{HEAD "spec: {vault: {addresses: ['https://v/*']}}\n", "'*' in a place"},
		{HEAD "spec: {aws: {role: []}}\n", "unknown field 'spec.aws.role'"},
		{HEAD "spec: {aws: {credentialProcess: 1}}\n", "is neither true nor false"},
		{HEAD "spec: {azure: {cli: 'yes'}}\n", "is neither true nor false"},
		{HEAD "spec: {azure: {credentialProcess: true}}\n", "unknown field"},
		{HEAD "spec: {limits: {files: -1}}\n", "'spec.limits.files' is not a number"},
		{HEAD "spec: {limits: {bytes: 1000000001}}\n", "'spec.limits.bytes' is not"},
		{HEAD "spec: {limits: {bytes: '1'}}\n", "'spec.limits.bytes' is not"},
		{HEAD "spec: {limits: {seconds: 1}}\n", "unknown field 'spec.limits.seconds'"},
		{HEAD "metadata: a\n", "'metadata' is not a map"},
		{HEAD "spec: {\n", "policy 'policy.yaml': "},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_POLICY struct policy policy = POLICY_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(parse(table[i].text, &policy, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		if (!strstr(err.msg, table[i].message))
			fail_msg("case %zu: \"%s\" in \"%s\"", i, table[i].message, err.msg);
		assert_null(policy.path);
	}
}

static int mangled(struct span input, void *arg)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct err err = ERR_INIT;
	int r = policy_parse(input, "p", &policy, &err);

	/* Whatever comes in: no bound is looser than the defaults but where the text says so, and a refusal leaves the defaults. */
	if (r < 0) {
		assert_int_not_equal(err.code, ERR_NONE);
		assert_int_equal(policy.mac, POLICY_MAC_AUTO);
	}
	return r;
}

static void survives_mangled_files(void **state)
{
	static const char text[] =
		HEAD "spec: {mac: verify, keys: {age: [a*]}, limits: {files: 7}}\n";

	mangle_all(span_str(text), mangled, NULL);
}

static void loads_the_file_that_is_named(void **state)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct err err = ERR_INIT;

	files_put("verify.yaml", HEAD "spec: {mac: verify}\n");
	setenv("KRM_SOPS_POLICY", "verify.yaml", 1);
	assert_int_equal(policy_load(&policy, &err), 0);
	assert_int_equal(policy.mac, POLICY_MAC_VERIFY);
	setenv("KRM_SOPS_POLICY", "absent.yaml", 1);
	assert_int_equal(policy_load(&policy, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	unsetenv("KRM_SOPS_POLICY");
}

static void refuses_a_file_that_others_may_write(void **state)
{
	static const mode_t modes[] = {0620, 0602, 0666, 0660};
	size_t i;

	files_put("open.yaml", HEAD);
	setenv("KRM_SOPS_POLICY", "open.yaml", 1);
	for (i = 0; i < ARRAY_LEN(modes); i++) {
		CLEAN_POLICY struct policy policy = POLICY_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(chmod("open.yaml", modes[i]), 0);
		assert_int_equal(policy_load(&policy, &err), -1);
		assert_int_equal(err.code, ERR_POLICY);
		assert_string_not_equal(err.hint, "");
	}
	unsetenv("KRM_SOPS_POLICY");
}

static void refuses_a_file_that_is_none(void **state)
{
	static const char *const paths[] = {"folder", "fifo", "/dev/zero"};
	size_t i;

	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		CLEAN_POLICY struct policy policy = POLICY_INIT;
		struct err err = ERR_INIT;

		setenv("KRM_SOPS_POLICY", paths[i], 1);
		assert_int_equal(policy_load(&policy, &err), -1);
		assert_int_equal(err.code, ERR_POLICY);
	}
	unsetenv("KRM_SOPS_POLICY");
}

static void refuses_a_file_that_is_too_long(void **state)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(POLICY_FILE_MAX + 1);
	struct err err = ERR_INIT;

	buf_add_str(&text, HEAD);
	buf_add_fill(&text, '#', POLICY_FILE_MAX + 1 - text.len);
	files_put_span("long.yaml", buf_span(&text));
	setenv("KRM_SOPS_POLICY", "long.yaml", 1);
	assert_int_equal(policy_load(&policy, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	unsetenv("KRM_SOPS_POLICY");
}

static void lets_git_only_tighten_the_mac_mode(void **state)
{
	static const struct {
		const char *policy, *asked; /* NULL: not said */
		enum err_code code;
		enum policy_mac mode;
	} table[] = {
		{"ignore", NULL, ERR_NONE, POLICY_MAC_AUTO},
		{"auto", NULL, ERR_NONE, POLICY_MAC_AUTO},
		{"verify", NULL, ERR_NONE, POLICY_MAC_VERIFY},
		{"ignore", "ignore", ERR_NONE, POLICY_MAC_IGNORE},
		{"ignore", "verify", ERR_NONE, POLICY_MAC_VERIFY},
		{"auto", "ignore", ERR_POLICY, POLICY_MAC_AUTO},
		{"auto", "auto", ERR_NONE, POLICY_MAC_AUTO},
		{"auto", "verify", ERR_NONE, POLICY_MAC_VERIFY},
		{"verify", "ignore", ERR_POLICY, POLICY_MAC_AUTO},
		{"verify", "auto", ERR_POLICY, POLICY_MAC_AUTO},
		{"verify", "verify", ERR_NONE, POLICY_MAC_VERIFY},
		{"ignore", "", ERR_USAGE, POLICY_MAC_AUTO},
		{"ignore", "Verify", ERR_USAGE, POLICY_MAC_AUTO},
		{"ignore", "none", ERR_USAGE, POLICY_MAC_AUTO},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_POLICY struct policy policy = POLICY_INIT;
		struct span asked = table[i].asked ? span_str(table[i].asked) : SPAN_NULL;
		enum policy_mac mode = POLICY_MAC_AUTO;
		struct err err = ERR_INIT;

		assert_true(policy_mac_parse(span_str(table[i].policy), &policy.mac));
		assert_int_equal(policy_mac(&policy, asked, &mode, &err),
				 table[i].code == ERR_NONE ? 0 : -1);
		assert_int_equal(err.code, table[i].code);
		assert_int_equal(mode, table[i].mode);
	}
}

static void does_not_ignore_macs_without_a_policy(void **state)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	enum policy_mac mode = POLICY_MAC_AUTO;
	struct err err = ERR_INIT;

	assert_int_equal(policy_mac(&policy, SPAN("ignore"), &mode, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	assert_int_equal(err_exit_status(err.code), 77);
}

static void bounds_namespaces(void **state)
{
	static const struct {
		const char *policy; /* NULL: no list */
		const char *ours;   /* NULL: not said */
		const char *asked;
		bool by_folder, good;
	} table[] = {
		{NULL, NULL, "a", false, true},
		{NULL, NULL, "a", true, false},
		{NULL, "a", "a", true, true},
		{NULL, "a", "b", true, false},
		{NULL, "a", "b", false, false},
		{"[a, b]", NULL, "b", true, true},
		{"[a, b]", NULL, "c", true, false},
		{"[a, b]", NULL, "c", false, false},
		{"[a, b]", "b", "b", true, true},
		{"[a, b]", "b", "a", true, false},
		{"[a]", "c", "c", true, false},
		{"[]", NULL, "a", false, false},
		{"[team-*]", NULL, "team-", true, true},
		{"[team-*]", NULL, "team-x", true, true},
		{"[team-*]", NULL, "team", true, false},
		{"['*']", NULL, "a", true, true},
		{"[a]", NULL, "", false, false},
		{"[a]", NULL, "A", true, false},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_POLICY struct policy policy = POLICY_INIT;
		struct err err = ERR_INIT;
		char text[256];
		int r;

		if (table[i].policy) {
			snprintf(text, sizeof(text), HEAD "spec: {namespaces: %s}\n",
				 table[i].policy);
			assert_int_equal(parse(text, &policy, &err), 0);
		}
		r = policy_namespace_allowed(&policy, span_str(table[i].asked), table[i].ours,
					     table[i].by_folder, &err);
		if ((r == 0) != table[i].good)
			fail_msg("case %zu: %d %s", i, r, err.msg);
		assert_int_equal(err.code, r ? ERR_POLICY : ERR_NONE);
		assert_true(r == 0 || err.hint[0]);
	}
}

static void bounds_keys_by_type(void **state)
{
	static const char text[] =
		HEAD "spec:\n"
		     "  keys:\n"
		     "    age: [age1abc]\n"
		     "    pgp: [ABCDEF0123]\n"
		     "    kms: ['arn:aws:kms:eu-central-1:1:key/*']\n"
		     "    azure_kv: ['https://v.vault.azure.net/keys/k/*']\n"
		     "    hc_vault: ['https://vault:8200/v1/team/transit/keys/dev']\n"
		     "    gcp_kms: []\n";
	static const struct {
		struct sops_key key;
		bool good;
	} table[] = {
		{{.type = SOPS_KEY_AGE, .id = SPAN("age1abc")}, true},
		{{.type = SOPS_KEY_AGE, .id = SPAN("age1abcd")}, false},
		{{.type = SOPS_KEY_AGE, .id = SPAN("AGE1ABC")}, false},
		{{.type = SOPS_KEY_AGE, .id = {NULL, 0}}, false},
		{{.type = SOPS_KEY_PGP, .id = SPAN("abcdef0123")}, true},
		{{.type = SOPS_KEY_PGP, .id = SPAN("bcdef0123")}, false},
		{{.type = SOPS_KEY_KMS, .id = SPAN("arn:aws:kms:eu-central-1:1:key/x")}, true},
		{{.type = SOPS_KEY_KMS,
		  .id = SPAN("arn:aws:kms:eu-central-1:1:key/x"),
		  .role = SPAN("arn:aws:iam::1:role/r"),
		  .profile = SPAN("p")},
		 true},
		{{.type = SOPS_KEY_KMS, .id = SPAN("arn:aws:kms:eu-central-1:2:key/x")}, false},
		{{.type = SOPS_KEY_AZURE_KV,
		  .address = SPAN("https://v.vault.azure.net"),
		  .id = SPAN("k"),
		  .path = SPAN("1")},
		 true},
		{{.type = SOPS_KEY_AZURE_KV,
		  .address = SPAN("https://v.vault.azure.net.evil.example"),
		  .id = SPAN("k"),
		  .path = SPAN("1")},
		 false},
		{{.type = SOPS_KEY_HC_VAULT,
		  .address = SPAN("https://vault:8200"),
		  .path = SPAN("team/transit"),
		  .id = SPAN("dev")},
		 true},
		{{.type = SOPS_KEY_HC_VAULT,
		  .address = SPAN("https://vault:8200"),
		  .path = SPAN("transit"),
		  .id = SPAN("dev")},
		 false},
		{{.type = SOPS_KEY_GCP_KMS, .id = SPAN("projects/p")}, false},
		{{.type = SOPS_KEY_HCKMS, .id = SPAN("r:u")}, true}, /* no list: any */
	};
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(parse(text, &policy, &err), 0);
	policy_guard(&policy, &ring);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		err = (struct err)ERR_INIT;
		if ((ring.allowed(ring.allowed_cookie, &table[i].key, &err) == 0) != table[i].good)
			fail_msg("case %zu: %s", i, err.msg);
		assert_int_equal(err.code, table[i].good ? ERR_NONE : ERR_POLICY);
	}
}

static void bounds_vault_addresses_and_roles(void **state)
{
	static const char text[] = HEAD "spec:\n"
					"  vault: {addresses: ['https://vault:8200']}\n"
					"  aws: {roles: ['arn:aws:iam::1:role/dec-*']}\n";
	CLEAN_POLICY struct policy policy = POLICY_INIT, none = POLICY_INIT;
	struct err err = ERR_INIT;
	bool given = false;

	assert_int_equal(parse(text, &policy, &err), 0);
	assert_int_equal(policy_vault_allowed(&policy, SPAN("https://vault:8200"), &given, &err),
			 0);
	assert_true(given);
	assert_int_equal(policy_vault_allowed(&policy, SPAN("http://vault:8200"), NULL, &err), -1);
	assert_int_equal(policy_vault_allowed(&policy, SPAN("https://vault:8200/"), NULL, &err), 0);
	assert_int_equal(policy_vault_allowed(&policy, SPAN("https://vault:8200/v1"), NULL, &err),
			 -1);
	assert_int_equal(err.code, ERR_POLICY);
	assert_int_equal(policy_role_allowed(&policy, SPAN("arn:aws:iam::1:role/dec-a"), &err), 0);
	assert_int_equal(policy_role_allowed(&policy, SPAN("arn:aws:iam::1:role/x"), &err), -1);
	assert_int_equal(policy_vault_allowed(&none, SPAN("http://x"), &given, &err), 0);
	assert_false(given);
	assert_int_equal(policy_role_allowed(&none, SPAN("arn"), &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(reads_key_sets),
		cmocka_unit_test(keeps_defaults_for_what_it_does_not_say),
		cmocka_unit_test(refuses_what_the_schema_does_not_have),
		cmocka_unit_test(survives_mangled_files),
		cmocka_unit_test(loads_the_file_that_is_named),
		cmocka_unit_test(refuses_a_file_that_others_may_write),
		cmocka_unit_test(refuses_a_file_that_is_none),
		cmocka_unit_test(refuses_a_file_that_is_too_long),
		cmocka_unit_test(lets_git_only_tighten_the_mac_mode),
		cmocka_unit_test(does_not_ignore_macs_without_a_policy),
		cmocka_unit_test(bounds_namespaces),
		cmocka_unit_test(bounds_keys_by_type),
		cmocka_unit_test(bounds_vault_addresses_and_roles),
	};

	return cmocka_run_group_tests(tests, files_make, files_drop);
}
