/* SPDX-License-Identifier: Apache-2.0
 *
 * Ciphertext that is left: found in every place that is in scope, and nothing else is called so.
 */
#include "leftover.h"

#include "objects.h"

#include "base/text.h"

#include <time.h>

#define TOKEN    "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
#define STAND_IN "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]"
/* base64 of "x " TOKEN, in lines as kustomize writes them, and of "ENC[" */
#define TOKEN64 "eCBFTkNbQUVTMjU2X0dDTSxkYXRhOmVBPT0saXY6ZUE9PSx0YWc6ZUE9PSx0eXBlOn\n    N0cl0=\n"

static const struct {
	const char *text;
	bool token;
} tokens[] = {
	{TOKEN, true},
	{"a " TOKEN " b", true},
	{"ENC[AES256_GCM,data:x\n" TOKEN, true},
	{"ENC[AES256_GCM,data:,iv:,tag:,type:]", true},
	{"ENC[AES256_GCM,data:x,iv:x,tag:x,type:str", false},
	{"ENC[AES256_GCM,data:x,iv:x,\ntag:x,type:str]", false},
	{"ENC[AES256_GCM,data:x,tag:x,iv:x,type:str]", false},
	{"ENC[AES256_GCM,...]", false},
	{"enc[AES256_GCM,data:x,iv:x,tag:x,type:str]", false},
	{"", false},
};

static void tells_whole_tokens(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(tokens); i++)
		assert_int_equal(leftover_has_token(span_str(tokens[i].text)), tokens[i].token);
}

static int token_mangled(struct span input, void *arg)
{
	return leftover_has_token(input);
}

static void survives_mangled_tokens(void **state)
{
	mangle_all(SPAN("x" TOKEN), token_mangled, NULL);
}

/* Two megabytes of beginnings on one line: from each a look to the line's end took minutes. */
static void is_quick_on_beginnings_without_end(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 22);
	clock_t start = clock();
	int i;

	for (i = 0; i < 100 * 1000; i++)
		buf_add_str(&text, "ENC[AES256_GCM,data:");
	assert_false(leftover_has_token(buf_span(&text)));
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
	buf_add_str(&text, "\n" TOKEN);
	assert_true(leftover_has_token(buf_span(&text)));
}

static const struct {
	const char *text;
	bool whole;
	const char *kinds; /* one kind, or NULL */
	const char *says;  /* NULL: nothing is left */
} items[] = {
	{"kind: Secret\ndata: {a: eA==}\nstringData: {b: c}\n", false, NULL, NULL},
	{"kind: Secret\ndata:\n  a.b: |\n    " TOKEN64, false, NULL,
	 "data.a.b: ciphertext is left"},
	{"kind: Secret\ndata: {a: \"" TOKEN "\"}\n", false, NULL, "data.a: ciphertext is left"},
	{"kind: Secret\nstringData: {a: \"x " TOKEN "\"}\n", false, NULL,
	 "stringData.a: ciphertext is left"},
	{"kind: Secret\nstringData: {\"" TOKEN "\": x}\n", false, NULL,
	 "stringData: a key that is ciphertext"},
	{"kind: Secret\ndata: {sops_mac: eA==}\n", false, NULL,
	 "data.sops_mac: the metadata of an encrypted dotenv is left"},
	{"kind: Secret\ndata: {sops_note: eA==}\n", false, NULL, NULL},
	{"kind: Secret\ndata: {a: \"%%%\", b: 1, c: }\n", false, NULL, NULL},
	{"kind: Secret\ndata:\n  <<:\n   a: |\n    " TOKEN64, false, NULL,
	 "data.<<.a: ciphertext is left"},
	{"kind: Secret\nstringData: {<<: [{b: c}, {a: \"" TOKEN "\"}]}\n", false, NULL,
	 "stringData.<<[1].a: ciphertext is left"},
	{"kind: Secret\nstringData: {<<: {a: x}}\n", false, NULL, NULL},
	{"<<:\n kind: Secret\n data:\n  a: |\n    " TOKEN64, false, NULL,
	 "<<.data.a: ciphertext is left"},
	{"<<: [{kind: Secret}, {<<: {stringData: {a: \"" TOKEN "\"}}}]\n", false, NULL,
	 "<<[1].<<.stringData.a: ciphertext is left"},
	{"kind: W\n<<: {kind: V, data: {a: x}}\n", false, NULL, NULL},
	{"kind: Secret\nsops: {mac: x}\n", false, NULL,
	 "sops: the metadata of an encrypted resource"},
	{"kind: Secret\nsops: {version: x}\n", false, NULL, "sops: not a field of a Secret"},
	{"kind: Secret\nsops: x\n", false, NULL, "sops: not a field of a Secret"},
	{"kind: Secret\nsops:\n", false, NULL, NULL},
	{"kind: W\nsops: {mac: x}\n", false, NULL, "sops: the metadata of an encrypted resource"},
	{"kind: W\nsops: {version: x}\n", false, NULL, NULL},
	{"kind: W\nsops: {version: x}\nspec: [{a: \"" TOKEN "\"}]\n", false, NULL,
	 "spec[0].a: ciphertext is left"},
	{"kind: W\nspec: {a: \"" TOKEN "\"}\n", false, NULL, NULL},
	{"kind: W\nspec: {a: \"" TOKEN "\"}\n", true, NULL, "spec.a: ciphertext is left"},
	{"kind: W\nspec: {a: \"" TOKEN "\"}\n", false, "W", "spec.a: ciphertext is left"},
	{"kind: W\nspec: {a: \"" TOKEN "\"}\n", false, "V", NULL},
	{"kind: W\nspec: [x, [\"" TOKEN "\"]]\n", true, NULL, "spec[1][0]: ciphertext is left"},
	{"kind: W\nspec: {\"" TOKEN "\": 1}\n", true, NULL, "spec: a key that is ciphertext"},
	{"kind: Secret\nmetadata: {annotations: {a: \"" TOKEN "\"}}\n", false, NULL, NULL},
	{"kind: Secret\nmetadata: {annotations: {a: \"" TOKEN "\"}}\n", true, NULL,
	 "metadata.annotations.a: ciphertext is left"},
	{"kind: W\nspec: {a: b} # " TOKEN "\n", true, NULL, NULL},
	{"kind: \"" TOKEN "\"\n", true, NULL, "kind: ciphertext is left"},
	{"apiVersion: v1\nkind: ConfigMap\nbinaryData:\n  a: |\n    " TOKEN64, true, NULL,
	 "binaryData.a: ciphertext is left"},
	{"apiVersion: v1\nkind: ConfigMap\nbinaryData:\n  a: |\n    " TOKEN64, false, NULL, NULL},
	{"apiVersion: x/v1\nkind: ConfigMap\nbinaryData:\n  a: |\n    " TOKEN64, true, NULL, NULL},
	{"kind: Secret\ndata: [x]\nstringData: x\n", false, NULL, NULL},
};

