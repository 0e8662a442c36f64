/* SPDX-License-Identifier: Apache-2.0
 *
 * The source of an item: found by its MAC in every spelling, nearest first, within limits; and what may differ between the two. The ciphertexts
 * are made up: nothing here is opened.
 */
#include "source.h"

#include "base/text.h"
#include "files.h"

#define T(text) "ENC[AES256_GCM,data:" text ",iv:AAAA,tag:BBBB,type:str]"
#define META(mac)                                         \
	"sops:\n"                                         \
	"    age:\n"                                      \
	"        - recipient: age1x\n"                    \
	"          enc: x\n"                              \
	"    lastmodified: \"2026-01-01T00:00:00Z\"\n"    \
	"    mac: " mac "\n"                              \
	"    encrypted_regex: ^(data|stringData|list)$\n" \
	"    version: 3.13.3\n"
#define SECRET(name, body) \
	"apiVersion: v1\n" \
	"kind: Secret\n"   \
	"metadata:\n"      \
	"    name: " name "\n" body

struct search {
	struct confine confine;
	struct source_files files;
	struct source_options options;
	struct doc items;
	struct source_want wants[8];
	size_t count;
	struct err err;
};

#define SEARCH_INIT                                                                       \
	{                                                                                 \
		.confine = CONFINE_INIT, .files = SOURCE_FILES_INIT,                      \
		.options = {.files_max = 1000, .bytes_max = 10000000}, .items = DOC_INIT, \
		.err = ERR_INIT,                                                          \
	}
#define CLEAN_SEARCH CLEANUP(search_release)

static void search_release(struct search *search)
{
	confine_close(&search->confine);
	source_files_release(&search->files);
	doc_release(&search->items);
}

static struct span mac_of(const struct doc_node *item)
{
	static uint8_t decoded[1000];
	struct span mac = doc_get_str(doc_get(item, "sops"), "mac");
	struct span line = doc_get_str(doc_get(item, "data"), "sops_mac");
	CLEAN_BUF struct buf text = BUF_INIT(sizeof(decoded));

	if (mac.data || !line.data)
		return mac.data ? mac : doc_get_str(doc_get(item, "stringData"), "sops_mac");
	assert_int_equal(base64_decode(BASE64_GO, line, &text), 0);
	memcpy(decoded, text.data, text.len);
	return span_of(decoded, text.len);
}

static void find(struct search *search, const char *items)
{
	struct doc_node *item;

	if (doc_read(DOC_YAML, span_str(items), &search->items, &search->err) < 0)
		fail_msg("%s", search->err.msg);
	for (item = search->items.first; item; item = item->next) {
		search->wants[search->count].item = item;
		search->wants[search->count++].mac = mac_of(item);
	}
	search->options.confine = &search->confine;
	if (confine_open_root(NULL, &search->confine, &search->err) < 0 ||
	    source_find(search->wants, search->count, &search->options, &search->files,
			&search->err) < 0)
		fail_msg("%s", search->err.msg);
}

/* A repository with the files of one test in it; the working directory is apps/prod. */
static void enter(void)
{
	static int number;
	char name[64];

	snprintf(name, sizeof(name), "%s/%d", files_top, number++);
	assert_int_equal(mkdir(name, 0700) | chdir(name) | mkdir(".git", 0700) |
				 mkdir("apps", 0700) | mkdir("apps/prod", 0700),
			 0);
}

static void leave(void)
{
	assert_int_equal(chdir("apps/prod"), 0);
}

