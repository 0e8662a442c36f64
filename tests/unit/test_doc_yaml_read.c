/* SPDX-License-Identifier: Apache-2.0
 *
 * The YAML reader against what sops 3.13.3 makes of the same texts (yaml_read_cases.h), and what is our own: places in the source, limits,
 * messages, and where we are stricter.
 */
#include "mangle.h"

#include "yaml_tree.h"

#include "base/wipe.h"

#include <stdio.h>
#include <sys/resource.h>

struct yaml_case {
	const char *text;
	size_t len;
	const char *tree; /* NULL where the text is refused */
};

#include "yaml_read_cases.h"

enum { BIG_MAX = 64 * 1024 * 1024 };

static const struct yaml_tree_style whole = {.no_comments = false};

/* Checks what has to hold for every tree. */
static void check_tree(struct span text, const struct doc *doc)
{
	const char *wrong = yaml_tree_places(text, doc);

	if (!wrong)
		wrong = yaml_tree_splices(text, doc);
	if (wrong)
		fail_msg("%.*s: %s", (int)text.len, (const char *)text.data, wrong);
}

static void check_cases(const struct yaml_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEAN_BUF struct buf tree = BUF_INIT(YAML_TREE_MAX);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		uint8_t *block = mangle_block(span_of(cases[i].text, cases[i].len), cases[i].len);
		struct span text = span_of(block, cases[i].len);

		if (doc_yaml_read(text, &doc, &err) < 0) {
			if (cases[i].tree)
				fail_msg("'%s' is refused: %s", cases[i].text, err.msg);
			assert_null(doc.first);
		} else {
			yaml_tree(&doc, whole, &tree);
			buf_add_char(&tree, '\0');
			if (!cases[i].tree)
				fail_msg("'%s' is not refused", cases[i].text);
			assert_string_equal((const char *)tree.data, cases[i].tree);
			check_tree(text, &doc);
		}
		free(block);
	}
}

static void reads_documents_as_sops_does(void **state)
{
	check_cases(yaml_documents, ARRAY_LEN(yaml_documents));
}

static void reads_scalars_as_sops_does(void **state)
{
	check_cases(yaml_scalars, ARRAY_LEN(yaml_scalars));
}

static void reads_keys_as_sops_does(void **state)
{
	check_cases(yaml_keys, ARRAY_LEN(yaml_keys));
}

static void reads_blocks_as_sops_does(void **state)
{
	check_cases(yaml_blocks, ARRAY_LEN(yaml_blocks));
}

static void reads_flow_text_as_sops_does(void **state)
{
	check_cases(yaml_flow, ARRAY_LEN(yaml_flow));
}

static void puts_comments_where_sops_does(void **state)
{
	check_cases(yaml_comments, ARRAY_LEN(yaml_comments));
}

static void takes_the_characters_that_sops_takes(void **state)
{
	check_cases(yaml_characters, ARRAY_LEN(yaml_characters));
}

static int survives(struct span text, void *arg)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	if (doc_yaml_read(text, &doc, &err) < 0) {
		assert_int_not_equal(err.code, ERR_NONE);
		assert_int_not_equal(err.code, ERR_BUG);
		assert_true(err.msg[0] != '\0');
		return -1;
	}
	assert_int_equal(err.code, ERR_NONE);
	check_tree(text, &doc);
	return 0;
}

static void survives_every_damage(void **state)
{
	static const char *const texts[] = {
		"%YAML 1.1\n%TAG !e! tag:x,\n--- # c\n# h\n\na: &x 1 # l\n# f\n\nb: *x\n...\n",
		"a:\n- b: |2-\n     x\n\n  c: >+\n    y\n\n- 'it''s' # c\n",
		"? \"k\\u00e9\\\n  x\"\n: {a: [1, ? 2, b: c], d} # c\n",
		"a: !!binary aGk=\nb: !<x> y\nc: 2020-01-01\n\xC3\xA9: \xE2\x80\xA8 z\n",
		"a: &x {b: 1}\nc: {<<: [*x, *x]}\n",
		("\xFF\xFE"
		 "a\0:\0 \0\xE9\0\n\0"),
	};
	static const size_t utf16 = 12;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		mangle_all(span_of(texts[i], i == 5 ? utf16 : strlen(texts[i])), survives, NULL);
}

