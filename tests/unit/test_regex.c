/* SPDX-License-Identifier: Apache-2.0
 *
 * Selection patterns. What the two tables expect was answered by Go 1.26's regexp (tests/interop/goregex); tests/interop/regex.py
 * compares at random.
 */
#include "sops/regex.h"

#include "base/buf.h"
#include "base/text.h"
#include "mangle.h"
#include "sops/re2.h"

#include <time.h>

#define BYTES(literal)                                             \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

static const struct {
	struct span pattern;
	bool taken;
} syntax[] = {
	{BYTES(""), true},
	{BYTES("a|"), true},
	{BYTES("|"), true},
	{BYTES("()"), true},
	{BYTES("a**"), false},
	{BYTES("a*+"), false},
	{BYTES("a++"), false},
	{BYTES("a?+"), false},
	{BYTES("a{2}{3}"), false},
	{BYTES("a{2}*"), false},
	{BYTES("a*?"), true},
	{BYTES("a?\?"), true},
	{BYTES("a?\?\?"), false},
	{BYTES("a{2}?"), true},
	{BYTES("(?:a*)*"), true},
	{BYTES("a*(?i)*"), true},
	{BYTES("a\\Q\\E*"), true},
	{BYTES("\\Q\\E*"), false},
	{BYTES("*"), false},
	{BYTES("^*"), true},
	{BYTES("\\b+"), true},
	{BYTES("|*"), false},
	{BYTES("(*)"), false},
	{BYTES("(|*)"), false},
	{BYTES("a|*"), false},
	{BYTES("(?i)*"), false},
	{BYTES("a{,2}"), true},
	{BYTES("a{2"), true},
	{BYTES("a{2,1}"), false},
	{BYTES("a{01}"), true},
	{BYTES("a{1000}"), true},
	{BYTES("a{1001}"), false},
	{BYTES("a{1000,}"), true},
	{BYTES("a{0,1001}"), false},
	{BYTES("(a{31}){32}"), true},
	{BYTES("(a{32}){32}"), false},
	{BYTES("((a{10}){10}){10}"), true},
	{BYTES("((a{10}){10}){11}"), false},
	{BYTES("(a{1000}){0}"), true},
	{BYTES("(a{1000}){1}"), true},
	{BYTES("(a{1000}){0,1}"), true},
	{BYTES("(a{1000})*"), true},
	{BYTES("(a{500}){2,}"), true},
	{BYTES("(a{501}){2,}"), false},
	{BYTES("a{99999999999}"), false},
	{BYTES("a{1,99999999999}"), false},
	{BYTES("{"), true},
	{BYTES("{2}"), false},
	{BYTES("x{a}"), true},
	{BYTES("a{ 2}"), true},
	{BYTES("}"), true},
	{BYTES("("), false},
	{BYTES(")"), false},
	{BYTES("a)"), false},
	{BYTES("(a"), false},
	{BYTES("(?:a"), false},
	{BYTES("((a)"), false},
	{BYTES("(?:a)"), true},
	{BYTES("(?i)a"), true},
	{BYTES("(?i:a)"), true},
	{BYTES("(?i-s:a)"), true},
	{BYTES("(?-i)a"), true},
	{BYTES("(?)"), true},
	{BYTES("(?-)"), false},
	{BYTES("(?i-)"), false},
	{BYTES("(?--i)"), false},
	{BYTES("(?ims-U)a"), true},
	{BYTES("(?x)a"), false},
	{BYTES("(?i"), false},
	{BYTES("(?"), false},
	{BYTES("(?:"), false},
	{BYTES("(?#a)"), false},
	{BYTES("(?^:a)"), false},
	{BYTES("(?P<n>a)"), true},
	{BYTES("(?<n>a)"), true},
	{BYTES("(?P<n>a)(?P<n>b)"), true},
	{BYTES("(?P<n_1>a)"), true},
	{BYTES("(?P<1>a)"), true},
	{BYTES("(?P<>a)"), false},
	{BYTES("(?P<n-1>a)"), false},
	{BYTES("(?P<n"), false},
	{BYTES("(?P<"), false},
	{BYTES("(?P=n)"), false},
	{BYTES("(?'n'a)"), false},
	{BYTES("(?P<\xc3\xa9>a)"), false},
	{BYTES("(?=a)"), false},
	{BYTES("(?!a)"), false},
	{BYTES("(?<=a)"), false},
	{BYTES("(?<!a)"), false},
	{BYTES("(?>a)"), false},
	{BYTES("(?|a)"), false},
	{BYTES("(?R)"), false},
	{BYTES("(?1)"), false},
	{BYTES("(*UTF)a"), false},
	{BYTES("(a)\\1"), false},
	{BYTES("\\k<n>"), false},
	{BYTES("\\a\\f\\n\\r\\t\\v"), true},
	{BYTES("\\0"), true},
	{BYTES("\\012"), true},
	{BYTES("\\1"), false},
	{BYTES("\\12"), true},
	{BYTES("\\8"), false},
	{BYTES("\\08"), true},
	{BYTES("\\x41"), true},
	{BYTES("\\x4"), false},
	{BYTES("\\xg1"), false},
	{BYTES("\\x{41}"), true},
	{BYTES("\\x{10FFFF}"), true},
	{BYTES("\\x{110000}"), false},
	{BYTES("\\x{}"), false},
	{BYTES("\\x{4"), false},
	{BYTES("\\x{0000000041}"), true},
	{BYTES("\\x{d800}"), true},
	{BYTES("\\.\\-\\_\\ \\]"), true},
	{BYTES("\\\xc3\xa9"), false},
	{BYTES("\\e"), false},
	{BYTES("\\c"), false},
	{BYTES("\\cA"), false},
	{BYTES("\\h"), false},
	{BYTES("\\N"), false},
	{BYTES("\\R"), false},
	{BYTES("\\X"), false},
	{BYTES("\\C"), false},
	{BYTES("\\G"), false},
	{BYTES("\\K"), false},
	{BYTES("\\Z"), false},
	{BYTES("\\A\\z\\b\\B"), true},
	{BYTES("\\E"), false},
	{BYTES("\\Qa.b\\E"), true},
	{BYTES("\\Qa.b"), true},
	{BYTES("\\Q"), true},
	{BYTES("\\Qa\\Eb*"), true},
	{BYTES("\\"), false},
	{BYTES("a\\"), false},
	{BYTES("\\d\\D\\s\\S\\w\\W"), true},
	{BYTES("\\pL"), true},
	{BYTES("\\PL"), true},
	{BYTES("\\p{L}"), true},
	{BYTES("\\p{Lu}"), true},
	{BYTES("\\p{lu}"), true},
	{BYTES("\\p{Uppercase_Letter}"), true},
	{BYTES("\\p{uppercase letter}"), true},
	{BYTES("\\p{^Lu}"), true},
	{BYTES("\\P{^Lu}"), true},
	{BYTES("\\p{^^Lu}"), false},
	{BYTES("\\p{Greek}"), true},
	{BYTES("\\p{greek}"), true},
	{BYTES("\\p{Grek}"), false},
	{BYTES("\\p{sc:Greek}"), false},
	{BYTES("\\p{Script=Greek}"), false},
	{BYTES("\\p{Old_Italic}"), false},
	{BYTES("\\p{Any}"), true},
	{BYTES("\\p{Assigned}"), true},
	{BYTES("\\p{ASCII}"), true},
	{BYTES("\\p{LC}"), true},
	{BYTES("\\p{L&}"), false},
	{BYTES("\\p{Cn}"), true},
	{BYTES("\\p{Xan}"), false},
	{BYTES("\\p{foo}"), false},
	{BYTES("\\p{}"), false},
	{BYTES("\\p{^}"), false},
	{BYTES("\\p{L"), false},
	{BYTES("\\p"), false},
	{BYTES("\\pq"), false},
	{BYTES("\\p\xc3\xa9"), false},
	{BYTES("[a]"), true},
	{BYTES("[]a]"), true},
	{BYTES("[^]a]"), true},
	{BYTES("[]"), false},
	{BYTES("[^]"), false},
	{BYTES("[a"), false},
	{BYTES("[a-"), false},
	{BYTES("[a-]"), true},
	{BYTES("[-a]"), true},
	{BYTES("[a-c]"), true},
	{BYTES("[c-a]"), false},
	{BYTES("[a-\\d]"), false},
	{BYTES("[\\d-a]"), true},
	{BYTES("[a-c-e]"), true},
	{BYTES("[--/]"), true},
	{BYTES("[[]"), true},
	{BYTES("[[a]]"), true},
	{BYTES("[a[:digit:]]"), true},
	{BYTES("[[:^digit:]]"), true},
	{BYTES("[[:word:]]"), true},
	{BYTES("[[:foo:]]"), false},
	{BYTES("[[:digit:]"), false},
	{BYTES("[:digit:]"), true},
	{BYTES("[[:digit]"), true},
	{BYTES("[[:a]"), true},
	{BYTES("[[=a=]]"), true},
	{BYTES("[[.a.]]"), true},
	{BYTES("[\\b]"), false},
	{BYTES("[\\A]"), false},
	{BYTES("[\\Q]"), false},
	{BYTES("[\\E]"), false},
	{BYTES("[\\]]"), true},
	{BYTES("[\\x{41}-\\x{43}]"), true},
	{BYTES("[\\pL\\d]"), true},
	{BYTES("[^\\PL]"), true},
	{BYTES("[\\p{foo}]"), false},
	{BYTES("[a&&b]"), true},
	{BYTES("[\xc3\xa9-\xc3\xbc]"), true},
	{BYTES("[\\\xc3\xa9]"), false},
	{BYTES("[a\\]"), false},
	{BYTES("\xff"), false},
	{BYTES("a\xc3"), false},
	{BYTES("[\xff]"), false},
	{BYTES("\\Q\xff\\E"), false},
	{BYTES("(?P<\xff>a)"), false},
	{BYTES("\xed\xa0\x80"), false},
	{BYTES("a\x00"
	       "b"),
	 true},
	{BYTES("\xc3\xa9"), true},
	{BYTES("(?s)."), true},
	{BYTES("(?m)^$"), true},
	{BYTES("(?U)a+"), true},
};

