/* SPDX-License-Identifier: Apache-2.0
 *
 * INI as sops reads and prints it. What the table expects was printed by the store of sops 3.13.3 (tests/interop/golines);
 * tests/interop/lines.py compares at random.
 */
#include "doc/doc_ini.h"

#include "mangle.h"
#include "tree_text.h"

#include <stdio.h>

enum { OUT_MAX = 1 << 20 };

#define BYTES(literal)                                             \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

static const struct {
	const char *name;
	struct span in;
	const char *tree; /* NULL: refused */
	const char *out;
} table[] = {
	{"empty", BYTES(""), "[DEFAULT]\n", ""},
	{"keys without a section", BYTES("a=1\n"), "[DEFAULT]\na=<1>\n", "a = 1\n"},
	{"DEFAULT written out is a second one", BYTES("[DEFAULT]\na=1\n[s]\nb=2\n"),
	 "[DEFAULT]\n[DEFAULT]\na=<1>\n[s]\nb=<2>\n", "[DEFAULT]\na = 1\n\n[s]\nb = 2\n"},
	{"keys before and in DEFAULT", BYTES("a=1\n[DEFAULT]\nb=2\n"),
	 "[DEFAULT]\na=<1>\n[DEFAULT]\nb=<2>\n", "a = 1\n\n[DEFAULT]\nb = 2\n"},
	{"one pair of quotes goes",
	 BYTES("[s]\na = \"x\"\nb = 'y'\nc = \"x\" y\nd = \" sp \"\ne='a'b'\nf=''\ng='\nh=\"x'\n"),
	 "[DEFAULT]\n[s]\na=<x>\nb=<y>\nc=<\"x\" y>\nd=< sp >\ne=<'a'b'>\nf=<>\ng=<'>\nh=<\"x'>\n",
	 "[s]\na = x\nb = y\nc = \"x\" y\nd = \" sp \"\ne = 'a'b'\nf = \ng = '\nh = \"x'\n"},
	{"inline comments", BYTES("[s]\na = x # c\nb = x#c\nc = x;c\nd=#c\ne= x ; c # d\n"),
	 "[DEFAULT]\n[s]\na=<x>\n#<c>\nb=<x>\n#<c>\nc=<x>\n#<c>\nd=<>\n#<c>\ne=<x>\n#<c # d>\n",
	 "[s]\n; c\na = x\n; c\nb = x\n; c\nc = x\n; c\nd = \n; c # d\ne = x\n"},
	{"comment in quotes", BYTES("[s]\na = \"x#y\"\n"), "[DEFAULT]\n[s]\na=<\"x>\n#<y\">\n",
	 "[s]\n; y\"\na = \"x\n"},
	{"comments", BYTES("; top\n[s]\n; c1\na=1\n# c2\nb=2\n; trailing\n"),
	 "[DEFAULT]\n[s]\n#<top>\na=<1>\n#<c1>\nb=<2>\n#<c2>\n",
	 "; top\n[s]\n; c1\na = 1\n; c2\nb = 2\n"},
	{"comments of several lines", BYTES("; c1\n; c2\n[s]\n; k1\n# k2\na=1\n"),
	 "[DEFAULT]\n[s]\n#<c1\n; c2>\na=<1>\n#<k1\n# k2>\n",
	 "; c1\n; c2\n[s]\n; k1\n# k2\na = 1\n"},
	{"only the first mark goes", BYTES("#;# a\n;; ;b\n[s]\n;;# a\n  #  b \na=1\n"),
	 "[DEFAULT]\n[s]\n#<;# a\n;; ;b>\na=<1>\n#<# a\n#  b>\n",
	 "; # a\n; ; ;b\n[s]\n# a\n# b\na = 1\n"},
	{"comment and inline comment meet", BYTES("[s]\n; a\nb=1 ; c\n#d\n\n\n e=2\n"),
	 "[DEFAULT]\n[s]\nb=<1>\n#<a\n; c>\ne=<2>\n#<d>\n", "[s]\n; a\n; c\nb = 1\n; d\ne = 2\n"},
	{"an empty comment", BYTES("[s]\n;\na=1\n# ;\nb=2\n"),
	 "[DEFAULT]\n[s]\na=<1>\n#<>\nb=<2>\n#<;>\n", "[s]\na = 1\n; \nb = 2\n"},
	{"raw values",
	 BYTES("[s]\na = `x#y`\nb = \"\"\"m\nl\"\"\"\nc = `a``b` lost # lost\nd=``\ne=\"\"\"\"\"\"\nf = \"\"\"\"x\"\"\"\"\n"),
	 "[DEFAULT]\n[s]\na=<x#y>\nb=<m\nl>\nc=<a``b>\nd=<>\ne=<>\nf=<\"x\">\n",
	 "[s]\na = `x#y`\nb = \"\"\"m\nl\"\"\"\nc = \"\"\"a``b\"\"\"\nd = \ne = \nf = \"x\"\n"},
	{"raw lines with CR", BYTES("[s]\r\na = \"\"\"m\r\nl\"\"\" # c \r\nb=1\r\n"),
	 "[DEFAULT]\n[s]\na=<m\r\nl>\n#<c>\nb=<1>\n", "[s]\n; c\na = \"\"\"m\r\nl\"\"\"\nb = 1\n"},
	{"raw lines go on behind a backslash", BYTES("[s]\na = `x\ny` \\\nz` # c\nb=1\n"),
	 "[DEFAULT]\n[s]\na=<x\ny` \\\nz>\n#<c>\nb=<1>\n",
	 "[s]\n; c\na = \"\"\"x\ny` \\\nz\"\"\"\nb = 1\n"},
	{"three quotes at the end are text", BYTES("a=\"\"\""), "[DEFAULT]\na=<\"\"\">\n",
	 "a = \"\"\"\n"},
	{"three quotes at a line's end open", BYTES("a=\"\"\"\n"), NULL, NULL},
	{"open backquote", BYTES("a=`x\ny\n"), NULL, NULL},
	{"open backquote at the end", BYTES("a=`"), NULL, NULL},
	{"backslash joins", BYTES("[s]\na = x \\\n  y\nb=2\n"), "[DEFAULT]\n[s]\na=<x y>\nb=<2>\n",
	 "[s]\na = x y\nb = 2\n"},
	{"backslash joins on and on", BYTES("[s]\na=x\\\n y \\ \n\tz # c\n"),
	 "[DEFAULT]\n[s]\na=<xy z # c>\n", "[s]\na = `xy z # c`\n"},
	{"an empty line ends joining", BYTES("[s]\na=x\\\n\nb=2\n"),
	 "[DEFAULT]\n[s]\na=<x>\nb=<2>\n", "[s]\na = x\nb = 2\n"},
	{"joining at the end", BYTES("a=x\\"), "[DEFAULT]\na=<x>\n", "a = x\n"},
	{"joined text keeps its quotes", BYTES("a=\\\n\"x\"\n"), "[DEFAULT]\na=<\"x\">\n",
	 "a = \"x\"\n"},
	{"a backslash alone", BYTES("a=\\\n"), "[DEFAULT]\na=<>\n", "a = \n"},
	{"sections may come twice", BYTES("[s]\na=1\n[s]\nb=2\n[t]\n[s]\n"),
	 "[DEFAULT]\n[s]\na=<1>\n[s]\nb=<2>\n[t]\n[s]\n",
	 "[s]\na = 1\n\n[s]\nb = 2\n\n[t]\n\n[s]\n"},
	{"a later key replaces", BYTES("[s]\n;x\na=1\nb=2\n;y\na=3\n"),
	 "[DEFAULT]\n[s]\na=<3>\n#<y>\nb=<2>\n", "[s]\n; y\na = 3\nb = 2\n"},
	{"a later key takes the comment away", BYTES("[s]\n;x\na=1\nb=2\na=3\nb=4 ; c\na=5\n"),
	 "[DEFAULT]\n[s]\na=<5>\nb=<4>\n#<c>\n", "[s]\na = 5\n; c\nb = 4\n"},
	{"no delimiter", BYTES("[s]\na\n"), NULL, NULL},
	{"no delimiter behind a quoted key", BYTES("`a=b`\n"), NULL, NULL},
	{"empty key", BYTES("[s]\n=1\n"), NULL, NULL},
	{"empty quoted key", BYTES("\" \"=1\n"), NULL, NULL},
	{"blank before the delimiter", BYTES("  = 1\n"), NULL, NULL},
	{"empty section name", BYTES("[]\na=1\n"), NULL, NULL},
	{"section not closed", BYTES("[s\na=1\n"), NULL, NULL},
	{"a section's name is verbatim, to the last ]",
	 BYTES("[ s ]\na=1\n[a]b]\n[c] ; x]y\n[d] z # w\n"),
	 "[DEFAULT]\n[ s ]\na=<1>\n[a]b]\n[c] ; x]\n[d]\n#<w>\n",
	 "[ s ]\na = 1\n\n[a]b]\n\n[c] ; x]\n\n; w\n[d]\n"},
	{"delimiters and quoted keys",
	 BYTES("[s]\na: 1\n\"b c\" = 2\n`d` = 3\n`e=f` = 4\n\"\"\"g\"h\"\"\" = 5\n\"i\" lost : 6\nj:k=7\n"),
	 "[DEFAULT]\n[s]\na=<1>\nb c=<2>\nd=<3>\ne=f=<4>\ng\"h=<5>\ni=<6>\nj=<k=7>\n",
	 "[s]\na     = 1\nb c   = 2\nd     = 3\n`e=f` = 4\n`g\"h` = 5\ni     = 6\nj     = k=7\n"},
	{"short triple quote at a key", BYTES("\"\"\"=1"), NULL, NULL},
	{"open key quote", BYTES("`a=1\n"), NULL, NULL},
	{"padding", BYTES("[s]\nlongkey=1\na=\n`x:`=2\n\xc3\xa4=3\n"),
	 "[DEFAULT]\n[s]\nlongkey=<1>\na=<>\nx:=<2>\n\xc3\xa4=<3>\n",
	 "[s]\nlongkey = 1\na       = \n`x:`    = 2\n\xc3\xa4      = 3\n"},
	{"key with a backquote", BYTES("[s]\n\"a`b\"=1\nc=2\n"), "[DEFAULT]\n[s]\na`b=<1>\nc=<2>\n",
	 "[s]\n\"\"\"a`b\"\"\" = 1\nc         = 2\n"},
	{"numbered keys", BYTES("- = x\n-=y\n[s]\n\"-\" = z\n"),
	 "[DEFAULT]\n#1=<x>\n#2=<y>\n[s]\n#1=<z>\n", "#1 = x\n#2 = y\n\n[s]\n#1 = z\n"},
	{"numbered and named", BYTES("[s]\n-=1\n`#1`=2\n"), "[DEFAULT]\n[s]\n#1=<2>\n",
	 "[s]\n#1 = 2\n"},
	{"CRLF", BYTES("[s]\r\na=1\r\n;c\r\nb=2\r\n"), "[DEFAULT]\n[s]\na=<1>\nb=<2>\n#<c>\n",
	 "[s]\na = 1\n; c\nb = 2\n"},
	{"what values are printed in",
	 BYTES("[s]\na = x`y\nb = x\"y\nc=\" x\"\nd=`;`\ne=`\xc2\xa0x`\nf='x`y#'\n"),
	 "[DEFAULT]\n[s]\na=<x`y>\nb=<x\"y>\nc=< x>\nd=<;>\ne=<\xc2\xa0x>\nf=<'x`y>\n#<'>\n",
	 "[s]\na = \"\"\"x`y\"\"\"\nb = x\"y\nc = \" x\"\nd = `;`\ne = \"\xc2\xa0x\"\n; '\nf = \"\"\"'x`y\"\"\"\n"},
	{"Unicode blanks are trimmed",
	 BYTES("\xe2\x80\x83"
	       "a\xc2\xa0=\xe3\x80\x80"
	       "b\xc2\x85\n\xe2\x80\x8b"
	       "c=\xef\xbb\xbf"
	       "d\n"),
	 "[DEFAULT]\na=<b>\n\xe2\x80\x8b"
	 "c=<\xef\xbb\xbf"
	 "d>\n",
	 "a    = b\n\xe2\x80\x8b"
	 "c = \xef\xbb\xbf"
	 "d\n"},
	{"not UTF-8 is not trimmed",
	 BYTES("\xc2=\xa0\n\xff"
	       "a\x85=\xe2\x80\n"),
	 "[DEFAULT]\n\xc2=<\xa0>\n\xff"
	 "a\x85=<\xe2\x80>\n",
	 "\xc2   = \xa0\n\xff"
	 "a\x85 = \xe2\x80\n"},
	{"byte order mark", BYTES("\xef\xbb\xbf[s]\na=1\n"), "[DEFAULT]\n[s]\na=<1>\n",
	 "[s]\na = 1\n"},
	{"byte order mark of UTF-16",
	 BYTES("\xff\xfe"
	       "a=1\n"),
	 "[DEFAULT]\na=<1>\n", "a = 1\n"},
	{"half a byte order mark",
	 BYTES("\xef\xbb"
	       "a=1\n"),
	 "[DEFAULT]\n\xef\xbb"
	 "a=<1>\n",
	 "\xef\xbb"
	 "a = 1\n"},
	{"a byte order mark alone", BYTES("\xef\xbb\xbf"), "[DEFAULT]\n", ""},
	{"comments without a key", BYTES("; a\n"), "[DEFAULT]\n", ""},
	{"DEFAULT with a comment only", BYTES("; a\n[DEFAULT]\n[s]\n"),
	 "[DEFAULT]\n[DEFAULT]\n#<a>\n[s]\n", "; a\n[DEFAULT]\n\n[s]\n"},
	{"lower-case default is a section of its own", BYTES("[default]\na=1\n"),
	 "[DEFAULT]\n[default]\na=<1>\n", "[default]\na = 1\n"},
	{"metadata is left in",
	 BYTES("[sops]\nmac = ENC[AES256_GCM,data:a==,iv:b=,tag:c,type:str]\nage__list_0__map_enc = `-----\\n\\n`\n"),
	 "[DEFAULT]\n[sops]\nmac=<ENC[AES256_GCM,data:a==,iv:b=,tag:c,type:str]>\nage__list_0__map_enc=<-----\\n\\n>\n",
	 "[sops]\nmac                  = ENC[AES256_GCM,data:a==,iv:b=,tag:c,type:str]\nage__list_0__map_enc = -----\\n\\n\n"},
};

