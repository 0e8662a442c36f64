/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars against what Go's strconv, time and encoding/json and go-yaml's resolve.go make of the same texts.
 */
#include "mangle.h"

#include "base/buf.h"
#include "doc/scalar.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_MAX = 1024 * 1024 };

/* A node in words: "int 5", "float 1.5", "time 2020-01-01T00:00:00Z", "str". */
static const char *in_words(const struct doc_node *node, struct buf *out)
{
	buf_reset(out);
	switch ((enum doc_kind)node->kind) {
	case DOC_NULL:
		buf_add_str(out, "null");
		break;
	case DOC_STRING:
		buf_add_str(out, "str");
		break;
	case DOC_INT:
		buf_add_str(out, "int ");
		scalar_add_int(node->integer, out);
		break;
	case DOC_UINT:
		buf_printf(out, "uint %llu", (unsigned long long)node->big);
		break;
	case DOC_FLOAT:
		buf_add_str(out, "float ");
		scalar_add_float(node->number, FLOAT_YAML, out);
		break;
	case DOC_BOOL:
		buf_add_str(out, node->boolean ? "true" : "false");
		break;
	case DOC_TIME:
		buf_add_str(out, "time ");
		assert_true(scalar_add_time(&node->time, TIME_YAML, out));
		break;
	default:
		fail_msg("kind %d", node->kind);
	}
	buf_add_char(out, 0);
	return (const char *)out->data;
}