static const struct {
	struct span pattern, subject;
	bool match;
} matches[] = {
	{BYTES(""), BYTES(""), true},
	{BYTES(""), BYTES("x"), true},
	{BYTES(""), BYTES("\n"), true},
	{BYTES(""), BYTES("\xff"), true},
	{BYTES("^(data|stringData)$"), BYTES("data"), true},
	{BYTES("^(data|stringData)$"), BYTES("stringData"), true},
	{BYTES("^(data|stringData)$"), BYTES("xdata"), false},
	{BYTES("^(data|stringData)$"), BYTES("data\n"), false},
	{BYTES("^(data|stringData)$"), BYTES("data "), false},
	{BYTES("^(data|stringData)$"), BYTES("stringDat"), false},
	{BYTES("^(data|stringData)$"), BYTES("data|stringData"), false},
	{BYTES("^(data|stringData)$"), BYTES(""), false},
	{BYTES("^(data)$"), BYTES("data"), true},
	{BYTES("^(data|)$"), BYTES(""), true},
	{BYTES("^(|data)$"), BYTES("data"), true},
	{BYTES("^(data|)$"), BYTES("x"), false},
	{BYTES("^()$"), BYTES(""), true},
	{BYTES("^()$"), BYTES("x"), false},
	{BYTES("^data_1$"), BYTES("data_1"), true},
	{BYTES("^data$"), BYTES("Data"), false},
	{BYTES("^data$"), BYTES("data\xff"), false},
	{BYTES("^a|b$"), BYTES("xb"), true},
	{BYTES("^a|b$"), BYTES("ax"), true},
	{BYTES("^(a)(b)$"), BYTES("ab"), true},
	{BYTES("^(a)|(b)$"), BYTES("xb"), true},
	{BYTES("data"), BYTES("xdatax"), true},
	{BYTES("data"), BYTES("dat"), false},
	{BYTES("^$"), BYTES(""), true},
	{BYTES("^$"), BYTES("\n"), false},
	{BYTES("a$"), BYTES("a"), true},
	{BYTES("a$"), BYTES("a\n"), false},
	{BYTES("a$"), BYTES("a\nb"), false},
	{BYTES("(?m)a$"), BYTES("a\nb"), true},
	{BYTES("(?m)a$"), BYTES("a\n"), true},
	{BYTES("(?m)a$"), BYTES("a\x0d\n"), false},
	{BYTES("(?m)^a"), BYTES("b\na"), true},
	{BYTES("(?m)^a"), BYTES("ba"), false},
	{BYTES("(?m)b\\n^$"), BYTES("b\n"), true},
	{BYTES("(?m)b\\n^$"), BYTES("b"), false},
	{BYTES("a\\z"), BYTES("a"), true},
	{BYTES("a\\z"), BYTES("a\n"), false},
	{BYTES("\\Aa"), BYTES("a"), true},
	{BYTES("\\Aa"), BYTES("\na"), false},
	{BYTES("^a.b$"), BYTES("axb"), true},
	{BYTES("^a.b$"), BYTES("a\nb"), false},
	{BYTES("^a.b$"),
	 BYTES("a\xc3\xa9"
	       "b"),
	 true},
	{BYTES("^a.b$"),
	 BYTES("a\xff"
	       "b"),
	 true},
	{BYTES("^a.b$"),
	 BYTES("a\xed\xa0\x80"
	       "b"),
	 false},
	{BYTES("^a.b$"),
	 BYTES("a\x0d"
	       "b"),
	 true},
	{BYTES("(?s)^a.b$"), BYTES("a\nb"), true},
	{BYTES("^\\s$"), BYTES(" "), true},
	{BYTES("^\\s$"), BYTES("\n"), true},
	{BYTES("^\\s$"), BYTES("\x0b"), false},
	{BYTES("^\\s$"), BYTES("\x85"), false},
	{BYTES("^\\s$"), BYTES("\xc2\xa0"), false},
	{BYTES("^[[:space:]]$"), BYTES("\x0b"), true},
	{BYTES("^[[:space:]]$"), BYTES(" "), true},
	{BYTES("^\\v$"), BYTES("\x0b"), true},
	{BYTES("^\\v$"), BYTES("\n"), false},
	{BYTES("^\\v$"), BYTES("\xe2\x80\xa8"), false},
	{BYTES("^\\w$"), BYTES("_"), true},
	{BYTES("^\\w$"), BYTES("\xc3\xa9"), false},
	{BYTES("^\\w$"), BYTES("-"), false},
	{BYTES("^\\d$"), BYTES("7"), true},
	{BYTES("^\\d$"), BYTES("\xd9\xa7"), false},
	{BYTES("\\bkey\\b"), BYTES("a key"), true},
	{BYTES("\\bkey\\b"), BYTES("akey"), false},
	{BYTES("\\bkey\\b"), BYTES("\xc3\xa9key"), true},
	{BYTES("\\bkey\\b"), BYTES("_key"), false},
	{BYTES("(?i)^k$"), BYTES("k"), true},
	{BYTES("(?i)^k$"), BYTES("K"), true},
	{BYTES("(?i)^k$"), BYTES("\xe2\x84\xaa"), true},
	{BYTES("(?i)^k$"), BYTES("x"), false},
	{BYTES("(?i)^\\x{212a}$"), BYTES("k"), true},
	{BYTES("(?i)^\\x{212a}$"), BYTES("K"), true},
	{BYTES("(?i)^\\x{212a}$"), BYTES("\xe2\x84\xaa"), true},
	{BYTES("(?i)^s$"), BYTES("s"), true},
	{BYTES("(?i)^s$"), BYTES("S"), true},
	{BYTES("(?i)^s$"), BYTES("\xc5\xbf"), true},
	{BYTES("(?i)^[k-l]$"), BYTES("\xe2\x84\xaa"), true},
	{BYTES("(?i)^[k-l]$"), BYTES("L"), true},
	{BYTES("(?i)^[k-l]$"), BYTES("j"), false},
	{BYTES("(?i)^\\w$"), BYTES("\xc5\xbf"), true},
	{BYTES("(?i)^\\w$"), BYTES("\xc3\xa9"), false},
	{BYTES("(?i)^\\W$"), BYTES("\xc5\xbf"), false},
	{BYTES("(?i)^\\W$"), BYTES("\xe2\x84\xaa"), false},
	{BYTES("(?i)^\\W$"), BYTES("\xc3\xa9"), true},
	{BYTES("(?i)^[^k]$"), BYTES("\xe2\x84\xaa"), false},
	{BYTES("(?i)^[^k]$"), BYTES("K"), false},
	{BYTES("(?i)^[^k]$"), BYTES("x"), true},
	{BYTES("(?i)^\xc3\x9f$"), BYTES("\xe1\xba\x9e"), true},
	{BYTES("(?i)^\xc3\x9f$"), BYTES("ss"), false},
	{BYTES("(?i)^\xc3\x9f$"), BYTES("\xc3\x9f"), true},
	{BYTES("(?i)^\\x{130}$"), BYTES("\xc4\xb0"), true},
	{BYTES("(?i)^\\x{130}$"), BYTES("i"), false},
	{BYTES("(?i)^\\x{130}$"), BYTES("I"), false},
	{BYTES("(?i)^i$"), BYTES("\xc4\xb0"), false},
	{BYTES("(?i)^i$"), BYTES("\xc4\xb1"), false},
	{BYTES("(?i)^i$"), BYTES("I"), true},
	{BYTES("(?i)^\xcf\x83$"), BYTES("\xcf\x82"), true},
	{BYTES("(?i)^\xcf\x83$"), BYTES("\xce\xa3"), true},
	{BYTES("(?i)^\xcf\x83$"), BYTES("\xcf\x83"), true},
	{BYTES("(?i)^\xcf\x83$"), BYTES("\xcf\x84"), false},
	{BYTES("(?i)a(?-i)b"), BYTES("Ab"), true},
	{BYTES("(?i)a(?-i)b"), BYTES("AB"), false},
	{BYTES("(a(?i)b|c)d"), BYTES("aBd"), true},
	{BYTES("(a(?i)b|c)d"), BYTES("Cd"), true},
	{BYTES("(a(?i)b|c)d"), BYTES("cD"), false},
	{BYTES("(?i:a)b"), BYTES("Ab"), true},
	{BYTES("(?i:a)b"), BYTES("AB"), false},
	{BYTES("^\\p{Lu}$"), BYTES("A"), true},
	{BYTES("^\\p{Lu}$"), BYTES("a"), false},
	{BYTES("(?i)^\\p{Lu}$"), BYTES("A"), true},
	{BYTES("(?i)^\\p{Lu}$"), BYTES("a"), true},
	{BYTES("(?i)^\\p{Lu}$"), BYTES("\xc4\xb8"), false},
	{BYTES("(?i)^\\p{Lu}$"), BYTES("1"), false},
	{BYTES("(?i)^\\P{Lu}$"), BYTES("A"), false},
	{BYTES("(?i)^\\P{Lu}$"), BYTES("a"), false},
	{BYTES("(?i)^\\P{Lu}$"), BYTES("\xc4\xb8"), true},
	{BYTES("(?i)^\\P{Lu}$"), BYTES("1"), true},
	{BYTES("(?i)^[^\\P{Lu}]$"), BYTES("A"), true},
	{BYTES("(?i)^[^\\P{Lu}]$"), BYTES("a"), true},
	{BYTES("(?i)^[^\\P{Lu}]$"), BYTES("1"), false},
	{BYTES("(?i)^[x\\P{Lu}]$"), BYTES("A"), false},
	{BYTES("(?i)^[x\\P{Lu}]$"), BYTES("x"), true},
	{BYTES("(?i)^[x\\P{Lu}]$"), BYTES("1"), true},
	{BYTES("(?i)^[^x\\P{Lu}]$"), BYTES("A"), true},
	{BYTES("(?i)^[^x\\P{Lu}]$"), BYTES("X"), false},
	{BYTES("(?i)^[^x\\P{Lu}]$"), BYTES("1"), false},
	{BYTES("^\\p{Greek}$"), BYTES("\xce\xb1"), true},
	{BYTES("^\\p{Greek}$"), BYTES("\xcd\x82"), false},
	{BYTES("^\\p{Greek}$"), BYTES("a"), false},
	{BYTES("^[\\p{Greek}\\d]$"), BYTES("\xce\xb1"), true},
	{BYTES("^[\\p{Greek}\\d]$"), BYTES("1"), true},
	{BYTES("^[\\p{Greek}\\d]$"), BYTES("a"), false},
	{BYTES("^[^\\p{Greek}\\d]$"), BYTES("\xce\xb1"), false},
	{BYTES("^[^\\p{Greek}\\d]$"), BYTES("1"), false},
	{BYTES("^[^\\p{Greek}\\d]$"), BYTES("a"), true},
	{BYTES("^\\p{Any}$"), BYTES("\n"), true},
	{BYTES("^\\p{Any}$"), BYTES("\xff"), true},
	{BYTES("^\\P{Any}$"), BYTES("a"), false},
	{BYTES("^\\P{Any}$"), BYTES(""), false},
	{BYTES("^[^\\x00-\\x{10FFFF}]$"), BYTES("a"), false},
	{BYTES("^[^\\x00-\\x{10FFFF}]$"), BYTES(""), false},
	{BYTES("^[\\x00-\\x{10FFFF}]$"), BYTES("\n"), true},
	{BYTES("^[\\x00-\\x{10FFFF}]$"), BYTES("\xf4\x8f\xbf\xbf"), true},
	{BYTES("^\\x{FFFD}$"), BYTES("\xff"), true},
	{BYTES("^\\x{FFFD}$"), BYTES("\xef\xbf\xbd"), true},
	{BYTES("^\\x{FFFD}$"), BYTES("\xff\xff"), false},
	{BYTES("^\\x{FFFD}{3}$"), BYTES("\xed\xa0\x80"), true},
	{BYTES("^\\x{FFFD}{3}$"), BYTES("\xe2\x84\xc3"), true},
	{BYTES("\\x{d800}"), BYTES("\xed\xa0\x80"), false},
	{BYTES("\\x{d800}"), BYTES("a"), false},
	{BYTES("^a\\x00b$"),
	 BYTES("a\x00"
	       "b"),
	 true},
	{BYTES("^a\\x00b$"), BYTES("ab"), false},
	{BYTES("^\\Qa.b\\E+$"), BYTES("a.bb"), true},
	{BYTES("^\\Qa.b\\E+$"), BYTES("axb"), false},
	{BYTES("^a{2,3}$"), BYTES("a"), false},
	{BYTES("^a{2,3}$"), BYTES("aa"), true},
	{BYTES("^a{2,3}$"), BYTES("aaaa"), false},
	{BYTES("^a{,2}$"), BYTES("a{,2}"), true},
	{BYTES("^a{,2}$"), BYTES("a"), false},
	{BYTES("^(?:a|b){0}c$"), BYTES("c"), true},
	{BYTES("^(?:a|b){0}c$"), BYTES("ac"), false},
	{BYTES("(?:|\\Aa){0}b"), BYTES("xb"), true},
	{BYTES("a*(?i)*b"), BYTES("b"), true},
	{BYTES("a*(?i)*b"), BYTES("aab"), true},
	{BYTES("^a*(?i){2}b$"), BYTES("aab"), true},
	{BYTES("^a*(?i){2}b$"), BYTES("b"), true},
	{BYTES("\\101\\x42"), BYTES("AB"), true},
	{BYTES("^[]a]+$"), BYTES("]a"), true},
	{BYTES("^[]a]+$"), BYTES("b"), false},
	{BYTES("^[a-]+$"), BYTES("-a"), true},
	{BYTES("^[a-]+$"), BYTES("b"), false},
	{BYTES("^[[:^alpha:]]$"), BYTES("1"), true},
	{BYTES("^[[:^alpha:]]$"), BYTES("a"), false},
	{BYTES("(?U)^a+?$"), BYTES("aaa"), true},
	{BYTES("(a|b)*c|(?:d|)$"), BYTES("x"), true},
};