static void reads_and_prints_as_sops_does(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX), text = BUF_INIT(OUT_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		int r = doc_ini_read(table[i].in, &doc, &err);

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
		assert_int_equal(doc_ini_write(&doc, &out, &err), 0);
		if (!span_eq(buf_span(&out), span_str(table[i].out)))
			fail_msg("%s: printed '%.*s'", table[i].name, (int)out.len,
				 (char *)out.data);
	}
}

static const struct {
	const char *in, *message;
} refusals[] = {
	{"[s]\n\n#\nhunter2\n", "line 4: no '=' or ':' in it"},
	{"\n=hunter2\n", "line 2: an empty key"},
	{"`hunter2\n", "line 1: the quote around a key is not closed"},
	{"a=1\nb=`hunter2\nhunter3\n", "line 2: the quote around a value is not closed"},
	{"[hunter2\n", "line 1: a section header is not closed"},
	{"a=`x\ny`\n[]\n", "line 3: a section without a name"},
};

static void names_the_line_and_not_its_content(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(doc_ini_read(span_str(refusals[i].in), &doc, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_string_equal(err.msg, refusals[i].message);
	}
}

static void counts_lines(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *section;
	struct err err = ERR_INIT;

	assert_int_equal(doc_ini_read(SPAN("\n;c\na=`x\n\n`\n[s]\nb=x\\\ny\nc=1\n"), &doc, &err),
			 0);
	section = doc.first->kids.first;
	assert_int_equal(section->kids.first->line, 3);
	section = section->next;
	assert_int_equal(section->line, 6);
	assert_int_equal(section->kids.first->line, 7);
	assert_int_equal(section->kids.last->line, 9);
}

/* Prints doc; the text is good till out's next use. */
static const char *printed(const struct doc *doc, struct buf *out)
{
	struct err err = ERR_INIT;

	buf_reset(out);
	if (doc_ini_write(doc, out, &err) < 0)
		fail_msg("%s", err.msg);
	buf_add_char(out, '\0');
	return (const char *)out->data;
}

static void prints_scalars_of_other_formats(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *section =
		tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "s", DOC_MAP);

	tree_add_scalars(&doc, section);
	assert_string_equal(printed(&doc, &out), "[s]\n"
						 "null    = <nil>\n"
						 "int     = -9223372036854775808\n"
						 "uint    = 18446744073709551615\n"
						 "whole   = 100000.0\n"
						 "million = 1E+06\n"
						 "small   = 1E-05\n"
						 "tenth   = 0.1\n"
						 "zero    = -0.0\n"
						 "inf     = -Inf\n"
						 "nan     = NaN\n"
						 "yes     = true\n"
						 "no      = false\n"
						 "time    = 2020-01-01T21:34:05-05:30\n");
}

