/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON reader and writer against what sops 3.13.3 prints for the same text (encrypted and decrypted again).
 */
#include "mangle.h"

#include "doc/doc_json.h"

#include <stdio.h>

enum { TEXT_MAX = 1024 * 1024 };

/* Reads and prints text; NULL where either fails. Freed by the caller. */
static char *through(struct span text, const struct doc_style *style, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);

	if (doc_json_read(text, &doc, err) < 0) {
		assert_null(doc.first);
		assert_null(doc.arena.head);
		return NULL;
	}
	if (doc_json_write(&doc, style, &out, err) < 0)
		return NULL;
	return strndup((const char *)out.data, out.len);
}

static void prints_as_sops(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"{}", "{}\n"},
		{"{\"a\":1.0,\"b\":1e3,\"c\":1e21,\"d\":1e-7,\"e\":0.1,\"f\":1e-6}",
		 "{\n\t\"a\": 1,\n\t\"b\": 1000,\n\t\"c\": 1e+21,\n\t\"d\": 1e-7,\n\t\"e\": 0.1,\n\t\"f\": 0.000001\n}\n"},
		{"{\"a\":-0.0,\"b\":-0,\"c\":1.5e300}",
		 "{\n\t\"a\": -0,\n\t\"b\": 0,\n\t\"c\": 1.5e+300\n}\n"},
		{"{\"a\":9223372036854775807,\"b\":9223372036854775808,\"c\":-9223372036854775808}",
		 "{\n\t\"a\": 9223372036854775807,\n\t\"b\": 9223372036854776000,\n\t\"c\": -9223372036854775808\n}\n"},
		{"{\"a\":\"<>&\\u2028\\u2029\\u00e9\\ud83d\\ude00/\\b\\f\\u0001\\u007f\"}",
		 "{\n\t\"a\": \"\\u003c\\u003e\\u0026\\u2028\\u2029\303\251\360\237\230\200/\\b\\f\\u0001\177\"\n}\n"},
		{"{\"a\":null,\"b\":true,\"c\":\"\",\"d\":[],\"e\":{},\"f\":false}",
		 "{\n\t\"a\": null,\n\t\"b\": true,\n\t\"c\": \"\",\n\t\"d\": [],\n\t\"e\": {},\n\t\"f\": false\n}\n"},
		{"{\"a\":[1,[2,[]],{\"b\":null}]}",
		 "{\n\t\"a\": [\n\t\t1,\n\t\t[\n\t\t\t2,\n\t\t\t[]\n\t\t],\n\t\t{\n\t\t\t\"b\": null\n\t\t}\n\t]\n}\n"},
		{"{\"a\":1,\"a\":2}", "{\n\t\"a\": 1,\n\t\"a\": 2\n}\n"},
		{"{\"a\":1} trailing", "{\n\t\"a\": 1\n}\n"},
		{"{\"a\":1}}}", "{\n\t\"a\": 1\n}\n"},
		{"\n\t\r {\"a\":\"\\ud800\"}", "{\n\t\"a\": \"\357\277\275\"\n}\n"},
		{"{\"a\":\"\\ud800\\ud83d\\ude00\\udc00x\\uD800\\u0041\"}",
		 "{\n\t\"a\": \"\357\277\275\360\237\230\200\357\277\275x\357\277\275A\"\n}\n"},
		{"{\"a\":\"\\ud800\\udc00\\udbff\\udfff\"}",
		 "{\n\t\"a\": \"\360\220\200\200\364\217\277\277\"\n}\n"},
		{"{\"a\":\"\\udc00\\udc01\\ud83dxxdc00\"}",
		 "{\n\t\"a\": \"\357\277\275\357\277\275\357\277\275xxdc00\"\n}\n"},
		{"{\"a\":\"\377\355\240\200\303\"}",
		 "{\n\t\"a\": \"\357\277\275\357\277\275\357\277\275\357\277\275\357\277\275\"\n}\n"},
		{"{\"\":1,\"<k>\":2}", "{\n\t\"\": 1,\n\t\"\\u003ck\\u003e\": 2\n}\n"},
		{"{\"a\":\"\\n\\t\\r\\\"\\\\\\/\\u0000\\u001F\"}",
		 "{\n\t\"a\": \"\\n\\t\\r\\\"\\\\/\\u0000\\u001f\"\n}\n"},
		{"{\"a\":\"\\u2028\342\200\250\302\205\"}",
		 "{\n\t\"a\": \"\\u2028\\u2028\302\205\"\n}\n"},
	};
	const struct doc_style style = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *got = through(span_str(rows[i].text), &style, &err);

		if (!got)
			fail_msg("%s: %s", rows[i].text, err.msg);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

