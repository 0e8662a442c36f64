/* SPDX-License-Identifier: Apache-2.0
 *
 * What counts as encrypted, in both ways of looking: Flux's decision table (kustomize-controller: DecryptResource) with its blind spots,
 * and the strict one.
 */
#include "find.h"

#include "detect.h"
#include "objects.h"

#include "base/text.h"

#define TOKEN   "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
#define YAML    "a: " TOKEN "\nsops:\n    mac: " TOKEN "\n    version: 3.13.3\n"
#define JSON    "{\n\t\"a\": \"" TOKEN "\",\n\t\"sops\": {\n\t\t\"mac\": \"" TOKEN "\"\n\t}\n}\n"
#define COMPACT "{\"data\":\"" TOKEN "\",\"sops\":{\"mac\":\"" TOKEN "\"}}"
#define DOTENV  "A=" TOKEN "\nsops_mac=" TOKEN "\nsops_version=3.13.3\n"
#define INI     "[s]\na = " TOKEN "\n\n[sops]\nmac = " TOKEN "\n"
#define QUOTED  "a: 1\nsops:\n    mac: \"" TOKEN "\"\n"
#define PROSE   "An INI file has a section [sops] with its metadata.\n"

static const struct {
	const char *name, *text;
	int strict, flux; /* the format, or -1: none */
} documents[] = {
	{"YAML", YAML, DOC_YAML, DOC_YAML},
	{"JSON", JSON, DOC_JSON, DOC_JSON},
	{"compact JSON", COMPACT, DOC_JSON, -1},
	{"quoted MAC in YAML", QUOTED, DOC_YAML, -1},
	{"dotenv", DOTENV, DOC_DOTENV, DOC_DOTENV},
	{"INI", INI, DOC_INI, DOC_INI},
	{"prose", PROSE, -1, DOC_INI},
	{"YAML, first of two", YAML "---\nb: 1\n", DOC_YAML, DOC_YAML},
	{"YAML, MAC below", "a:\n  sops:\n    mac: ENC[\n", -1, DOC_YAML},
	{"no MAC", "a: 1\nsops:\n    version: 3.13.3\n", -1, -1},
	{"sops is text", "sops: mac\n", -1, -1},
	{"broken YAML", "a: {\nsops:\n    mac: ENC[\n", -1, DOC_YAML},
	{"empty", "", -1, -1},
	{"bytes", "\xff\xfe\x00\x01", -1, -1},
	{"blanks before JSON", " \n\t" COMPACT, DOC_JSON, -1},
	{"token alone", TOKEN, -1, -1},
	{"not ours: sops and mac", "sops and mac are words\n", -1, -1},
};

static void tells_documents(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(documents); i++) {
		struct span text = span_str(documents[i].text);
		enum doc_format format = DOC_BINARY;
		struct err err = ERR_INIT;
		int r = detect_document(text, &format, &err);

		if (r != (documents[i].strict >= 0) || (r && (int)format != documents[i].strict))
			fail_msg("%s: %d %d", documents[i].name, r, (int)format);
		r = detect_marker(text, &format);
		if (r != (documents[i].flux >= 0) || (r && (int)format != documents[i].flux))
			fail_msg("%s by marker: %d %d", documents[i].name, r, (int)format);
	}
}

static int detect_mangled(struct span input, void *arg)
{
	enum doc_format format;
	struct err err = ERR_INIT;

	(void)detect_marker(input, &format);
	return detect_document(input, &format, &err);
}

static void survives_mangled_documents(void **state)
{
	mangle_all(SPAN(YAML), detect_mangled, NULL);
	mangle_all(SPAN(COMPACT), detect_mangled, NULL);
	mangle_all(SPAN(DOTENV), detect_mangled, NULL);
	mangle_all(SPAN(INI), detect_mangled, NULL);
}