/* Every text of the tables, cut short at each length. */
static void survives_being_cut(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(yaml_comments); i++) {
		for (size_t len = 0; len < yaml_comments[i].len; len++)
			mangle_run(mangle_block(span_of(yaml_comments[i].text, len), len), len,
				   survives, NULL);
	}
}

/* ---- places and flags ---- */

static const struct doc_node *find(const struct doc *doc, const char *key)
{
	const struct doc_node *node = doc_get(doc->first, key);

	assert_non_null(node);
	return node;
}

static void says_where_values_are(void **state)
{
	static const struct {
		const char *text, *value;
		uint32_t key_start, line;
		uint8_t kind, flags;
	} rows[] = {
		{"# c\nk: x # c\n", "x", 4, 2, DOC_STRING, 0},
		{"k:\n  - a\n  - b\nj: 1\n", "- a\n  - b", 0, 2, DOC_LIST, 0},
		{"k:\n- a\n- b # c\nj: 1\n", "- a\n- b", 0, 2, DOC_LIST, 0},
		{"k:\n  a: 1\n  b: 2\n\n# c\nj: 1\n", "a: 1\n  b: 2", 0, 2, DOC_MAP, 0},
		{"k: {a: 1, b: 2} # c\n", "{a: 1, b: 2}", 0, 1, DOC_MAP, DOC_FLOW},
		{"k: [a,\n  b]\n", "[a,\n  b]", 0, 1, DOC_LIST, DOC_FLOW},
		{"k: 'x'\n", "'x'", 0, 1, DOC_STRING, DOC_QUOTED},
		{"k: \"x\n  y\"\n", "\"x\n  y\"", 0, 1, DOC_STRING, DOC_QUOTED},
		{"k: x\n  y\n\nj: 1\n", "x\n  y", 0, 1, DOC_STRING, 0},
		{"k: |\n  x\n\n  y\n\nj: 1\n", "|\n  x\n\n  y\n", 0, 1, DOC_STRING, DOC_BLOCK_TEXT},
		{"k: |+\n  x\n\nj: 1\n", "|+\n  x\n\n", 0, 1, DOC_STRING, DOC_BLOCK_TEXT},
		{"k: >- # c\r\n  x\r\n\r\nj: 1\r\n", ">- # c\r\n  x\r\n", 0, 1, DOC_STRING,
		 DOC_BLOCK_TEXT},
		{"k: |\n\nj: 1\n", "|\n", 0, 1, DOC_STRING, DOC_BLOCK_TEXT},
		{"k: |\n  x", "|\n  x", 0, 1, DOC_STRING, DOC_BLOCK_TEXT},
		{"k: !!str &a x\n", "!!str &a x", 0, 1, DOC_STRING, 0},
		{"k: &a\n  !!str x\n", "&a\n  !!str x", 0, 1, DOC_STRING, 0},
		{"k: &a !!map\n  b: 1\n", "&a !!map\n  b: 1", 0, 1, DOC_MAP, 0},
		{"k: !!null\n", "!!null", 0, 1, DOC_NULL, 0},
		{"j: 1\n? k # c\n: x\n", "x", 5, 3, DOC_STRING, 0},
		{"? k\n", "", 0, 1, DOC_NULL, 0},
		{"k:\n", "", 0, 1, DOC_NULL, 0},
		{"k: # c\n\nj: 1\n", "", 0, 1, DOC_NULL, 0},
		{"\xEF\xBB\xBFk: x\n", "x", 3, 1, DOC_STRING, 0},
		{"\xC3\xA9: \xE6\x97\xA5 # \xC3\xA9\nk: x\n", "x", 13, 2, DOC_STRING, 0},
		{"j: 1\r\rk: \xC3\xA9\r", "\xC3\xA9", 6, 3, DOC_STRING, 0},
		{"{j: 1,\n k: [a: b]}\n", "[a: b]", 8, 2, DOC_LIST, DOC_FLOW},
		{"{j: 1, k}\n", "", 7, 1, DOC_NULL, 0},
		{"{ ? k : x}\n", "x", 2, 1, DOC_STRING, 0},
		{"&a k: 'x'\n", "'x'", 0, 1, DOC_STRING, DOC_QUOTED},
		{"k: &a x\nj: *a\n", "&a x", 0, 1, DOC_STRING, DOC_ALIASED},
		{"j: &a x\nk: *a\n", "*a", 8, 2, DOC_STRING, DOC_ALIASED},
		{"j: &a {b: 1}\nk: *a\n", "*a", 13, 2, DOC_MAP, DOC_ALIASED | DOC_FLOW},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		const struct doc_node *node;
		struct span text = span_str(rows[i].text);

		if (doc_yaml_read(text, &doc, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
		node = find(&doc, "k");
		assert_int_equal(node->kind, rows[i].kind);
		assert_int_equal(node->flags, rows[i].flags);
		assert_int_equal(node->key_start, rows[i].key_start);
		assert_int_equal(node->line, rows[i].line);
		if (!span_is(span_sub(text, node->start, node->end - node->start), rows[i].value))
			fail_msg("%s: value at %u to %u", rows[i].text, node->start, node->end);
	}
}

static void marks_all_below_an_anchor_in_use(void **state)
{
	static const char text[] = "a: &x\n  b: [1, {c: d}]\ne:\n- *x\nf: &y 1\n";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const struct doc_node *list;

	assert_int_equal(doc_yaml_read(span_str(text), &doc, &err), 0);
	list = doc_get(find(&doc, "a"), "b");
	assert_true(find(&doc, "a")->flags & DOC_ALIASED);
	assert_true(list->flags & DOC_ALIASED);
	assert_true(list->kids.last->kids.first->flags & DOC_ALIASED);
	assert_false(find(&doc, "e")->flags & DOC_ALIASED);
	assert_true(find(&doc, "e")->kids.first->flags & DOC_ALIASED);
	assert_true(doc_get(find(&doc, "e")->kids.first, "b")->kids.last->flags & DOC_ALIASED);
	assert_false(find(&doc, "f")->flags & DOC_ALIASED);
}

static void marks_all_of_a_text_in_utf16(void **state)
{
	static const char text[] = "\xFF\xFE"
				   "#\0c\0\n\0a\0:\0[\0x\0]\0\n\0";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_yaml_read(span_of(text, sizeof(text) - 1), &doc, &err), -1);
	assert_int_equal(
		doc_yaml_read(span_of("\xFF\xFE#\0c\0\n\0a\0:\0 \0[\0x\0]\0\n\0", 22), &doc, &err),
		0);
	assert_true(doc.first->flags & DOC_ALIASED);
	assert_true(doc.first->kids.first->flags & DOC_ALIASED);
	assert_true(find(&doc, "a")->flags & DOC_ALIASED);
	assert_true(find(&doc, "a")->kids.first->flags & DOC_ALIASED);
}

static void leaves_plain_text_in_the_input(void **state)
{
	static const char text[] = "k: some words\n'q': \"quoted\"\nf: 'a''b'\n";
	struct span in = span_str(text);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_yaml_read(in, &doc, &err), 0);
	assert_ptr_equal(find(&doc, "k")->str.data, in.data + 3);
	assert_ptr_equal(find(&doc, "k")->key.data, in.data);
	assert_ptr_equal(find(&doc, "q")->str.data, in.data + 20);
	assert_true(span_is(find(&doc, "f")->str, "a'b"));
}