static void finds_the_mac_in_every_spelling(void **state)
{
	static const struct {
		const char *file, *content;
		enum doc_format format;
	} table[] = {
		{"a.yaml", SECRET("s", "data:\n    k: " T("v") "\n" META(T("mac"))), DOC_YAML},
		{"a.yml", SECRET("s", "data: {k: '" T("v") "'}\n" META("\"" T("mac") "\"")),
		 DOC_YAML},
		{"a", SECRET("s", "data: {k: '" T("v") "'}\n" META("'" T("mac") "'")), DOC_YAML},
		{"a.enc", SECRET("s", "data: {k: '" T("v") "'}\n" META(">-\n        " T("mac"))),
		 DOC_YAML},
		{"a.json",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},"
		 "\"data\":{\"k\":\"" T(
			 "v") "\"},\"sops\":{\"age\":[{\"recipient\":\"age1x\",\"enc\":"
			      "\"x\"}],\"lastmodified\":\"2026-01-01T00:00:00Z\",\"mac\":\"" T(
				      "mac") "\","
					     "\"encrypted_regex\":\"^(data|stringData|list)$\",\"version\":\"3.13.3\"}}",
		 DOC_JSON},
		{"b.yaml",
		 "kind: ConfigMap\napiVersion: v1\ndata: {}\n" META(T("mac")) "---\n" SECRET(
			 "s", "data: {k: '" T("v") "'}\n" META(T("mac"))),
		 DOC_YAML},
		{"c.yaml",
		 SECRET("other", "data: {k: '" T("w") "'}\n" META(T("mac"))) "---\n" SECRET(
			 "s", "data: {k: '" T("v") "'}\n" META(T("mac"))),
		 DOC_YAML},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;

		enter();
		files_put(table[i].file, table[i].content);
		leave();
		find(&search, SECRET("s", "data: {k: '" T("v") "'}\n" META(T("mac"))));
		if (search.wants[0].verdict != SOURCE_FOUND)
			fail_msg("case %zu: %d %s", i, search.wants[0].verdict,
				 search.wants[0].err ? search.wants[0].err->msg : "");
		assert_string_equal(search.wants[0].path, table[i].file);
		assert_true(span_is(search.wants[0].bytes, table[i].content));
		assert_int_equal(search.wants[0].format, table[i].format);
		assert_string_equal(search.files.limit, "");
	}
}

static void finds_a_dotenv_that_was_taken_apart(void **state)
{
	static const char lines[] =
		"#ENC[comment]\n"
		"B=" T("b") "\n"
			    "A=" T("a") "\n"
					"EMPTY=\n"
					"sops_age__list_0__map_enc=x\\n\n"
					"sops_age__list_0__map_recipient=age1x\n"
					"sops_lastmodified=2026-01-01T00:00:00Z\n"
					"sops_mac=" T(
						"mac") "\n"
						       "sops_unencrypted_suffix=_unencrypted\n"
						       "sops_version=3.13.3\n";
	static const char *const metadata =
		"  sops_age__list_0__map_enc: x\n"
		"  sops_age__list_0__map_recipient: age1x\n"
		"  sops_lastmodified: '2026-01-01T00:00:00Z'\n"
		"  sops_mac: " T("mac") "\n"
					"  sops_unencrypted_suffix: _unencrypted\n"
					"  sops_version: 3.13.3\n";
	static const struct {
		const char *values;
		enum source_verdict verdict;
		const char *message;
	} table[] = {
		{"  A: " T("a") "\n  B: " T("b") "\n  EMPTY: ''\n", SOURCE_FOUND, ""},
		{"  A: " T("a") "\n  B: " T("b") "\n  MERGED: plain\n", SOURCE_FOUND, ""},
		{"  A: " T("a") "\n  EMPTY: ''\n", SOURCE_MISMATCH, "'B' is not there"},
		{"  A: " T("a") "\n  B: ''\n", SOURCE_MISMATCH, "'B' is empty"},
		{"  A: " T("b") "\n  B: " T("a") "\n", SOURCE_MISMATCH, "'A' holds another"},
		{"  A: " T("a") "\n  B: plain\n", SOURCE_MISMATCH, "'B' has been replaced"},
		{"  A: " T("a") "\n  B: " T("b") "\n  C: " T("c") "\n", SOURCE_MISMATCH,
		 "'C' holds a ciphertext"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;
		char item[2048];

		enter();
		files_put("base/.env.enc", lines);
		leave();
		snprintf(item, sizeof(item), SECRET("s", "stringData:\n%s%s"), table[i].values,
			 metadata);
		find(&search, item);
		assert_int_equal(search.wants[0].verdict, table[i].verdict);
		assert_int_equal(search.wants[0].format, DOC_DOTENV);
		assert_true(table[i].verdict == SOURCE_FOUND ||
			    strstr(search.wants[0].err->msg, table[i].message));
	}
}

static void undoes_the_base64_of_a_dotenv(void **state)
{
	CLEAN_SEARCH struct search search = SEARCH_INIT;
	CLEAN_BUF struct buf item = BUF_INIT(10000);
	static const struct {
		const char *key, *value;
	} lines[] = {
		{"A", T("a")},
		{"sops_age__list_0__map_enc", "x"},
		{"sops_age__list_0__map_recipient", "age1x"},
		{"sops_lastmodified", "2026-01-01T00:00:00Z"},
		{"sops_mac", T("mac")},
		{"sops_version", "3.13.3"},
	};
	CLEAN_BUF struct buf file = BUF_INIT(10000);
	size_t i;

	buf_add_str(&item, SECRET("s", "data:\n    other: '!'\n"));
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		buf_printf(&file, "%s=%s\n", lines[i].key, lines[i].value);
		buf_printf(&item, "    %s: ", lines[i].key);
		base64_encode(span_str(lines[i].value), true, &item);
		buf_add_char(&item, '\n');
	}
	enter();
	files_put_span("x.env", buf_span(&file));
	leave();
	buf_add_char(&item, 0);
	find(&search, (const char *)item.data);
	assert_int_equal(search.wants[0].verdict, SOURCE_FOUND);
	assert_true(span_eq(search.wants[0].bytes, buf_span(&file)));
}