static void a_key_names_the_format(void **state)
{
	static const struct {
		const char *key;
		enum doc_format format;
	} table[] = {
		{"plain", DOC_BINARY},
		{"a.yaml", DOC_YAML},
		{"a.yml", DOC_YAML},
		{"a.json", DOC_JSON},
		{".dockerconfigjson", DOC_JSON},
		{"x.dockerconfigjson", DOC_JSON},
		{".env", DOC_DOTENV},
		{"a.env", DOC_DOTENV},
		{"a.ini", DOC_INI},
		{"a.YAML", DOC_BINARY},
		{"app.env.enc", DOC_BINARY},
		{"yaml", DOC_BINARY},
		{"dockerconfigjson", DOC_BINARY},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		assert_int_equal(detect_format_of_key(span_str(table[i].key)), table[i].format);
}

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"
#define SOPS   "sops:\n  mac: " TOKEN "\n"
#define ALONE(text) \
	"kind: Secret\nmetadata: {annotations: {kustomize.toolkit.fluxcd.io/decrypt: " text "}}\n"

/* The document of `data.NAME: @KIND` is put in as base64, of `stringData.NAME: @KIND` as text. */
static const struct {
	const char *name, *text;
	bool string_data;
	const char *strict, *flux; /* the hits, in words; "!": an error */
} items[] = {
	{"whole", SECRET "stringData: {a: x}\n" SOPS, false, "whole", "whole"},
	{"whole ConfigMap", "apiVersion: v1\nkind: ConfigMap\n" SOPS, false, "whole", "whole"},
	{"whole of any kind", "apiVersion: e/v1\nkind: W\n" SOPS, false, "whole", "whole"},
	{"empty MAC", "kind: W\nsops: {mac: \"\"}\n", false, "whole", "whole"},
	{"no MAC", "kind: Secret\nsops: {version: 1}\n", false, "", ""},
	{"sops is a list", "kind: Secret\nsops: [mac]\n", false, "", ""},
	{"sops is null", "kind: Secret\nsops:\n", false, "", ""},
	{"SopsSecret", "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\n" SOPS, false,
	 "note", "whole"},
	{"SopsSecret of another group", "apiVersion: e.com/v1\nkind: SopsSecret\n" SOPS, false,
	 "whole", "whole"},
	{"disabled", ALONE("disabled") SOPS, false, "", ""},
	{"disabled, letters", ALONE("DISabled") SOPS, false, "", ""},
	{"disabled, blank", ALONE("\" disabled\"") SOPS, false, "whole", "whole"},
	{"disabled, false", ALONE("\"false\"") SOPS, false, "whole", "whole"},
	{"embedded", SECRET "data: {values.yaml: \"@yaml\", b: eA==}\n", false,
	 "data.values.yaml:yaml>yaml", "data.values.yaml:yaml>yaml"},
	{"embedded, all kinds",
	 SECRET "data: {a: \"@json\", b.json: \"@yaml\", .env: \"@dotenv\", i.ini: \"@ini\"}\n",
	 false,
	 "data.a:json>binary data.b.json:yaml>json data..env:dotenv>dotenv data.i.ini:ini>ini",
	 "data.a:json>binary data.b.json:yaml>json data..env:dotenv>dotenv data.i.ini:ini>ini"},
	{"compact JSON", SECRET "data: {.dockerconfigjson: \"@compact\"}\n", false,
	 "data..dockerconfigjson:json>json", ""},
	{"prose", SECRET "data: {readme: \"@prose\"}\n", false, "", "data.readme:ini>binary"},
	{"not base64", SECRET "data: {a: \"@@@\", b: 1, c: , d: [x]}\n", false, "", ""},
	{"embedded in a ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata: {a.yaml: \"@yaml\"}\n",
	 false, "", ""},
	{"any apiVersion", "apiVersion: x/v9\nkind: Secret\ndata: {a.yaml: \"@yaml\"}\n", false,
	 "data.a.yaml:yaml>yaml", "data.a.yaml:yaml>yaml"},
	{"stringData", SECRET "stringData: {a.yaml: \"@yaml\"}\n", false, "", ""},
	{"stringData, asked", SECRET "stringData: {a.yaml: \"@yaml\"}\n", true,
	 "stringData.a.yaml:yaml>yaml", "stringData.a.yaml:yaml>yaml"},
	{"whole and embedded", SECRET "data: {a.yaml: \"@yaml\"}\n" SOPS, false,
	 "whole data.a.yaml:yaml>yaml", "whole"},
	{"envs",
	 SECRET "data: {A: \"@token\", EMPTY: \"\", sops_mac: \"@token\", sops_version: MQ==}\n",
	 false, "data:envs", "data:envs"},
	{"envs and a file",
	 SECRET "data: {A: \"@token\", b.yaml: \"@yaml\", sops_mac: \"@token\"}\n", false,
	 "data:envs data.b.yaml:yaml>yaml", "data:envs data.b.yaml:yaml>yaml"},
	{"sops_note alone", SECRET "data: {sops_note: eA==}\n", false, "", ""},
	{"envs, in a ConfigMap", "kind: ConfigMap\ndata: {sops_mac: eA==}\n", false, "", ""},
	{"envs, bad base64", SECRET "data: {A: \"@token\", sops_mac: \"@@\"}\n", false, "!", "!"},
	{"envs, several lines", SECRET "data: {sops_mac: \"@token\", sops_x: YQpi}\n", false, "!",
	 "!"},
	{"envs, INI", SECRET "data: {\"[s]\": \"\", \"[sops]\": \"\"}\n", false, "!", "!"},
	{"nothing", SECRET "data: {a: eA==}\nstringData: {b: c}\n", true, "", ""},
	{"data is text", SECRET "data: x\nstringData: [1]\n", true, "", ""},
};

static void add_document(struct buf *out, const char *name, bool base64)
{
	static const struct {
		const char *name, *text;
	} table[] = {
		{"yaml", YAML}, {"json", JSON},   {"compact", COMPACT}, {"dotenv", DOTENV},
		{"ini", INI},   {"prose", PROSE}, {"token", TOKEN},
	};
	size_t i, at;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		size_t len = strlen(table[i].name);

		if (strncmp(name, table[i].name, len) != 0 || name[len] != '"')
			continue;
		if (base64) {
			base64_encode(span_str(table[i].text), true, out);
			return;
		}
		for (at = 0; table[i].text[at]; at++) {
			if (table[i].text[at] == '\n')
				buf_add_str(out, "\\n");
			else
				buf_add_char(out, (uint8_t)table[i].text[at]);
		}
		return;
	}
	buf_add_char(out, '@');
}

