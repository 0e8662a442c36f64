/* SPDX-License-Identifier: Apache-2.0
 *
 * Edits of a text: what is replaced, what is cut, and that nothing else moves.
 */
#include "splice.h"

#include "mangle.h"

#include <math.h>

struct text {
	struct splice splice;
	struct doc doc;
	struct buf out;
};

static void text_release(struct text *text)
{
	splice_release(&text->splice);
	doc_release(&text->doc);
	buf_release(&text->out);
}

#define CLEAN_TEXT CLEANUP(text_release)
#define TEXT_INIT(source)                                                                 \
	{                                                                                 \
		.splice = SPLICE_INIT(source), .doc = DOC_INIT, .out = BUF_INIT(1 << 20), \
	}

static void replaces_in_any_order(void **state)
{
	CLEAN_TEXT struct text t = TEXT_INIT(SPAN("0123456789"));
	struct err err = ERR_INIT;

	assert_int_equal(splice_replace(&t.splice, 7, 9, SPAN("x"), &err), 0);
	assert_int_equal(splice_replace(&t.splice, 2, 2, SPAN("<"), &err), 0);
	assert_int_equal(splice_replace(&t.splice, 2, 4, SPAN("abc"), &err), 0);
	assert_int_equal(splice_replace(&t.splice, 10, 10, SPAN("!"), &err), 0);
	assert_int_equal(splice_replace(&t.splice, 4, 5, SPAN_NULL, &err), 0);
	assert_int_equal(splice_apply(&t.splice, &t.out, &err), 0);
	assert_true(span_is(buf_span(&t.out), "01<abc56x9!"));
}

static void refuses_edits_that_overlap(void **state)
{
	CLEAN_TEXT struct text t = TEXT_INIT(SPAN("0123456789"));
	struct err err = ERR_INIT;

	assert_int_equal(splice_replace(&t.splice, 2, 5, SPAN("x"), &err), 0);
	assert_int_equal(splice_replace(&t.splice, 4, 6, SPAN("y"), &err), 0);
	assert_int_equal(splice_apply(&t.splice, &t.out, &err), -1);
	assert_int_equal(err.code, ERR_BUG);
}

static void refuses_edits_outside(void **state)
{
	CLEAN_TEXT struct text t = TEXT_INIT(SPAN("0123"));
	struct err err = ERR_INIT;

	assert_int_equal(splice_replace(&t.splice, 2, 5, SPAN("x"), &err), -1);
	assert_int_equal(err.code, ERR_BUG);
	assert_int_equal(splice_replace(&t.splice, 3, 2, SPAN("x"), &err), -1);
}

static void makes_many_edits(void **state)
{
	CLEAN_TEXT struct text t = TEXT_INIT(SPAN("ab"));
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < 1000; i++)
		assert_int_equal(splice_replace(&t.splice, 1, 1, SPAN("-"), &err), 0);
	assert_int_equal(splice_apply(&t.splice, &t.out, &err), 0);
	assert_int_equal(t.out.len, 1002);
	assert_int_equal(t.out.data[0], 'a');
	assert_int_equal(t.out.data[1001], 'b');
}

