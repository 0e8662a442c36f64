/* SPDX-License-Identifier: Apache-2.0
 *
 * What files put into a Secret's maps: SopsSecretGenerator's three kinds of `envs`, and that later values win.
 */
#include "generate_values.h"

#include "mangle.h"

struct made {
	struct arena arena;
	struct generate_values values;
};

static int read_source(struct made *made, enum doc_format format, struct span text, struct err *err)
{
	made->arena = (struct arena)ARENA_INIT(1 << 24);
	made->values = (struct generate_values){.arena = &made->arena};
	return generate_values_set_source(&made->values, format, text, err);
}

/* "KEY=BASE64 ..." of all values. */
static void reads(enum doc_format format, const char *text, const char *want)
{
	CLEAN_BUF struct buf got = BUF_INIT(1 << 20);
	struct made made;
	struct err err = ERR_INIT;
	size_t i;

	if (read_source(&made, format, span_str(text), &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	for (i = 0; i < made.values.count; i++) {
		if (i)
			buf_add_char(&got, ' ');
		buf_add_span(&got, made.values.at[i].key);
		buf_add_char(&got, '=');
		buf_add_span(&got, made.values.at[i].value);
	}
	if (!span_is(buf_span(&got), want))
		fail_msg("%s: '%.*s'", text, (int)got.len, got.data);
	arena_release(&made.arena);
}

static void reads_lines_literally(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"", ""},
		{"\n \n# a=b\n  # c\n", ""},
		{"A=x\n", "A=eA=="},
		{"A=x", "A=eA=="},
		{"A=x\r\nB=y\r\n", "A=eA== B=eQ=="},
		{"\xef\xbb\xbf"
		 "A=x\n",
		 "A=eA=="},
		{" \t\xc2\xa0"
		 "A=x\n",
		 "A=eA=="},
		{"A=\n", "A="},
		{"A=\"x\"  \n", "A=IngiICA="},
		{"A=b=c\n", "A=Yj1j"},
		{"A =x\n", "A =eA=="},
		{"=x\n", "=eA=="},
		{"A=x\nB=y\nA=z\n", "A=eg== B=eQ=="},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		reads(DOC_DOTENV, table[i].text, table[i].want);
}

static void reads_maps(void **state)
{
	reads(DOC_YAML, "a: x\nb: 010\nc: 1.50\nd: ~\ne: |\n  y\nf: true\n# g\n",
	      "a=eA== b=MDEw c=MS41MA== d= e=eQo= f=dHJ1ZQ==");
	reads(DOC_YAML, "", "");
	reads(DOC_JSON, "{\"a\": \"x\", \"b\": null}", "a=eA== b=");
}

static void names_what_is_wrong(void **state)
{
	static const struct {
		enum doc_format format;
		const char *text, *says;
	} table[] = {
		{DOC_DOTENV, "A=x\nB\n", "line 2: requires value"},
		{DOC_DOTENV, "A=\xff\n", "line 1: not UTF-8"},
		{DOC_YAML, "a: {b: c}\n", "'a' is not a text"},
		{DOC_YAML, "a: [b]\n", "'a' is not a text"},
		{DOC_JSON, "{\"a\": 1}", "'a' is not a text"},
		{DOC_JSON, "{\"a\": true}", "'a' is not a text"},
		{DOC_JSON, "{\"a\": {}}", "'a' is not a text"},
		{DOC_INI, "[s]\na=1\n", "unknown file format"},
		{DOC_BINARY, "x", "unknown file format"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct made made;
		struct err err = ERR_INIT;

		assert_int_equal(read_source(&made, table[i].format, span_str(table[i].text), &err),
				 -1);
		if (!strstr(err.msg, table[i].says))
			fail_msg("'%s' is not in '%s'", table[i].says, err.msg);
		arena_release(&made.arena);
	}
}

static int mangled(struct span input, void *arg)
{
	const enum doc_format *format = arg;
	struct made made;
	struct err err = ERR_INIT;
	int r = read_source(&made, *format, input, &err);

	arena_release(&made.arena);
	return r;
}

static void survives_mangled_sources(void **state)
{
	enum doc_format dotenv = DOC_DOTENV, yaml = DOC_YAML, json = DOC_JSON;

	mangle_all(SPAN("A=x\n# c\n B=\"y z\"\r\n"), mangled, &dotenv);
	mangle_all(SPAN("a: 0x1f\nb: !!int 7\nc: 'y'\nd: 2020-01-01\n"), mangled, &yaml);
	mangle_all(SPAN("{\"a\": \"x\", \"b\": null}"), mangled, &json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines_literally),
		cmocka_unit_test(reads_maps),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(survives_mangled_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