static void finds_what_is_left(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(items); i++) {
		const struct span kind = items[i].kinds ? span_str(items[i].kinds) : SPAN_NULL;
		const struct leftover_scope scope = {.kinds = &kind,
						     .kind_count = items[i].kinds != NULL};
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		struct err err = ERR_INIT;
		int r = leftover_find(object_read(&object, items[i].text), items[i].whole, &scope,
				      &err);

		if (r != (items[i].says != NULL))
			fail_msg("%s: %d %s", items[i].text, r, err.msg);
		if (r && strncmp(err.msg, items[i].says, strlen(items[i].says)) != 0)
			fail_msg("%s: '%s'", items[i].text, err.msg);
		if (r)
			assert_int_equal(err.code, ERR_VALUE);
	}
}

static void hints_at_string_data(void **state)
{
	const struct leftover_scope scope = {.string_data = false}, asked = {.string_data = true};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	struct err err = ERR_INIT;

	object_read(&object,
		    "kind: Secret\nstringData: {a: \"b: " TOKEN "\\nsops: {lastmodified: x}\"}\n");
	assert_int_equal(leftover_find(object.node, false, &scope, &err), 1);
	assert_non_null(strstr(err.hint, "stringData: true"));
	assert_int_equal(leftover_find(object.node, false, &asked, &err), 1);
	assert_string_equal(err.hint, "");
}

/* It decrypts documents, and a token alone is none. */
static void hints_at_nothing_that_does_not_help(void **state)
{
	const struct leftover_scope scope = {.string_data = false};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	struct err err = ERR_INIT;

	object_read(&object, "kind: Secret\nstringData: {a: \"" TOKEN "\"}\n");
	assert_int_equal(leftover_find(object.node, false, &scope, &err), 1);
	assert_string_equal(err.hint, "");
}

static void takes_a_stand_in_for_none(void **state)
{
	static const struct {
		const char *text;
		int left;
	} texts[] = {
		{"kind: W\na: \"" STAND_IN "\"\n", 0},
		{"kind: W\na: \"x" STAND_IN STAND_IN "\"\n", 0},
		{"kind: W\na: \"" STAND_IN TOKEN "\"\n", 1},
		{"kind: W\na: \"" TOKEN STAND_IN "\"\n", 1},
		{"kind: W\n\"" STAND_IN "\": {b: [\"" STAND_IN "\"]}\n", 0},
	};
	const struct leftover_scope scope = {.stand_in = SPAN(STAND_IN)};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		struct err err = ERR_INIT;

		object_read(&object, texts[i].text);
		assert_int_equal(leftover_find(object.node, true, &scope, &err), texts[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_whole_tokens),
		cmocka_unit_test(survives_mangled_tokens),
		cmocka_unit_test(is_quick_on_beginnings_without_end),
		cmocka_unit_test(finds_what_is_left),
		cmocka_unit_test(hints_at_string_data),
		cmocka_unit_test(hints_at_nothing_that_does_not_help),
		cmocka_unit_test(takes_a_stand_in_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