/* Each `sops...` entry of every map is taken out; NULL: refused. */
static const struct {
	const char *name, *before, *after;
} removals[] = {
	{"middle", "a: 1\nsops:\n  mac: x\n  y:\n  - 1\nb: 2\n", "a: 1\nb: 2\n"},
	{"last", "a: 1\nsops:\n  mac: x\n", "a: 1\n"},
	{"last without a line break", "a: 1\nsops:\n  mac: x", "a: 1\n"},
	{"first", "sops:\n  mac: x\na: 1\n", "a: 1\n"},
	{"only", "sops:\n  mac: x\n", "{}\n"},
	{"only, without a line break", "sops: x", "{}"},
	{"only, a literal", "sops: |\n  x\n", "{}\n"},
	{"several", "sops_a: 1\na: 1\nsops_b: 1\nsops_c: |\n  x\n\n  y\nb: 2\nsops_d:\n",
	 "a: 1\nb: 2\n"},
	{"first of an element", "- sops:\n    mac: x\n  a: 1\n- b: 2\n", "- a: 1\n- b: 2\n"},
	{"first two of an element", "- sops_a: 1\n  sops_b:\n    c: 1\n  a: 1\n- b: 2\n",
	 "- a: 1\n- b: 2\n"},
	{"only one of an element", "- sops:\n    mac: x\n- b: 2\n", "- {}\n- b: 2\n"},
	{"only two of an element", "- sops_a: 1\n  sops_b: 2\n- b: 2\n", "- {}\n- b: 2\n"},
	{"last of an element", "- a: 1\n  sops:\n    mac: x\n- b: 2\n", "- a: 1\n- b: 2\n"},
	{"dash above", "-\n  sops: 1\n  a: 1\n", "-\n  a: 1\n"},
	{"element of an element", "- - sops: 1\n    a: 1\n  - b: 2\n", "- - a: 1\n  - b: 2\n"},
	{"all of a nested map", "x:\n  sops_a: 1\n  sops_b: 2\ny: 1\n", "x:\n  {}\ny: 1\n"},
	{"comment behind", "a: 1\nsops: x # sealed\nb: 2\n", "a: 1\nb: 2\n"},
	{"comments around", "a: 1\n# one\nsops: x\n# two\nb: 2\n", "a: 1\n# one\n# two\nb: 2\n"},
	{"comments behind a dash", "- sops: x\n  # two\n  a: 1\n", "- # two\n  a: 1\n"},
	{"comment between two that go", "a: 1\nsops_a: x\n# one\nsops_b: x\nb: 2\n",
	 "a: 1\n# one\nb: 2\n"},
	{"blank lines", "a: 1\n\nsops: x\n\nb: 2\n", "a: 1\n\n\nb: 2\n"},
	{"CRLF", "a: 1\r\nsops:\r\n  mac: x\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"},
	{"CRLF, first", "- sops: |\r\n    x\r\n  b: 2\r\n", "- b: 2\r\n"},
	{"byte order mark", "\xef\xbb\xbfsops: x\na: 1\n",
	 "\xef\xbb\xbf"
	 "a: 1\n"},
	{"non-ASCII before", "\xc3\xa4: \xe2\x82\xac\nsops: \xf0\x9f\x98\x80\nb: 2\n",
	 "\xc3\xa4: \xe2\x82\xac\nb: 2\n"},
	{"quoted key", "a: 1\n\"sops\": x\n'sops_a': y\nb: 2\n", "a: 1\nb: 2\n"},
	{"explicit key", "a: 1\n? sops\n: x\nb: 2\n", "a: 1\nb: 2\n"},
	{"empty value", "a: 1\nsops:\nb: 2\n", "a: 1\nb: 2\n"},
	{"value on the next line", "a: 1\nsops:\n  x\nb: 2\n", "a: 1\nb: 2\n"},
	{"several lines", "a: 1\nsops: \"x\n  y\"\nb: 2\n", "a: 1\nb: 2\n"},
	{"documents", "a: 1\nsops: x\n---\nsops: x\nb: 2\n...\n", "a: 1\n---\nb: 2\n...\n"},
	{"flow, middle", "{a: 1, sops: {mac: x}, b: 2}\n", "{a: 1, b: 2}\n"},
	{"flow, first", "{sops: {mac: x}, b: 2}\n", "{b: 2}\n"},
	{"flow, last", "{a: 1, sops: {mac: x}}\n", "{a: 1}\n"},
	{"flow, only", "{sops: {mac: x}}\n", "{}\n"},
	{"flow, only, comma", "{ sops: {mac: x}, }\n", "{  }\n"},
	{"flow, last two", "{a: 1, sops_a: x,\n sops_b: y }\n", "{a: 1 }\n"},
	{"flow, all of three", "{sops_a: x,sops_b: y, sops_c: z}\n", "{}\n"},
	{"flow, first and last", "{sops_a: x, a: 1, sops_b: y}\n", "{a: 1}\n"},
	{"flow, trailing comma", "{a: 1, sops: x,}\n", "{a: 1,}\n"},
	{"flow, comments", "{a: 1, # one, two\n sops: x, # three\n b: 2}\n",
	 "{a: 1, # one, two\n  # three\n b: 2}\n"},
	{"flow, comments, last", "{a: 1, # one, two\n sops: x # three\n }\n",
	 "{a: 1 # one, two\n  # three\n }\n"},
	{"flow, braces in strings", "{\"a}\": \"{,\", \"sops\": \"},\", \"b\": 1}\n",
	 "{\"a}\": \"{,\", \"b\": 1}\n"},
	{"JSON", "{\n\t\"a\": 1,\n\t\"sops\": {\"mac\": [1, 2]},\n\t\"b\": \"\\/\"\n}\n",
	 "{\n\t\"a\": 1,\n\t\"b\": \"\\/\"\n}\n"},
	{"JSON, last", "{\"a\":\"\\ud83d\\ude00\",\"sops\":{\"mac\":\"x\"}}",
	 "{\"a\":\"\\ud83d\\ude00\"}"},
	{"anchor that is used", "a: 1\nsops: &x {mac: y}\nb: *x\n", NULL},
	{"anchor inside that is used", "sops: {mac: &x y}\nb: *x\n", NULL},
	{"alias", "a: &x {mac: y}\nsops: *x\n", NULL},
	{"anchor that is not used", "a: 1\nsops: &x {mac: y}\nb: 2\n", "a: 1\nb: 2\n"},
	{"single pair", "y: [sops: x]\n", NULL},
};