/* What a build or a writer to Git may do to an item, and what not. */
static void compares_ciphertexts_by_path_and_order(void **state)
{
	static const char source[] = SECRET(
		"s",
		"    labels: {a: b}\n"
		"data:\n"
		"    k: " T(
			"k") "\n"
			     "    n: null\n"
			     "    e: ''\n"
			     "list:\n"
			     "    - " T("one") "\n"
					       "    - name: x\n"
					       "      value: " T(
						       "two") "\n"
							      "    - " T(
								      "three") "\n"
									       "open: plain\n" META(
										       T("mac")));
#define LIST "list: ['" T("one") "', {name: x, value: '" T("two") "'}, '" T("three") "']\n"
#define DATA "data: {k: '" T("k") "', n: null, e: ''}\n"
	static const struct {
		const char *body;
		const char *message; /* NULL: it matches */
	} table[] = {
		{DATA LIST META(T("mac")), NULL},
		/* Sorted, with what patches change and add where nothing was encrypted. */
		{LIST "open: other\nnew: [1]\n" DATA META(T("mac")), NULL},
		{"data: {added: plain, k: '" T("k") "', e: set}\n" LIST META(T("mac")), NULL},
		{"data: {k: '" T("k") "'}\nlist: [first, '" T("one") "', {value: '" T(
			 "two") "'}, '" T("three") "']\n" META(T("mac")),
		 NULL},
		{"data: {k: ''}\n" LIST META(T("mac")), "'data.k' is empty"},
		{"data: {k: null}\n" LIST META(T("mac")), "'data.k' is empty"},
		{"data: {}\n" LIST META(T("mac")), "'data.k' is not there"},
		{LIST META(T("mac")), "'data.k' is not there"},
		{"data: {k: plain}\n" LIST META(T("mac")), "'data.k' has been replaced"},
		{"data: {k: 5}\n" LIST META(T("mac")), "'data.k' has been replaced"},
		{"data: {k: ['" T("x") "']}\n" LIST META(T("mac")), "'data.k[0]'"},
		{"data: {k: '" T("old") "'}\n" LIST META(T("mac")),
		 "'data.k' holds another ciphertext"},
		{"data: {k: '" T("k") "', e: '" T("k") "'}\n" LIST META(T("mac")),
		 "'data.e' holds a ciphertext that is not"},
		{"data: {k: '" T("k") "', m: '" T("k") "'}\n" LIST META(T("mac")),
		 "'data.m' holds a ciphertext that is not"},
		{DATA "list: ['" T("three") "', {value: '" T("two") "'}, '" T("one") "']\n" META(
			 T("mac")),
		 "'list[0]' holds another ciphertext"},
		{DATA "list: ['" T("one") "', {value: '" T("two") "'}]\n" META(T("mac")),
		 "'list[2]' is not there"},
		{DATA "list: ['" T("one") "', {value: '" T("two") "'}, '" T("three") "', '" T(
			 "one") "']\n" META(T("mac")),
		 "'list[3]' holds a ciphertext that is not"},
		{DATA "list: ['" T("one") "', {worth: '" T("two") "'}, '" T("three") "']\n" META(
			 T("mac")),
		 "'list[1].value' is not there"},
		/* stringData would win over data when it is applied. */
		{DATA LIST "stringData: {k: plain}\n" META(T("mac")),
		 "'stringData.k' would take the place"},
		{DATA LIST "stringData: {z: plain}\n" META(T("mac")), NULL},
		/* Another rule says what is opened. */
		{DATA LIST
		 "sops: {age: [{recipient: age1x, enc: x}], lastmodified: "
		 "\"2026-01-01T00:00:00Z\", mac: '" T("mac") "', version: 3.13.3, encrypted_regex: "
							     "^data$}\n",
		 "'sops' says by another rule"},
		{DATA LIST
		 "sops: {age: [{recipient: age1x, enc: x}], lastmodified: "
		 "\"2026-01-01T00:00:00Z\", mac: '" T("mac") "', version: 3.13.3, encrypted_regex: "
							     "^(data|stringData|list)$, "
							     "mac_only_encrypted: true}\n",
		 "'sops' says by another rule"},
		{DATA LIST "sops: {mac: '" T("mac") "'}\n", "sops metadata"},
	};
	size_t i;

	enter();
	files_put("secret.yaml", source);
	leave();
	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;
		CLEAN_BUF struct buf item = BUF_INIT(10000);
		const struct source_want *want = search.wants;

		buf_printf(&item, SECRET("s", "%s"), table[i].body);
		buf_add_char(&item, 0);
		find(&search, (const char *)item.data);
		if (!table[i].message && want->verdict != SOURCE_FOUND)
			fail_msg("case %zu: %s", i, want->err ? want->err->msg : "not found");
		if (!table[i].message)
			continue;
		if (want->verdict != SOURCE_MISMATCH || !strstr(want->err->msg, table[i].message))
			fail_msg("case %zu: %d \"%s\"", i, want->verdict,
				 want->err ? want->err->msg : "");
	}
}

