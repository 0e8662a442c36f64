/* SPDX-License-Identifier: Apache-2.0
 *
 * The dotenv dialect of KSOPS. The table was made with github.com/joho/godotenv v1.5.1 (Unmarshal), Go 1.26.
 */
#include "godotenv.h"

#include "mangle.h"

static const struct {
	const char *text, *want; /* [KEY=VALUE]...; NULL: refused */
} table[] = {
	{"A=x\n", "[A=x]"},
	{"A=x", "[A=x]"},
	{"A=\n", "[A=]"},
	{"A=\nB=y\n", "[A=][B=y]"},
	{"A=\"two words\"\n", "[A=two words]"},
	{"A='two words'\n", "[A=two words]"},
	{"export A=x\n", "[A=x]"},
	{"exportA=x\n", "[exportA=x]"},
	{"A: x\n", "[A=x]"},
	{"A = x y \n", "[A=x y]"},
	{"A=x # c\n", "[A=x]"},
	{"A=x#c\n", "[A=x#c]"},
	{"A=#c\n", "[A=#c]"},
	{"A= # c\n", "[A=# c]"},
	{"A=a # b # c\n", "[A=a # b]"},
	{"# c\nA=x\n", "[A=x]"},
	{"  # c\n  A=x\n", "[A=x]"},
	{"A=\"x\" # c\n", "[A=x]"},
	{"A=\"x\"B=y\n", "[A=x][B=y]"},
	{"A=\"a\nb\"\n", "[A=a\nb]"},
	{"A=\"a\\nb\\rc\"\n", "[A=a\nb\rc]"},
	{"A=\"a\\tb\"\n", "[A=atb]"},
	{"A=\"a\\\\nb\"\n", "[A=a\\nb]"},
	{"A=\"a\\\"b\"\n", "[A=a\"b]"},
	{"A='a\\nb'\n", "[A=a\\nb]"},
	{"A='a\\'b'\n", "[A=a\\'b]"},
	{"A=\"$B\"\n", "[A=]"},
	{"B=1\nA=$B\n", "[B=1][A=1]"},
	{"B=1\nA=\"${B}y\"\n", "[B=1][A=1y]"},
	{"B=1\nA='$B'\n", "[B=1][A=$B]"},
	{"B=1\nA=\"\\$B\"\n", "[B=1][A=$B]"},
	{"B=1\nA=\\$B\n", "[B=1][A=$B]"},
	{"B=1\nA=$(B)\n", "[B=1][A=1)]"},
	{"A=$\n", "[A=$]"},
	{"A=${}\n", "[A=${}]"},
	{"b=1\nA=$b\n", "[b=1][A=$b]"},
	{"A=1\nA=2\n", "[A=2]"},
	{"A=x\r\nB=y\r\n", "[A=x][B=y]"},
	{"A=x\rB=y\n", "[A=x][B=y]"},
	{"A=\t x \t\n", "[A=x]"},
	{"A=\"\"\n", "[A=]"},
	{"A=''\n", "[A=]"},
	{"A=\"\"\"x\"\"\"\n", NULL},
	{"A.b_C1=x\n", "[A.b_C1=x]"},
	{"", ""},
	{"\n\n", ""},
	{"A=\"x", NULL},
	{"A=\302\240x\302\240\n", "[A=x]"},
	{"A=\342\200\203x\n", "[A=\342\200\203x]"},
	{"A=\"a\\\nb\"\n", "[A=a\nb]"},
	{"A=\"\303\251\\\303\251\"\n", "[A=\303\251\303\251]"},
};

static void reads_what_godotenv_reads(void **state)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
		CLEAN_BUF struct buf got = BUF_INIT(1 << 16);
		struct err err = ERR_INIT;

		if (godotenv_parse(span_str(table[i].text), &env, &err) < 0) {
			if (table[i].want)
				fail_msg("'%s': %s", table[i].text, err.msg);
			continue;
		}
		for (j = 0; j < env.count; j++) {
			buf_add_char(&got, '[');
			buf_add_span(&got, env.entries[j].key);
			buf_add_char(&got, '=');
			buf_add_span(&got, env.entries[j].value);
			buf_add_char(&got, ']');
		}
		if (!table[i].want || !span_is(buf_span(&got), table[i].want))
			fail_msg("'%s': '%.*s'", table[i].text, (int)got.len,
				 (const char *)got.data);
	}
}

/* godotenv takes these; no key of a Secret could hold them. */
static void differs_refuses_names_that_no_secret_has(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"A=x\nFOO", "line 2: no '=' or ':' behind a name"},
		{"=x\n", "line 1: a value without a name"},
		{"A B=x\n", "line 1: a blank inside a name"},
		{"\xc3\xa9=x\n", "line 1: a character that no name has"},
		{"A=x\n\n-=y\n", "line 3: a character that no name has"},
		{"A=\"x\nB=y", "line 1: a quoted value without its end"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(godotenv_parse(span_str(bad[i].text), &env, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, bad[i].says);
	}
}

static void stops_a_bomb(void **state)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	int i;

	buf_add_str(&text, "A0=0123456789\n");
	for (i = 1; i < 30; i++)
		buf_printf(&text, "A%d=$A%d$A%d$A%d$A%d\n", i, i - 1, i - 1, i - 1, i - 1);
	assert_int_equal(godotenv_parse(buf_span(&text), &env, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void stops_at_too_many(void **state)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i <= GODOTENV_ENTRIES_MAX; i++)
		buf_printf(&text, "A%d=\n", i);
	assert_int_equal(godotenv_parse(buf_span(&text), &env, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static int parse_mangled(struct span input, void *arg)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (godotenv_parse(input, &env, &err) < 0)
		return -1;
	for (i = 0; i < env.count; i++)
		assert_true(env.entries[i].key.len > 0);
	return 0;
}

static void survives_mangled_texts(void **state)
{
	mangle_all(SPAN("# c\nexport A_B=x $C # d\nB='q\\'u'\nC: \"a\\n${A_B}\\\\$B\"\r\n"),
		   parse_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_godotenv_reads),
		cmocka_unit_test(differs_refuses_names_that_no_secret_has),
		cmocka_unit_test(stops_a_bomb),
		cmocka_unit_test(stops_at_too_many),
		cmocka_unit_test(survives_mangled_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