static int remove_all(struct splice *splice, const struct doc_node *node, struct err *err)
{
	const struct doc_node *drop[16], *kid;
	size_t n = 0;

	doc_each (kid, node) {
		if (kid->key.data && span_starts(kid->key, SPAN("sops")) && n < ARRAY_LEN(drop))
			drop[n++] = kid;
		else if ((kid->kind == DOC_MAP || kid->kind == DOC_LIST) &&
			 remove_all(splice, kid, err) < 0)
			return -1;
	}
	return splice_remove(splice, node, drop, n, err);
}

/* The text as the root of a document; a list needs a map around it. */
static int remove_in(struct text *t, struct err *err)
{
	const struct doc_node *branch;

	if (splice_read(t->splice.source, &t->doc, err) < 0)
		return -1;
	for (branch = t->doc.first; branch; branch = branch->next) {
		if (remove_all(&t->splice, branch, err) < 0)
			return -1;
	}
	return splice_apply(&t->splice, &t->out, err);
}

static void removes_entries(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(removals); i++) {
		/* Below a key, so that lists can stand at the top of the text too. */
		bool list = removals[i].before[0] == '-';
		CLEAN_BUF struct buf before = BUF_INIT(1 << 16), after = BUF_INIT(1 << 16);
		CLEAN_TEXT struct text t = TEXT_INIT(SPAN_NULL);
		struct err err = ERR_INIT;
		int r;

		buf_add_str(&before, list ? "x:\n" : "");
		buf_add_str(&before, removals[i].before);
		t.splice.source = buf_span(&before);
		r = remove_in(&t, &err);
		if (!removals[i].after) {
			if (r == 0 || err.code != ERR_UNSUPPORTED)
				fail_msg("%s: %d %s", removals[i].name, r, err.msg);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", removals[i].name, err.msg);
		buf_add_str(&after, list ? "x:\n" : "");
		buf_add_str(&after, removals[i].after);
		if (!span_eq(buf_span(&t.out), buf_span(&after)))
			fail_msg("%s: '%.*s'", removals[i].name, (int)t.out.len,
				 (const char *)t.out.data);
		buf_release(&after);
	}
}

/* What was removed is gone for every reader, and the rest reads as before. */
static int remove_and_read(struct span input, void *arg)
{
	CLEAN_TEXT struct text t = TEXT_INIT(input);
	CLEAN_TEXT struct text again = TEXT_INIT(SPAN_NULL);
	struct err err = ERR_INIT;

	if (remove_in(&t, &err) < 0) {
		assert_int_not_equal(err.code, ERR_BUG);
		return -1;
	}
	again.splice.source = buf_span(&t.out);
	if (splice_read(buf_span(&t.out), &again.doc, &err) < 0)
		fail_msg("'%.*s' became '%.*s': %s", (int)input.len, (const char *)input.data,
			 (int)t.out.len, (const char *)t.out.data, err.msg);
	assert_int_equal(remove_in(&again, &err), 0);
	assert_true(span_eq(buf_span(&again.out), buf_span(&t.out)));
	return 0;
}

static void survives_mangled_texts(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(removals); i++) {
		if (removals[i].after && removals[i].before[0] != '-')
			mangle_all(span_str(removals[i].before), remove_and_read, NULL);
	}
}

