/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars as Go finds them in fields of type string. The tables were made with KSOPS 4.5.1 (sigs.k8s.io/yaml v1.6.0) and
 * SopsSecretGenerator (gopkg.in/yaml.v3), Go 1.26.
 */
#include "go_text.h"

#include "objects.h"

static void texts_of(const char *yaml, const char *json_want, const char *yaml_want)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_ARENA struct arena arena = ARENA_INIT(1 << 20);
	const struct doc_node *node = doc_get(object_read(&object, yaml), "a");
	struct span text = SPAN_NULL;
	struct err err = ERR_INIT;

	assert_int_equal(go_json_text(node, span_str(yaml), &arena, &text, &err), 1);
	if (!span_is(text, json_want))
		fail_msg("%s: '%.*s'", yaml, (int)text.len, text.data);
	assert_int_equal(go_yaml_text(node, span_str(yaml), &arena, &text, &err), 1);
	if (!span_is(text, yaml_want))
		fail_msg("%s: '%.*s'", yaml, (int)text.len, text.data);
}

static void scalars_become_texts(void **state)
{
	static const struct {
		const char *yaml, *json_want, *yaml_want;
	} table[] = {
		{"a: x\n", "x", "x"},
		{"a:\n", "", ""},
		{"a: ~\n", "", ""},
		{"a: 1\n", "1", "1"},
		{"a: 010\n", "8", "010"},
		{"a: 0x1F\n", "31", "0x1F"},
		{"a: 1_000\n", "1000", "1_000"},
		{"a: 18446744073709551615\n", "18446744073709551615", "18446744073709551615"},
		{"a: true\n", "true", "true"},
		{"a: True\n", "true", "True"},
		{"a: yes\n", "true", "yes"},
		{"a: N\n", "false", "N"},
		{"a: off\n", "false", "off"},
		{"a: \"off\"\n", "off", "off"},
		{"a: 'y'\n", "y", "y"},
		{"a: |-\n  y\n", "y", "y"},
		{"a: 0.1\n", "0.1", "0.1"},
		{"a: 1.50\n", "1.5", "1.50"},
		{"a: -0.5\n", "-0.5", "-0.5"},
		{"a: 0.0\n", "0", "0.0"},
		{"a: 100000.0\n", "100000", "100000.0"},
		{"a: 1000000.0\n", "1e+06", "1000000.0"},
		{"a: 123456.75\n", "123456.75", "123456.75"},
		{"a: 1234567.5\n", "1.2345675e+06", "1234567.5"},
		{"a: 16777217.0\n", "1.6777216e+07", "16777217.0"},
		{"a: 1e3\n", "1000", "1e3"},
		{"a: 1e21\n", "1e+21", "1e21"},
		{"a: 0.0001234\n", "0.0001234", "0.0001234"},
		{"a: 0.00001\n", "1e-05", "0.00001"},
		{"a: 3.4e50\n", "+Inf", "3.4e50"},
		{"a: -.inf\n", "-Inf", "-.inf"},
		{"a: .nan\n", "NaN", ".nan"},
		{"a: 2020-01-01\n", "2020-01-01", "2020-01-01"},
		{"a: !!int 7\n", "7", "7"},
		{"a: &x 7\n", "7", "7"},
		{"a: !!float &x 7\n", "7", "7"},
		{"b: &x 0x10\na: *x\n", "16", "16"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		texts_of(table[i].yaml, table[i].json_want, table[i].yaml_want);
}

static void maps_and_lists_are_no_texts(void **state)
{
	static const char *const table[] = {"a: []\n", "a: {}\n", "a: [x]\n", "a: {b: c}\n"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_ARENA struct arena arena = ARENA_INIT(1 << 20);
		const struct doc_node *node = doc_get(object_read(&object, table[i]), "a");
		struct span text = SPAN_NULL;
		struct err err = ERR_INIT;

		assert_int_equal(go_json_text(node, SPAN_NULL, &arena, &text, &err), 0);
		assert_int_equal(go_yaml_text(node, SPAN_NULL, &arena, &text, &err), 0);
	}
}

static void a_source_that_is_not_known_is_no_trap(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_ARENA struct arena arena = ARENA_INIT(1 << 20);
	const struct doc_node *root = object_read(&object, "a: 0x10\nb: 2020-01-01\n");
	struct span text = SPAN_NULL;
	struct err err = ERR_INIT;

	assert_int_equal(go_yaml_text(doc_get(root, "a"), SPAN_NULL, &arena, &text, &err), 1);
	assert_true(span_is(text, "16"));
	assert_int_equal(go_json_text(doc_get(root, "b"), SPAN("a:"), &arena, &text, &err), 0);
}

static void fields_are_found_in_any_case(void **state)
{
	static const struct {
		const char *yaml, *want; /* NULL: not there */
	} table[] = {
		{"files: x\n", "x"},
		{"FiLeS: x\n", "x"},
		{"files: x\nFILES: y\n", "x"},
		{"FILES: y\nfiles: x\n", "x"},
		{"FILES: y\nFiles: x\n", "x"},
		{"file: x\nfiless: y\n", NULL},
		{"b: &b {files: x}\n<<: *b\n", "x"},
		{"b: &b {files: x}\n<<: *b\nFiles: y\n", "y"},
		{"b: &b {files: x}\nc: &c {files: y}\n<<: [*c, *b]\n", "y"},
		{"[]\n", NULL},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		struct err err = ERR_INIT;
		const struct doc_node *found = NULL;

		if (doc_read(DOC_YAML, span_str(table[i].yaml), &object.doc, &err) == 0)
			found = go_json_field(object.doc.first, "files");
		if (!found != !table[i].want || (found && !span_is(found->str, table[i].want)))
			fail_msg("%s", table[i].yaml);
	}
	assert_null(go_json_field(NULL, "files"));
}

#define KEYS "y: 1\n\"n\": 1\n'on': 1\nyes: 1\nx: 1\n"

static void keys_are_those_of_json(void **state)
{
	static const char *const want[] = {"true", "n", "on", "true", "x"};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	const struct doc_node *kid;
	size_t i = 0;

	object_read(&object, KEYS);
	doc_each (kid, object.node)
		assert_true(span_is(go_json_key(kid, SPAN(KEYS)), want[i++]));
	assert_int_equal(i, ARRAY_LEN(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_become_texts),
		cmocka_unit_test(maps_and_lists_are_no_texts),
		cmocka_unit_test(a_source_that_is_not_known_is_no_trap),
		cmocka_unit_test(fields_are_found_in_any_case),
		cmocka_unit_test(keys_are_those_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