static void takes_and_refuses_what_go_does(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(syntax); i++) {
		struct regex *regex = NULL;
		struct err err = ERR_INIT;
		int r = regex_compile(syntax[i].pattern, NULL, &regex, &err);

		if ((r == 0) != syntax[i].taken)
			fail_msg("'%s' is %s", text_quote(syntax[i].pattern).text,
				 r == 0 ? "taken" : err.msg);
		if (r < 0)
			assert_int_equal(err.code, ERR_FORMAT);
		regex_free(regex);
	}
}

/* 1, 0, or -1 with its error. */
static int matches_of(struct span pattern, struct span subject, struct err *err)
{
	struct regex *regex = NULL;
	bool match = false;
	int r = regex_compile(pattern, NULL, &regex, err);

	if (r == 0)
		r = regex_match(regex, subject, &match, err);
	regex_free(regex);
	return r < 0 ? -1 : match;
}

static void matches_what_go_does(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(matches); i++) {
		struct err err = ERR_INIT;

		if (matches_of(matches[i].pattern, matches[i].subject, &err) != matches[i].match)
			fail_msg("'%s' on '%s': not %d (%s)", text_quote(matches[i].pattern).text,
				 text_quote(matches[i].subject).text, matches[i].match, err.msg);
	}
}

static void matches_again_with_one_pattern(void **state)
{
	struct regex *regex = NULL;
	struct err err = ERR_INIT;
	bool match;
	int i;

	assert_int_equal(regex_compile(SPAN("^a+$"), NULL, &regex, &err), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(regex_match(regex, SPAN("aa"), &match, &err), 0);
		assert_true(match);
		assert_int_equal(regex_match(regex, SPAN("ab"), &match, &err), 0);
		assert_false(match);
		assert_int_equal(regex_match(regex, SPAN_NULL, &match, &err), 0);
		assert_false(match);
	}
	regex_free(regex);
	regex_free(NULL);
}