static const struct {
	const char *name, *before; /* the value of `x` is replaced */
	enum doc_kind kind;
	const char *text;
	const char *after; /* NULL: refused */
} scalars[] = {
	{"plain", "x: ENC\ny: 1\n", DOC_STRING, "abc", "x: abc\ny: 1\n"},
	{"comment behind", "x: ENC # c\n", DOC_STRING, "abc", "x: abc # c\n"},
	{"number-like", "x: ENC\n", DOC_STRING, "0123", "x: \"0123\"\n"},
	{"yes", "x: ENC\n", DOC_STRING, "yes", "x: \"yes\"\n"},
	{"empty", "x: ENC\n", DOC_STRING, "", "x: \"\"\n"},
	{"lines", "a:\n  x: ENC\n  y: 1\n", DOC_STRING, "l1\nl2\n",
	 "a:\n  x: |\n    l1\n    l2\n  y: 1\n"},
	{"lines in an element", "- x: ENC\n  y: 1\n", DOC_STRING, "l1\nl2",
	 "- x: |-\n    l1\n    l2\n  y: 1\n"},
	{"lines before a comment", "x: ENC # c\n", DOC_STRING, "l1\nl2\n",
	 "x: \"l1\\nl2\\n\" # c\n"},
	{"lines in CRLF text", "x: ENC\r\ny: 1\r\n", DOC_STRING, "l1\nl2\n",
	 "x: \"l1\\nl2\\n\"\r\ny: 1\r\n"},
	{"lines at the end", "x: ENC", DOC_STRING, "l1\nl2", "x: |-\n  l1\n  l2\n"},
	{"lines at the end, kept", "x: ENC", DOC_STRING, "l1\n\n", "x: |+\n  l1\n\n"},
	{"literal before", "x: |\n  ENC\ny: 1\n", DOC_STRING, "abc", "x: abc\ny: 1\n"},
	{"literal before and after", "x: |-\n  ENC\ny: 1\n", DOC_STRING, "a\nb",
	 "x: |-\n  a\n  b\ny: 1\n"},
	{"literal before in CRLF text", "x: >\r\n  ENC\r\ny: 1\r\n", DOC_STRING, "a\nb",
	 "x: \"a\\nb\"\r\ny: 1\r\n"},
	{"tag and anchor before", "x: &a !!str ENC\n", DOC_STRING, "abc", "x: abc\n"},
	{"own line", "x:\n  ENC\ny: 1\n", DOC_STRING, "a\nb", "x:\n  \"a\\nb\"\ny: 1\n"},
	{"quoted over lines", "x: \"E\n  C\"\ny: 1\n", DOC_STRING, "a", "x: a\ny: 1\n"},
	{"carriage return", "x: ENC\n", DOC_STRING, "a\r\nb\r\n", "x: \"a\\r\\nb\\r\\n\"\n"},
	{"flow", "{x: ENC, y: 1}\n", DOC_STRING, "a, b]", "{x: 'a, b]', y: 1}\n"},
	{"flow, lines", "{x: ENC, y: 1}\n", DOC_STRING, "a\nb", "{x: \"a\\nb\", y: 1}\n"},
	{"JSON", "{\"x\": \"ENC\"}", DOC_STRING,
	 "a\"\\/\x01\n\xc2\x85\xe2\x80\xa8\xf0\x9f\x98\x80\x7f",
	 "{\"x\": \"a\\\"\\\\/\\u0001\\n\\u0085\\u2028\xf0\x9f\x98\x80\\u007f\"}"},
	{"JSON, word", "{\"x\": \"ENC\"}", DOC_STRING, "true", "{\"x\": \"true\"}"},
	{"JSON, bool", "{\"x\": \"ENC\"}", DOC_BOOL, NULL, "{\"x\": true}"},
	{"JSON, int", "{\"x\": \"ENC\"}", DOC_INT, NULL, "{\"x\": -42}"},
	{"JSON, float", "{\"x\": \"ENC\"}", DOC_FLOAT, NULL, "{\"x\": 1500000}"},
	{"JSON, time", "{\"x\": \"ENC\"}", DOC_TIME, NULL, "{\"x\": \"1970-01-01T00:00:01Z\"}"},
	{"bool", "x: ENC\n", DOC_BOOL, NULL, "x: true\n"},
	{"int", "x: ENC\n", DOC_INT, NULL, "x: -42\n"},
	{"float", "x: ENC\n", DOC_FLOAT, NULL, "x: 1.5e+06\n"},
	{"time", "x: ENC\n", DOC_TIME, NULL, "x: 1970-01-01T00:00:01Z\n"},
	{"kept line breaks", "x: ENC\ny: 1\n", DOC_STRING, "a\n\n", "x: |+\n  a\n\ny: 1\n"},
	{"kept line breaks before a blank line", "x: ENC\n \ny: 1\n", DOC_STRING, "a\n\n",
	 "x: \"a\\n\\n\"\n \ny: 1\n"},
	{"line breaks before a blank line", "x: ENC\n\ny: 1\n", DOC_STRING, "a\nb\n",
	 "x: |\n  a\n  b\n\ny: 1\n"},
	{"not UTF-8", "x: ENC\n", DOC_STRING, "\xff", NULL},
	{"not UTF-8, JSON", "{\"x\": \"ENC\"}", DOC_STRING, "\xff", NULL},
	{"anchor that is used", "x: &a ENC\ny: *a\n", DOC_STRING, "abc", NULL},
};

