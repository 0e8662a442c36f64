/* SPDX-License-Identifier: Apache-2.0
 *
 * What a generator's config asks for, and which of its fields is wrong.
 */
#include "generate.h"

#include "objects.h"

#define OURS    "apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\nspec:\n"
#define KSOPS   "apiVersion: viaduct.ai/v1\nkind: ksops\n"
#define GOABOUT "apiVersion: goabout.com/v1beta1\nkind: SopsSecretGenerator\n"

static int make(struct object *object, struct config *config, struct generate_plan *plan,
		const char *text, struct err *err)
{
	if (config_read(object_read(object, text), config, err) < 0)
		fail_msg("%s: %s", text, err->msg);
	return generate_plan_add(plan, config, err);
}

static void takes_files_apart(void **state)
{
	static const char text[] = OURS
		"  files: [a.yaml, \"b=c.yaml\"]\n"
		"  secretFrom:\n"
		"  - metadata: {name: one, namespace: n, labels: {a: b}, annotations: {c: d}}\n"
		"    type: Opaque\n"
		"    files: [x/y.txt, k=z.txt]\n    binaryFiles: [b.bin]\n    envs: [e=.env]\n"
		"  - metadata: {name: two}\n";
	static const struct {
		enum generate_use use;
		const char *path, *key, *field;
		size_t secret;
	} want[] = {
		{GENERATE_MANIFEST, "a.yaml", "", "spec.files[0]", SIZE_MAX},
		{GENERATE_MANIFEST, "b=c.yaml", "", "spec.files[1]", SIZE_MAX},
		{GENERATE_TEXT, "x/y.txt", "y.txt", "spec.secretFrom[0].files[0]", 0},
		{GENERATE_TEXT, "z.txt", "k", "spec.secretFrom[0].files[1]", 0},
		{GENERATE_BINARY, "b.bin", "b.bin", "spec.secretFrom[0].binaryFiles[0]", 0},
		{GENERATE_ENVS, "e=.env", "", "spec.secretFrom[0].envs[0]", 0},
	};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (make(&object, &config, &plan, text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(plan.file_count, ARRAY_LEN(want));
	for (i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(plan.files[i].use, want[i].use);
		assert_string_equal(plan.files[i].path, want[i].path);
		assert_true(span_is(plan.files[i].key, want[i].key));
		assert_string_equal(plan.files[i].field, want[i].field);
		assert_int_equal(plan.files[i].secret, want[i].secret);
	}
	assert_int_equal(plan.secret_count, 2);
	assert_true(span_is(plan.secrets[0].type, "Opaque"));
	assert_true(span_is(plan.secrets[1].name, "two"));
}

static void reads_ksops_as_go_does(void **state)
{
	static const char text[] =
		KSOPS "Files: [a.yaml]\nsecretfrom:\n"
		      "- Metadata: {name: one}\n  BINARYFILES: [b]\n  immutable: true\n";
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	struct err err = ERR_INIT;

	if (make(&object, &config, &plan, text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(plan.file_count, 2);
	assert_string_equal(plan.files[1].field,
			    "error decrypting file \"b\" from secretFrom.BinaryFiles");
}

static void reads_a_sops_secret_generator(void **state)
{
	static const char text[] =
		GOABOUT "metadata: {name: s, annotations: {a: b, config.kubernetes.io/function: x, "
			"kustomize.config.k8s.io/needs-hash: \"false\", "
			"internal.config.kubernetes.io/id: \"1\"}}\n"
			"files: [k=v]\nenvs: [e]\nbehavior: replace\ntype: T\n";
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	const struct generate_secret *secret;
	struct err err = ERR_INIT;

	if (make(&object, &config, &plan, text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(plan.secret_count, 1);
	secret = &plan.secrets[0];
	assert_true(span_is(secret->name, "s") && span_is(secret->type, "T") &&
		    secret->data_always && plan.sorted);
	/* What is set wins over what is there; what says how to run the generator is gone. */
	assert_int_equal(secret->annotations.count, 3);
	assert_true(span_is(secret->annotations.at[0].key, "a"));
	assert_true(span_is(secret->annotations.at[1].value, "true"));
	assert_true(span_is(secret->annotations.at[2].value, "replace"));
	/* A file's value wins over an environment's. */
	assert_int_equal(plan.files[0].use, GENERATE_SOURCE);
	assert_int_equal(plan.files[1].use, GENERATE_BINARY);
	assert_string_equal(plan.files[0].field, "env source \"e\"");
	assert_string_equal(plan.files[1].label, "file source \"v\"");
}

static void takes_many_configs(void **state)
{
	enum { MANY = 100 };
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	struct doc_node *node = object_read(
		&object, KSOPS "files: [a, b]\nsecretFrom: [{metadata: {name: x}, envs: [c]}]\n");
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < MANY; i++) {
		CLEAN_CONFIG struct config config = CONFIG_INIT;

		if (config_read(node, &config, &err) < 0 ||
		    generate_plan_add(&plan, &config, &err) < 0)
			fail_msg("%s", err.msg);
	}
	assert_int_equal(plan.file_count, 3 * MANY);
	assert_int_equal(plan.secret_count, MANY);
	for (i = 0; i < MANY; i++) {
		assert_string_equal(plan.files[3 * i].path, "a");
		assert_int_equal(plan.files[3 * i].secret, SIZE_MAX);
		assert_string_equal(plan.files[3 * i + 2].path, "c");
		assert_int_equal(plan.files[3 * i + 2].secret, i);
		assert_true(span_is(plan.secrets[i].name, "x"));
	}
}

static void refuses_more_files_than_the_limit(void **state)
{
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	struct doc_node *node = object_read(&object, KSOPS "files: [a]\n");
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	assert_int_equal(config_read(node, &config, &err), 0);
	while (generate_plan_add(&plan, &config, &err) == 0)
		n++;
	assert_int_equal(n, GENERATE_FILES_MAX);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void takes_empty_lists(void **state)
{
	static const char *const table[] = {
		KSOPS "files: []\n",
		KSOPS "secretFrom: []\n",
		OURS "  files: []\n",
		OURS "  secretFrom: [{metadata: {name: a}, files: , envs: , type: }]\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
		struct err err = ERR_INIT;

		if (make(&object, &config, &plan, table[i], &err) < 0)
			fail_msg("%s: %s", table[i], err.msg);
		assert_int_equal(plan.file_count, 0);
	}
}

static void names_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
		{OURS "  files: [1]\n", "'spec.files[0]' must be a string"},
		{OURS "  files: [a, \"\"]\n", "'spec.files[1]' must be the path"},
		{OURS "  files: [\"a\\0b\"]\n", "'spec.files[0]' must be the path"},
		{OURS "  files: [[a]]\n", "'spec.files[0]' must be a string"},
		{OURS "  secretFrom: [x]\n", "'spec.secretFrom[0]' must be a map"},
		{OURS "  secretFrom: [{}]\n", "'spec.secretFrom[0].metadata.name' must be"},
		{OURS "  secretFrom: [{metadata: {name: \"\"}}]\n", "metadata.name' must be"},
		{OURS "  secretFrom: [{metadata: {name: 1}}]\n", "metadata.name' must be"},
		{OURS "  secretFrom: [{metadata: {name: a, namespace: 1}}]\n",
		 "metadata.namespace' must be a string"},
		{OURS "  secretFrom: [{metadata: {name: a, labels: {b: 1}}}]\n",
		 "metadata.labels' must be a map of strings"},
		{OURS "  secretFrom: [{metadata: {name: a, annotations: x}}]\n",
		 "metadata.annotations' must be a map of strings"},
		{OURS "  secretFrom: [{metadata: {name: a}, type: 1}]\n",
		 "'spec.secretFrom[0].type' must be a string"},
		{OURS "  secretFrom: [{metadata: {name: a}, files: x}]\n",
		 "'spec.secretFrom[0].files' must be a list of paths"},
		{OURS "  secretFrom: [{metadata: {name: a}, files: [a=b=c]}]\n",
		 "'spec.secretFrom[0].files[0]' must be PATH or KEY=PATH"},
		{OURS "  secretFrom: [{metadata: {name: a}, binaryFiles: [=c]}]\n",
		 "binaryFiles[0]' must be PATH or KEY=PATH"},
		{OURS "  secretFrom: [{metadata: {name: a}, files: [a=]}]\n",
		 "files[0]' must be the path"},
		{OURS "  secretFrom: [{metadata: {name: a}, literals: []}]\n",
		 "unknown field 'spec.secretFrom[0].literals'"},
		{KSOPS "secretFrom: [{metadata: {name: a}}, 1]\n", "'secretFrom[1]' must be a map"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(make(&object, &config, &plan, table[i].text, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.msg, table[i].says))
			fail_msg("'%s' is not in '%s'", table[i].says, err.msg);
	}
}

static int plan_mangled(struct span input, void *arg)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (doc_read(DOC_YAML, input, &doc, &err) < 0 ||
	    config_read(doc.first, &config, &err) < 0 ||
	    generate_plan_add(&plan, &config, &err) < 0)
		return -1;
	for (i = 0; i < plan.file_count; i++)
		assert_true(plan.files[i].path[0]);
	return 0;
}

static void survives_mangled_configs(void **state)
{
	mangle_all(SPAN(KSOPS
			"files: [a, b]\nsecretFrom: [{metadata: {name: a, labels: {b: c}}, files: "
			"[a=b], envs: [c], type: T}]\n"),
		   plan_mangled, NULL);
	mangle_all(SPAN(GOABOUT "metadata: {name: s, labels: {a: 1}}\nfiles: [a=b]\nenvs: [c]\n"),
		   plan_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_files_apart),
		cmocka_unit_test(reads_ksops_as_go_does),
		cmocka_unit_test(reads_a_sops_secret_generator),
		cmocka_unit_test(takes_many_configs),
		cmocka_unit_test(refuses_more_files_than_the_limit),
		cmocka_unit_test(takes_empty_lists),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(survives_mangled_configs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