static const struct {
	const char *pattern, *backtracking, *parallel; /* parallel: NULL where it is the same */
} translations[] = {
	{"", "", NULL},
	{"^(data|stringData)$", "(?:\\A)(?:data|stringData)(?:\\z)", NULL},
	{"a.b-c", "a[^\\x{a}]b[\\x{2d}]c", NULL},
	{"(?s).", "(?s:.)", NULL},
	{"(?i)pass", "(?i)pass", NULL},
	{"(?i)a1(?-i)b", "(?i)a(?-i)1b", NULL},
	{"(?i:a)b|c", "(?:(?i)a)b|c", NULL},
	{"a(?i)(b)c", "a(?:(?i)b)(?i)c", NULL},
	{"a+b{2,}(c)+d*", "a+b{2,}(?:c)+d*", "(?:a)+b{2}b*(?:(?:c))+d*"},
	{"a{0}b", "(?:)b", NULL},
	{"a*(?i)*", "(?:a*)*", NULL},
	{"[^\\PL]", "[^\\P{L}]", NULL},
	{"\\p{greek}", "[\\p{sc:Greek}]", NULL},
	{"\\x{d800}", "(?:(?!))", NULL},
	{"[\\x{d7ff}-\\x{e001}]", "[\\x{d7ff}\\x{e000}\\x{e001}]", NULL},
};