static struct doc_node *find_x(struct doc_node *node, bool *flow)
{
	struct doc_node *kid, *hit;

	*flow = *flow || (node->flags & DOC_FLOW);
	doc_each (kid, node) {
		if (span_is(kid->key, "x") && kid->kind != DOC_LIST)
			return kid;
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST) {
			hit = find_x(kid, flow);
			if (hit)
				return hit;
		}
	}
	return NULL;
}

static void set_value(struct doc_node *node, enum doc_kind kind, const char *text)
{
	node->kind = (uint8_t)kind;
	if (kind == DOC_STRING)
		node->str = span_str(text);
	else if (kind == DOC_BOOL)
		node->boolean = true;
	else if (kind == DOC_INT)
		node->integer = -42;
	else if (kind == DOC_FLOAT)
		node->number = 1.5e6;
	else
		node->time = (struct doc_time){.seconds = 1};
}

static void puts_scalars(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(scalars); i++) {
		CLEAN_BUF struct buf before = BUF_INIT(1 << 16), after = BUF_INIT(1 << 16);
		bool list = scalars[i].before[0] == '-', flow = false;
		CLEAN_TEXT struct text t = TEXT_INIT(SPAN_NULL);
		struct err err = ERR_INIT;
		struct doc_node *node;
		int r;

		buf_add_str(&before, list ? "l:\n" : "");
		buf_add_str(&before, scalars[i].before);
		t.splice.source = buf_span(&before);
		assert_int_equal(splice_read(buf_span(&before), &t.doc, &err), 0);
		node = find_x(t.doc.first, &flow);
		set_value(node, scalars[i].kind, scalars[i].text);
		r = splice_scalar(&t.splice, node, flow, &err);
		assert_int_equal(r, scalars[i].after ? 0 : -1);
		if (!scalars[i].after)
			continue;
		assert_int_equal(splice_apply(&t.splice, &t.out, &err), 0);
		buf_add_str(&after, list ? "l:\n" : "");
		buf_add_str(&after, scalars[i].after);
		if (!span_eq(buf_span(&t.out), buf_span(&after)))
			fail_msg("%s: '%.*s'", scalars[i].name, (int)t.out.len,
				 (const char *)t.out.data);
	}
}