/* text, what it means, whether a string of that text needs quotes. */
static const struct {
	const char *text, *means;
	bool quotes;
} plain[] = {
	{"", "null", true},
	{"~", "null", true},
	{"null", "null", true},
	{"Null", "null", true},
	{"NULL", "null", true},
	{"nUll", "str", false},
	{"nul", "str", false},
	{"nulls", "str", false},
	{"~a", "str", false},
	{"true", "true", true},
	{"True", "true", true},
	{"TRUE", "true", true},
	{"tRue", "str", false},
	{"false", "false", true},
	{"False", "false", true},
	{"FALSE", "false", true},
	{"y", "str", true},
	{"Y", "str", true},
	{"yes", "str", true},
	{"Yes", "str", true},
	{"YES", "str", true},
	{"yEs", "str", false},
	{"yess", "str", false},
	{"n", "str", true},
	{"N", "str", true},
	{"no", "str", true},
	{"No", "str", true},
	{"NO", "str", true},
	{"on", "str", true},
	{"On", "str", true},
	{"ON", "str", true},
	{"off", "str", true},
	{"Off", "str", true},
	{"OFF", "str", true},
	{"oFF", "str", false},
	{"<<", "str", false},
	{"=", "str", false},
	{"t", "str", false},
	{"f", "str", false},
	{"abc", "str", false},
	{".nan", "float .nan", true},
	{".NaN", "float .nan", true},
	{".NAN", "float .nan", true},
	{".naN", "str", false},
	{"+.nan", "str", false},
	{"nan", "str", false},
	{".inf", "float .inf", true},
	{".Inf", "float .inf", true},
	{".INF", "float .inf", true},
	{"+.inf", "float .inf", true},
	{"+.Inf", "float .inf", true},
	{"+.INF", "float .inf", true},
	{"-.inf", "float -.inf", true},
	{"-.Inf", "float -.inf", true},
	{"-.INF", "float -.inf", true},
	{"inf", "str", false},
	{"+inf", "str", false},
	{"0", "int 0", true},
	{"-0", "int 0", true},
	{"+0", "int 0", true},
	{"00", "int 0", true},
	{"0_", "int 0", true},
	{"1", "int 1", true},
	{"+12", "int 12", true},
	{"-12", "int -12", true},
	{"017", "int 15", true},
	{"-017", "int -15", true},
	{"0o17", "int 15", true},
	{"0O17", "int 15", true},
	{"0x1F", "int 31", true},
	{"0X1f", "int 31", true},
	{"-0x10", "int -16", true},
	{"0b11", "int 3", true},
	{"0B11", "int 3", true},
	{"0b-11", "int -3", true},
	{"0b+11", "int 3", true},
	{"0o-7", "int -7", true},
	{"0B-11", "str", false},
	{"-0b-1", "str", false},
	{"0x-1", "str", false},
	{"0b2", "str", false},
	{"0o8", "str", false},
	{"0xg", "str", false},
	{"0x", "str", false},
	{"0b", "str", false},
	{"0b-", "str", false},
	{"08", "float 8", true},
	{"1_000", "int 1000", true},
	{"1__0", "int 10", true},
	{"1_", "int 1", true},
	{"_1", "str", false},
	{"0x_1", "int 1", true},
	{"0_x1", "int 1", true},
	{"-_1", "int -1", true},
	{"1_0.5_0", "float 10.5", true},
	{"1_e_+_3", "float 1000", true},
	{"9223372036854775807", "int 9223372036854775807", true},
	{"-9223372036854775808", "int -9223372036854775808", true},
	{"9223372036854775808", "uint 9223372036854775808", true},
	{"18446744073709551615", "uint 18446744073709551615", true},
	{"0xFFFFFFFFFFFFFFFF", "uint 18446744073709551615", true},
	{"18446744073709551616", "float 1.8446744073709552e+19", true},
	{"+18446744073709551615", "float 1.8446744073709552e+19", true},
	{"-9223372036854775809", "float -9.223372036854776e+18", true},
	{"0x10000000000000000", "str", false},
	{"1.", "float 1", true},
	{".1", "float 0.1", true},
	{"+.1", "float 0.1", true},
	{".5e3", "float 500", true},
	{".5_0", "float 0.5", true},
	{"._5", "str", false},
	{".", "str", false},
	{"..", "str", false},
	{"-.", "str", false},
	{"+", "str", false},
	{"-", "str", false},
	{"1e1", "float 10", true},
	{"1E+1", "float 10", true},
	{"1e", "str", false},
	{"1e+", "str", false},
	{"e1", "str", false},
	{"1.5e3x", "str", false},
	{"1.2.3", "str", false},
	{"1e400", "str", false},
	{"-1e400", "str", false},
	{"1e-400", "float 0", true},
	{"-0.0", "float -0", true},
	{"0x1p-2", "str", false},
	{"0x1.8p1", "str", false},
	{"1,000", "str", false},
	{"2020-01-01", "time 2020-01-01T00:00:00Z", true},
	{"2020-1-1", "time 2020-01-01T00:00:00Z", true},
	{"0000-01-01", "time 0000-01-01T00:00:00Z", true},
	{"9999-12-31", "time 9999-12-31T00:00:00Z", true},
	{"2020-02-29", "time 2020-02-29T00:00:00Z", true},
	{"2019-02-29", "str", false},
	{"1900-02-29", "str", false},
	{"2000-02-29", "time 2000-02-29T00:00:00Z", true},
	{"2020-00-01", "str", false},
	{"2020-13-01", "str", false},
	{"2020-01-00", "str", false},
	{"2020-01-32", "str", false},
	{"2020-04-31", "str", false},
	{"202-01-01", "str", false},
	{"20201-01-01", "str", false},
	{"2020-01-011", "str", false},
	{"2020-01-01T10:00:00Z", "time 2020-01-01T10:00:00Z", true},
	{"2020-01-01T10:00:00.50+02:00", "time 2020-01-01T10:00:00.5+02:00", true},
	{"2020-01-01T10:00:00,123456789123Z", "time 2020-01-01T10:00:00.123456789Z", true},
	{"2001-12-14t21:59:43.10-05:00", "time 2001-12-14T21:59:43.1-05:00", true},
	{"2020-01-01 1:2:3.5", "time 2020-01-01T01:02:03.5Z", true},
	{"2020-01-01   1:2:3", "time 2020-01-01T01:02:03Z", true},
	{"2020-01-01T1:2:3Z", "time 2020-01-01T01:02:03Z", true},
	{"2020-01-01T23:59:59-24:60", "time 2020-01-01T23:59:59-25:00", true},
	{"2020-01-01T00:00:00", "str", false},
	{"2020-01-01 00:00:00Z", "str", false},
	{"2020-01-01t00:00:00z", "str", false},
	{"2020-01-01T24:00:00Z", "str", false},
	{"2020-01-01T00:60:00Z", "str", false},
	{"2020-01-01T00:00:60Z", "str", false},
	{"2020-01-01T00:00:00.Z", "str", false},
	{"2020-01-01T00:00:00+2:00", "str", false},
	{"2020-01-01T00:00:00+25:00", "str", false},
	{"2020-01-01T00:00:00+00:61", "str", false},
	{"2020-01-01T00:00:00+0000", "str", false},
	{"2020-01-01 ", "str", false},
	{"1:2", "str", true},
	{"-1:2", "str", true},
	{"+1:2", "str", true},
	{"1:60", "str", false},
	{"1:5", "str", true},
	{"1:59", "str", true},
	{"-:5", "str", false},
	{"1:123", "str", false},
	{"190:20:30", "str", true},
	{"190:20:30.15", "str", true},
	{"190:20:30.", "str", true},
	{"190:20:30.1_5", "str", true},
	{"190:20:30.1:5", "str", false},
	{"1_0:5", "str", true},
	{"_1:5", "str", false},
	{"1:", "str", false},
	{"1:5:", "str", false},
	{":5", "str", false},
	{"12:30:45x", "str", false},
};