static void takes_no_other_kind(void **state)
{
	static const struct {
		const char *head;
		bool good;
	} table[] = {
		{"apiVersion: v1\nkind: Secret\n", true},
		{"apiVersion: v1beta1\nkind: Secret\n", true},
		{"apiVersion: v1\nkind: ConfigMap\n", false},
		{"apiVersion: example.com/v1\nkind: Secret\n", false},
		{"apiVersion: v1\n", false},
	};
	size_t i;

	enter();
	files_put("secret.yaml", SECRET("s", "data: {k: '" T("k") "'}\n" META(T("mac"))));
	leave();
	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;
		CLEAN_BUF struct buf item = BUF_INIT(10000);

		buf_printf(&item, "%smetadata: {name: s}\ndata: {k: '" T("k") "'}\n" META(T("mac")),
			   table[i].head);
		buf_add_char(&item, 0);
		find(&search, (const char *)item.data);
		assert_int_equal(search.wants[0].verdict,
				 table[i].good ? SOURCE_FOUND : SOURCE_MISMATCH);
		if (!table[i].good)
			assert_int_equal(search.wants[0].err->code, ERR_MAC);
	}
}

/* A name that kustomize changed is looked up as it was; a name that none of several has is no match for any. */
static void tells_documents_of_a_stream_apart_by_name(void **state)
{
	static const char stream[] =
		SECRET("a", "data: {k: '" T("a") "'}\n" META(T("mac"))) "---\n" SECRET(
			"b", "data: {k: '" T("b") "'}\n" META(T(
				     "mac"))) "---\n" SECRET("empty", "data: {}\n" META(T("mac")));
	static const struct {
		const char *name, *value;
		bool good;
	} table[] = {
		{"name: a", T("a"), true},
		{"name: b", T("b"), true},
		{"name: a", T("b"), false},
		{"name: c", T("a"), false},
		{"name: x-a\n  annotations: {internal.config.kubernetes.io/previousNames: 'a,y-a'}",
		 T("a"), true},
		{"name: a\n  annotations: {internal.config.kubernetes.io/previousNames: 'b'}",
		 T("a"), false},
		{"name: a", "", false},
	};
	size_t i;

	enter();
	files_put("stream.yaml", stream);
	leave();
	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;
		CLEAN_BUF struct buf item = BUF_INIT(10000);

		buf_printf(&item,
			   "apiVersion: v1\nkind: Secret\nmetadata:\n  %s\ndata: {k: '%s'}\n" META(
				   T("mac")),
			   table[i].name, table[i].value);
		buf_add_char(&item, 0);
		find(&search, (const char *)item.data);
		if ((search.wants[0].verdict == SOURCE_FOUND) != table[i].good)
			fail_msg("case %zu: %s", i,
				 search.wants[0].err ? search.wants[0].err->msg : "");
	}
}

