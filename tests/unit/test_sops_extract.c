/* SPDX-License-Identifier: Apache-2.0
 *
 * --extract: the paths that sops reads, those that crash it, and what each format does with what is found. Against the real sops:
 * tests/data/cases.json (extract_*).
 */
#include "mangle.h"

#include "sops/sops_extract.h"

#define DOCUMENT                                                                                         \
	"s: text\nn: 5\nz:\nl:\n    - one\n    - x: two\n    # c\n    - [3]\nm:\n    k:\n        j: 1\n" \
	"\"\": empty\n---\nsecond: 1\n"

static int extract(const char *path, enum doc_format format, struct buf *out, struct err *err)
{
	static const struct doc_style style = {.yaml_indent = 0};
	CLEAN_DOC struct doc doc = DOC_INIT;

	assert_int_equal(doc_read(DOC_YAML, SPAN(DOCUMENT), &doc, err), 0);
	return sops_extract_write(&doc, path, format, &style, out, err);
}

static void finds_what_is_there(void **state)
{
	static const struct {
		const char *path;
		enum doc_format format;
		const char *want;
	} table[] = {
		{"[\"s\"]", DOC_YAML, "text"},
		{"['s']", DOC_JSON, "text"},
		{"[\"s\"]", DOC_BINARY, "text"},
		{"[\"s\"]", DOC_DOTENV, "text"},
		{"[\"\"]", DOC_YAML, "empty"},
		{"[\"n\"]", DOC_YAML, "5\n"},
		{"[\"n\"]", DOC_JSON, "5"},
		{"[\"n\"]", DOC_INI, "5"},
		{"[\"z\"]", DOC_YAML, "null\n"},
		{"[\"z\"]", DOC_JSON, "null"},
		{"[\"l\"][0]", DOC_YAML, "one"},
		{"[\"l\"][+0]", DOC_YAML, "one"},
		{"[\"l\"][1][\"x\"]", DOC_YAML, "two"},
		{"[\"l\"][3]", DOC_JSON, "[\n\t3\n]"},
		{"[\"m\"][\"k\"]", DOC_YAML, "j: 1\n---\nsecond: 1\n"},
		{"[\"m\"][\"k\"]", DOC_JSON, "{\n\t\"j\": 1\n}\n"},
		{"[\"m\"][\"k\"]", DOC_DOTENV, "j=1\n"},
		{"[[[\"m\"][\"k\"][\"j\"]", DOC_YAML, "1\n"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		if (extract(table[i].path, table[i].format, &out, &err) < 0 ||
		    !span_is(buf_span(&out), table[i].want))
			fail_msg("%s: '%.*s' %s", table[i].path, (int)out.len, (char *)out.data,
				 err.msg);
	}
}

static void refuses_what_is_not(void **state)
{
	static const struct {
		const char *path;
		enum doc_format format;
		enum err_code code;
	} table[] = {
		{"[\"x\"]", DOC_YAML, ERR_FORMAT},
		{"[\"l\"][9]", DOC_YAML, ERR_FORMAT},
		{"[\"l\"][\"x\"]", DOC_YAML, ERR_FORMAT},
		{"[\"s\"][0]", DOC_YAML, ERR_FORMAT},
		{"[\"s\"][\"x\"]", DOC_YAML, ERR_FORMAT},
		{"[0]", DOC_YAML, ERR_FORMAT},
		{"[\"l\"][2]", DOC_YAML, ERR_FORMAT}, /* a comment */
		{"[\"l\"]", DOC_INI, ERR_EMIT},
		{"[\"n\"]", DOC_DOTENV, ERR_EMIT},
		{"[\"n\"]", DOC_BINARY, ERR_EMIT},
		{"[\"m\"]", DOC_DOTENV, ERR_EMIT},
		{"[\"l\"][-1]", DOC_YAML, ERR_EXTRACT},
		{"[]", DOC_YAML, ERR_EXTRACT},
		{"[\"]", DOC_YAML, ERR_EXTRACT},
		{"[\"s\"", DOC_YAML, ERR_EXTRACT},
		{"[s]", DOC_YAML, ERR_EXTRACT},
		{"s", DOC_YAML, ERR_EXTRACT},
		{"[\"s\"]x", DOC_YAML, ERR_EXTRACT},
		{"]", DOC_YAML, ERR_EXTRACT},
		{"[99999999999999999999]", DOC_YAML, ERR_EXTRACT},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT, check = ERR_INIT;

		if (extract(table[i].path, table[i].format, &out, &err) == 0)
			fail_msg("%s: '%.*s'", table[i].path, (int)out.len, (char *)out.data);
		if (err.code != table[i].code)
			fail_msg("%s: %s", table[i].path, err.msg);
		/* what is wrong with the path alone is seen without the document */
		assert_int_equal(sops_extract_check(table[i].path, &check),
				 err.code == ERR_EXTRACT ? -1 : 0);
	}
}

static int check_mangled(struct span input, void *arg)
{
	char *path = strndup(input.len ? (const char *)input.data : "", input.len);
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT, check = ERR_INIT;
	int good, r;

	assert_non_null(path);
	good = sops_extract_check(path, &check);
	r = extract(path, DOC_YAML, &out, &err);
	assert_int_equal(r < 0 && err.code == ERR_EXTRACT, good < 0);
	free(path);
	return r;
}

static void survives_every_change(void **state)
{
	mangle_all(SPAN("[\"l\"][1]['x']"), check_mangled, NULL);
	mangle_all(SPAN("[\"l\"][3][+0]"), check_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(survives_every_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