static void keeps_the_text_of_keys_that_are_no_strings(void **state)
{
	static const char text[] = "&x 0x10: a\n~: b\n? \n: c\n!!int '7': d\n*x : e\n";
	static const char *const keys[] = {"&x 0x10", "~", "", "!!int '7'", "*x"};
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const struct doc_node *kid;
	size_t i = 0;

	assert_int_equal(doc_yaml_read(span_str(text), &doc, &err), 0);
	doc_each (kid, doc.first) {
		assert_true(kid->flags & DOC_KEY_BAD);
		assert_non_null(kid->key.data);
		assert_true(span_is(kid->key, keys[i++]));
	}
	assert_int_equal(i, ARRAY_LEN(keys));
}

static void reads_nothing_from_nothing(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_yaml_read(SPAN_NULL, &doc, &err), 0);
	assert_null(doc.first);
}

/* ---- what is refused, and how it is said ---- */

static void expect_refusal(struct span text, enum err_code code, const char *message)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(doc_yaml_read(text, &doc, &err), -1);
	assert_int_equal(err.code, code);
	assert_string_equal(err.msg, message);
	assert_null(doc.first);
	assert_int_equal(doc.arena.used, 0);
}

static void says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"a: [1, 2\nb: 3\n",
		 "line 2, column 2: a ',' or the closing bracket was expected here"},
		{"a:\n\tb: 1\n", "line 2, column 1: a TAB can not indent"},
		{"\xC3\xA9\xC3\xA9: secret: x\n", "line 1, column 11: a value can not begin here"},
		{"a: 1\na: 2\n", "line 2, column 1: this key stands in its map already"},
		{"a: !!int secret\n", "line 1, column 4: a value that its tag does not fit"},
		{"a: \"secret\n", "line 1, column 4: a quote is not closed"},
		{"a: *secret\n", "line 1, column 4: an alias for what has no anchor"},
		{"a: b\r\n# c\r\nd: \x01\r\n", "line 3: control characters are not allowed"},
		{"- secret\n", "line 1, column 1: the top level has to be a map"},
		{"# secret\n", "the text has no document"},
		{"a: 1\n---\nsecret\n", "line 3, column 1: the top level has to be a map"},
		{"[secret]: 1\n", "line 1, column 1: a map or list can not be a key"},
		{"<<: secret\n", "line 1, column 5: a merge of something that is not a map"},
		{"a:\n  b: 1\n secret\n", "line 3, column 2: a key was expected here"},
		{"a: 1\n secret: 2\n", "line 2, column 8: a value can not begin here"},
		{"a: 1\nsecret\n",
		 "line 2, column 1: a key needs a ':' behind it, on the same line"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_refusal(span_str(rows[i].text), ERR_FORMAT, rows[i].message);
}