static void gives_items_of_one_stream_the_same_bytes(void **state)
{
	static const char stream[] =
		SECRET("a", "data: {k: '" T("a") "'}\n" META(T("mac"))) "---\n" SECRET(
			"b", "data: {k: '" T("b") "'}\n" META(T("mac")));
	CLEAN_SEARCH struct search search = SEARCH_INIT;

	enter();
	files_put("stream.yaml", stream);
	leave();
	find(&search, stream);
	assert_int_equal(search.wants[0].verdict, SOURCE_FOUND);
	assert_int_equal(search.wants[1].verdict, SOURCE_FOUND);
	assert_ptr_equal(search.wants[0].bytes.data, search.wants[1].bytes.data);
}

#define ITEM(value) SECRET("s", "data: {k: '" T(value) "'}\n" META(T("mac")))

static void takes_the_origin_first_then_the_nearest(void **state)
{
	CLEAN_SEARCH struct search near = SEARCH_INIT;
	CLEAN_SEARCH struct search origin = SEARCH_INIT;
	CLEAN_SEARCH struct search outside = SEARCH_INIT;

	enter();
	files_put("z.yaml", ITEM("v") "# far\n");
	files_put("apps/prod/sub/y.yaml", ITEM("v") "# near\n");
	files_put("../outside.yaml", ITEM("v"));
	leave();
	find(&near, ITEM("v"));
	assert_string_equal(near.wants[0].path, "apps/prod/sub/y.yaml");
	origin.wants[0].origin_path = "../../z.yaml";
	find(&origin, ITEM("v"));
	assert_string_equal(origin.wants[0].path, "../../z.yaml");
	assert_int_equal(origin.files.files, 0);
	outside.wants[0].origin_path = "../../../outside.yaml";
	find(&outside, ITEM("v"));
	assert_string_equal(outside.wants[0].path, "apps/prod/sub/y.yaml");
}

static void prefers_a_match_to_a_nearer_mismatch(void **state)
{
	CLEAN_SEARCH struct search found = SEARCH_INIT;
	CLEAN_SEARCH struct search none = SEARCH_INIT;

	enter();
	files_put("apps/prod/old.yaml", ITEM("old"));
	files_put("apps/older.yaml", ITEM("older"));
	files_put("base/right.yaml", ITEM("v"));
	leave();
	find(&found, ITEM("v"));
	assert_int_equal(found.wants[0].verdict, SOURCE_FOUND);
	assert_string_equal(found.wants[0].path, "base/right.yaml");
	assert_null(found.wants[0].err);
	find(&none, ITEM("w"));
	assert_int_equal(none.wants[0].verdict, SOURCE_MISMATCH);
	assert_string_equal(none.wants[0].path, "apps/prod/old.yaml");
	assert_non_null(strstr(none.wants[0].err->msg, "apps/prod/old.yaml"));
}

