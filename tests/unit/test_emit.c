/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects as YAML that reads back as the same object.
 */
#include "emit.h"

#include "objects.h"

static const struct {
	const char *text, *want; /* NULL: refused */
} table[] = {
	{"a: 1\n", "\"a\": 1\n"},
	{"a: {b: [x, {c: d}, [], {}, [y]]}\n",
	 "\"a\":\n  \"b\":\n    - \"x\"\n    -\n      \"c\": \"d\"\n    - []\n    - {}\n    -\n      - \"y\"\n"},
	{"a: true\nb: null\nc: -0.5\nd: 1e30\ne: 2020-01-02\nf: .inf\ng: \"yes\"\nh: ''\n",
	 "\"a\": true\n\"b\": null\n\"c\": -0.5\n\"d\": 1e+30\n\"e\": 2020-01-02T00:00:00Z\n\"f\": .inf\n"
	 "\"g\": \"yes\"\n\"h\": \"\"\n"},
	{"# c\na: b # d\n# e\n", "\"a\": \"b\"\n"},
	{"? |\n  l1\n  l2\n: x\n", "\"l1\\nl2\\n\": \"x\"\n"},
	{"a:\n  - |2\n     x\n    y\n", "\"a\":\n  - \" x\\ny\\n\"\n"},
	{"x: &x {a: b}\ny:\n  <<: *x\n",
	 "\"x\":\n  \"a\": \"b\"\n\"y\":\n  !!merge <<:\n    \"a\": \"b\"\n"},
	{"1: x\n", NULL},
	{"a: [{b: !!binary /w==}]\n", NULL},
	{"? !!binary /w==\n: x\n", NULL},
	{"{}\n", ""},
};

static void writes_what_reads_back(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;

		if (emit_object(object_read(&object, table[i].text), SPAN_NULL, &out, &err) < 0) {
			assert_null(table[i].want);
			assert_int_equal(err.code, ERR_EMIT);
			continue;
		}
		if (!table[i].want || !span_is(buf_span(&out), table[i].want))
			fail_msg("'%.*s'", (int)out.len, (const char *)out.data);
		if (out.len == 0)
			continue;
		assert_int_equal(doc_read(DOC_YAML, buf_span(&out), &doc, &err), 0);
		assert_int_equal(emit_object(doc.first, SPAN_NULL, &again, &err), 0);
		assert_true(span_eq(buf_span(&again), buf_span(&out)));
	}
}

/* What is no string keeps its author's words, but where these are a tag, an anchor or an alias. */
static void keeps_the_words_of_the_source(void **state)
{
	static const char text[] = "a: 0x1F\nb: [1.50, 2020-01-02, {c: True, d: ~}, 'x', y]\ne:\n"
				   "f: !!int 0x1F\ng: &g 0x1F\nh: *g\ni: 1e3 # c\n";
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	object_read(&object, text);
	assert_int_equal(emit_object(object.node, span_str(text), &out, &err), 0);
	if (!span_is(
		    buf_span(&out),
		    "\"a\": 0x1F\n\"b\":\n  - 1.50\n  - 2020-01-02\n  -\n    \"c\": True\n    \"d\": ~\n"
		    "  - \"x\"\n  - \"y\"\n\"e\": null\n\"f\": 31\n\"g\": 31\n\"h\": 31\n\"i\": 1e3\n"))
		fail_msg("'%.*s'", (int)out.len, (const char *)out.data);
}

static void names_the_field_that_has_no_text(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	object_read(&object, "a:\n- x\n- b: !!binary /w==\n");
	assert_int_equal(emit_object(object.node, SPAN_NULL, &out, &err), -1);
	assert_string_equal(err.msg, "a[1].b: a text that is not UTF-8");
}

static void writes_keys_of_any_length(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	buf_add_str(&text, "a:\n  ? ");
	buf_add_fill(&text, 'k', 5000);
	buf_add_str(&text, "\n  : {b: [c]}\n");
	buf_add_char(&text, '\0');
	object_read(&object, (const char *)text.data);
	assert_int_equal(emit_object(object.node, SPAN_NULL, &out, &err), 0);
	assert_int_equal(doc_read(DOC_YAML, buf_span(&out), &doc, &err), 0);
	assert_int_equal(doc_get(doc.first, "a")->kids.first->key.len, 5000);
	assert_true(
		span_is(doc_get(doc_get(doc.first, "a")->kids.first, "b")->kids.first->str, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_reads_back),
		cmocka_unit_test(keeps_the_words_of_the_source),
		cmocka_unit_test(names_the_field_that_has_no_text),
		cmocka_unit_test(writes_keys_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