static void prints_ascii_as_it_is(void **state)
{
	static const char ascii[] =
		"{\n\t\"a\": \" !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`"
		"abcdefghijklmnopqrstuvwxyz{|}~\177\"\n}\n";
	const struct doc_style style = {0};
	struct err err = ERR_INIT;
	char *got = through(span_str(ascii), &style, &err);

	assert_non_null(got);
	assert_string_equal(got, ascii);
	free(got);
}

static void refuses_what_is_not_json(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "line 1, column 1: expected '{', but the input ends"},
		{" \n ", "line 2, column 2: expected '{', but the input ends"},
		{"[1,2]", "line 1, column 1: expected '{'"},
		{"\"s\"", "line 1, column 1: expected '{'"},
		{"\357\273\277{}", "begins with a byte order mark, which JSON must not"},
		{"{\"a\":1e400}", "line 1, column 11: a number is out of range"},
		{"{\"a\":\"\001\"}",
		 "line 1, column 8: no such escape or a control character in a string"},
		{"{\"a\":\"\n\"}",
		 "line 1, column 8: no such escape or a control character in a string"},
		{"{\"a\":\"\\'\"}",
		 "line 1, column 9: no such escape or a control character in a string"},
		{"{\"a\":\"\\u12x4\"}",
		 "line 1, column 9: no such escape or a control character in a string"},
		{"{\"a\":1,}", "line 1, column 8: expected a key in double quotes"},
		{"{\"a\":[1,]}", "line 1, column 9: expected a value"},
		{"{\n\"a\"\n1}", "line 3, column 1: expected ':'"},
		{"{\"a\":1 \"b\":2}", "line 1, column 8: expected ',' or '}'"},
		{"{\"a\":[1 2]}", "line 1, column 9: expected ',' or ']'"},
		{"{\"a\":01}", "line 1, column 7: expected ',' or '}'"},
		{"{\"a\":-}", "line 1, column 7: expected a digit"},
		{"{\"a\":1.}", "line 1, column 8: expected a digit"},
		{"{\"a\":1e}", "line 1, column 8: expected a digit"},
		{"{\"a\":+1}", "line 1, column 6: expected a value"},
		{"{\"a\":nul}", "line 1, column 6: expected a value"},
		{"{\"a\":NaN}", "line 1, column 6: expected a value"},
		{"{1:2}", "line 1, column 2: expected a key in double quotes"},
		{"{/**/}", "line 1, column 2: expected a key in double quotes"},
	};
	const struct doc_style style = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(through(span_str(rows[i].text), &style, &err));
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, rows[i].want);
	}
}

/* sops prints {"a": 1} for all but the last two. */
static void differs_refuses_cut_json(void **state)
{
	static const char *const rows[] = {
		"{\"a\":1,\"b\":",  "{\"a\":1,\"b\"", "{\"a\":1,\"b\": ",   "{\"a\":1,\"b\":[1,2",
		"{\"a\":1,\"b\":[", "{\"a\":1",       "{\"a\":1,\"b\":\"x",
	};
	const struct doc_style style = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(through(span_str(rows[i]), &style, &err));
		assert_int_equal(err.code, ERR_FORMAT);
		assert_non_null(strstr(err.msg, "but the input ends"));
	}
}

