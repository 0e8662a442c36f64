/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML as kustomize prints it. The wanted texts are kustomize 5.8.1's; tests/interop/flux_peer.py compares thousands.
 */
#include "flux_text.h"

#include "objects.h"

#define LONG \
	"aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccc ddddddddddddddddddddddddd"

static const struct {
	const char *text, *want; /* NULL: an error */
} cases[] = {
	{"b: 1\na: {}\nc: []\n", "a: {}\nb: 1\nc: []\n"},
	{"k10: 1\nk2: 2\nk: 3\n", "k: 3\nk2: 2\nk10: 1\n"},
	{"a-b: 1\nab: 2\na1: 3\nB: 4\n", "B: 4\na-b: 1\na1: 3\nab: 2\n"},
	{"a: [1, [b, {c: d, e: f}], {}, []]\n", "a:\n- 1\n- - b\n  - c: d\n    e: f\n- {}\n- []\n"},
	{"a: {b: [{c: [1]}]}\n", "a:\n  b:\n  - c:\n    - 1\n"},
	{"# comment\na: 1 # more\n", "a: 1\n"},
	{"a: yes\nb: \"yes\"\nc: 'off'\nd: off\n", "a: true\nb: \"yes\"\nc: \"off\"\nd: false\n"},
	{"a: 1\n\"\": 2\n", "\"\": 2\na: 1\n"},
	{"yes: 1\n'no': 2\n", "\"no\": 2\n\"true\": 1\n"},
	{"1: a\ntrue: b\n", "\"1\": a\n\"true\": b\n"},
	{"a: 2020-01-01\n", "a: \"2020-01-01\"\n"},
	{"a: 1e3\nb: 1.0\nc: 9007199254740993\nd: 1e30\ne: 0777\nf: 1.5\n",
	 "a: 1000\nb: 1\nc: 9007199254740992\nd: 1e+30\ne: 511\nf: 1.5\n"},
	{"a: .inf\n", NULL},
	{"null: 1\n", NULL},
	{"a: \"x\\n\\ty\\n\"\nb: \"\\tx\"\n", "a: \"x\\n\\ty\\n\"\nb: \"\\tx\"\n"},
	{"a: \"x\\ny\\n\"\nb: \"  x\\n\"\nc: \"x \\ny\"\nd: \"a\\n\\n\"\n",
	 "a: |\n  x\n  y\nb: |2\n    x\nc: \"x \\ny\"\nd: |+\n  a\n\n"},
	{"a: \"1:20\"\nb: \"0o7\"\nc: \"=\"\nd: ''\ne: \"'q: x' # no\"\n",
	 "a: \"1:20\"\nb: \"0o7\"\nc: =\nd: \"\"\ne: '''q: x'' # no'\n"},
	{"a: {b: " LONG " e}\n", "a:\n  b: " LONG "\n    e\n"},
	{"a: {b: '" LONG ": e # f'}\n", "a:\n  b: '" LONG ":\n    e # f'\n"},
	{"a: \"\\t" LONG "  e\"\n", "a: \"\\t" LONG "\n  \\ e\"\n"},
	{"a: ['" LONG "  e']\n", "a:\n- " LONG "  e\n"},
	{LONG LONG ": x\n",
	 "? aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccc "
	 "dddddddddddddddddddddddddaaaaaaaaaaaaaaaaaaaa\n  bbbbbbbbbbbbbbbbbbbbbbbbbb "
	 "cccccccccccccccccccccccc ddddddddddddddddddddddddd\n: x\n"},
	{"\"a\\nb\": x\n", NULL},
	{"a: !!binary /w==\n", NULL},
};

static void prints_as_kustomize(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;
		int r;

		(void)object_read(&object, cases[i].text);
		r = flux_text_settle(&object.doc, span_str(cases[i].text), object.node, &err);
		if (r == 0)
			r = flux_text_add(object.node, &out, &err);
		if (r != (cases[i].want ? 0 : -1))
			fail_msg("%s: %d %s", cases[i].text, r, err.msg);
		if (r == 0 && !span_is(buf_span(&out), cases[i].want))
			fail_msg("%s: %.*s", cases[i].text, (int)out.len, (const char *)out.data);
	}
}

static void prints(const char *text, const char *want)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)object_read(&object, text);
	assert_int_equal(flux_text_add(object.node, &out, &err), 0);
	if (!span_is(buf_span(&out), want))
		fail_msg("%s: %.*s", text, (int)out.len, (const char *)out.data);
}

/* go-yaml: the key first, as it is no letter. */
static void differs_sorts_ascii_only(void **state)
{
	prints("a: 1\n\"\xe2\x86\x92\": 2\n", "a: 1\n\xe2\x86\x92: 2\n");
}

/* go-yaml: one of the three orders of the circle, another at each run. */
static void differs_sorts_circles_the_same(void **state)
{
	static const char *const texts[] = {
		"\"08\": 1\n\"110\": 2\n1x: 3\n", "1x: 3\n\"08\": 1\n\"110\": 2\n",
		"\"110\": 2\n1x: 3\n\"08\": 1\n", "1x: 3\n\"110\": 2\n\"08\": 1\n"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		prints(texts[i], texts[0]);
}

/* go-yaml: as they are, in single quotes, where the next reader folds them. */
static void differs_escapes_other_breaks(void **state)
{
	prints("a: \"x\\Ny\\Lz\"\n", "a: \"x\\Ny\\Lz\"\n");
}

static void prints_nothing(void **state)
{
	const struct doc_node empty = {.kind = DOC_MAP};
	CLEAN_BUF struct buf out = BUF_INIT(16);
	struct err err = ERR_INIT;

	assert_int_equal(flux_text_add(&empty, &out, &err), 0);
	assert_true(span_is(buf_span(&out), "{}\n"));
}

static void says_where(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)object_read(&object, "a: {b: [1, !!binary /w==]}\n");
	assert_int_equal(flux_text_add(object.node, &out, &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_non_null(strstr(err.msg, "a.b[1]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_as_kustomize),
		cmocka_unit_test(differs_sorts_ascii_only),
		cmocka_unit_test(differs_sorts_circles_the_same),
		cmocka_unit_test(differs_escapes_other_breaks),
		cmocka_unit_test(prints_nothing),
		cmocka_unit_test(says_where),
	};

	return cmocka_run_group_tests_name("flux_text", tests, NULL, NULL);
}