static void leaves_the_header_of_a_first_default_out(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *branch = tree_add(&doc, NULL, NULL, DOC_MAP);

	tree_add_str(&doc, tree_add(&doc, branch, "DefaulT", DOC_MAP), "a", "1");
	tree_add_str(&doc, tree_add(&doc, branch, "DefaulT", DOC_MAP), "a", "2");
	assert_string_equal(printed(&doc, &out), "a = 1\n\n[DefaulT]\na = 2\n");
}

static void prints_every_branch(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *branch = tree_add(&doc, NULL, NULL, DOC_MAP);

	tree_add_comment(&doc, branch, "has no place");
	tree_add(&doc, branch, "DEFAULT", DOC_MAP);
	branch = tree_add(&doc, NULL, NULL, DOC_MAP);
	tree_add(&doc, branch, "DEFAULT", DOC_MAP);
	tree_add_str(&doc, tree_add(&doc, branch, "s", DOC_MAP), "a", "1");
	assert_string_equal(printed(&doc, &out), "[DEFAULT]\n\n[s]\na = 1\n");
}

static void puts_comments_where_sops_does(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *section =
		tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "s", DOC_MAP);

	tree_add_comment(&doc, section, "of the section\n  not trimmed \n#  trimmed ");
	tree_add_comment(&doc, section, "lost");
	tree_add_str(&doc, section, "a", "1");
	tree_add_comment(&doc, section, "replaced");
	tree_add_comment(&doc, section, "of a\n  trimmed \n;  trimmed ");
	tree_add_str(&doc, section, "b", "2");
	tree_add_comment(&doc, section, "taken away");
	tree_add_comment(&doc, section, "");
	assert_string_equal(printed(&doc, &out),
			    "; of the section\n;   not trimmed \n# trimmed\n[s]\n"
			    "; of a\n; trimmed\n; trimmed\na = 1\nb = 2\n");
}