static void indents_as_asked(void **state)
{
	static const struct {
		int indent;
		const char *want;
	} rows[] = {
		{0, "{\n\t\"a\": [\n\t\t1\n\t]\n}\n"},
		{2, "{\n  \"a\": [\n    1\n  ]\n}\n"},
		{-1, "{\n\"a\": [\n1\n]\n}\n"},
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct doc_style style = {.json_indent = rows[i].indent};
		char *got = through(span_str("{\"a\":[1]}"), &style, &err);

		assert_non_null(got);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

static void tells_places_kind_and_span(void **state)
{
	struct span text = span_str("{\n \"k\": \"v\",\n\n \"n\": [1, -2.5],\n \"e\\n\": \"\"}");
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	struct doc_node *node;

	assert_int_equal(doc_json_read(text, &doc, &err), 0);
	assert_ptr_equal(doc.first, doc.last);
	node = doc_get(doc.first, "k");
	assert_non_null(node);
	assert_int_equal(node->kind, DOC_STRING);
	assert_int_equal(node->line, 2);
	assert_ptr_equal(node->str.data, text.data + 9);
	assert_int_equal(node->flags, DOC_QUOTED);
	assert_int_equal(node->key_start, 3);
	assert_int_equal(node->start, 8);
	assert_int_equal(node->end, 11);
	node = doc_get(doc.first, "n");
	assert_non_null(node);
	assert_int_equal(node->kind, DOC_LIST);
	assert_int_equal(node->line, 4);
	assert_int_equal(node->flags, DOC_FLOW);
	assert_int_equal(node->start, 20);
	assert_int_equal(node->end, 29);
	assert_int_equal(node->kids.last->start, 24);
	assert_int_equal(node->kids.last->end, 28);
	assert_int_equal(node->kids.first->kind, DOC_INT);
	assert_int_equal(node->kids.last->kind, DOC_FLOAT);
	assert_int_equal(node->kids.last->depth, 2);
	assert_null(node->kids.first->key.data);
	node = doc_get(doc.first, "e\n");
	assert_non_null(node);
	assert_int_equal(node->str.len, 0);
	assert_non_null(node->str.data);
}

static void bounds_nesting(void **state)
{
	const struct doc_style style = {0};
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	char *got;

	for (int deep = DOC_DEPTH_MAX; deep <= DOC_DEPTH_MAX + 1; deep++) {
		buf_reset(&text);
		buf_add_str(&text, "{\"a\":");
		buf_add_fill(&text, '[', (size_t)deep);
		buf_add_fill(&text, ']', (size_t)deep);
		buf_add_str(&text, "}");
		got = through(buf_span(&text), &style, &err);
		if (deep == DOC_DEPTH_MAX) {
			assert_non_null(got);
			free(got);
		} else {
			assert_null(got);
			assert_int_equal(err.code, ERR_LIMIT);
		}
	}
}

/* A map with one entry of that node, printed. */
static int print_entry(struct doc_node *node, struct buf *out, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_style style = {0};
	struct doc_node *map = doc_new(&doc, DOC_MAP, err);

	if (!map)
		return -1;
	if (!node->key.data)
		node->key = SPAN("k");
	doc_append(map, node);
	doc_add_branch(&doc, map);
	return doc_json_write(&doc, &style, out, err);
}

static void refuses_what_json_has_no_text_for(void **state)
{
	struct {
		struct doc_node node;
		const char *want;
	} rows[] = {
		{{.kind = DOC_FLOAT, .number = __builtin_inf()},
		 "k: JSON has no text for infinity and NaN"},
		{{.kind = DOC_FLOAT, .number = -__builtin_inf()},
		 "k: JSON has no text for infinity and NaN"},
		{{.kind = DOC_FLOAT, .number = __builtin_nan("")},
		 "k: JSON has no text for infinity and NaN"},
		{{.kind = DOC_TIME, .time = {.offset = 24 * 3600}},
		 "k: JSON has no text for a time with such an offset"},
		{{.kind = DOC_NULL, .key = SPAN("1"), .flags = DOC_KEY_BAD},
		 "1: the key is not a string"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		assert_int_equal(print_entry(&rows[i].node, &out, &err), -1);
		assert_int_equal(err.code, ERR_EMIT);
		assert_string_equal(err.msg, rows[i].want);
	}
}

static void differs_refuses_comment_value(void **state)
{
	struct doc_node node = {.kind = DOC_COMMENT, .str = SPAN("text")};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(print_entry(&node, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, "k: a comment stands where a value belongs");
}

static void names_the_path(void **state)
{
	struct span text = span_str("{\"a\":{\"b c\":[0,{\"d\":1}]}}");
	const struct doc_style style = {0};
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	struct doc_node *list;

	assert_int_equal(doc_json_read(text, &doc, &err), 0);
	list = doc_get(doc_get(doc.first, "a"), "b c");
	list->kids.last->kids.first->kind = DOC_FLOAT;
	list->kids.last->kids.first->number = __builtin_inf();
	assert_int_equal(doc_json_write(&doc, &style, &out, &err), -1);
	assert_string_equal(err.msg, "a.b c[1].d: JSON has no text for infinity and NaN");
}

static void prints_other_formats_values(void **state)
{
	struct doc_node time = {.kind = DOC_TIME,
				.time = {.nanoseconds = 500000000, .offset = -5400}};
	struct doc_node inf = {.kind = DOC_FLOAT, .number = __builtin_inf()};
	struct doc_node comment = {.kind = DOC_COMMENT, .str = SPAN(" gone")};
	struct doc_node bytes = {.kind = DOC_STRING, .str = SPAN("a\xff\xc3(")};
	struct doc_node list = {.kind = DOC_LIST};
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(doc_json_write_value(&list, &style, &out, &err), 0);
	doc_append(&list, &comment);
	assert_int_equal(doc_json_write_value(&list, &style, &out, &err), 0);
	doc_append(&list, &time);
	doc_append(&list, &bytes);
	assert_int_equal(doc_json_write_value(&list, &style, &out, &err), 0);
	assert_int_equal(doc_json_write_value(&time, &style, &out, &err), 0);
	buf_add_char(&out, 0);
	assert_string_equal(out.data,
			    "[][][\n\t\"1969-12-31T22:30:00.5-01:30\",\n\t\"a\\ufffd\\ufffd(\"\n]"
			    "\"1969-12-31T22:30:00.5-01:30\"");

	/* comments count in a path, as they do for sops --extract */
	doc_append(&list, &inf);
	assert_int_equal(doc_json_write_value(&list, &style, &out, &err), -1);
	assert_string_equal(err.msg, "[3]: JSON has no text for infinity and NaN");
}

static void prints_the_first_document_only(void **state)
{
	struct doc_node first = {.kind = DOC_MAP}, second = {.kind = DOC_MAP};
	struct doc doc = DOC_INIT;
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(doc_json_write(&doc, &style, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	doc_add_branch(&doc, &first);
	doc_add_branch(&doc, &second);
	assert_int_equal(doc_json_write(&doc, &style, &out, &err), 0);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "{}\n", 3);
}

/* What was accepted prints, and reads and prints the same again. */
static int stays_equal(struct span input, void *arg)
{
	const struct doc_style style = {0};
	struct err err = ERR_INIT;
	char *once = through(input, &style, &err), *twice;

	if (!once)
		return -1;
	twice = through(span_str(once), &style, &err);
	assert_non_null(twice);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(span_str("{\"a\\u00e9\\ud83d\\ude00\": [1, -2.5e3, \"\xc3\xa9\\\\\", true,\n"
			    "null, {}], \"b\": false}\n"),
		   stays_equal, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_as_sops),
		cmocka_unit_test(prints_ascii_as_it_is),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(differs_refuses_cut_json),
		cmocka_unit_test(indents_as_asked),
		cmocka_unit_test(tells_places_kind_and_span),
		cmocka_unit_test(bounds_nesting),
		cmocka_unit_test(refuses_what_json_has_no_text_for),
		cmocka_unit_test(differs_refuses_comment_value),
		cmocka_unit_test(names_the_path),
		cmocka_unit_test(prints_other_formats_values),
		cmocka_unit_test(prints_the_first_document_only),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
