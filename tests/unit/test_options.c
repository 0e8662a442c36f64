/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared flags: both spellings, the variables, a flag over its variable, and nothing that is not ours.
 */
#include "options.h"

#include "mangle.h"

/* main() gets its arguments without const, a literal has it. */
#define A(literal) ((char *)(uintptr_t)(literal))

static void takes_both_spellings(void **state)
{
	char *argv[] = {A("filter"), A("--keys"), A("a"),   A("--namespace=b"),
			A("--root"), A("c"),      A("file")};
	struct options options = OPTIONS_INIT;
	struct err err = ERR_INIT;
	int at = 1;

	assert_int_equal(options_take(&options, 7, argv, &at, &err), 1);
	assert_int_equal(at, 3);
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 1);
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 1);
	assert_int_equal(at, 6);
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 0);
	assert_int_equal(at, 6);
	assert_string_equal(options.keys, "a");
	assert_string_equal(options.ns, "b");
	assert_string_equal(options.root, "c");
	assert_null(options.keys_flat);
	assert_int_equal(options.key_secret_count, 0);
}

static void tells_flags_with_a_common_beginning_apart(void **state)
{
	char *argv[] = {A("--keys-flat"),    A("a"),     A("--keysy"), A("b"),
			A("--key-secret=c"), A("--key"), A("d")};
	struct options options = OPTIONS_INIT;
	struct err err = ERR_INIT;
	int at = 0;

	assert_int_equal(options_take(&options, 7, argv, &at, &err), 1);
	assert_string_equal(options.keys_flat, "a");
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 0);
	at = 4;
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 1);
	assert_string_equal(options.key_secrets[0], "c");
	assert_int_equal(options_take(&options, 7, argv, &at, &err), 0);
	assert_null(options.keys);
}

static void refuses_a_flag_without_value(void **state)
{
	char *last[] = {A("--keys")}, *empty[] = {A("--keys=")}, *blank[] = {A("--keys"), A("")};
	char **table[] = {last, empty, blank};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct options options = OPTIONS_INIT;
		struct err err = ERR_INIT;
		int at = 0;

		assert_int_equal(options_take(&options, i == 2 ? 2 : 1, table[i], &at, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.msg, "'--keys' needs a value");
		assert_null(options.keys);
	}
}

static void reads_the_environment(void **state)
{
	char *argv[] = {A("--keys=flag")};
	struct options options = OPTIONS_INIT;
	struct err err = ERR_INIT;
	int at = 0;

	setenv("KRM_SOPS_KEYS", "variable", 1);
	setenv("KRM_SOPS_KEY_SECRET", "secret", 1);
	setenv("KRM_SOPS_ROOT", "", 1);
	options_from_env(&options);
	assert_string_equal(options.keys, "variable");
	assert_string_equal(options.key_secrets[0], "secret");
	assert_null(options.root);
	assert_null(options.ns);
	assert_int_equal(options_take(&options, 1, argv, &at, &err), 1);
	assert_string_equal(options.keys, "flag");
	unsetenv("KRM_SOPS_KEYS");
	unsetenv("KRM_SOPS_KEY_SECRET");
	unsetenv("KRM_SOPS_ROOT");
}

/* Its value is optional, and so never the next argument. */
static void takes_the_cluster_with_and_without_a_context(void **state)
{
	char *argv[] = {A("--cluster"), A("a"), A("--cluster=prod"), A("--clusters")};
	struct options options = OPTIONS_INIT;
	struct err err = ERR_INIT;
	int at = 0;

	assert_int_equal(options_take(&options, 4, argv, &at, &err), 1);
	assert_int_equal(at, 1);
	assert_string_equal(options.cluster, "");
	assert_int_equal(options_take(&options, 4, argv, &at, &err), 0);
	at = 2;
	assert_int_equal(options_take(&options, 4, argv, &at, &err), 1);
	assert_string_equal(options.cluster, "prod");
	assert_int_equal(options_take(&options, 4, argv, &at, &err), 0);
	setenv("KRM_SOPS_CLUSTER", ".", 1);
	options_from_env(&options);
	assert_string_equal(options.cluster, "");
	setenv("KRM_SOPS_CLUSTER", "test", 1);
	options_from_env(&options);
	assert_string_equal(options.cluster, "test");
	unsetenv("KRM_SOPS_CLUSTER");
}

static void collects_manifests_in_place_of_the_variable(void **state)
{
	char *argv[] = {A("--key-secret"), A("a"), A("--key-secret=b")};
	struct options options = OPTIONS_INIT;
	struct err err = ERR_INIT;
	int at = 0, i;

	setenv("KRM_SOPS_KEY_SECRET", "variable", 1);
	options_from_env(&options);
	unsetenv("KRM_SOPS_KEY_SECRET");
	assert_int_equal(options.key_secret_count, 1);
	assert_int_equal(options_take(&options, 3, argv, &at, &err), 1);
	assert_int_equal(options_take(&options, 3, argv, &at, &err), 1);
	assert_int_equal(options.key_secret_count, 2);
	assert_string_equal(options.key_secrets[0], "a");
	assert_string_equal(options.key_secrets[1], "b");
	for (i = 2; i < OPTIONS_KEY_SECRETS_MAX; i++) {
		at = 2;
		assert_int_equal(options_take(&options, 3, argv, &at, &err), 1);
	}
	at = 2;
	assert_int_equal(options_take(&options, 3, argv, &at, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_both_spellings),
		cmocka_unit_test(tells_flags_with_a_common_beginning_apart),
		cmocka_unit_test(refuses_a_flag_without_value),
		cmocka_unit_test(reads_the_environment),
		cmocka_unit_test(takes_the_cluster_with_and_without_a_context),
		cmocka_unit_test(collects_manifests_in_place_of_the_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