static void prints_what_can_not_be_misread(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(RE2_OUTPUT_MAX);
	struct err err = ERR_INIT;
	size_t i, form;

	for (i = 0; i < ARRAY_LEN(translations); i++) {
		for (form = 0; form < 2; form++) {
			const char *want = form && translations[i].parallel
						   ? translations[i].parallel
						   : translations[i].backtracking;

			buf_reset(&out);
			assert_int_equal(re2_translate(span_str(translations[i].pattern),
						       form ? RE2_PARALLEL : RE2_BACKTRACKING, &out,
						       &err),
					 0);
			buf_add_char(&out, '\0');
			assert_string_equal((char *)out.data, want);
		}
	}
}

static const struct {
	const char *pattern, *message;
} refusals[] = {
	{"a(", "pattern 'a(': missing closing )"},
	{"a)", "pattern 'a)': unexpected )"},
	{"[a", "pattern '[a': missing closing ]"},
	{"[b-a]", "pattern '[b-a]': invalid character class range"},
	{"\\p{foo}", "pattern '\\x5cp{foo}': invalid character class range: no such property"},
	{"[[:foo:]]", "pattern '[[:foo:]]': invalid character class range: no such class"},
	{"a**", "pattern 'a**': invalid nested repetition operator"},
	{"*", "pattern '*': missing argument to repetition operator"},
	{"a{1001}", "pattern 'a{1001}': invalid repeat count"},
	{"(?=a)", "pattern '(?=a)': invalid or unsupported Perl syntax"},
	{"(?P<a-b>a)", "pattern '(?P<a-b>a)': invalid named capture"},
	{"\\1", "pattern '\\x5c1': invalid escape sequence"},
	{"\\", "pattern '\\x5c': trailing backslash at end of expression"},
	{"\xff", "pattern '\\xff': invalid UTF-8"},
};