static void resolves_plain_text_as_go_yaml(void **state)
{
	CLEAN_BUF struct buf words = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		struct doc_node node = {0};
		struct span text = span_str(plain[i].text);

		scalar_resolve_yaml(text, &node);
		if (strcmp(in_words(&node, &words), plain[i].means) != 0)
			fail_msg("'%s' is %s, not %s", plain[i].text, (char *)words.data,
				 plain[i].means);
		if (node.kind == DOC_STRING)
			assert_ptr_equal(node.str.data, text.data);
		if (scalar_needs_quotes(text) != plain[i].quotes)
			fail_msg("'%s': quotes", plain[i].text);
	}
}

static void keeps_nul_and_high_bytes_strings(void **state)
{
	static const char *const texts[] = {"\0",    "1\0", "~\0",   "\xff",
					    "1\xc3", "-\0", "1.5\0", "2020-01-01\0"};
	static const size_t lens[] = {1, 2, 2, 1, 2, 2, 4, 11};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct doc_node node = {0};

		scalar_resolve_yaml(span_of(texts[i], lens[i]), &node);
		assert_int_equal(node.kind, DOC_STRING);
		assert_int_equal(node.str.len, lens[i]);
	}
}

static void prints_floats_in_every_form(void **state)
{
	static const struct {
		double value;
		const char *yaml, *json, *flat, *mac;
	} rows[] = {
		{0.0, "0", "0", "0.0", "0"},
		{-0.0, "-0", "-0", "-0.0", "-0"},
		{1.0, "1", "1", "1.0", "1"},
		{-1.5, "-1.5", "-1.5", "-1.5", "-1.5"},
		{0.1, "0.1", "0.1", "0.1", "0.1"},
		{100.0, "100", "100", "100.0", "100"},
		{100000.0, "100000", "100000", "100000.0", "100000"},
		{999999.0, "999999", "999999", "999999.0", "999999"},
		{1e6, "1e+06", "1000000", "1E+06", "1000000"},
		{123456.5, "123456.5", "123456.5", "123456.5", "123456.5"},
		{1234567.5, "1.2345675e+06", "1234567.5", "1.2345675E+06", "1234567.5"},
		{123456789.125, "1.23456789125e+08", "123456789.125", "1.23456789125E+08",
		 "123456789.125"},
		{0.0001, "0.0001", "0.0001", "0.0001", "0.0001"},
		{0.00012, "0.00012", "0.00012", "0.00012", "0.00012"},
		{0.00001, "1e-05", "0.00001", "1E-05", "0.00001"},
		{0.000001, "1e-06", "0.000001", "1E-06", "0.000001"},
		{9.99e-7, "9.99e-07", "9.99e-7", "9.99E-07", "0.000000999"},
		{1e-7, "1e-07", "1e-7", "1E-07", "0.0000001"},
		{1e-10, "1e-10", "1e-10", "1E-10", "0.0000000001"},
		{1e20, "1e+20", "100000000000000000000", "1E+20", "100000000000000000000"},
		{1e21, "1e+21", "1e+21", "1E+21", "1000000000000000000000"},
		{1.5e300, "1.5e+300", "1.5e+300", "1.5E+300", NULL},
		{9223372036854775808.0, "9.223372036854776e+18", "9223372036854776000",
		 "9.223372036854776E+18", "9223372036854776000"},
		{0x1p-44, "5.684341886080802e-14", "5.684341886080802e-14", "5.684341886080802E-14",
		 "0.00000000000005684341886080802"},
		{0x1p-1074, "5e-324", "5e-324", "5E-324", NULL},
		{0x1.fffffffffffffp1023, "1.7976931348623157e+308", "1.7976931348623157e+308",
		 "1.7976931348623157E+308", NULL},
		{0x1p-1022, "2.2250738585072014e-308", "2.2250738585072014e-308",
		 "2.2250738585072014E-308", NULL},
		/* exactly halfway between two shortest candidates: the even digit */
		{1125899906842624.25, "1.1258999068426242e+15", "1125899906842624.2",
		 "1.1258999068426242E+15", "1125899906842624.2"},
		{1125899906842624.75, "1.1258999068426248e+15", "1125899906842624.8",
		 "1.1258999068426248E+15", "1125899906842624.8"},
		{9007199254740993.0, "9.007199254740992e+15", "9007199254740992",
		 "9.007199254740992E+15", "9007199254740992"},
		{5e-5, "5e-05", "0.00005", "5E-05", "0.00005"},
		{INFINITY, ".inf", NULL, "+Inf", "+Inf"},
		{-INFINITY, "-.inf", NULL, "-Inf", "-Inf"},
		{NAN, ".nan", NULL, "NaN", "NaN"},
	};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *want[] = {[FLOAT_YAML] = rows[i].yaml,
				      [FLOAT_JSON] = rows[i].json,
				      [FLOAT_FLAT] = rows[i].flat,
				      [FLOAT_MAC] = rows[i].mac};

		for (size_t form = 0; form < ARRAY_LEN(want); form++) {
			if (!want[form])
				continue;
			buf_reset(&out);
			scalar_add_float(rows[i].value, (enum scalar_float_form)form, &out);
			buf_add_char(&out, 0);
			assert_string_equal(out.data, want[form]);
		}
	}
}