static void differs_yaml_later_documents(void **state)
{
	expect_refusal(SPAN("a: 1\n---\nb: 1\nb: 2\n"), ERR_FORMAT,
		       "line 4, column 1: this key stands in its map already");
	expect_refusal(SPAN("a: 1\n---\nb: !!int x\n"), ERR_FORMAT,
		       "line 3, column 4: a value that its tag does not fit");
	expect_refusal(SPAN("a: 1\n---\nb: &x [*x]\n"), ERR_FORMAT,
		       "line 3, column 8: an alias inside of what it stands for");
	expect_refusal(SPAN("~: !!int x\n"), ERR_FORMAT,
		       "line 1, column 4: a value that its tag does not fit");
}

static void differs_second_byte_order_mark(void **state)
{
	expect_refusal(SPAN("\xEF\xBB\xBF\xEF\xBB\xBF"
			    "a: 1\nbc: 2\n"),
		       ERR_FORMAT, "line 1: a second byte order mark");
	expect_refusal(span_of("\xFF\xFE\xFF\xFE"
			       "a\0:\0\n\0",
			       10),
		       ERR_FORMAT, "line 1: a second byte order mark");
}

/* One at the start of the buffer that sops reads into makes it lose the next line's first character. */
static void differs_byte_order_mark_inside(void **state)
{
	for (int before = 500; before < 520; before++) {
		CLEAN_BUF struct buf text = BUF_INIT(YAML_TREE_MAX);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;

		buf_add_str(&text, "a: ");
		buf_add_fill(&text, 'x', (size_t)before);
		buf_add_str(&text, "\xEF\xBB\xBFy\nbc: \xEF\xBB\xBF\n");
		assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), 0);
		assert_true(span_is(find(&doc, "bc")->str, "\xEF\xBB\xBF"));
		assert_int_equal(find(&doc, "a")->str.len, before + 4);
	}
}