static void prints_a_name_once(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *section =
		tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "s", DOC_MAP);

	tree_add_str(&doc, section, "b", "1");
	tree_add_comment(&doc, section, "stays");
	tree_add_str(&doc, section, "a", "2");
	tree_add_comment(&doc, section, "goes");
	tree_add_str(&doc, section, "b", "3");
	tree_add_str(&doc, section, "a", "4");
	tree_add_comment(&doc, section, "comes");
	assert_string_equal(printed(&doc, &out), "[s]\n; stays\nb = 3\n; comes\na = 4\n");
}

/* sops crashes. */
static void differs_ini_empty_comment_line(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX), text = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT, again = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_ini_read(SPAN(";\n; b\n[s]\n;\n;\n# c\na=1\n"), &doc, &err), 0);
	assert_string_equal(tree_text(&doc, &text),
			    "[DEFAULT]\n[s]\n#<\n; b>\na=<1>\n#<\n;\n# c>\n");
	assert_string_equal(printed(&doc, &out), "; \n; b\n[s]\n; \n; \n# c\na = 1\n");
	assert_int_equal(doc_ini_read(span_of(out.data, out.len - 1), &again, &err), 0);
	assert_string_equal(tree_text(&again, &text),
			    "[DEFAULT]\n[s]\n#<\n; b>\na=<1>\n#<\n; \n# c>\n");
}