static void prints_the_largest_float_without_exponent(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);

	scalar_add_float(-1e308, FLOAT_MAC, &out);
	assert_int_equal(out.len, 310);
	assert_memory_equal(out.data, "-1000", 5);
	buf_reset(&out);
	scalar_add_float(0x1p-1074, FLOAT_MAC, &out);
	assert_int_equal(out.len, 326);
	assert_memory_equal(out.data + 320, "000005", 6);
}

/* Random but the same at every run. */
static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What the C library prints with that many significant digits. */
static double nearest(double value, int digits, char *text)
{
	snprintf(text, 40, "%.*e", digits - 1, value);
	return strtod(text, NULL);
}

/* Reads back, no decimal with fewer digits does, and where the C library's rounding to as many digits reads back it is the same. */
static void is_shortest(double value)
{
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	char text[40];
	double back = 0;
	int digits = 0;

	scalar_add_float(value, FLOAT_YAML, &out);
	assert_true(scalar_parse_float(buf_span(&out), &back));
	assert_memory_equal(&back, &value, sizeof(value));
	for (size_t i = 0; i < out.len && out.data[i] != 'e'; i++)
		digits += out.data[i] >= '0' && out.data[i] <= '9' &&
			  (digits > 0 || out.data[i] != '0');
	buf_add_char(&out, 0);
	/* a plain whole number may end in zeros that are no digits of its own */
	if (fabs(value) < 1e6 && value == floor(value))
		return;
	if (digits > 1 && nearest(value, digits - 1, text) == value)
		fail_msg("%s is shorter than %s", text, (char *)out.data);
	if (nearest(value, digits, text) == value && strtod((char *)out.data, NULL) == value) {
		long double exact = value;

		assert_true(fabsl(strtold((char *)out.data, NULL) - exact) <=
			    fabsl(strtold(text, NULL) - exact) * (1 + 1e-6L));
	}
}