/* ---- limits ---- */

static void add_nest(struct buf *text, const char *opening, size_t n)
{
	while (n--)
		buf_add_str(text, opening);
}

/* A map whose value is n lists. */
static int read_nest(const char *opening, const char *closing, size_t n, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;

	buf_add_str(&text, *closing ? "a: " : "a:\n ");
	add_nest(&text, opening, n);
	add_nest(&text, closing, n);
	assert_int_equal(text.bad, ERR_NONE);
	return doc_yaml_read(buf_span(&text), &doc, err);
}

static void differs_yaml_nesting(void **state)
{
	static const struct {
		const char *opening, *closing;
	} rows[] = {{"[", "]"}, {"{a: ", "}"}, {"- ", ""}, {"[a: ", "]"}, {"? ", ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		size_t levels = i == 3 ? 2 : 1;

		/* A map is no key, whatever its depth. */
		if (i != 4)
			assert_int_equal(read_nest(rows[i].opening, rows[i].closing,
						   DOC_DEPTH_MAX / levels, &err),
					 0);
		assert_int_equal(
			read_nest(rows[i].opening, rows[i].closing, DOC_DEPTH_MAX + 1, &err), -1);
		assert_int_equal(err.code, ERR_LIMIT);
		assert_int_equal(read_nest(rows[i].opening, rows[i].closing, 100 * 1000, &err), -1);
		assert_int_equal(err.code, ERR_LIMIT);
	}
}

static void refuses_depth_by_aliases(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	buf_add_str(&text, "a: &a ");
	add_nest(&text, "[", 600);
	add_nest(&text, "]", 600);
	buf_add_str(&text, "\nb: ");
	add_nest(&text, "[", 600);
	buf_add_str(&text, "*a");
	add_nest(&text, "]", 600);
	assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void refuses_alias_bombs(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	buf_add_str(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_printf(&text, "*a%d%s", i - 1, k == 8 ? "]\n" : ",");
	}
	assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_non_null(strstr(err.msg, "through aliases"));
}

/* Half of a large document may not come through aliases, of a small one nearly all may. */
static void allows_aliases_by_the_size_of_the_document(void **state)
{
	static const struct {
		int values, aliases;
		bool fits;
	} rows[] = {
		{400, 90, true}, {400, 200, false}, {500 * 1000, 2, true}, {500 * 1000, 3, false}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;

		buf_add_str(&text, "a: &a [");
		for (int k = 0; k < rows[i].values; k++)
			buf_add_str(&text, "x,");
		buf_add_str(&text, "]\nb:\n");
		for (int k = 0; k < rows[i].aliases; k++)
			buf_add_str(&text, "- *a\n");
		assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), rows[i].fits ? 0 : -1);
		assert_int_equal(err.code, rows[i].fits ? ERR_NONE : ERR_LIMIT);
	}
}

static void differs_many_tag_lines(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < 63; i++)
		buf_printf(&text, "%%TAG !x%d! x\n", i);
	buf_add_str(&text, "---\na: 1\n");
	assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void refuses_keys_longer_than_sops_takes(void **state)
{
	for (int len = 1023; len <= 1026; len++) {
		CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		bool fits = len <= 1024;

		for (int k = 0; k < len; k++)
			buf_add_str(&text, "\xC3\xA9");
		buf_add_str(&text, ": 1\n");
		assert_int_equal(doc_yaml_read(buf_span(&text), &doc, &err), fits ? 0 : -1);
	}
}

/* ---- time and memory ---- */

