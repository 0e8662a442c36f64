/* SPDX-License-Identifier: Apache-2.0
 *
 * Flux's substitution: each operator, what is an escape where, and what is an error. tests/interop/flux_peer.py compares with Flux's own code.
 */
#include "envsubst.h"

#include "envsubst_ops.h"

#include "mangle.h"

static const struct {
	const char *name, *value;
} vars[] = {
	{"A", "abc"},       {"EMPTY", ""},    {"PATH", "a/b/c.d"}, {"DIGITS", "0123456789"},
	{"UPPER", "Hello"}, {"UMLAUT", "äb"}, {"DOLLAR", "${A}"},
};

static bool lookup(const void *cookie, struct span name, struct span *ret_value)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(vars); i++) {
		if (span_is(name, vars[i].name)) {
			*ret_value = span_str(vars[i].value);
			return true;
		}
	}
	return false;
}

static const struct envsubst lax = {.lookup = lookup};
static const struct envsubst strict = {.lookup = lookup, .strict = true};

static const struct {
	const char *text, *want; /* NULL: an error */
} cases[] = {
	{"", ""},
	{"no variable", "no variable"},
	{"${A}", "abc"},
	{"<${A}${A}>", "<abcabc>"},
	{"$A $ {A} $", "$A $ {A} $"},
	{"$${A}", "${A}"},
	{"$$$$", "$$"},
	{"${DOLLAR}", "${A}"},
	{"${#A}", "3"},
	{"${#EMPTY}", "0"},
	{"${EMPTY:=x}", "x"},
	{"${EMPTY:-x}${EMPTY:?x}${EMPTY:+x}${EMPTY=x}", "xxxx"},
	{"${A:=x}${A:+x}", "abcabc"},
	{"${NONE:=x}", "x"},
	{"${NONE:=}", ""},
	{"${NONE:=a${A}b${EMPTY:-c}}", "aabcbc"},
	{"${NONE:=$$}", "$$"},
	{"${A-x}", NULL},
	{"${DIGITS:3}", "3456789"},
	{"${DIGITS:-2}", "0123456789"},
	{"${DIGITS:3:2}", "34"},
	{"${DIGITS:0:99}", "0123456789"},
	{"${DIGITS:99}", ""},
	{"${DIGITS:99:1}", ""},
	{"${DIGITS:x}", "0123456789"},
	{"${DIGITS:3:-1}", NULL},
	{"${DIGITS:}", NULL},
	{"${PATH#*/}", "b/c.d"},
	{"${PATH##*/}", "c.d"},
	{"${PATH%/*}", "a/b"},
	{"${PATH%%/*}", "a"},
	{"${PATH%.?}", "a/b/c"},
	{"${PATH#[a-c]}", "/b/c.d"},
	{"${PATH#[^a]}", "a/b/c.d"},
	{"${PATH#[}", "a/b/c.d"},
	{"${PATH//\\//-}", "a-b-c.d"},
	{"${PATH/\\//-}", "a-b/c.d"},
	{"${PATH/\\/}", NULL},
	{"${PATH/a/}", "/b/c.d"},
	{"${PATH/#a/x}", "x/b/c.d"},
	{"${PATH/#b/x}", "a/b/c.d"},
	{"${PATH/%d/x}", "a/b/c.x"},
	{"${A//${EMPTY}/-}", "-a-b-c-"},
	{"${A/${EMPTY}/-}", "-abc"},
	{"${UPPER,}${UPPER,,}${A^}${A^^}", "hellohelloAbcABC"},
	{"${UPPER,^}", "Hello"},
	{"${}", NULL},
	{"${A", NULL},
	{"${A:=x", NULL},
	{"${ A}", NULL},
	{"${A }", NULL},
};

static void replaces(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(1024);
		struct err err = ERR_INIT;
		int r = envsubst_run(&lax, span_str(cases[i].text), &out, &err);

		if (r != (cases[i].want ? 0 : -1))
			fail_msg("%s: %d %s", cases[i].text, r, err.msg);
		if (r == 0 && !span_is(buf_span(&out), cases[i].want))
			fail_msg("%s: %.*s", cases[i].text, (int)out.len, (const char *)out.data);
	}
}

