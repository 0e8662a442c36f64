/* SPDX-License-Identifier: Apache-2.0
 *
 * The YAML writer against what sops's store prints, and the splicer's scalars against the reader. tests/interop/yaml_writer.py compares both
 * programs on random trees; here are the rules one by one.
 */
#include "mangle.h"

#include "../tools/tree_line.h"
#include "base/text.h"
#include "doc/doc_yaml.h"
#include "doc/yaml_style.h"
#include "yaml_vectors.h"

enum { TEXT_MAX = 1024 * 1024 };

/* Prints the tree of that line (tree_line.h); NULL where that fails. Freed by the caller. */
static char *print_line(const char *line, const struct doc_style *style, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	char *copy = strdup(line), *rest = copy;

	assert_non_null(copy);
	tree_line_build(&doc, &rest, err);
	int r = doc_yaml_write(&doc, style, &out, err);
	free(copy);
	buf_add_char(&out, 0);
	return r < 0 ? NULL : strdup((const char *)out.data);
}

static void prints(const char *line, const char *want, const struct doc_style *style)
{
	struct err err = ERR_INIT;
	char *got = print_line(line, style, &err);

	if (!got)
		fail_msg("%s: %s", line, err.msg);
	if (strcmp(got, want) != 0)
		fail_msg("%s\nwant:\n%s\ngot:\n%s", line, want, got);
	free(got);
}

static void refuses(const char *line, const char *message, const struct doc_style *style)
{
	struct err err = ERR_INIT;

	assert_null(print_line(line, style, &err));
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, message);
}

/* The vector as the store got it: value and element, or key. */
static int print_vector(struct span text, bool as_key, bool compat, struct buf *out,
			struct err *err)
{
	struct doc_node root = {.kind = DOC_MAP}, value = {.kind = DOC_STRING, .str = text},
			list = {.kind = DOC_LIST}, element = value;
	struct doc doc = {.first = &root};
	const struct doc_style style = {.compat = compat};

	if (as_key) {
		value = (struct doc_node){.kind = DOC_NULL, .key = text};
		doc_append(&root, &value);
		return doc_yaml_write(&doc, &style, out, err);
	}
	value.key = SPAN("v");
	list.key = SPAN("l");
	doc_append(&root, &value);
	doc_append(&list, &element);
	doc_append(&root, &list);
	return doc_yaml_write(&doc, &style, out, err);
}

/* Begins with a TAB and has line breaks: lost unless something in it forbids a literal block. */
static bool is_lost(struct span text)
{
	return text.len && text.data[0] == '\t' && span_find(text, 0, '\n') < text.len &&
	       utf8_valid(text);
}

static void prints_strings_as_sops(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(yaml_vectors) * 2; i++) {
		const char *want = i % 2 ? yaml_vectors[i / 2].key : yaml_vectors[i / 2].value;
		struct span text = span_of(yaml_vectors[i / 2].text, yaml_vectors[i / 2].len);
		CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		assert_int_equal(print_vector(text, i % 2, true, &out, &err), 0);
		buf_add_char(&out, 0);
		assert_string_equal(out.data, want);
		if (is_lost(text))
			continue;
		buf_reset(&out);
		assert_int_equal(print_vector(text, i % 2, false, &out, &err), 0);
		buf_add_char(&out, 0);
		assert_string_equal(out.data, want);
	}
}