static void refuse(struct doc *doc, const char *message)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(doc_ini_write(doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, message);
	doc_release(doc);
}

/* sops prints `[]`, `[]` and `{text false}`. */
static void differs_flat_refuses_a_dump(void **state)
{
	static const enum doc_kind kinds[] = {DOC_LIST, DOC_MAP, DOC_COMMENT};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct doc_node *branch = tree_add(&doc, NULL, NULL, DOC_MAP);

		tree_add(&doc, tree_add(&doc, branch, "s", DOC_MAP), "deep", kinds[i]);
		refuse(&doc, "section 's': the value under 'deep' is not a simple one");
	}
}

static void refuses_what_is_not_two_levels_deep(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;

	tree_add_str(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "flat", "hunter2");
	refuse(&doc, "'flat' is not a map: INI output takes sections of keys");
	tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "null", DOC_NULL);
	refuse(&doc, "'null' is not a map: INI output takes sections of keys");
}

static void refuses_empty_names(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;

	tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "", DOC_MAP);
	refuse(&doc, "a section without a name");
	tree_add_str(&doc, tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "s", DOC_MAP), "",
		     "x");
	refuse(&doc, "the section 's' has an empty key");
}

static void refuses_keys_that_are_no_strings(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *section =
		tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "s", DOC_MAP);

	tree_add(&doc, section, "1", DOC_NULL)->flags = DOC_KEY_BAD;
	refuse(&doc, "the key '1' is not a string");
	tree_add(&doc, tree_add(&doc, NULL, NULL, DOC_MAP), "2", DOC_MAP)->flags = DOC_KEY_BAD;
	refuse(&doc, "the key '2' is not a string");
}