static void prints_the_shortest_digits(void **state)
{
	uint64_t seed = 88172645463325252u;
	double value;

	for (int i = 0; i < 20000; i++) {
		uint64_t bits = draw(&seed);

		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			is_shortest(value);
		is_shortest((double)(draw(&seed) % 100000000) / 1000);
		is_shortest((double)(draw(&seed) % 10000) * 1e-9);
	}
	for (int e = -1074; e <= 1023; e++) {
		is_shortest(ldexp(1, e));
		is_shortest(nextafter(ldexp(1, e), 0));
		is_shortest(nextafter(ldexp(1, e), INFINITY));
	}
}

static void reads_floats_as_go(void **state)
{
	static const struct {
		const char *text;
		double want;
	} rows[] = {
		{"1", 1},
		{"+1", 1},
		{"-1", -1},
		{".5", .5},
		{"5.", 5},
		{"1e3", 1000},
		{"1E-3", .001},
		{"1e+3", 1000},
		{"0x1p4", 16},
		{"0X1P-2", .25},
		{"0x1.8p1", 3},
		{"0x.8p1", 1},
		{"0x_1p4", 16},
		{"0xa_bp0", 171},
		{"1_000", 1000},
		{"1_0.5", 10.5},
		{"1e1_0", 1e10},
		{"inf", INFINITY},
		{"-Inf", -INFINITY},
		{"+iNF", INFINITY},
		{"infinity", INFINITY},
		{"-INFINITY", -INFINITY},
		{"1e-400", 0},
		{"0e999999999999999999999", 0},
		{"0x0p999999999999999999999", 0},
		{"1e-999999999999999999999", 0},
		{"1.7976931348623157e308", 0x1.fffffffffffffp1023},
		{"1.7976931348623158e308", 0x1.fffffffffffffp1023},
		{"0x1.fffffffffffff7p1023", 0x1.fffffffffffffp1023},
		{"4.9e-324", 0x1p-1074},
		{"2.4703282292062327e-324", 0},
		{"2.4703282292062328e-324", 0x1p-1074},
		/* halfway: to even, unless something follows, however far behind */
		{"9007199254740993", 9007199254740992},
		{"9007199254740993.0000000000000000000000000000000000000000000000001",
		 9007199254740994},
		{"9007199254740995", 9007199254740996},
		{"0x20000000000001p0", 9007199254740992},
		{"0x20000000000001.00000000000000000001p0", 9007199254740994},
		{"0.1", .1},
		{"123456789012345678901234567890", 123456789012345678901234567890.0},
	};
	static const char *const bad[] = {
		"",
		" 1",
		"1 ",
		"+",
		"-",
		".",
		"e1",
		".e1",
		"1e",
		"1e+",
		"1.2.3",
		"0x",
		"0x1",
		"0x1.8",
		"0xp1",
		"0x1p",
		"1_",
		"_1",
		"1__0",
		"1_.5",
		"1._5",
		"1e_1",
		"1_e1",
		"1e400",
		"-1e400",
		"+nan",
		"-nan",
		"infinit",
		"inff",
		"nanx",
		"0x1e400",
		"1p4",
		"1.7976931348623159e308",
		"0x1.fffffffffffff8p1023",
		"1e99999999999999999999",
		"0b1",
		"\xff",
		"1,5",
		"0x1p1e1",
		"++1",
	};
	double value = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!scalar_parse_float(span_str(rows[i].text), &value) || value != rows[i].want)
			fail_msg("%s: %.17g", rows[i].text, value);
	}
	assert_true(scalar_parse_float(span_str("NaN"), &value) && isnan(value));
	assert_true(scalar_parse_float(span_str("-0"), &value) && signbit(value));
	assert_true(scalar_parse_float(span_str("-1e-400"), &value) && signbit(value));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (scalar_parse_float(span_str(bad[i]), &value))
			fail_msg("'%s' is a float: %g", bad[i], value);
	}
}

