/* SPDX-License-Identifier: Apache-2.0
 *
 * From decrypted pieces to text: base64 as kustomize writes it, dotenvs key by key, metadata gone.
 */
#include "apply.h"

#include "objects.h"

#include "base/text.h"

/* kustomize (kyaml/yaml/datamap.go): from 72 characters on lines of 70, each with its line break. */
static void wraps_base64_as_kustomize_does(void **state)
{
	static const struct {
		size_t bytes, lines; /* 0: on one line, without a break */
		size_t last;         /* characters of the last line */
	} table[] = {
		{0, 0, 0},    {1, 0, 4},    {51, 0, 68}, {52, 2, 2},  {54, 2, 2},
		{103, 2, 70}, {105, 2, 70}, {106, 3, 4}, {157, 4, 2}, {1000, 20, 6},
	};
	size_t i, at;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_BUF struct buf bytes = BUF_INIT(1 << 16), plain = BUF_INIT(1 << 16);
		CLEAN_BUF struct buf wrapped = BUF_INIT(1 << 16), joined = BUF_INIT(1 << 16);
		size_t lines = 0, line = 0, last = 0;

		for (at = 0; at < table[i].bytes; at++)
			buf_add_char(&bytes, (uint8_t)(at * 7));
		base64_encode(buf_span(&bytes), true, &plain);
		buf_add_str(&wrapped, "before");
		apply_base64_wrapped(buf_span(&bytes), &wrapped);
		for (at = 6; at < wrapped.len; at++) {
			if (wrapped.data[at] != '\n') {
				buf_add_char(&joined, wrapped.data[at]);
				line++;
				continue;
			}
			lines++;
			assert_true(line == 70 || at + 1 == wrapped.len);
			last = line;
			line = 0;
		}
		assert_true(span_eq(buf_span(&joined), buf_span(&plain)));
		assert_int_equal(lines, table[i].lines);
		assert_int_equal(lines ? last : line, table[i].last);
		assert_int_equal(lines ? line : 0, 0);
	}
}

struct piece {
	struct object object;
	struct find find;
	struct splice splice;
	struct buf out;
};

static void piece_release(struct piece *piece)
{
	find_release(&piece->find);
	splice_release(&piece->splice);
	object_release(&piece->object);
	buf_release(&piece->out);
}

#define CLEAN_PIECE CLEANUP(piece_release)
#define PIECE_INIT(text)                                                                         \
	{                                                                                        \
		.object = OBJECT_INIT, .find = FIND_INIT, .splice = SPLICE_INIT(span_str(text)), \
		.out = BUF_INIT(1 << 16),                                                        \
	}

/* The hits of one object, each with the same plaintext. */
static int apply(struct piece *piece, const char *plain, struct err *err)
{
	const struct find_options options = {.string_data = true};
	struct decrypt_job job = {
		.output = {.data = (uint8_t *)(uintptr_t)plain, .len = strlen(plain)}};
	struct doc_node *node =
		object_read(&piece->object, (const char *)piece->splice.source.data);
	size_t i;

	assert_int_equal(find_in_item(&piece->find, node, &options, err), 0);
	for (i = 0; i < piece->find.count; i++) {
		const struct find_hit *hit = &piece->find.hits[i];

		if (apply_removals(&piece->splice, hit, err) < 0 ||
		    apply_result(&piece->splice, &piece->find.arena, hit, &job, err) < 0)
			return -1;
	}
	return splice_apply(&piece->splice, &piece->out, err);
}

static void check(const char *text, const char *plain, const char *want)
{
	CLEAN_PIECE struct piece piece = PIECE_INIT(text);
	struct err err = ERR_INIT;

	if (apply(&piece, plain, &err) < 0)
		fail_msg("%s", err.msg);
	if (!span_is(buf_span(&piece.out), want))
		fail_msg("'%.*s'", (int)piece.out.len, (const char *)piece.out.data);
}

#define TOKEN "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
/* base64 of TOKEN, of a YAML document with a MAC */
#define TOKEN64 "RU5DW0FFUzI1Nl9HQ00sZGF0YTplQT09LGl2OmVBPT0sdGFnOmVBPT0sdHlwZTpzdHJd"
#define DOC64   "c29wczoKICBtYWM6IHgKYTogMQo="
#define HASHED  "metadata: {annotations: {internal.config.kubernetes.io/needsHashSuffix: enabled}}\n"

static void writes_lines_to_their_keys(void **state)
{
	check("kind: Secret\ndata:\n  A: " TOKEN64 "\n  EMPTY: \"\"\n  Z: " TOKEN64
	      "\n  sops_mac: " TOKEN64 "\n  sops_version: MQ==\ntype: Opaque\n",
	      "A=a\\nb=c\nZ=x\r\n",
	      "kind: Secret\ndata:\n  A: YVxuYj1j\n  EMPTY: \"\"\n  Z: eA==\ntype: Opaque\n");
	check("{\"kind\": \"Secret\", \"data\": {\"sops_mac\": \"" TOKEN64 "\", \"A\": \"" TOKEN64
	      "\"}}",
	      "A=\n", "{\"kind\": \"Secret\", \"data\": {\"A\": \"\"}}");
	check("kind: Secret\nstringData:\n  sops_mac: " TOKEN "\n  A: \"" TOKEN "\"\n", "A=yes\n",
	      "kind: Secret\nstringData:\n  A: \"yes\"\n");
}

