/* SPDX-License-Identifier: Apache-2.0
 *
 * Two builds side by side: what is told, and that no secret is.
 */
#include "build_diff.h"

#include "mangle.h"

#define SECRET(name, value) \
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: " name "\nstringData:\n  a: " value "\n"
#define MAP(name, more) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n" more

static const struct {
	const char *before, *after, *want;
} cases[] = {
	{"", "", ""},
	{SECRET("s", "x"), SECRET("s", "x"), ""},
	{SECRET("s", "x"), SECRET("s", "y"),
	 "~ Secret s\n    stringData.a: ******** -> ******** (changed)\n"},
	{SECRET("s", "x"), "", "- Secret s\n"},
	{"", SECRET("s", "x"), "+ Secret s\n"},
	{SECRET("s-ft74ch57dc", "x"), SECRET("s-882mht7fhk", "y"),
	 "~ Secret s-882mht7fhk\n    metadata.name: s-ft74ch57dc -> s-882mht7fhk\n"
	 "    stringData.a: ******** -> ******** (changed)\n"},
	{MAP("m", "data: {a: b, l: [1, 2], m: {x: y}, n: 1}\n"),
	 MAP("m", "data: {a: c, l: [1, 3, 4], m: z, n: '1'}\n"),
	 "~ ConfigMap m\n    data.a: b -> c\n    data.l[1]: 2 -> 3\n    data.l[2]: 4 (added)\n"
	 "    data.m: {...} -> z\n    data.n: 1 -> \"1\"\n"},
	{MAP("m", "data: {a: hidden}\n"), MAP("m", "data: {a: b}\n"),
	 "~ ConfigMap m\n    data.a: ******** -> ******** (changed)\n"},
	{MAP("m", "data: {a: b}\n"), MAP("m", "data: {a: 'url://hidden@x'}\n"),
	 "~ ConfigMap m\n    data.a: ******** -> ******** (changed)\n"},
	{MAP("m", "data: {a: hidden, b: ok}\n"), MAP("m", "data: {b: 'is ok'}\n"),
	 "~ ConfigMap m\n    data.a: ******** (removed)\n    data.b: ok -> is ok\n"},
};

static void tells_what_differs(void **state)
{
	CLEAN_BUILD_SECRETS struct build_secrets secrets = BUILD_SECRETS_INIT;
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(build_secrets_add(&secrets, SPAN("hidden"), &err), 0);
	/* Too short to be looked for inside of other texts. */
	assert_int_equal(build_secrets_add(&secrets, SPAN("is"), &err), 0);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_MANIFESTS struct manifests before = MANIFESTS_INIT, after = MANIFESTS_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(4096);

		assert_int_equal(manifests_read(span_str(cases[i].before), "x", &before, &err), 0);
		assert_int_equal(manifests_read(span_str(cases[i].after), "x", &after, &err), 0);
		assert_int_equal(build_diff(&before, &after, &secrets, &out, &err), 0);
		if (!span_is(buf_span(&out), cases[i].want))
			fail_msg("%zu: %.*s", i, (int)out.len, (const char *)out.data);
	}
}

/* What is not a text may be a secret as well. */
static void numbers_are_no_less_secret(void **state)
{
	CLEAN_BUILD_SECRETS struct build_secrets secrets = BUILD_SECRETS_INIT;
	CLEAN_MANIFESTS struct manifests before = MANIFESTS_INIT, after = MANIFESTS_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	struct doc_node *node;

	assert_int_equal(doc_read(DOC_YAML,
				  SPAN("a: 4711\nb: true\nc: 1.5\nd: 2020-01-02\ne: 12\n"), &doc,
				  &err),
			 0);
	doc_each (node, doc.first)
		node->flags |= DOC_OPENED;
	node = doc_get(doc.first, "e");
	node->flags &= (uint8_t)~DOC_OPENED;
	assert_int_equal(build_secrets_add_opened(&secrets, doc.first, &err), 0);
	assert_int_equal(
		manifests_read(SPAN(MAP("m", "x: {a: 4711, b: true, c: 1.5, e: 12, f: 471}\n")),
			       "x", &before, &err),
		0);
	assert_int_equal(
		manifests_read(SPAN(MAP("m", "x: {a: 1, b: false, c: 2, e: 13, f: 472}\n")), "x",
			       &after, &err),
		0);
	assert_int_equal(build_diff(&before, &after, &secrets, &out, &err), 0);
	assert_true(span_is(buf_span(&out),
			    "~ ConfigMap m\n    x.a: ******** -> ******** (changed)\n"
			    "    x.b: ******** -> ******** (changed)\n"
			    "    x.c: ******** -> ******** (changed)\n    x.e: 12 -> 13\n"
			    "    x.f: 471 -> 472\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_differs),
		cmocka_unit_test(numbers_are_no_less_secret),
	};

	return cmocka_run_group_tests_name("build_diff", tests, NULL, NULL);
}