static void expand(struct buf *out, const char *text)
{
	bool base64 = !strstr(text, "stringData: {a.yaml");

	for (; *text; text++) {
		if (*text != '@') {
			buf_add_char(out, (uint8_t)*text);
			continue;
		}
		add_document(out, text + 1, base64);
		text += strcspn(text, "\"") - 1;
	}
	buf_add_char(out, '\0');
}

static void describe(const struct find *find, struct buf *out)
{
	size_t i;

	for (i = 0; i < find->count; i++) {
		const struct find_hit *hit = &find->hits[i];

		if (out->len)
			buf_add_char(out, ' ');
		if (hit->kind == FIND_WHOLE)
			buf_add_str(out, "whole");
		else
			buf_add_span(out, hit->map->key);
		if (hit->kind == FIND_ENVS)
			buf_add_str(out, ":envs");
		if (hit->kind != FIND_VALUE)
			continue;
		buf_add_char(out, '.');
		buf_add_span(out, hit->node->key);
		buf_printf(out, ":%s>%s", doc_format_name(hit->in_format),
			   doc_format_name(hit->out_format));
		assert_int_equal(hit->base64, span_is(hit->map->key, "data"));
	}
	for (i = 0; i < find->note_count; i++)
		buf_add_str(out, "note");
}

static void check_item(size_t i, bool flux)
{
	const struct find_options options = {.flux = flux, .string_data = items[i].string_data};
	const char *want = flux ? items[i].flux : items[i].strict;
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16), got = BUF_INIT(1 << 16);
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_FIND struct find find = FIND_INIT;
	struct err err = ERR_INIT;
	int r;

	expand(&text, items[i].text);
	r = find_in_item(&find, object_read(&object, (const char *)text.data), &options, &err);
	if (strcmp(want, "!") == 0) {
		assert_int_equal(r, -1);
		assert_non_null(strstr(err.msg, "Secret shop/s: "));
		return;
	}
	if (r < 0)
		fail_msg("%s: %s", items[i].name, err.msg);
	describe(&find, &got);
	if (!span_is(buf_span(&got), want))
		fail_msg("%s, %s: '%.*s'", items[i].name, flux ? "flux" : "strict", (int)got.len,
			 (const char *)got.data);
}

static void finds_what_is_encrypted(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(items); i++)
		check_item(i, false);
}

static void finds_what_flux_finds(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(items); i++)
		check_item(i, true);
}

static void puts_a_dotenv_together(void **state)
{
	static const char text[] =
		"kind: Secret\nmetadata: {name: s}\nstringData:\n  B: " TOKEN "\n  PLAIN: x\n"
		"  sops_age__list_0__map_enc: a\\nb\n  sops_mac: " TOKEN "\n  A: " TOKEN "\n";
	static const char want[] =
		"B=" TOKEN "\nsops_age__list_0__map_enc=a\\nb\nsops_mac=" TOKEN "\nA=" TOKEN "\n";
	const struct find_options options = {.flux = false};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_FIND struct find find = FIND_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(find_in_item(&find, object_read(&object, text), &options, &err), 0);
	assert_int_equal(find.count, 1);
	assert_int_equal(find.hits[0].kind, FIND_ENVS);
	assert_true(span_is(find.hits[0].input, want));
	assert_string_equal(find.hits[0].label, "Secret s");
}

static void finds_many(void **state)
{
	const struct find_options options = {.flux = false};
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_FIND struct find find = FIND_INIT;
	struct err err = ERR_INIT;
	size_t i;

	object_read(&object, "kind: Secret\nmetadata: {name: s}\n" SOPS);
	for (i = 0; i < 1000; i++)
		assert_int_equal(find_in_item(&find, object.node, &options, &err), 0);
	assert_int_equal(find.count, 1000);
	assert_ptr_equal(find.hits[999].item, object.node);
	assert_string_equal(find.hits[0].label, "Secret s");
}

static void names_the_field_of_a_value(void **state)
{
	const struct find_options options = {.string_data = true};
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16);
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_FIND struct find find = FIND_INIT;
	struct err err = ERR_INIT;

	expand(&text, SECRET "stringData: {a.yaml: \"@yaml\"}\n");
	assert_int_equal(
		find_in_item(&find, object_read(&object, (const char *)text.data), &options, &err),
		0);
	assert_string_equal(find.hits[0].label, "Secret shop/s: stringData.a.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_documents),
		cmocka_unit_test(survives_mangled_documents),
		cmocka_unit_test(a_key_names_the_format),
		cmocka_unit_test(finds_what_is_encrypted),
		cmocka_unit_test(finds_what_flux_finds),
		cmocka_unit_test(puts_a_dotenv_together),
		cmocka_unit_test(finds_many),
		cmocka_unit_test(names_the_field_of_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