static void reads_more_digits_than_it_keeps(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);
	double value = 0;

	buf_add_str(&text, "9007199254740993.");
	buf_add_fill(&text, '0', 5000);
	assert_true(scalar_parse_float(buf_span(&text), &value));
	assert_true(value == 9007199254740992);
	buf_add_char(&text, '1');
	assert_true(scalar_parse_float(buf_span(&text), &value));
	assert_true(value == 9007199254740994);

	buf_reset(&text);
	buf_add_char(&text, '1');
	buf_add_fill(&text, '0', 2000);
	buf_add_str(&text, "e-2000");
	assert_true(scalar_parse_float(buf_span(&text), &value));
	assert_true(value == 1);

	buf_reset(&text);
	buf_add_str(&text, "0.");
	buf_add_fill(&text, '0', 2000);
	buf_add_str(&text, "25e2001");
	assert_true(scalar_parse_float(buf_span(&text), &value));
	assert_true(value == 2.5);

	buf_reset(&text);
	buf_add_str(&text, "0x1");
	buf_add_fill(&text, '0', 2000);
	buf_add_str(&text, "p-8000");
	assert_true(scalar_parse_float(buf_span(&text), &value));
	assert_true(value == 1);
}

static void reads_integers_as_go(void **state)
{
	static const char *const bad[] = {"",
					  "+",
					  "-",
					  " 1",
					  "1 ",
					  "0x10",
					  "1_0",
					  "1.0",
					  "1e3",
					  "--1",
					  "+-1",
					  "a",
					  "9223372036854775808",
					  "-9223372036854775809",
					  "99999999999999999999999"};
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{"0", 0},
		{"-0", 0},
		{"+5", 5},
		{"007", 7},
		{"-123", -123},
		{"9223372036854775807", INT64_MAX},
		{"00000000000000000000000000001", 1},
		{"-9223372036854775808", INT64_MIN},
	};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	int64_t value = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(scalar_parse_int(span_str(rows[i].text), &value));
		assert_true(value == rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(scalar_parse_int(span_str(bad[i]), &value));
	assert_false(scalar_parse_int(SPAN_NULL, &value));
	scalar_add_int(INT64_MIN, &out);
	scalar_add_int(0, &out);
	scalar_add_int(INT64_MAX, &out);
	buf_add_char(&out, 0);
	assert_string_equal(out.data, "-922337203685477580809223372036854775807");
}

static void reads_booleans_as_go(void **state)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	static const char *const bad[] = {"", "tRUE", "yes", "no", "y", "2", "truex", "tru", " 1"};
	bool value = false;

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		value = false;
		assert_true(scalar_parse_bool(span_str(yes[i]), &value) && value);
		value = true;
		assert_true(scalar_parse_bool(span_str(no[i]), &value) && !value);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(scalar_parse_bool(span_str(bad[i]), &value));
}