/* Flux: ÄB and an empty text. */
static void differs_substitutes_ascii_only(void **state)
{
	static const char *const texts[] = {"${UMLAUT^^}", "${UMLAUT^}", "${ä}", "${#ä}", "${A:ä}"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(1024);
		struct err err = ERR_INIT;

		if (envsubst_run(&lax, span_str(texts[i]), &out, &err) == 0)
			fail_msg("%s", texts[i]);
	}
}

static void misses_variables(void **state)
{
	static const char *const missing[] = {"${NONE}",     "${#NONE}",  "${NONE^^}",
					      "${NONE/a/b}", "${NONE:1}", "${A:=${NONE}}"};
	static const char *const fine[] = {"${NONE:=a}", "${NONE:-}", "${NONE=a}", "$${NONE}"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(missing) + ARRAY_LEN(fine); i++) {
		bool is_missing = i < ARRAY_LEN(missing);
		const char *text = is_missing ? missing[i] : fine[i - ARRAY_LEN(missing)];
		CLEAN_BUF struct buf out = BUF_INIT(1024);
		struct err err = ERR_INIT;
		int r = envsubst_run(&strict, span_str(text), &out, &err);

		if (r != (is_missing ? -1 : 0) || (is_missing && err.code != ERR_NOT_FOUND))
			fail_msg("%s: %d %s", text, r, err.msg);
		buf_release(&out);
		assert_int_equal(envsubst_run(&lax, span_str(text), &out, &err), 0);
	}
}

static void says_the_line(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(1024);
	struct err err = ERR_INIT;

	assert_int_equal(envsubst_run(&lax, SPAN("a\nb\n${"), &out, &err), -1);
	assert_string_equal(err.msg, "line 3: unable to parse variable name");
}

static void has_limits(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1024 * 1024);
	CLEAN_BUF struct buf out = BUF_INIT(16);
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i <= ENVSUBST_DEPTH_MAX; i++)
		buf_add_str(&text, "${NONE:=");
	assert_int_equal(envsubst_run(&lax, buf_span(&text), &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(envsubst_run(&lax, SPAN("0123456789abcdefg"), &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static const struct {
	const char *pattern, *text;
	int want;
} matches[] = {
	{"", "", 1},        {"a", "", 0},           {"*", "", 1},       {"*", "a/b", 1},
	{"a*c", "abbc", 1}, {"a*c", "abcd", 0},     {"*c*", "abcd", 1}, {"?", "ä", 1},
	{"[ä-ö]", "ö", 1},  {"[^a]", "a", 0},       {"\\*", "*", 1},    {"\\*", "a", 0},
	{"[", "a", -1},     {"a[", "b", 0},         {"[]a]", "]", -1},  {"[-]", "-", -1},
	{"a\\", "ab", -1},  {"*a", "aaaaaaaab", 0},
};

static void matches_patterns(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(matches); i++) {
		int r = envsubst_match(span_str(matches[i].pattern), span_str(matches[i].text));

		if (r != matches[i].want)
			fail_msg("%s %s: %d", matches[i].pattern, matches[i].text, r);
	}
}

static void knows_names(void **state)
{
	assert_true(envsubst_is_name(SPAN("_a1")));
	assert_false(envsubst_is_name(SPAN("1a")));
	assert_false(envsubst_is_name(SPAN("a-b")));
	assert_false(envsubst_is_name(SPAN("")));
}

static int run_mangled(struct span input, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(64 * 1024);
	struct err err = ERR_INIT;

	return envsubst_run(&lax, input, &out, &err);
}

static void survives_mangling(void **state)
{
	mangle_all(
		SPAN("$${A} ${#A}${EMPTY:=x${A}}${DIGITS:3:2}${PATH##*/}${PATH%%/*}${PATH/a/b\\/}${A^^}"),
		run_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces),
		cmocka_unit_test(differs_substitutes_ascii_only),
		cmocka_unit_test(misses_variables),
		cmocka_unit_test(says_the_line),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(matches_patterns),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests_name("envsubst", tests, NULL, NULL);
}
