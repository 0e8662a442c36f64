/* SPDX-License-Identifier: Apache-2.0
 *
 * The envelope in every shape that callers send, what is refused, and what is written back.
 */
#include "resource_list.h"

#include "mangle.h"

#define HEAD "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"

static const struct {
	const char *text;
	size_t count; /* items */
	bool config;
} shapes[] = {
	{HEAD "items:\n- kind: A\n- kind: B\nfunctionConfig:\n  kind: C\n", 2, true},
	{"functionConfig: {kind: C}\nitems: [{kind: A}]\nkind: ResourceList\n", 1, true},
	{"{\"kind\": \"ResourceList\", \"items\": [{\"kind\": \"A\"}], \"functionConfig\": {}}", 1,
	 true},
	{"{\"kind\": \"ResourceList\", \"items\": [{\"kind\": \"\\/\\ud83d\\ude00\"}]}", 1, false},
	{HEAD "items: []\n", 0, false},
	{HEAD "items:\n", 0, false},
	{HEAD "items: null\nfunctionConfig: null\n", 0, false},
	{HEAD, 0, false},
	{HEAD "items:\n- null\n- kind: A\n-\n- ~\n", 1, false},
	{HEAD "items:\n- # top\n  kind: A # inline\n# end\n", 1, false},
	{"\xef\xbb\xbf" HEAD "items:\n- kind: A\n", 1, false},
	{"---\n" HEAD "items:\n- kind: A\n", 1, false},
	{"# first\n--- # second\n" HEAD "items:\n- kind: A\n...\n", 1, false},
	{"kind: ResourceList\r\nitems:\r\n- kind: A\r\n", 1, false},
	{"apiVersion: anything\nkind: ResourceList\nresults: [1]\nother: x\n", 0, false},
};

static void reads_every_shape(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shapes); i++) {
		CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
		struct err err = ERR_INIT;

		if (resource_list_read(span_str(shapes[i].text), &list, &err) < 0)
			fail_msg("%s: %s", shapes[i].text, err.msg);
		assert_int_equal(list.count, shapes[i].count);
		assert_int_equal(list.config != NULL, shapes[i].config);
	}
}

static void refuses_what_is_no_list(void **state)
{
	static const struct {
		struct span text;
		enum err_code code;
		const char *says;
	} table[] = {
		{SPAN(""), ERR_FORMAT, "stdin: empty"},
		{SPAN(" \n"), ERR_FORMAT, "stdin: "},
		{SPAN("# c\n"), ERR_FORMAT, "stdin: "},
		{SPAN("kind: Secret\n"), ERR_FORMAT, "expected a ResourceList, found 'Secret'"},
		{SPAN("a: 1\n"), ERR_FORMAT, "expected a ResourceList, found no 'kind'"},
		{SPAN("- kind: ResourceList\n"), ERR_FORMAT, "stdin: "},
		{SPAN(HEAD "---\n" HEAD), ERR_FORMAT, "stdin: expected one document"},
		{SPAN(HEAD "items: {}\n"), ERR_FORMAT, "'items' is not a list"},
		{SPAN(HEAD "items: x\n"), ERR_FORMAT, "'items' is not a list"},
		{SPAN(HEAD "items:\n- kind: A\n- x\n"), ERR_FORMAT, "items[1] is not an object"},
		{SPAN(HEAD "items:\n- []\n"), ERR_FORMAT, "items[0] is not an object"},
		{SPAN(HEAD "items:\n- kind: A\n  kind: B\n"), ERR_FORMAT, "stdin: "},
		{SPAN(HEAD "items:\n- kind: \"A\n"), ERR_FORMAT, "stdin: "},
		{SPAN("\xff\xfek\0i\0"), ERR_UNSUPPORTED, "stdin: UTF-16"},
		{SPAN("kind: Resource\0List\n"), ERR_FORMAT, "stdin: "},
		{SPAN("kind: \xff\n"), ERR_FORMAT, "stdin: "},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(resource_list_read(table[i].text, &list, &err), -1);
		if (err.code != table[i].code || !strstr(err.msg, table[i].says))
			fail_msg("%zu: %d '%s'", i, (int)err.code, err.msg);
	}
}

static bool is_generator(const char *text)
{
	CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(resource_list_read(span_str(text), &list, &err), 0);
	return resource_list_is_generator(&list);
}