static void differs_refuses_lost_text(void **state)
{
	const struct doc_style careful = {0}, compat = {.compat = true};
	struct err err = ERR_INIT;
	static const char lost[] =
		"a text with line breaks that begins with a TAB, which sops prints as null";
	char message[200];

	/* 0961 0a 62: TAB a LF b */
	snprintf(message, sizeof(message), "a.b[1]: %s", lost);
	refuses("{ k=a { k=b [ c=c s09610a62 ] } }", message, &careful);
	assert_null(print_line("{ k=a s09610a62 }", &careful, &err));
	assert_string_equal(err.hint, "--compat=sops prints what sops prints");
	snprintf(message, sizeof(message), "\\x09a\\x0ab: %s", lost);
	refuses("{ k09610a62 n }", message, &careful);
	prints("{ k=a { k=b [ c=c s09610a62 ] } }", "a:\n    b:\n        #c\n        - null\n",
	       &compat);
	prints("{ k=x n k09610a62 n c=foot }", "x: null\nnull: null\n#foot\n", &compat);
	/* where a comment hangs on it sops fails too */
	snprintf(message, sizeof(message), "a: %s", lost);
	refuses("{ i=in k=a s09610a62 }", message, &compat);
	snprintf(message, sizeof(message), "a[2]: %s", lost);
	refuses("{ k=a [ n c=c s09610a62 ] }", message, &compat);
	snprintf(message, sizeof(message), "a[1]: %s", lost);
	refuses("{ k=a [ i=c s09610a62 ] }", message, &compat);
	snprintf(message, sizeof(message), "a[0]: %s", lost);
	refuses("{ k=a [ s09610a62 c=c ] }", message, &compat);
	refuses("{ k=x n c=c k09610a62 n }",
		"\\x09a\\x0ab: a text with line breaks that begins with a TAB, which sops prints as null",
		&compat);
	refuses("{ k=x n c= k09610a62 n }",
		"\\x09a\\x0ab: a text with line breaks that begins with a TAB, which sops prints as null",
		&compat);
	/* no literal, not lost */
	prints("{ k=a s096120 k=b s0961200a62 }", "a: \"\\ta \"\nb: \"\\ta \\nb\"\n", &careful);
}

static void prints_other_scalars(void **state)
{
	const struct doc_style style = {0};

	prints("{ k=a n k=b t k=c f k=d d-9223372036854775808 k=e g412e848000000000 k=f "
	       "g7ff0000000000000 k=g T-1,500000000,-5400 k=h T0,0,86400 }",
	       "a: null\nb: true\nc: false\nd: -9223372036854775808\ne: 1e+06\nf: .inf\n"
	       "g: 1969-12-31T22:29:59.5-01:30\nh: 1970-01-02T00:00:00+24:00\n",
	       &style);
}

static void lays_out_maps_and_lists(void **state)
{
	const struct doc_style style = {0};

	prints("{ }", "{}\n", &style);
	prints("", "", &style);
	prints("{ k=a { } k=b [ ] k=c [ { } [ ] n s ] }",
	       "a: {}\nb: []\nc:\n    - {}\n    - []\n    - null\n    - \"\"\n", &style);
	prints("{ k=a [ s=b { k=c { k=d d1 } k=e d2 } [ s=f ] ] }",
	       "a:\n    - b\n    - c:\n        d: 1\n      e: 2\n    - - f\n", &style);
	prints("{ k=a [ [ [ s=b s=c ] { k=d [ s=e ] } ] ] }",
	       "a:\n    - - - b\n        - c\n      - d:\n            - e\n", &style);
	prints("{ k=a d1 } { } { k=b d2 }", "a: 1\n---\n{}\n---\nb: 2\n", &style);
	/* complex keys: line breaks, more than 128 bytes */
	prints("{ k6b0a6c { k=a d1 } k61e280a862 [ s=x ] }",
	       "? |-\n    k\n    l\n:   a: 1\n? 'a\342\200\250    b'\n:   - x\n", &style);
}

