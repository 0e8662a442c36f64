/* SPDX-License-Identifier: Apache-2.0
 *
 * dotenv as sops reads and prints it. The tables were held against sops 3.13.3 (tests/interop/lines.py does it at random).
 */
#include "doc/doc_dotenv.h"

#include "mangle.h"
#include "tree_text.h"

enum { OUT_MAX = 1 << 20 };

#define BYTES(literal)                                             \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

static const struct {
	const char *name;
	struct span in;
	const char *tree; /* NULL: refused */
	const char *out;  /* what is printed; NULL: the input */
} table[] = {
	{"empty", BYTES(""), "", NULL},
	{"only line feeds", BYTES("\n\n\n"), "", ""},
	{"last line without a line feed", BYTES("A=1"), "A=<1>\n", "A=1\n"},
	{"quotes are text", BYTES("A=\"x y\"\nB='z'\n"), "A=<\"x y\">\nB=<'z'>\n", NULL},
	{"comments", BYTES("# c\nA=1\n#d\n#\n"), "#< c>\nA=<1>\n#<d>\n#<>\n", NULL},
	{"no comment behind a value", BYTES("A=x # c\n"), "A=<x # c>\n", NULL},
	{"a blank before # is no comment", BYTES(" #a=1\n"), " #a=<1>\n", NULL},
	{"a blank before # needs an =", BYTES(" # c\n"), NULL, NULL},
	{"escape", BYTES("A=a\\nb\n"), "A=<a\nb>\n", NULL},
	{"escapes in a row", BYTES("A=\\n\\n\\nn\n"), "A=<\n\n\nn>\n", NULL},
	{"escaped escape", BYTES("A=a\\\\nb\n"), "A=<a\\\nb>\n", NULL},
	{"backslash at the end", BYTES("A=a\\\n"), "A=<a\\>\n", NULL},
	{"other escapes are text", BYTES("A=\\t\\r\\\"\n"), "A=<\\t\\r\\\">\n", NULL},
	{"no escape in keys and comments", BYTES("a\\nb=1\n#a\\nb\n"), "a\\nb=<1>\n#<a\\nb>\n",
	 NULL},
	{"the first = counts", BYTES("A=\n=x\nA==b\n=\n"), "A=<>\n=<x>\nA=<=b>\n=<>\n", NULL},
	{"nothing is trimmed", BYTES(" A = 1 \nexport B=2\n\tC=\t\n"),
	 " A =< 1 >\nexport B=<2>\n\tC=<\t>\n", NULL},
	{"CR stays", BYTES("A=1\r\n#c\r\n"), "A=<1\r>\n#<c\r>\n", NULL},
	{"a lone CR is no empty line", BYTES("A=1\n\r\n"), NULL, NULL},
	{"keys may come twice", BYTES("A=1\nA=2\n"), "A=<1>\nA=<2>\n", NULL},
	{"no =", BYTES("A\n"), NULL, NULL},
	{"no = in the last line", BYTES("A=1\nB"), NULL, NULL},
	{"not UTF-8", BYTES("A=\xff\n\xc2=\xe2\x80\n"), "A=<\xff>\n\xc2=<\xe2\x80>\n", NULL},
	{"BOM is part of the key",
	 BYTES("\xef\xbb\xbf"
	       "A=1\n"),
	 "\xef\xbb\xbf"
	 "A=<1>\n",
	 NULL},
	{"metadata is left in", BYTES("sops_mac=ENC[x]\nsops_age__list_0__map_enc=a\\nb\\n\n"),
	 "sops_mac=<ENC[x]>\nsops_age__list_0__map_enc=<a\nb\n>\n", NULL},
};

static void reads_and_prints_as_sops_does(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX), text = BUF_INIT(OUT_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		struct span want = table[i].out ? span_str(table[i].out) : table[i].in;
		int r = doc_dotenv_read(table[i].in, &doc, &err);

		if (!table[i].tree) {
			if (r == 0 || err.code != ERR_FORMAT)
				fail_msg("%s: not refused as a format error", table[i].name);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", table[i].name, err.msg);
		if (strcmp(tree_text(&doc, &text), table[i].tree) != 0)
			fail_msg("%s: tree is\n%s", table[i].name, (char *)text.data);
		buf_reset(&out);
		assert_int_equal(doc_dotenv_write(&doc, &out, &err), 0);
		if (!span_eq(buf_span(&out), want))
			fail_msg("%s: printed '%.*s'", table[i].name, (int)out.len,
				 (char *)out.data);
	}
}