static void says_what_is_wrong(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		struct regex *regex = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(regex_compile(span_str(refusals[i].pattern), NULL, &regex, &err),
				 -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, refusals[i].message);
	}
}

/* On which a backtracking matcher would not come to an end: `count` times text, then tail. */
static const struct {
	const char *pattern, *text;
	size_t count;
	const char *tail;
	int match;
} hard[] = {
	{"^(a+)+$", "a", 40, "b", 0},
	{"^(a|aa)*c$", "a", 5000, "cb", 0},
	{"(x+x+)+y$", "x", 8000, "yz", 0},
	{"(x+x+)+y$", "x", 8000, "y", 1},
	{"(x{1,}x{2,}){2,}y$", "x", 4000, "yz", 0},
	{".*a.*b.*c.*d$", "abc", 2000, "d", 1},
	{".*a.*b.*c.*d$", "abc", 2000, "dx", 0},
	{"^(a?){100}a{100}$", "a", 100, "", 1},
	{"^(a?){100}a{100}$", "a", 201, "", 0},
	{"(?m)^(\\w+\\s?)*:$", "word ", 500, "\nx:y", 0},
	{"(\\pL|\\p{Lu}|[[:alpha:]])*1$", "Aa", 2000, "1x", 0},
};

enum { SECONDS_MAX = 10 }; /* with sanitizers; each takes some ms without */