static void indents_as_asked(void **state)
{
	static const struct {
		int indent;
		const char *want;
	} rows[] = {
		{0,
		 "a:\n    b:\n        - c: |4\n\n            x\n          d:\n            e: 1\n"},
		{2, "a:\n  b:\n    - c: |2\n\n        x\n      d:\n        e: 1\n"},
		{3, "a:\n   b:\n      - c: |3\n\n         x\n        d:\n         e: 1\n"},
		{9, "a:\n         b:\n                  - c: |9\n\n                           x\n"
		    "                    d:\n                           e: 1\n"},
		{1, "a:\n  b:\n    - c: |2\n\n        x\n      d:\n        e: 1\n"},
		{10, "a:\n  b:\n    - c: |2\n\n        x\n      d:\n        e: 1\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct doc_style style = {.yaml_indent = rows[i].indent};

		prints("{ k=a { k=b [ { k=c s0a780a k=d { k=e d1 } } ] } }", rows[i].want, &style);
	}
}

static void places_comments_as_sops(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{"{ c=_head c=_h2 i=_line k=a d1 c=_foot k=b { c=_in k=c d2 } c=_end }",
		 "# head\n# h2\na: 1 # line\n# foot\nb:\n    # in\n    c: 2\n# end\n"},
		{"{ k=a [ s=x c=_fx c=_hy i=_ly s=z c=_t ] c=_fa k=b d1 }",
		 "a:\n    - x\n    # fx\n    # hy\n    - z # ly\n    # t\n# fa\nb: 1\n"},
		/* one without text, one with '#', several inline ones */
		{"{ c= c=#x i=a i=b k=a d1 }", "#\n##x\na: 1 #a\n\n#b\n"},
		/* on literals the line comment stands in the header */
		{"{ i=_c k=a s780a790a k=b d1 }", "a: | # c\n    x\n    y\nb: 1\n"},
		/* empty maps have comments inside, at their end in column 0; empty lists leave them to what follows */
		{"{ k=a { k=b { c=_in i=_also } } }",
		 "a:\n    b: {\n        # in\n        # also\n}\n"},
		{"{ k=a [ c=_x ] k=b d1 }", "a: []\n# x\nb: 1\n"},
		{"{ k=a [ c=_x ] }", "a: []\n# x\n"},
		{"{ k=a [ [ c=_x ] ] }", "a:\n    # x\n    - []\n"},
		{"{ c=_x i=_y }", "# x\n# y\n{}\n"},
		/* the head of a list gives way to that of its first element */
		{"{ k=l [ c=_c1 [ c=_c2 s=x ] ] }", "l:\n    # c2\n    - - x\n"},
		/* an inline comment of a nested block lands on the next scalar */
		{"{ k=l [ i=_c [ d1 d2 ] d3 ] }", "l:\n    - - 1\n      - 2\n    - 3 # c\n"},
		{"{ i=_c k=a { k=b d1 } k=c d2 }", "a:\n    b: 1\nc: 2 # c\n"},
		{"{ i=_c k=a { k=b d1 } k=c { k=d d2 } }", "a:\n    b: 1\nc: # c\n    d: 2\n"},
		{"{ i=_c k=a { } k=b [ ] }", "a: {} # c\nb: []\n"},
		/* the foot of a nested block comes after the next scalar, a blank line keeps it apart */
		{"{ k=l [ { k=a d1 } c=_f ] k=b d2 k=c d3 }",
		 "l:\n    - a: 1\nb: 2\n# f\n\nc: 3\n"},
		{"{ k=l [ { k=a d1 } c=_f ] }", "l:\n    - a: 1\n\n# f\n"},
		/* in a document of its own each */
		{"{ k=a d1 c=_f } { c=_h k=b d2 }", "a: 1\n# f\n---\n# h\nb: 2\n"},
		{"{ k=a [ [ ] [ c=_x ] ] } { k=b d2 }",
		 "a:\n    - []\n    # x\n    - []\n---\nb: 2\n"},
		/* further lines of a comment get their own mark */
		{"{ c610a62 c610d62 c61e280a862 k=a d1 }",
		 "#a\n# b\n#a\r# b\n#a\342\200\250# b\na: 1\n"},
		{"{ k=a { c610a0a23620a k=b d1 } }", "a:\n    #a\n\n    #b\n    b: 1\n"},
	};
	const struct doc_style style = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		prints(rows[i].line, rows[i].want, &style);
}

static void differs_refuses_comment_bytes(void **state)
{
	static const struct doc_style styles[] = {{0}, {.compat = true}};

	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		refuses("{ cff k=a d1 }", "(top): a comment is not UTF-8", &styles[i]);
		refuses("{ k=a { k=b d1 ic30a62 } }", "a: a comment is not UTF-8", &styles[i]);
		refuses("{ k=a [ ceda080 ] }", "a: a comment is not UTF-8", &styles[i]);
		refuses("{ k=a [ cff n ] }", "a: a comment is not UTF-8", &styles[i]);
		refuses("{ k=a [ n cff n ] }", "a[2]: a comment is not UTF-8", &styles[i]);
	}
}