/* CPU time of one read, in milliseconds; the text has to be accepted, or not. */
static double read_time(struct span text, bool fits)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	struct rusage before, after;

	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(doc_yaml_read(text, &doc, &err), fits ? 0 : -1);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	return (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e3 +
	       (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e3;
}

/* Each would take minutes where the cost of a step grew with the text. */
static void takes_time_by_the_byte(void **state)
{
	static const struct {
		const char *head, *each, *tail;
		bool fits;
	} rows[] = {
		{"", "#\n  #\n", "a: 1\n", true},
		{"a: 1\n", "# c\n\n", "", true},
		{"a: [", "[],", "]\n", true},
		{"a: [", "a: b,", "]\n", true},
		{"a: [", "{? }, ", "]\n", true},
		{"a: \"", "\\\n", "\"\n", true},
		{"a: |\n", "\n", "", true},
		{"a: x\n", "\n", "  y\n", true},
		{"", "- ", "", false},
		{"a:\n", "- - - - - - #\n#\n  #\n#\n", "", true},
		{"a: [", "&a x, *a ,", "]\n", true},
		{"a: ", "&", "\n", false},
		{"a: ", "   ", "#\n", true},
		{"a: '", "''", "'\n", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(BIG_MAX);
		size_t len = strlen(rows[i].each);

		buf_add_str(&text, rows[i].head);
		for (size_t n = 0; n < 2 * 1024 * 1024 / len; n++)
			buf_add_str(&text, rows[i].each);
		buf_add_str(&text, rows[i].tail);
		assert_int_equal(text.bad, ERR_NONE);
		assert_true(read_time(buf_span(&text), rows[i].fits) < 20e3);
	}
}

#ifdef KRMSOPS_TEST
static bool leaked;

static void look_for_secret(const void *data, size_t size)
{
	static const char secret[] = "s3cret";

	if (memmem(data, size, secret, sizeof(secret) - 1))
		leaked = true;
}

static void wipes_what_it_has_copied(void **state)
{
	static const char text[] =
		"a: \"s3cret\\n\"\nb: |\n  s3cret\n\n  s3cret\nc: s3cret\n  s3cret\n"
		"d: !!binary czNjcmV0\n'it''s3cret': 1\ne: !!int s3cret\n";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;

	wipe_hook = look_for_secret;
	assert_int_equal(doc_yaml_read(span_str(text), &doc, &err), -1);
	wipe_hook = NULL;
	assert_false(leaked);
	assert_null(strstr(err.msg, "s3cret"));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents_as_sops_does),
		cmocka_unit_test(reads_scalars_as_sops_does),
		cmocka_unit_test(reads_keys_as_sops_does),
		cmocka_unit_test(reads_blocks_as_sops_does),
		cmocka_unit_test(reads_flow_text_as_sops_does),
		cmocka_unit_test(puts_comments_where_sops_does),
		cmocka_unit_test(takes_the_characters_that_sops_takes),
		cmocka_unit_test(survives_every_damage),
		cmocka_unit_test(survives_being_cut),
		cmocka_unit_test(says_where_values_are),
		cmocka_unit_test(marks_all_below_an_anchor_in_use),
		cmocka_unit_test(marks_all_of_a_text_in_utf16),
		cmocka_unit_test(leaves_plain_text_in_the_input),
		cmocka_unit_test(keeps_the_text_of_keys_that_are_no_strings),
		cmocka_unit_test(reads_nothing_from_nothing),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(differs_yaml_later_documents),
		cmocka_unit_test(differs_second_byte_order_mark),
		cmocka_unit_test(differs_byte_order_mark_inside),
		cmocka_unit_test(differs_yaml_nesting),
		cmocka_unit_test(refuses_depth_by_aliases),
		cmocka_unit_test(refuses_alias_bombs),
		cmocka_unit_test(allows_aliases_by_the_size_of_the_document),
		cmocka_unit_test(differs_many_tag_lines),
		cmocka_unit_test(refuses_keys_longer_than_sops_takes),
		cmocka_unit_test(takes_time_by_the_byte),
#ifdef KRMSOPS_TEST
		cmocka_unit_test(wipes_what_it_has_copied),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