static void looks_nowhere_but_below_the_root(void **state)
{
	CLEAN_SEARCH struct search search = SEARCH_INIT;

	enter();
	files_put("../beside.yaml", ITEM("v"));
	files_put(".git/copy.yaml", ITEM("v"));
	assert_int_equal(symlink("../beside.yaml", "link.yaml"), 0);
	/* Text that holds the MAC and is not its document. */
	files_put("README.md", "the mac is " T("mac") "\n");
	files_put("list.yaml", "items:\n- sops: {mac: '" T("mac") "'}\n");
	files_put("broken.yaml", ITEM("v") "  bad: [\n");
	files_put("part.yaml",
		  SECRET("s", "data: {k: '" T("v") "'}\nsops: {mac: '" T("mac") "'}\n"));
	leave();
	find(&search, ITEM("v"));
	assert_int_equal(search.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_null(search.wants[0].err);
	assert_null(search.wants[0].path);
	assert_int_equal(search.files.files, 4);
}

static void keeps_to_its_limits_and_says_so(void **state)
{
	CLEAN_SEARCH struct search files = SEARCH_INIT;
	CLEAN_SEARCH struct search bytes = SEARCH_INIT;
	CLEAN_SEARCH struct search all = SEARCH_INIT;

	enter();
	files_put("a", "1234567890");
	files_put("b", "1234567890");
	files_put("c.yaml", ITEM("v"));
	leave();
	files.options.files_max = 2;
	find(&files, ITEM("v"));
	assert_int_equal(files.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_string_equal(files.files.limit, "the search ends after 2 files");
	assert_int_equal(files.files.files, 2);
	bytes.options.bytes_max = 20;
	find(&bytes, ITEM("v"));
	assert_int_equal(bytes.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_string_equal(bytes.files.limit, "the search ends after 20 bytes");
	all.options.files_max = 3;
	all.options.bytes_max = 20 + strlen(ITEM("v"));
	find(&all, ITEM("v"));
	assert_int_equal(all.wants[0].verdict, SOURCE_FOUND);
	assert_string_equal(all.files.limit, "");
}

/* Origins and near files are looked at before any limit is used up. */
static void looks_at_origins_and_near_files_before_a_limit_ends_it(void **state)
{
	CLEAN_SEARCH struct search origin = SEARCH_INIT;
	CLEAN_SEARCH struct search near = SEARCH_INIT;
	CLEAN_SEARCH struct search far = SEARCH_INIT;
	char name[32];
	int i;

	enter();
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "aaa/%02d", i);
		files_put(name, "crowd");
	}
	files_put("apps/prod/sub/near.yaml", ITEM("v"));
	files_put("zzz/far.yaml", SECRET("t", "data: {k: '" T("w") "'}\n" META(T("mac2"))));
	leave();
	near.options.files_max = origin.options.files_max = far.options.files_max = 10;
	find(&near, ITEM("v"));
	assert_int_equal(near.wants[0].verdict, SOURCE_FOUND);
	far.wants[0].origin_path = NULL;
	find(&far, SECRET("t", "data: {k: '" T("w") "'}\n" META(T("mac2"))));
	assert_int_equal(far.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_string_equal(far.files.limit, "the search ends after 10 files");
	origin.wants[0].origin_path = "../../zzz/far.yaml";
	find(&origin, SECRET("t", "data: {k: '" T("w") "'}\n" META(T("mac2"))));
	assert_int_equal(origin.wants[0].verdict, SOURCE_FOUND);
}

/* Nothing that hides a source is passed over in silence. */
static void says_what_was_too_large_or_too_deep(void **state)
{
	CLEAN_BUF struct buf big = BUF_INIT(32 * 1024 * 1024);
	CLEAN_SEARCH struct search large = SEARCH_INIT;
	CLEAN_SEARCH struct search origin = SEARCH_INIT;
	CLEAN_SEARCH struct search deep = SEARCH_INIT;
	char name[256] = "";
	int i;

	buf_add_str(&big, ITEM("v") "# ");
	buf_add_fill(&big, 'x', 16 * 1024 * 1024);
	enter();
	files_put_span("apps/prod/big.yaml", buf_span(&big));
	leave();
	large.options.bytes_max = origin.options.bytes_max = 64 * 1024 * 1024;
	find(&large, ITEM("v"));
	assert_int_equal(large.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_string_equal(large.files.limit, "'apps/prod/big.yaml' has more than 16777216 bytes");
	origin.wants[0].origin_path = "big.yaml";
	find(&origin, ITEM("v"));
	assert_string_equal(origin.files.limit, "'big.yaml' has more than 16777216 bytes");
	for (i = 0; i < 70; i++)
		strcat(name, "d/");
	strcat(name, "deep.yaml");
	enter();
	files_put(name, ITEM("v"));
	leave();
	find(&deep, ITEM("v"));
	assert_int_equal(deep.wants[0].verdict, SOURCE_NOT_FOUND);
	assert_string_equal(deep.files.limit, "1 folder could not be looked into");
}

static void looks_at_so_many_mismatches_and_no_more(void **state)
{
	CLEAN_SEARCH struct search search = SEARCH_INIT;
	char name[32];
	int i;

	enter();
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "apps/prod/%02d.yaml", i);
		files_put(name, ITEM("other"));
	}
	files_put("right.yaml", SECRET("t", "data: {k: '" T("w") "'}\n" META(T("mac2"))));
	leave();
	find(&search, ITEM("v") "---\n" SECRET("t", "data: {k: '" T("w") "'}\n" META(T("mac2"))));
	assert_int_equal(search.wants[0].verdict, SOURCE_MISMATCH);
	assert_string_equal(search.wants[0].path, "apps/prod/00.yaml");
	assert_int_equal(search.wants[1].verdict, SOURCE_FOUND); /* another MAC has its own */
	assert_int_equal(search.files.compared, SOURCE_MISMATCHES_MAX + 1);
}

static void reads_a_file_once_however_many_macs_it_quotes(void **state)
{
	CLEAN_SEARCH struct search search = SEARCH_INIT;
	CLEAN_BUF struct buf quotes = BUF_INIT(100000), items = BUF_INIT(100000);
	int i;

	for (i = 0; i < 8; i++) {
		buf_printf(&quotes, "- " T("m%d") "\n", i);
		buf_printf(&items,
			   "---\n" SECRET("s%d", "data: {k: '" T("v") "'}\n" META(T("m%d"))), i, i);
	}
	buf_add_char(&items, '\0');
	enter();
	files_put_span("quotes.yaml", buf_span(&quotes));
	leave();
	find(&search, (const char *)items.data);
	assert_int_equal(search.wants[7].verdict, SOURCE_NOT_FOUND);
	assert_int_equal(search.files.parsed, 1);
}

static void assert_notes(const struct source_want *want, const char *expected)
{
	CLEAN_BUF struct buf text = BUF_INIT(100000);
	size_t i;

	for (i = 0; i < want->note_count; i++)
		buf_printf(&text, "%s\n", want->notes[i]);
	buf_add_char(&text, 0);
	assert_string_equal((const char *)text.data, expected);
}

static void lists_what_is_odd_where_nothing_is_found(void **state)
{
	static const struct {
		const char *item, *notes;
	} table[] = {
		{ITEM("v"), ""},
		{SECRET("s",
			"data: {a: '', b: null, c: plain, d: '" T("d") "'}\n"
								       "stringData: {e: 1}\n"
								       "list: ['']\n"
								       "open: ''\n" META(T("mac"))),
		 "data.a: empty, where the rule says encrypted\n"
		 "data.b: empty, where the rule says encrypted\n"
		 "data.c: in the clear, in an encrypted Secret\n"
		 "stringData.e: in the clear, in an encrypted Secret\n"
		 "list[0]: empty, where the rule says encrypted\n"},
		{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {a: '', b: c}\n"
		 "open: d\n" META(T("mac")),
		 "kind: not a Secret\n"
		 "data.a: empty, where the rule says encrypted\n"
		 "data.b: in the clear, where the rule says encrypted\n"},
		{SECRET("s", "stringData:\n"
			     "  A: ''\n"
			     "  B: plain\n"
			     "  sops_age__list_0__map_enc: x\n"
			     "  sops_age__list_0__map_recipient: age1x\n"
			     "  sops_lastmodified: '2026-01-01T00:00:00Z'\n"
			     "  sops_mac: " T("mac") "\n"
						     "  sops_version: 3.13.3\n"),
		 "A: empty, where the rule says encrypted\n"
		 "B: in the clear, in an encrypted Secret\n"},
		{SECRET("s", "data: {a: ''}\nsops: {mac: '" T("mac") "'}\n"), ""},
	};
	size_t i;

	enter();
	leave();
	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_SEARCH struct search search = SEARCH_INIT;

		find(&search, table[i].item);
		assert_int_equal(search.wants[0].verdict, SOURCE_NOT_FOUND);
		assert_notes(&search.wants[0], table[i].notes);
	}
}