static void differs_refuses_comment_value(void **state)
{
	struct doc_node root = {.kind = DOC_MAP},
			value = {.kind = DOC_COMMENT, .key = SPAN("k"), .str = SPAN("text")};
	struct doc doc = {.first = &root};
	const struct doc_style style = {.compat = true};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	doc_append(&root, &value);
	assert_int_equal(doc_yaml_write(&doc, &style, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, "k: a comment stands where a value belongs");
}

static void refuses_keys_that_are_not_strings(void **state)
{
	struct doc_node root = {.kind = DOC_MAP},
			value = {.kind = DOC_NULL, .key = SPAN("1"), .flags = DOC_KEY_BAD};
	struct doc doc = {.first = &root};
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	doc_append(&root, &value);
	assert_int_equal(doc_yaml_write(&doc, &style, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_string_equal(err.msg, "1: the key is not a string");
}

static void refuses_times_without_text(void **state)
{
	const struct doc_style style = {0};

	refuses("{ k=a T253402300800,0,0 }", "a: a time outside the years 0 to 9999", &style);
}

static void bounds_nesting(void **state)
{
	const struct doc_style style = {.yaml_indent = 2};
	CLEAN_BUF struct buf out = BUF_INIT((size_t)16 * TEXT_MAX);
	struct doc_node *lists = calloc(DOC_DEPTH_MAX + 1, sizeof(*lists));
	struct doc_node root = {.kind = DOC_MAP};
	struct doc doc = {.first = &root};
	struct err err = ERR_INIT;

	assert_non_null(lists);
	for (int i = 0; i <= DOC_DEPTH_MAX; i++) {
		lists[i].kind = DOC_LIST;
		doc_append(i ? &lists[i - 1] : &root, &lists[i]);
	}
	lists[0].key = SPAN("k");
	assert_int_equal(doc_yaml_write(&doc, &style, &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	lists[DOC_DEPTH_MAX - 1].kids.first = NULL;
	buf_reset(&out);
	assert_int_equal(doc_yaml_write(&doc, &style, &out, &err), 0);
	free(lists);
}

static void stops_at_the_buffers_limit(void **state)
{
	struct doc_node root = {.kind = DOC_MAP}, value = {.kind = DOC_STRING, .key = SPAN("k")};
	struct doc doc = {.first = &root};
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(10);
	struct err err = ERR_INIT;

	value.str = SPAN("0123456789");
	doc_append(&root, &value);
	assert_int_equal(doc_yaml_write(&doc, &style, &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void prints_values_for_extract(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{"n", "null\n"},
		{"d5", "5\n"},
		{"g3ff8000000000000", "1.5\n"},
		{"[ ]", "[]\n"},
		{"[ d1 [ s=x ] { k=a { k=b d1 } } ]", "- 1\n- - x\n- a:\n    b: 1\n"},
		{"[ c=_h i=_l s=x c=_f ]", "# h\n- x # l\n# f\n"},
		{"[ c=_h ]", "# h\n[]\n"},
		{"{ k=a d1 }", "a: 1\n"},
		{"s=yes", "\"yes\"\n"},
		{"s0a780a", "|4\n\n    x\n"},
		{"s09610a62", "null\n"},
	};
	const struct doc_style style = {.yaml_indent = 2, .compat = true};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;
		char *copy = strdup(rows[i].line), *rest = copy;

		assert_non_null(copy);
		tree_line_build(&doc, &rest, &err);
		free(copy);
		assert_int_equal(doc_yaml_write_value(doc.first, &style, &out, &err), 0);
		buf_add_char(&out, 0);
		assert_string_equal(out.data, rows[i].want);
	}
}

/* ---- the splicer's scalars ---- */

static void splices_with_right_indentation(void **state)
{
	static const struct {
		const char *text;
		enum yaml_place place;
		int column, step;
		const char *want;
	} rows[] = {
		{"abc", YAML_IN_MAP, 2, 2, "abc"},
		{"a\nb", YAML_IN_MAP, 2, 2, "|-\n    a\n    b"},
		{"a\nb\n", YAML_IN_MAP, 0, 2, "|\n  a\n  b"},
		{"a\n\n", YAML_IN_MAP, 0, 2, "|+\n  a\n"},
		{"a\nb", YAML_IN_LIST, 2, 2, "|-\n    a\n    b"},
		{"a\nb", YAML_IN_LIST, 0, 4, "|-\n  a\n  b"},
		{"a\nb", YAML_IN_MAP, 6, 4, "|-\n        a\n        b"},
		{" a\nb", YAML_IN_MAP, 2, 2, "|2-\n     a\n    b"},
		{" a\nb", YAML_IN_MAP, 6, 4, "|2-\n         a\n        b"},
		{" a\nb", YAML_IN_LIST, 4, 4, "|2-\n       a\n      b"},
		{"\n", YAML_IN_MAP, 0, 2, "|2+\n"},
		{"\ta\nb", YAML_IN_MAP, 0, 2, "\"\\ta\\nb\""},
		{"a \nb", YAML_IN_MAP, 0, 2, "\"a \\nb\""},
		{"a\342\200\250\nb", YAML_IN_MAP, 0, 2, "\"a\\L\\nb\""},
		{"a\342\200\250b", YAML_IN_MAP, 0, 2, "\"a\\Lb\""},
		{"<<", YAML_IN_MAP, 0, 2, "\"<<\""},
		{"=", YAML_IN_MAP, 0, 2, "\"=\""},
		{"a: b", YAML_IN_MAP, 0, 2, "'a: b'"},
		{"a,b", YAML_IN_MAP, 0, 2, "a,b"},
		{"yes", YAML_IN_MAP, 0, 2, "\"yes\""},
		{"", YAML_IN_MAP, 0, 2, "\"\""},
		{"a\nb", YAML_IN_MAP, 0, 20, "|-\n  a\n  b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct doc_node node = {.kind = DOC_STRING, .str = span_str(rows[i].text)};
		CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		assert_int_equal(yaml_scalar_add(&node, rows[i].place, rows[i].column, rows[i].step,
						 &out, &err),
				 0);
		buf_add_char(&out, 0);
		assert_string_equal(out.data, rows[i].want);
	}
}

static void splices_on_one_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"abc", "abc"},        {"a,b", "'a,b'"},
		{"a?b", "'a?b'"},      {"a:b", "'a:b'"},
		{"a]b", "'a]b'"},      {"a{b", "'a{b'"},
		{"a\nb", "\"a\\nb\""}, {"?a", "'?a'"},
		{"it's", "it's"},      {"it's,", "'it''s,'"},
		{"", "\"\""},          {"<<", "\"<<\""},
		{"1.5", "\"1.5\""},    {"a\342\200\251b", "\"a\\Pb\""},
	};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct doc_node time = {.kind = DOC_TIME}, number = {.kind = DOC_FLOAT, .number = 1e6},
			big = {.kind = DOC_UINT, .big = UINT64_MAX};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct doc_node node = {.kind = DOC_STRING, .str = span_str(rows[i].text)};

		buf_reset(&out);
		assert_int_equal(yaml_scalar_add_line(&node, &out, &err), 0);
		buf_add_char(&out, 0);
		assert_string_equal(out.data, rows[i].want);
	}
	buf_reset(&out);
	assert_int_equal(yaml_scalar_add_line(&time, &out, &err), 0);
	buf_add_char(&out, ' ');
	assert_int_equal(yaml_scalar_add(&number, YAML_IN_MAP, 2, 2, &out, &err), 0);
	buf_add_char(&out, ' ');
	assert_int_equal(yaml_scalar_add_line(&big, &out, &err), 0);
	buf_add_char(&out, 0);
	assert_string_equal(out.data, "1970-01-01T00:00:00Z 1e+06 18446744073709551615");
}

static void refuses_to_splice_what_has_no_text(void **state)
{
	struct doc_node bytes = {.kind = DOC_STRING, .str = SPAN("\xff")}, map = {.kind = DOC_MAP};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(yaml_scalar_add(&bytes, YAML_IN_MAP, 0, 2, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_int_equal(yaml_scalar_add_line(&bytes, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_int_equal(yaml_scalar_add_line(&map, &out, &err), -1);
	assert_int_equal(err.code, ERR_BUG);
	assert_int_equal(out.len, 0);
}

/* The string spliced into a document: what the reader makes of it. */
static void reads_back(struct span text, int column, bool list, bool line)
{
	struct doc_node node = {.kind = DOC_STRING, .str = text};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	if (column)
		buf_add_str(&out, "top:\n");
	buf_add_fill(&out, ' ', (size_t)column);
	buf_add_str(&out, list ? "x:\n" : "k: ");
	if (list) {
		buf_add_fill(&out, ' ', (size_t)column);
		buf_add_str(&out, "- ");
	}
	if (line) {
		assert_int_equal(yaml_scalar_add_line(&node, &out, &err), 0);
		buf_add_str(&out, " # comment");
	} else {
		assert_int_equal(yaml_scalar_add(&node, list ? YAML_IN_LIST : YAML_IN_MAP, column,
						 2, &out, &err),
				 0);
	}
	buf_add_char(&out, '\n');
	buf_add_fill(&out, ' ', (size_t)column);
	buf_add_str(&out, "z: end\n");
	if (doc_yaml_read(buf_span(&out), &doc, &err) < 0)
		fail_msg("%s in\n%.*s", err.msg, (int)out.len, (char *)out.data);
	struct doc_node *map = column ? doc_get(doc.first, "top") : doc.first;
	struct doc_node *value = doc_get(map, list ? "x" : "k");
	if (list && value)
		value = value->kids.first;
	while (value && value->kind == DOC_COMMENT)
		value = value->next;
	if (!value || value->kind != DOC_STRING || !span_eq(value->str, text))
		fail_msg("not the same in\n%.*s", (int)out.len, (char *)out.data);
	assert_true(span_is(doc_get_str(map, "z"), "end"));
}

static void spliced_strings_read_back(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(yaml_vectors); i++) {
		struct span text = span_of(yaml_vectors[i].text, yaml_vectors[i].len);

		if (!utf8_valid(text))
			continue;
		for (int column = 0; column <= 4; column += 2) {
			reads_back(text, column, false, false);
			reads_back(text, column, true, false);
			reads_back(text, column, false, true);
			reads_back(text, column, true, true);
		}
	}
}

/* Any bytes as value, key and comment: printed, or refused with a message; what is printed in place reads back. */
static int survives(struct span input, void *arg)
{
	struct doc_node comment = {.kind = DOC_COMMENT, .str = input}, root = {.kind = DOC_MAP},
			value = {.kind = DOC_STRING, .key = input, .str = input};
	struct doc doc = {.first = &root};
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	if (!input.data)
		return 0;
	if (utf8_valid(input))
		reads_back(input, 2, true, false);
	doc_append(&root, &comment);
	doc_append(&root, &value);
	int r = doc_yaml_write(&doc, &style, &out, &err);
	if (!utf8_valid(input))
		assert_int_equal(r, -1);
	else if (!is_lost(input))
		assert_int_equal(r, 0);
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(span_str("a\n\tb: '\xc3\xa9\xe2\x80\xa8\" #\xef\xbb\xbf\n"), survives, NULL);
	mangle_all(span_str("\tx\ny \xf0\x9f\x98\x80 |-"), survives, NULL);
	mangle_all(span_str("2020-01-01 1:2:3"), survives, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_strings_as_sops),
		cmocka_unit_test(differs_refuses_lost_text),
		cmocka_unit_test(prints_other_scalars),
		cmocka_unit_test(lays_out_maps_and_lists),
		cmocka_unit_test(indents_as_asked),
		cmocka_unit_test(places_comments_as_sops),
		cmocka_unit_test(differs_refuses_comment_bytes),
		cmocka_unit_test(differs_refuses_comment_value),
		cmocka_unit_test(refuses_keys_that_are_not_strings),
		cmocka_unit_test(refuses_times_without_text),
		cmocka_unit_test(bounds_nesting),
		cmocka_unit_test(stops_at_the_buffers_limit),
		cmocka_unit_test(prints_values_for_extract),
		cmocka_unit_test(splices_with_right_indentation),
		cmocka_unit_test(splices_on_one_line),
		cmocka_unit_test(refuses_to_splice_what_has_no_text),
		cmocka_unit_test(spliced_strings_read_back),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