static void wraps_only_what_is_hashed(void **state)
{
	static const char plain[] = "0123456789012345678901234567890123456789012345678901234567890";

	check("kind: Secret\ndata:\n  a: " DOC64 "\n  b: eA==\n", plain,
	      "kind: Secret\ndata:\n  a: "
	      "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==\n"
	      "  b: eA==\n");
	check("kind: Secret\n" HASHED "data:\n  a: " DOC64 "\n  b: eA==\n", plain,
	      "kind: Secret\n" HASHED "data:\n  a: |\n"
	      "    MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMT\n"
	      "    IzNDU2Nzg5MA==\n  b: eA==\n");
	check("{kind: Secret, metadata: {annotations: "
	      "{internal.config.kubernetes.io/needsHashSuffix: enabled}}, data: {a: " DOC64 "}}\n",
	      plain,
	      "{kind: Secret, metadata: {annotations: "
	      "{internal.config.kubernetes.io/needsHashSuffix: enabled}}, data: {a: "
	      "\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMT\\n"
	      "IzNDU2Nzg5MA==\\n\"}}\n");
}

static void quotes_base64_that_looks_like_something_else(void **state)
{
	check("kind: Secret\ndata:\n  a: " DOC64 "\n", "\xb6\xbb\x9e",
	      "kind: Secret\ndata:\n  a: \"true\"\n");
	check("kind: Secret\ndata:\n  a: " DOC64 "\n", "\xd7\x6d\xf8",
	      "kind: Secret\ndata:\n  a: \"1234\"\n");
}

static void refuses_bytes_in_string_data(void **state)
{
	static const char text[] =
		"kind: Secret\nmetadata: {name: s}\nstringData:\n  a: |\n    sops:\n      mac: x\n";
	CLEAN_PIECE struct piece piece = PIECE_INIT(text);
	struct err err = ERR_INIT;

	assert_int_equal(apply(&piece, "\xff", &err), -1);
	assert_int_equal(err.code, ERR_EMIT);
	assert_non_null(strstr(err.msg, "Secret s: stringData.a: "));
}

/* Whole items: what the walk has opened, by flag. */
static void open_values(struct doc_node *node)
{
	struct doc_node *kid;

	doc_each (kid, node) {
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST) {
			open_values(kid);
		} else if (kid->kind == DOC_STRING && span_is(kid->str, "S")) {
			kid->str = SPAN("secret");
			kid->flags |= DOC_OPENED;
		} else if (kid->kind == DOC_STRING && span_is(kid->str, "C")) {
			kid->kind = DOC_COMMENT;
			kid->str = SPAN(" sealed");
			kid->flags |= DOC_OPENED;
		}
	}
}

static void check_whole(const char *text, const char *want)
{
	CLEAN_PIECE struct piece piece = PIECE_INIT(text);
	const struct find_options options = {.flux = false};
	const struct decrypt_job job = {.done = true};
	struct err err = ERR_INIT;
	struct doc_node *node = object_read(&piece.object, text);

	CLEAN_DOC struct doc again = DOC_INIT;

	assert_int_equal(find_in_item(&piece.find, node, &options, &err), 0);
	assert_int_equal(apply_removals(&piece.splice, &piece.find.hits[0], &err), 0);
	doc_remove(node, doc_get(node, "sops"));
	open_values(node);
	if (apply_result(&piece.splice, &piece.find.arena, &piece.find.hits[0], &job, &err) < 0 ||
	    splice_apply(&piece.splice, &piece.out, &err) < 0)
		fail_msg("%s", err.msg);
	if (!span_is(buf_span(&piece.out), want))
		fail_msg("'%.*s'", (int)piece.out.len, (const char *)piece.out.data);
	assert_int_equal(splice_read(buf_span(&piece.out), &again, &err), 0);
}

static void opens_whole_items_in_place(void **state)
{
	check_whole("kind: W\nspec: {a: [S, 1, {b: S}]}\nsops: {mac: x}\nz: S # kept\n",
		    "kind: W\nspec: {a: [secret, 1, {b: secret}]}\nz: secret # kept\n");
	check_whole("spec:\n- S\n- - S\nsops: {mac: x}\n", "spec:\n- secret\n- - secret\n");
	/* An encrypted comment in a list is an element, until it is known to be a comment. */
	check_whole("spec:\n- C\n- S\n- C\nsops: {mac: x}\n", "spec:\n- secret\n");
	check_whole("spec:\n- C\nsops: {mac: x}\nb: 1\n", "spec:\n  []\nb: 1\n");
	check_whole("spec: [C, 1, C]\nsops: {mac: x}\n", "spec: [1]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_base64_as_kustomize_does),
		cmocka_unit_test(writes_lines_to_their_keys),
		cmocka_unit_test(wraps_only_what_is_hashed),
		cmocka_unit_test(quotes_base64_that_looks_like_something_else),
		cmocka_unit_test(refuses_bytes_in_string_data),
		cmocka_unit_test(opens_whole_items_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