static void names_the_line_and_not_its_content(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_dotenv_read(SPAN("A=1\n\n#\nhunter2\n"), &doc, &err), -1);
	assert_string_equal(err.msg, "line 4: no '=' in it");
}

static void counts_lines(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_dotenv_read(SPAN("\nA=1\n#c\n\nB=2"), &doc, &err), 0);
	assert_int_equal(doc.first->kids.first->line, 2);
	assert_int_equal(doc.first->kids.first->next->line, 3);
	assert_int_equal(doc.first->kids.last->line, 5);
}

static void prints_scalars_of_other_formats(void **state)
{
	static const char want[] = "null=<nil>\n"
				   "int=-9223372036854775808\n"
				   "uint=18446744073709551615\n"
				   "whole=100000.0\n"
				   "million=1E+06\n"
				   "small=1E-05\n"
				   "tenth=0.1\n"
				   "zero=-0.0\n"
				   "inf=-Inf\n"
				   "nan=NaN\n"
				   "yes=true\n"
				   "no=false\n"
				   "time=2020-01-01T21:34:05-05:30\n"
				   "text=a\\nb\\\\n\r\\n\n"
				   "#line\nfeed\n";
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *branch = tree_add(&doc, NULL, NULL, DOC_MAP);
	struct err err = ERR_INIT;

	tree_add_scalars(&doc, branch);
	tree_add_str(&doc, branch, "text", "a\nb\\\\n\r\n");
	tree_add_comment(&doc, branch, "line\nfeed");
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), 0);
	buf_add_char(&out, '\0');
	assert_string_equal((char *)out.data, want);
}

static void prints_the_first_branch_only(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	tree_add_str(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "a", "1");
	tree_add_str(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "b", "2");
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), 0);
	assert_true(span_is(buf_span(&out), "a=1\n"));
}

static void refuses_a_stream_without_documents(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_dotenv_write(&doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
}

static void refuse_kind(enum doc_kind kind)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "deep", kind);
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, "the value under 'deep' is not a simple one");
}

static void refuses_lists_and_maps(void **state)
{
	refuse_kind(DOC_MAP);
	refuse_kind(DOC_LIST);
}

/* sops prints `deep={text false}`. */
static void differs_flat_refuses_a_dump(void **state)
{
	refuse_kind(DOC_COMMENT);
}

static void refuses_keys_that_are_no_strings(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "1", DOC_NULL)->flags = DOC_KEY_BAD;
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
}

static void stops_at_the_limit_of_the_output(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(3);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_dotenv_read(SPAN("A=1\n"), &doc, &err), 0);
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void stops_at_the_limit_of_the_tree(void **state)
{
	CLEAN_DOC struct doc doc = {.arena = ARENA_INIT(2 * sizeof(struct doc_node))};
	struct err err = ERR_INIT;

	assert_int_equal(doc_dotenv_read(SPAN("A=1\nA=1\nA=1\n"), &doc, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* What was accepted prints, and reads back as the same tree. */
static int round_trip(struct span input, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX), text = BUF_INIT(OUT_MAX);
	CLEAN_BUF struct buf again_text = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT, again = DOC_INIT;
	struct err err = ERR_INIT;

	if (doc_dotenv_read(input, &doc, &err) < 0) {
		assert_int_equal(err.code, ERR_FORMAT);
		return -1;
	}
	assert_int_equal(doc_dotenv_write(&doc, &out, &err), 0);
	assert_int_equal(doc_dotenv_read(buf_span(&out), &again, &err), 0);
	(void)tree_text(&doc, &text);
	(void)tree_text(&again, &again_text);
	assert_true(span_eq(buf_span(&text), buf_span(&again_text)));
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN("# c\n\nA=1\\n2\nB='x'\r\nB=\n\xef\xbb\xbf=\xff\nsops_mac=ENC[AES256_GCM]"),
		   round_trip, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_prints_as_sops_does),
		cmocka_unit_test(names_the_line_and_not_its_content),
		cmocka_unit_test(counts_lines),
		cmocka_unit_test(prints_scalars_of_other_formats),
		cmocka_unit_test(prints_the_first_branch_only),
		cmocka_unit_test(refuses_a_stream_without_documents),
		cmocka_unit_test(refuses_lists_and_maps),
		cmocka_unit_test(differs_flat_refuses_a_dump),
		cmocka_unit_test(refuses_keys_that_are_no_strings),
		cmocka_unit_test(stops_at_the_limit_of_the_output),
		cmocka_unit_test(stops_at_the_limit_of_the_tree),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests_name("doc_dotenv", tests, NULL, NULL);
}
