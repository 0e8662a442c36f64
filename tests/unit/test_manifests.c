/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams of manifests: which objects are in them.
 */
#include "manifests.h"

#include "item.h"
#include "mangle.h"

static const struct {
	const char *text, *kinds; /* NULL: refused */
} streams[] = {
	{"", ""},
	{"\n", ""},
	{"---\n# Source: a\n---\n", ""},
	{"  # c\r\n---  \r\n", ""},
	{"kind: A\n", "A "},
	{"---\nkind: A\n---\n---\n# c\n---\nkind: B\n...\n", "A B "},
	{"\xef\xbb\xbf# c\n---\nkind: A\n", "A "},
	{"kind: List\nitems:\n- kind: A\n- null\n- kind: B\n---\nkind: C\n", "A B C "},
	{"kind: SecretList\nitems: []\n---\nkind: C\n", "C "},
	{"{\"kind\": \"List\", \"items\": [{\"kind\": \"A\"}]}", "A "},
	{"{\"kind\": \"List\", \"items\": [{\"kind\": \"A\", \"x\": \"\\/\"}]}", "A "},
	{"kind: List\n", "List "},
	{"kind: List\nitems: {}\n", "List "},
	{"kind: W\nitems: [{kind: A}]\n", "W "},
	{"kind: List\nitems: [{kind: AList, items: [{kind: A}, {kind: B}]}, {kind: C}]\n",
	 "A B C "},
	{"kind: List\nitems: [{kind: A}]\nsops: {mac: x}\n", "List "},
	{"kind: List\nitems: [{kind: A}]\nsops:\n", "A "},
	{"kind: List\nitems: [{kind: AList, sops: {}, items: [{kind: A}]}]\n", "AList "},
	{"kind: A\r\n---\r\nkind: B\r\n", "A B "},
	{"kind: A\n---\n- kind: B\n", NULL},
	{"kind: A\n---\nkind: \"B\n", NULL},
	{"text\n", NULL},
};

static void finds_every_object(void **state)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(streams); i++) {
		CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
		CLEAN_BUF struct buf kinds = BUF_INIT(1 << 16);
		struct err err = ERR_INIT;
		int r = manifests_read(span_str(streams[i].text), "x.yaml", &manifests, &err);

		if (r != (streams[i].kinds ? 0 : -1))
			fail_msg("%s: %d %s", streams[i].text, r, err.msg);
		if (r < 0) {
			assert_int_equal(strncmp(err.msg, "x.yaml: ", 8), 0);
			continue;
		}
		for (j = 0; j < manifests.count; j++) {
			buf_add_span(&kinds, doc_get_str(manifests.items[j], "kind"));
			buf_add_char(&kinds, ' ');
		}
		if (!span_is(buf_span(&kinds), streams[i].kinds))
			fail_msg("%s: '%.*s'", streams[i].text, (int)kinds.len,
				 (const char *)kinds.data);
	}
}

static void finds_many(void **state)
{
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < 1000; i++)
		buf_printf(&text, "---\nmetadata: {name: n%d}\n", i);
	assert_int_equal(manifests_read(buf_span(&text), "stdin", &manifests, &err), 0);
	assert_int_equal(manifests.count, 1000);
	assert_true(span_is(item_name(manifests.items[999]), "n999"));
}

static int read_mangled(struct span input, void *arg)
{
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (manifests_read(input, "stdin", &manifests, &err) < 0)
		return -1;
	for (i = 0; i < manifests.count; i++)
		assert_int_equal(manifests.items[i]->kind, DOC_MAP);
	return 0;
}

static void survives_mangled_streams(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(streams); i++)
		mangle_all(span_str(streams[i].text), read_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_object),
		cmocka_unit_test(finds_many),
		cmocka_unit_test(survives_mangled_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