static void stops_at_the_limit_of_the_output(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(4);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_ini_read(SPAN("a=1\n"), &doc, &err), 0);
	assert_int_equal(doc_ini_write(&doc, &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* Wherever the memory for the tree ends, reading ends in ERR_LIMIT. */
static void stops_at_the_limit_of_the_tree(void **state)
{
	static const char text[] = "; c\na=x\\\ny\n-=`z`\na=2 ; d\n[s]\n; e\nb=1\n";
	size_t limit;

	for (limit = 0;; limit += 16) {
		CLEAN_DOC struct doc doc = {.arena = ARENA_INIT(limit)};
		struct err err = ERR_INIT;

		if (doc_ini_read(span_str(text), &doc, &err) == 0)
			break;
		assert_int_equal(err.code, ERR_LIMIT);
	}
	assert_true(limit > 10 * sizeof(struct doc_node));
}

/* 100,000 keys, each twice, in an order that is the worst for a search from the front. */
static void merges_many_keys_in_little_time(void **state)
{
	enum { KEYS = 100000 };
	CLEAN_BUF struct buf in = BUF_INIT(16 << 20);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *node;
	struct err err = ERR_INIT;
	size_t i, n = 0;

	for (i = 0; i < 2 * KEYS; i++)
		buf_printf(&in, "k%zu=%zu\n", i % KEYS, i);
	assert_int_equal(doc_ini_read(buf_span(&in), &doc, &err), 0);
	doc_each (node, doc.first->kids.first) {
		char key[16], value[16];

		(void)snprintf(key, sizeof(key), "k%zu", n);
		(void)snprintf(value, sizeof(value), "%zu", n + KEYS);
		assert_true(span_is(node->key, key) && span_is(node->str, value));
		n++;
	}
	assert_int_equal(n, KEYS);
}

/* What was accepted prints, and has each key once in a section. That it reads back equal can not be asked: the printer does not undo all
 * that the reader takes away, and must not (sops does not). */
static int prints_what_it_reads(struct span input, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *section, *entry, *other;
	struct err err = ERR_INIT;

	if (doc_ini_read(input, &doc, &err) < 0) {
		assert_int_equal(err.code, ERR_FORMAT);
		return -1;
	}
	assert_int_equal(doc_ini_write(&doc, &out, &err), 0);
	doc_each (section, doc.first) {
		assert_true(section->kind == DOC_MAP && section->key.len);
		doc_each (entry, section) {
			assert_true(entry->key.len ? entry->kind == DOC_STRING
						   : entry->kind == DOC_COMMENT);
			for (other = entry->next; other && entry->key.len; other = other->next)
				assert_false(span_eq(entry->key, other->key));
		}
	}
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(
		SPAN("\xef\xbb\xbf; c\na = \"x\" # d\n\n[s] ; e\n- : `y\nz` ; f\n\"k\"= v\\\r\n w\nk=\"\"\"q"
		     "\"\"\"\n\xc2\xa0[sops]\nmac=ENC[A]"),
		prints_what_it_reads, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_prints_as_sops_does),
		cmocka_unit_test(names_the_line_and_not_its_content),
		cmocka_unit_test(counts_lines),
		cmocka_unit_test(prints_scalars_of_other_formats),
		cmocka_unit_test(leaves_the_header_of_a_first_default_out),
		cmocka_unit_test(prints_every_branch),
		cmocka_unit_test(puts_comments_where_sops_does),
		cmocka_unit_test(prints_a_name_once),
		cmocka_unit_test(differs_ini_empty_comment_line),
		cmocka_unit_test(differs_flat_refuses_a_dump),
		cmocka_unit_test(refuses_what_is_not_two_levels_deep),
		cmocka_unit_test(refuses_empty_names),
		cmocka_unit_test(refuses_keys_that_are_no_strings),
		cmocka_unit_test(stops_at_the_limit_of_the_output),
		cmocka_unit_test(stops_at_the_limit_of_the_tree),
		cmocka_unit_test(merges_many_keys_in_little_time),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests_name("doc_ini", tests, NULL, NULL);
}