static void refuses_infinity_in_json(void **state)
{
	CLEAN_TEXT struct text t = TEXT_INIT(SPAN("{\"x\": \"ENC\"}"));
	struct err err = ERR_INIT;
	struct doc_node *node;

	assert_int_equal(splice_read(t.splice.source, &t.doc, &err), 0);
	node = doc_get(t.doc.first, "x");
	node->kind = DOC_FLOAT;
	node->number = HUGE_VAL;
	assert_int_equal(splice_scalar(&t.splice, node, true, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
}

/* Any string, anywhere, reads back as itself. */
static void any_string_reads_back(void **state)
{
	static const char *const places[] = {
		"x: ENC\n",
		"a:\n  x: ENC\n  y: 1\n",
		"l:\n- x: ENC\n",
		"{x: ENC, y: 1}\n",
		"{\"x\": \"ENC\"}\n",
		"x: |\n  ENC\ny: 1\n",
		"x: ENC # c\n",
		"x: ENC\r\ny: 1\r\n",
		"y: 1\nx: ENC",
		"y: 1\nx: |\n  ENC",
		"x: ENC\n\n# c\n\ny: 1\n",
		"x: |\n  ENC\n\n \ny: 1\n",
		"x: ENC ",
		"x: ENC\n \n",
		"x: !!str \ny: 1\n",
		"x: !!str ",
		"x: >-\n  ENC\n\n\n",
		"x:\n|\n ENC\ny: 1\n",
		"x: ENC\n  # c\ny: 1\n",
		"a:\n x: ENC\n  # c\n y: 1\n",
		"a:\n  x:\n  |\n   ENC\n  y: 1\n",
		"x: ENC \t\ny: 1\n",
	};
	static const char *const pieces[] = {"a",
					     " ",
					     "\n",
					     "\r",
					     "\t",
					     "#",
					     ": ",
					     "'",
					     "\"",
					     "\\",
					     "- ",
					     "[",
					     "}",
					     ",",
					     "&x",
					     "*",
					     "\x01",
					     "\xc2\x85",
					     "\xe2\x80\xa8",
					     "1",
					     "|",
					     ">",
					     "%",
					     "!!",
					     "\xef\xbb\xbf",
					     "\xf0\x9f\x98\x80"};
	uint32_t random = 12345;
	size_t i, j, k;

	for (i = 0; i < 40000; i++) {
		CLEAN_BUF struct buf value = BUF_INIT(1 << 10);
		bool flow = false;
		CLEAN_TEXT struct text t = TEXT_INIT(SPAN_NULL);
		CLEAN_TEXT struct text again = TEXT_INIT(SPAN_NULL);
		struct err err = ERR_INIT;
		struct doc_node *node;

		for (j = 0; j < i % 7; j++) {
			random = random * 1664525 + 1013904223;
			k = (random >> 8) % ARRAY_LEN(pieces);
			buf_add_str(&value, pieces[k]);
		}
		t.splice.source = span_str(places[i % ARRAY_LEN(places)]);
		assert_int_equal(splice_read(t.splice.source, &t.doc, &err), 0);
		node = find_x(t.doc.first, &flow);
		node->kind = DOC_STRING;
		node->str = buf_span(&value);
		if (splice_scalar(&t.splice, node, flow, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(splice_apply(&t.splice, &t.out, &err), 0);
		if (splice_read(buf_span(&t.out), &again.doc, &err) < 0)
			fail_msg("'%.*s': %s", (int)t.out.len, (const char *)t.out.data, err.msg);
		node = find_x(again.doc.first, &flow);
		assert_int_equal(node->kind, DOC_STRING);
		if (!span_eq(node->str, buf_span(&value)))
			fail_msg("'%.*s'", (int)t.out.len, (const char *)t.out.data);
	}
}

static void refuses_what_has_no_places(void **state)
{
	static const struct {
		struct span text;
		enum err_code code;
	} table[] = {
		{SPAN("\xff\xfe{\0}\0"), ERR_UNSUPPORTED},
		{SPAN("\xfe\xff\0{\0}"), ERR_UNSUPPORTED},
		{SPAN("{\"a\": \"\\/\"} x"), ERR_FORMAT},
		{SPAN("{\"a\": \"\\/\", \"a\": 1}"), ERR_FORMAT},
		{SPAN("{\"b\": [{\"a\": \"\\/\", \"a\": 1}]}"), ERR_FORMAT},
		{SPAN("a: \"\\/\""), ERR_FORMAT},
		{SPAN("{\"a\": \"\\/\""), ERR_FORMAT},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(splice_read(table[i].text, &doc, &err), -1);
		assert_int_equal(err.code, table[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_in_any_order),
		cmocka_unit_test(refuses_edits_that_overlap),
		cmocka_unit_test(refuses_edits_outside),
		cmocka_unit_test(makes_many_edits),
		cmocka_unit_test(removes_entries),
		cmocka_unit_test(survives_mangled_texts),
		cmocka_unit_test(puts_scalars),
		cmocka_unit_test(refuses_infinity_in_json),
		cmocka_unit_test(any_string_reads_back),
		cmocka_unit_test(refuses_what_has_no_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