static void lists_no_more_than_fits(void **state)
{
	CLEAN_SEARCH struct search search = SEARCH_INIT;
	CLEAN_BUF struct buf item = BUF_INIT(100000);
	int i;

	buf_add_str(&item, SECRET("s", "data:\n"));
	for (i = 0; i < 100; i++)
		buf_printf(&item, "  k%d: ''\n", i);
	buf_add_str(&item, META(T("mac")));
	buf_add_char(&item, 0);
	enter();
	leave();
	find(&search, (const char *)item.data);
	assert_int_equal(search.wants[0].note_count, 32);
	assert_string_equal(search.wants[0].notes[31], "and 69 more");
}

static void add_file(struct stage_index *index, const char *path, const char *text)
{
	struct span bytes = text ? span_str(text) : SPAN_NULL;
	struct err err = ERR_INIT;

	assert_int_equal(stage_index_add(index, path, text ? &bytes : NULL, &err), 0);
}

/* A file that is known to hold no ciphertext is neither opened nor counted against the bytes; all else is looked at. */
static void opens_no_file_that_is_known_to_be_plain(void **state)
{
	static const struct {
		const char *known; /* what the index says of the source; "": it does not know it */
		enum source_verdict verdict;
	} table[] = {
		{"plain", SOURCE_NOT_FOUND},
		{"a " T("x"), SOURCE_FOUND},
		{NULL, SOURCE_FOUND},
		{"", SOURCE_FOUND},
	};
	const char *item = SECRET("s", "data: {k: '" T("v") "'}\n" META(T("mac")));
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
		CLEAN_SEARCH struct search search = SEARCH_INIT;

		enter();
		files_put("apps/a.yaml", item);
		files_put("apps/prod/big.yaml", "plain: plain plain plain\n");
		add_file(&index, "apps/prod/big.yaml", "");
		if (!table[i].known || table[i].known[0])
			add_file(&index, "apps/a.yaml", table[i].known);
		stage_index_end(&index);
		leave();
		search.options.index = &index;
		search.options.bytes_max = strlen(item);
		find(&search, item);
		assert_int_equal(search.wants[0].verdict, table[i].verdict);
		assert_int_equal(search.files.files, 2);
		assert_int_equal(search.files.read, table[i].verdict == SOURCE_FOUND);
		assert_string_equal(search.files.limit, "");
	}
}