static void reads_and_prints_rfc3339_as_go(void **state)
{
	static const struct {
		const char *text;
		struct doc_time want;
		const char *nano, *whole, *yaml; /* NULL: as text */
	} rows[] = {
		{"1970-01-01T00:00:00Z", {0, 0, 0}, NULL, NULL, NULL},
		{"2020-01-01T10:00:00.5+02:00",
		 {1577865600, 500000000, 7200},
		 NULL,
		 "2020-01-01T10:00:00+02:00",
		 NULL},
		{"1969-12-31T23:59:59.000000001Z", {-1, 1, 0}, NULL, "1969-12-31T23:59:59Z", NULL},
		{"0000-01-01T00:00:00Z", {-62167219200, 0, 0}, NULL, NULL, NULL},
		{"0000-01-01T00:00:00+14:00", {-62167269600, 0, 50400}, NULL, NULL, NULL},
		{"9999-12-31T23:59:59-14:00", {253402351199, 0, -50400}, NULL, NULL, NULL},
		{"2000-02-29T12:00:00-00:30", {951827400, 0, -1800}, NULL, NULL, NULL},
		{"2020-03-01T00:00:00+00:00",
		 {1583020800, 0, 0},
		 "2020-03-01T00:00:00Z",
		 "2020-03-01T00:00:00Z",
		 "2020-03-01T00:00:00Z"},
		{"2020-03-01T1:02:03Z",
		 {1583024523, 0, 0},
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03Z"},
		{"2020-03-01T01:02:03,25Z",
		 {1583024523, 250000000, 0},
		 "2020-03-01T01:02:03.25Z",
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03.25Z"},
		{"2020-03-01T01:02:03.1234567899Z",
		 {1583024523, 123456789, 0},
		 "2020-03-01T01:02:03.123456789Z",
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03.123456789Z"},
		{"2020-03-01T01:02:03.000Z",
		 {1583024523, 0, 0},
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03Z",
		 "2020-03-01T01:02:03Z"},
		{"2020-03-01T00:00:00+24:00", {1582934400, 0, 86400}, "", NULL, NULL},
		{"2020-03-01T00:00:00-23:60",
		 {1583107200, 0, -86400},
		 "",
		 "2020-03-01T00:00:00-24:00",
		 "2020-03-01T00:00:00-24:00"},
		{"2020-03-01T00:00:00+23:59", {1582934460, 0, 86340}, NULL, NULL, NULL},
	};
	static const char *const bad[] = {
		"",
		"2020-01-01",
		"2020-01-01 00:00:00Z",
		"2020-01-01t00:00:00Z",
		"2020-01-01T00:00:00z",
		"2020-01-01T00:00:00",
		"2020-1-01T00:00:00Z",
		"2020-01-1T00:00:00Z",
		"2020-01-01T00:0:00Z",
		"2020-01-01T00:00:0Z",
		"2020-02-30T00:00:00Z",
		"2020-01-01T24:00:00Z",
		"2020-01-01T00:00:60Z",
		"2020-01-01T00:00:00Z ",
		" 2020-01-01T00:00:00Z",
		"2020-01-01T00:00:00Z\r",
		"2020-01-01T00:00:00+25:00",
		"2020-01-01T00:00:00+00:61",
		"2020-01-01T00:00:00+0:00",
		"2020-01-01T00:00:00+00",
		"2020-01-01T00:00:00.Z",
		"20200-01-01T00:00:00Z",
		"+202-01-01T00:00:00Z",
	};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct doc_time time = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *want[] = {[TIME_NANO] = rows[i].nano,
				      [TIME_WHOLE] = rows[i].whole,
				      [TIME_YAML] = rows[i].yaml};

		if (!scalar_parse_time(span_str(rows[i].text), &time))
			fail_msg("%s is no time", rows[i].text);
		assert_true(time.seconds == rows[i].want.seconds);
		assert_int_equal(time.nanoseconds, rows[i].want.nanoseconds);
		assert_int_equal(time.offset, rows[i].want.offset);
		for (size_t form = 0; form < ARRAY_LEN(want); form++) {
			const char *text = want[form] ? want[form] : rows[i].text;

			buf_reset(&out);
			assert_int_equal(scalar_add_time(&time, (enum scalar_time_form)form, &out),
					 *text != 0);
			buf_add_char(&out, 0);
			assert_string_equal(out.data, text);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (scalar_parse_time(span_str(bad[i]), &time))
			fail_msg("'%s' is a time", bad[i]);
	}
}

static void every_day_reads_back(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);

	for (int64_t day = -719528; day <= 2932896; day += 13) {
		struct doc_time time = {.seconds = day * 86400 + 86399}, back = {0};

		buf_reset(&out);
		assert_true(scalar_add_time(&time, TIME_NANO, &out));
		assert_true(scalar_parse_time(buf_span(&out), &back));
		assert_true(back.seconds == time.seconds);
	}
}

static void refuses_times_that_have_no_text(void **state)
{
	static const struct doc_time rows[] = {
		{.seconds = -62167219201},
		{.seconds = 253402300800},
		{.seconds = 253402300799, .offset = 3600},
		{.seconds = INT64_MAX},
		{.seconds = INT64_MAX, .offset = 1},
		{.seconds = INT64_MIN, .offset = -1},
	};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_false(scalar_add_time(&rows[i], TIME_YAML, &out));
	assert_int_equal(out.len, 0);
}

/* Whatever the text, what was read prints and reads back the same. */
static int stays_equal(struct span input, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct doc_node node = {0}, back = {0};
	double number = 0;
	bool boolean;

	scalar_resolve_yaml(input, &node);
	if (node.kind == DOC_STRING) {
		assert_ptr_equal(node.str.data, input.data);
		assert_int_equal(node.str.len, input.len);
	} else if (node.kind != DOC_UINT) {
		assert_true(scalar_needs_quotes(input));
		(void)in_words(&node, &out);
		struct span text = span_sub(buf_span(&out), 0, out.len - 1);
		size_t blank = span_find(text, 0, ' ');
		text = blank < text.len ? span_from(text, blank + 1) : text;
		scalar_resolve_yaml(text, &back);
		if (node.kind == DOC_FLOAT && back.kind == DOC_INT)
			assert_true(node.number == (double)back.integer);
		else if (node.kind == DOC_TIME && abs(node.time.offset) == 25 * 3600) /* 24:60 */
			assert_int_equal(back.kind, DOC_STRING);
		else
			assert_int_equal(back.kind, node.kind);
	}
	(void)scalar_parse_int(input, &node.integer);
	(void)scalar_parse_float(input, &number);
	(void)scalar_parse_bool(input, &boolean);
	(void)scalar_parse_time(input, &node.time);
	return 0;
}

static void survives_mangling(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		mangle_all(span_str(plain[i].text), stays_equal, NULL);
	mangle_all(span_str("0x1.8p-1_0"), stays_equal, NULL);
	mangle_all(span_str("infinity"), stays_equal, NULL);
	mangle_all(span_str("1234567890.0987654321e-123"), stays_equal, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_plain_text_as_go_yaml),
		cmocka_unit_test(keeps_nul_and_high_bytes_strings),
		cmocka_unit_test(prints_floats_in_every_form),
		cmocka_unit_test(prints_the_largest_float_without_exponent),
		cmocka_unit_test(prints_the_shortest_digits),
		cmocka_unit_test(reads_floats_as_go),
		cmocka_unit_test(reads_more_digits_than_it_keeps),
		cmocka_unit_test(reads_integers_as_go),
		cmocka_unit_test(reads_booleans_as_go),
		cmocka_unit_test(reads_and_prints_rfc3339_as_go),
		cmocka_unit_test(every_day_reads_back),
		cmocka_unit_test(refuses_times_that_have_no_text),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