static void knows_a_generator_by_its_only_item(void **state)
{
	assert_true(is_generator(
		HEAD
		"items: [{apiVersion: a/v1, kind: D, metadata: {name: x, annotations: {b: c}}}]\n"
		"functionConfig: {apiVersion: a/v1, kind: D, metadata: {name: x}}\n"));
	assert_false(is_generator(
		HEAD "items: [{apiVersion: a/v1, kind: D, metadata: {name: y}}]\n"
		     "functionConfig: {apiVersion: a/v1, kind: D, metadata: {name: x}}\n"));
	assert_false(is_generator(
		HEAD "items: [{apiVersion: a/v1, kind: D, metadata: {name: x, namespace: n}}]\n"
		     "functionConfig: {apiVersion: a/v1, kind: D, metadata: {name: x}}\n"));
	assert_false(is_generator(
		HEAD "items: [{apiVersion: a/v1, kind: D, metadata: {name: x}}, {kind: E}]\n"
		     "functionConfig: {apiVersion: a/v1, kind: D, metadata: {name: x}}\n"));
	assert_false(is_generator(HEAD "items: [{apiVersion: a/v1, kind: D}]\n"));
	assert_false(is_generator(HEAD "items: []\nfunctionConfig: {kind: D}\n"));
}

static void writes_objects_as_items(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
	struct err err = ERR_INIT;

	resource_list_begin(&out);
	resource_list_add(SPAN("kind: A\na: |\n  x\n\n   y\n"), &out);
	resource_list_add(SPAN("kind: B"), &out);
	assert_true(span_is(buf_span(&out), HEAD "items:\n- kind: A\n  a: |\n    x\n\n     y\n"
						 "- kind: B\n"));
	assert_int_equal(resource_list_read(buf_span(&out), &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_true(span_is(doc_get_str(list.items[0], "a"), "x\n\n y\n"));
	buf_reset(&out);
	resource_list_empty(&out);
	assert_true(span_is(buf_span(&out), HEAD "items: []\n"));
}

#define RESULT "[{\"message\": \"it 'broke'\", \"severity\": \"error\"}]"

static const struct {
	const char *before, *after;
} results[] = {
	{HEAD "items: []\n",
	 "results: " RESULT
	 "\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"},
	{"# c\n" HEAD "results:\n- message: old\nitems: []\n",
	 "# c\nresults: " RESULT
	 "\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"},
	{"results:\n- message: old\n" HEAD,
	 "results: " RESULT "\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"},
	{"  kind: ResourceList\n  items: []\n",
	 "  results: " RESULT "\n  kind: ResourceList\n  items: []\n"},
	{"{\"kind\": \"ResourceList\"}", "{\"results\": " RESULT ", \"kind\": \"ResourceList\"}"},
	{"{\"results\": [], \"kind\": \"ResourceList\"}",
	 "{\"results\": " RESULT ", \"kind\": \"ResourceList\"}"},
};

static void writes_results_beside_the_input(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(results); i++) {
		CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
		CLEAN_RESOURCE_LIST struct resource_list again = RESOURCE_LIST_INIT;
		CLEAN_REPORT struct report report = REPORT_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
		struct err err = ERR_INIT;

		(void)err_set(&err, ERR_VALUE, "it 'broke'");
		report_add(&report, &err, NULL);
		assert_int_equal(resource_list_read(span_str(results[i].before), &list, &err), 0);
		assert_int_equal(resource_list_write_results(&list, &report, &out, &err), 0);
		if (!span_is(buf_span(&out), results[i].after))
			fail_msg("'%.*s'", (int)out.len, (const char *)out.data);
		assert_int_equal(resource_list_read(buf_span(&out), &again, &err), 0);
	}
}

static int read_mangled(struct span input, void *arg)
{
	CLEAN_RESOURCE_LIST struct resource_list list = RESOURCE_LIST_INIT;
	CLEAN_RESOURCE_LIST struct resource_list again = RESOURCE_LIST_INIT;
	CLEAN_REPORT struct report report = REPORT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	if (resource_list_read(input, &list, &err) < 0)
		return -1;
	if (resource_list_write_results(&list, &report, &out, &err) < 0) {
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		return -1;
	}
	if (resource_list_read(buf_span(&out), &again, &err) < 0)
		fail_msg("'%.*s': %s", (int)out.len, (const char *)out.data, err.msg);
	assert_int_equal(again.count, list.count);
	return 0;
}

static void survives_mangled_lists(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shapes); i++)
		mangle_all(span_str(shapes[i].text), read_mangled, NULL);
	for (i = 0; i < ARRAY_LEN(results); i++)
		mangle_all(span_str(results[i].before), read_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_shape),
		cmocka_unit_test(refuses_what_is_no_list),
		cmocka_unit_test(knows_a_generator_by_its_only_item),
		cmocka_unit_test(writes_objects_as_items),
		cmocka_unit_test(writes_results_beside_the_input),
		cmocka_unit_test(survives_mangled_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