static void answers_hard_patterns_in_bounded_time(void **state)
{
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(hard); i++) {
		CLEAN_BUF struct buf subject = BUF_INIT(1 << 20);
		struct err err = ERR_INIT;
		clock_t start = clock();
		int r;

		for (n = 0; n < hard[i].count; n++)
			buf_add_str(&subject, hard[i].text);
		buf_add_str(&subject, hard[i].tail);
		r = matches_of(span_str(hard[i].pattern), buf_span(&subject), &err);
		if (r != hard[i].match)
			fail_msg("'%s': %d (%s)", hard[i].pattern, r, err.msg);
		assert_true(clock() - start < (clock_t)SECONDS_MAX * CLOCKS_PER_SEC);
	}
}

static void expect_limit(struct span pattern, struct span subject, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(matches_of(pattern, subject, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	if (!strstr(err.msg, message))
		fail_msg("'%s'", err.msg);
}

/* Go takes and matches all of these. */
static void differs_pattern_past_a_limit(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	buf_add_fill(&text, 'a', RE2_PATTERN_MAX);
	assert_int_equal(matches_of(buf_span(&text), buf_span(&text), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT); /* two bytes of program for each letter */
	buf_add_char(&text, 'a');
	expect_limit(buf_span(&text), buf_span(&text), "the limit is 65536");
	expect_limit(SPAN("(?:[a-z][0-9]){1000}"), SPAN("a"), "it is too large");
	/* As many paths as there are ways to split the subject, up to a thousand turns each. */
	buf_reset(&text);
	buf_add_fill(&text, 'x', 3000);
	buf_add_str(&text, "yz");
	expect_limit(SPAN("(x{1,30}y?){1,33}y$"), buf_span(&text), "matching it takes too long");
	/* Too long for the parallel matcher. */
	buf_reset(&text);
	buf_add_fill(&text, 'x', 10000);
	buf_add_str(&text, "yz");
	expect_limit(SPAN("(x+x+)+y$"), buf_span(&text), "matching it takes too long");
}

/* Many subjects, each of them slow but within its own limits: a run ends with an error, and soon. Another run begins anew. */
static void bounds_the_work_of_a_whole_run(void **state)
{
	static const char *const patterns[] = {"(x+x+)+y$", "(?:x{1,25}y?){1,25}y$"};
	CLEAN_BUF struct buf subject = BUF_INIT(1 << 20);
	struct regex_work work = {.spent = 0};
	struct regex *slow[2], *plain;
	struct err err = ERR_INIT;
	clock_t start = clock();
	bool match;
	int i, r = 0;

	buf_add_fill(&subject, 'x', 4000);
	buf_add_str(&subject, "yz");
	for (i = 0; i < 2; i++)
		assert_int_equal(regex_compile(span_str(patterns[i]), &work, &slow[i], &err), 0);
	assert_int_equal(regex_compile(SPAN("^[a]$"), &work, &plain, &err), 0);
	assert_int_equal(regex_match(plain, SPAN("a"), &match, &err), 0);
	for (i = 0; r == 0 && clock() - start < (clock_t)SECONDS_MAX * CLOCKS_PER_SEC; i++)
		r = regex_match(slow[i % 2], buf_span(&subject), &match, &err);
	assert_int_equal(r, -1);
	assert_int_equal(err.code, ERR_LIMIT);
	/* What the run has spent holds for its other patterns too. */
	assert_int_equal(regex_match(plain, SPAN("a"), &match, &err), -1);
	assert_string_equal(err.msg,
			    "pattern '^[a]$': matching the patterns of this run takes too long");
	assert_true(clock() - start < (clock_t)SECONDS_MAX * CLOCKS_PER_SEC);
	work.spent = 0;
	assert_int_equal(regex_match(plain, SPAN("a"), &match, &err), 0);
	for (i = 0; i < 2; i++)
		regex_free(slow[i]);
	regex_free(plain);
}

/* Go: Unicode 15. PCRE2 knows that from 10.43 on. */
static void differs_script_of_a_newer_unicode(void **state)
{
	struct err err = ERR_INIT;
	int r = matches_of(SPAN("^\\p{Kawi}$"), SPAN("\xf0\x91\xbc\x80"), &err);

	if (r < 0) {
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_string_equal(err.msg,
				    "pattern '^\\x5cp{Kawi}$': it names a script that this "
				    "system's PCRE2 does not know");
	} else {
		assert_int_equal(r, 1);
	}
}

/* `depth` groups within each other. */
static int nested(size_t depth, const char *opening, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	size_t i;

	for (i = 0; i < depth; i++)
		buf_add_str(&text, opening);
	buf_add_char(&text, 'a');
	buf_add_fill(&text, ')', depth);
	return matches_of(buf_span(&text), SPAN("a"), err);
}

static int nested_repeats(size_t depth, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	size_t i;

	buf_add_fill(&text, '(', depth);
	buf_add_str(&text, "(?m)^a+$");
	for (i = 0; i < depth; i++)
		buf_add_str(&text, ")+(?i)+");
	return matches_of(buf_span(&text), SPAN("a\nb"), err);
}

static void limits_nesting(void **state)
{
	struct err err = ERR_INIT;
	size_t depth;

	assert_int_equal(nested(RE2_DEPTH_MAX, "(?:", &err), 1);
	assert_int_equal(nested(RE2_DEPTH_MAX, "(?i:", &err), 1);
	assert_int_equal(nested(RE2_DEPTH_MAX + 1, "(?:", &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(nested(20000, "(", &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	/* Each group here is three for PCRE2. */
	for (depth = 1; depth <= RE2_DEPTH_MAX; depth++) {
		if (nested_repeats(depth, &err) < 0)
			assert_int_equal(err.code, ERR_LIMIT);
	}
}

static void takes_a_long_list_of_names(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	size_t i;

	buf_add_str(&text, "(?i)^(");
	for (i = 0; i < 1000; i++)
		buf_printf(&text, "%slongClientName%zu", i ? "|" : "", i);
	buf_add_str(&text, ")$");
	assert_int_equal(matches_of(buf_span(&text), SPAN("LONGCLIENTNAME999"), &err), 1);
	assert_int_equal(matches_of(buf_span(&text), SPAN("LONGCLIENTNAME1000"), &err), 0);
}

static void counts_the_size_as_go_does(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	size_t i;

	/* 3,400 times a thousand: above Go's 3,355,443 instructions, though PCRE2 would count and not copy. */
	for (i = 0; i < 3400; i++)
		buf_add_str(&text, "a{1000}");
	assert_int_equal(matches_of(buf_span(&text), SPAN("a"), &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

/* Whatever the pattern: it is refused as a pattern, or is past a limit, or compiles in both forms and matches without an error of ours. */
static int survive(struct span input, void *arg)
{
	struct err err = ERR_INIT;

	if (matches_of(input, SPAN("stringData_k\xff\n"), &err) < 0) {
		assert_true(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return -1;
	}
	return 0;
}

static void survives_mangled_patterns(void **state)
{
	mangle_all(SPAN("^(data|stringData)$"), survive, NULL);
	mangle_all(SPAN("(?i)[^a-z\\d[:alpha:]]{2,3}?\\p{Greek}+|\\Qx\\E\\x{41}"), survive, NULL);
	mangle_all(SPAN("(?P<n>\\123(?i-s:k.\\b)*)?$"), survive, NULL);
}

static int survive_subject(struct span input, void *arg)
{
	struct regex *const *all = arg;
	struct err err = ERR_INIT;
	bool match;

	for (; *all; all++)
		assert_int_equal(regex_match(*all, input, &match, &err), 0);
	return 0;
}

static void survives_mangled_subjects(void **state)
{
	struct regex *all[3] = {NULL};
	struct err err = ERR_INIT;

	assert_int_equal(regex_compile(SPAN("(?i)^(k|\xc3\xa9|.)*\\bx\\z"), NULL, &all[0], &err),
			 0);
	assert_int_equal(regex_compile(SPAN("^(\\w+)+$"), NULL, &all[1], &err), 0);
	mangle_all(SPAN("stringData k\xe2\x84\xaa\xc3\xa9\xf0\x9f\x98\x80 aaaaaaaaaaaaaaaaaaaa"),
		   survive_subject, all);
	regex_free(all[0]);
	regex_free(all[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_refuses_what_go_does),
		cmocka_unit_test(matches_what_go_does),
		cmocka_unit_test(matches_again_with_one_pattern),
		cmocka_unit_test(prints_what_can_not_be_misread),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(answers_hard_patterns_in_bounded_time),
		cmocka_unit_test(differs_pattern_past_a_limit),
		cmocka_unit_test(bounds_the_work_of_a_whole_run),
		cmocka_unit_test(differs_script_of_a_newer_unicode),
		cmocka_unit_test(limits_nesting),
		cmocka_unit_test(takes_a_long_list_of_names),
		cmocka_unit_test(counts_the_size_as_go_does),
		cmocka_unit_test(survives_mangled_patterns),
		cmocka_unit_test(survives_mangled_subjects),
	};

	return cmocka_run_group_tests_name("regex", tests, NULL, NULL);
}