static int make(void **state)
{
	unsetenv("ARGOCD_APP_SOURCE_PATH");
	return files_make(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_mac_in_every_spelling),
		cmocka_unit_test(finds_a_dotenv_that_was_taken_apart),
		cmocka_unit_test(undoes_the_base64_of_a_dotenv),
		cmocka_unit_test(compares_ciphertexts_by_path_and_order),
		cmocka_unit_test(takes_no_other_kind),
		cmocka_unit_test(tells_documents_of_a_stream_apart_by_name),
		cmocka_unit_test(gives_items_of_one_stream_the_same_bytes),
		cmocka_unit_test(takes_the_origin_first_then_the_nearest),
		cmocka_unit_test(prefers_a_match_to_a_nearer_mismatch),
		cmocka_unit_test(looks_nowhere_but_below_the_root),
		cmocka_unit_test(keeps_to_its_limits_and_says_so),
		cmocka_unit_test(looks_at_origins_and_near_files_before_a_limit_ends_it),
		cmocka_unit_test(says_what_was_too_large_or_too_deep),
		cmocka_unit_test(looks_at_so_many_mismatches_and_no_more),
		cmocka_unit_test(reads_a_file_once_however_many_macs_it_quotes),
		cmocka_unit_test(opens_no_file_that_is_known_to_be_plain),
		cmocka_unit_test(lists_what_is_odd_where_nothing_is_found),
		cmocka_unit_test(lists_no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, make, files_drop);
}
