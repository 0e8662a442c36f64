/* SPDX-License-Identifier: Apache-2.0
 *
 * The metadata block: every layout into one struct. What sops itself says to malformed blocks is in tests/data/cases.json; here are the
 * contents, field by field, and that nothing breaks the reader.
 */
#include "mangle.h"

#include "sops/sops_keys.h"
#include "sops/sops_meta.h"

#define WHEN    "\"lastmodified\":\"2024-05-06T07:08:09Z\","
#define VERSION "\"version\":\"3.13.3\","
#define AGE     "\"age\":[{\"recipient\":\"r\",\"enc\":\"e\"}]"

static int take(enum doc_format format, const char *text, struct doc *doc, struct sops_meta *meta,
		struct err *err)
{
	int r = doc_read(format, span_str(text), doc, err);

	return r < 0 ? -1 : sops_meta_take(doc, format, meta, err);
}

static void reads_every_field(void **state)
{
	static const char text[] =
		"{\"a\":1,\"sops\":{" WHEN VERSION
		"\"mac\":\"M\",\"shamir_threshold\":2,\"mac_only_encrypted\":true,"
		"\"encrypted_regex\":\"^x\",\"unknown\":{\"x\":[1]},"
		"\"age\":[{\"recipient\":\"r1\",\"enc\":\"e1\"},{\"recipient\":\"r2\",\"enc\":\"e2\"}],"
		"\"pgp\":[{\"fp\":\"F\",\"enc\":\"ep\",\"created_at\":\"2024-05-06T07:08:09Z\"}],"
		"\"hc_vault\":[{\"vault_address\":\"A\",\"engine_path\":\"P\",\"key_name\":\"N\","
		"\"enc\":\"ev\",\"created_at\":\"2024-05-06T07:08:09Z\"}],"
		"\"azure_kv\":[{\"vault_url\":\"U\",\"name\":\"N\",\"version\":\"V\",\"enc\":\"ea\","
		"\"created_at\":\"2024-05-06T07:08:09Z\"}],"
		"\"hckms\":[{\"key_id\":\"r:u\",\"enc\":\"eh\",\"created_at\":\"2024-05-06T07:08:09Z\"}],"
		"\"gcp_kms\":[{\"resource_id\":\"G\",\"enc\":\"eg\",\"created_at\":\"2024-05-06T07:08:09Z\"}],"
		"\"kms\":[{\"arn\":\"K\",\"role\":\"R\",\"aws_profile\":\"AP\",\"enc\":\"ek\","
		"\"created_at\":\"2024-05-06T07:08:09Z\",\"context\":{\"c\":\"d\",\"n\":null,\"i\":5}}]"
		"}}";
	static const struct {
		enum sops_key_type type;
		const char *enc, *id, *address, *path, *role, *profile;
	} want[] = {
		{SOPS_KEY_KMS, "ek", "K", "", "", "R", "AP"},
		{SOPS_KEY_GCP_KMS, "eg", "G", "", "", "", ""},
		{SOPS_KEY_HCKMS, "eh", "r:u", "", "", "", ""},
		{SOPS_KEY_AZURE_KV, "ea", "N", "U", "V", "", ""},
		{SOPS_KEY_HC_VAULT, "ev", "N", "A", "P", "", ""},
		{SOPS_KEY_PGP, "ep", "F", "", "", "", ""},
		{SOPS_KEY_AGE, "e1", "r1", "", "", "", ""},
		{SOPS_KEY_AGE, "e2", "r2", "", "", "", ""},
	};
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;
	const struct sops_key *key;
	size_t i = 0;

	assert_int_equal(take(DOC_JSON, text, &doc, &meta, &err), 0);
	assert_int_equal(meta.group_count, 1);
	assert_int_equal(meta.groups->count, ARRAY_LEN(want));
	assert_null(meta.groups->next);
	for (key = meta.groups->keys; key; key = key->next, i++) {
		assert_int_equal(key->type, want[i].type);
		assert_true(span_is(key->enc, want[i].enc));
		assert_true(span_is(key->id, want[i].id));
		assert_true(span_is(key->address, want[i].address));
		assert_true(span_is(key->path, want[i].path));
		assert_true(span_is(key->role, want[i].role));
		assert_true(span_is(key->profile, want[i].profile));
		assert_int_equal(key->created_at.len, key->type == SOPS_KEY_AGE ? 0 : 20);
	}
	assert_int_equal(i, ARRAY_LEN(want));
	key = meta.groups->keys;
	assert_true(span_is(doc_get_str(key->context, "c"), "d"));
	assert_true(span_is(doc_get_str(key->context, "i"), "5"));
	assert_int_equal(doc_get(key->context, "n")->kind, DOC_NULL);
	assert_int_equal(meta.shamir_threshold, 2);
	assert_int_equal(meta.rule, SOPS_RULE_ENCRYPTED_REGEX);
	assert_true(span_is(meta.rule_text, "^x"));
	assert_true(meta.mac_only_encrypted);
	assert_true(span_is(meta.mac, "M"));
	assert_true(span_is(meta.version, "3.13.3"));
	assert_true(span_is(meta.lastmodified_text, "2024-05-06T07:08:09Z"));
	assert_true(meta.lastmodified.seconds == 1714979289);
	/* the block is gone, the rest is there */
	assert_null(doc_get(doc.first, "sops"));
	assert_non_null(doc_get(doc.first, "a"));
}

static void has_the_default_rule(void **state)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;

	assert_int_equal(take(DOC_JSON, "{\"sops\":{" WHEN VERSION AGE "}}", &doc, &meta, &err), 0);
	assert_int_equal(meta.rule, SOPS_RULE_UNENCRYPTED_SUFFIX);
	assert_true(span_is(meta.rule_text, "_unencrypted"));
	assert_null(meta.mac.data);
	assert_int_equal(meta.shamir_threshold, 0);
	assert_false(meta.mac_only_encrypted);
}

static void knows_all_six_rules(void **state)
{
	static const char *const names[] = {
		[SOPS_RULE_UNENCRYPTED_SUFFIX] = "unencrypted_suffix",
		[SOPS_RULE_ENCRYPTED_SUFFIX] = "encrypted_suffix",
		[SOPS_RULE_UNENCRYPTED_REGEX] = "unencrypted_regex",
		[SOPS_RULE_ENCRYPTED_REGEX] = "encrypted_regex",
		[SOPS_RULE_UNENCRYPTED_COMMENT_REGEX] = "unencrypted_comment_regex",
		[SOPS_RULE_ENCRYPTED_COMMENT_REGEX] = "encrypted_comment_regex",
	};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		for (k = 0; k < ARRAY_LEN(names); k++) {
			CLEAN_BUF struct buf text = BUF_INIT(4096);
			CLEAN_DOC struct doc doc = DOC_INIT;
			struct sops_meta meta;
			struct err err = ERR_INIT;

			buf_printf(&text,
				   "{\"sops\":{" WHEN VERSION AGE ",\"%s\":\"T\",\"%s\":\"%s\"}}%c",
				   names[i], names[k], i == k ? "T" : "U", 0);
			assert_int_equal(take(DOC_JSON, (char *)text.data, &doc, &meta, &err),
					 i == k ? 0 : -1);
			if (i != k)
				continue;
			assert_int_equal(meta.rule, i);
			assert_true(span_is(meta.rule_text, "T"));
		}
	}
}

static void reads_key_groups_in_order(void **state)
{
	static const char text[] =
		"{\"sops\":{" WHEN VERSION "\"shamir_threshold\":\"2\",\"key_groups\":["
		"{\"age\":[{\"enc\":\"1\"}]},{},null,"
		"{\"age\":{\"enc\":\"3\"},\"pgp\":{\"enc\":\"2\",\"created_at\":\"2024-05-06T07:08:09Z\"}}]}}";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;
	const struct sops_group *last;

	assert_int_equal(take(DOC_JSON, text, &doc, &meta, &err), 0);
	assert_int_equal(meta.group_count, 4);
	assert_int_equal(meta.groups->count, 1);
	assert_int_equal(meta.groups->next->count, 0);
	assert_int_equal(meta.groups->next->next->count, 0);
	last = meta.groups->next->next->next;
	assert_true(span_is(last->keys->enc, "2"));
	assert_true(span_is(last->keys->next->enc, "3"));
	assert_null(last->next);
}

static void reads_flattened_layouts(void **state)
{
	static const char env[] = "a=1\n"
				  "sops_version=3.13.3\n"
				  "sops_lastmodified=2024-05-06T07:08:09Z\n"
				  "sops_age__list_1__map_enc=two\\nlines\n"
				  "sops_age__list_0__map_enc=one\n"
				  "sops_kms__list_0__map_context__map_k__map_=x\n"
				  "sops_kms__list_0__map_created_at=2024-05-06T07:08:09Z\n"
				  "b=2\n";
	static const char ini[] = "[s]\na = 1\n[sops]\n"
				  "version = 3.13.3\n"
				  "lastmodified = 2024-05-06T07:08:09Z\n"
				  "age__list_0__map_enc = one\\ntwo\\n\n";
	CLEAN_DOC struct doc doc = DOC_INIT, other = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;

	/* a context may not hold a map: the layout came apart as it should */
	assert_int_equal(take(DOC_DOTENV, env, &doc, &meta, &err), -1);
	assert_non_null(strstr(err.msg, "context"));
	assert_int_equal(take(DOC_INI, ini, &other, &meta, &err), 0);
	assert_true(span_is(meta.groups->keys->enc, "one\ntwo\n"));
	assert_null(doc_get(other.first, "sops"));
	assert_non_null(doc_get(other.first, "s"));
}

static void takes_prefixed_entries_and_leaves_the_rest(void **state)
{
	static const char env[] = "a=1\nsops_version=3.13.3\n#c\nsops=x\n"
				  "sops_lastmodified=2024-05-06T07:08:09Z\n"
				  "sops_age__list_0__map_enc=e\nb=2\n";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;
	const struct doc_node *node;

	assert_int_equal(take(DOC_DOTENV, env, &doc, &meta, &err), 0);
	node = doc.first->kids.first;
	assert_true(span_is(node->key, "a"));
	assert_int_equal(node->next->kind, DOC_COMMENT);
	assert_true(span_is(node->next->next->key, "sops"));
	assert_true(span_is(node->next->next->next->key, "b"));
	assert_ptr_equal(node->next->next->next, doc.first->kids.last);
	assert_null(doc.first->kids.last->next);
}

static void drops_blocks_of_later_documents(void **state)
{
	static const char text[] =
		"a: 1\nsops: {" WHEN VERSION AGE "}\n---\nsops: x\nb: 1\n---\nc: 1\n";
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;

	assert_int_equal(take(DOC_YAML, text, &doc, &meta, &err), 0);
	assert_null(doc_get(doc.first->next, "sops"));
	assert_non_null(doc_get(doc.first->next, "b"));
}

/* Accepted metadata is whole: what the walk and the key services rely on. */
static void check_whole(const struct sops_meta *meta)
{
	const struct sops_group *group;
	const struct sops_key *key;
	size_t groups = 0, keys;

	assert_true(meta->rule_text.len > 0);
	assert_true(meta->shamir_threshold >= 0);
	assert_true(meta->version.len > 0);
	assert_true(meta->mac.len > 0 || !meta->mac.data);
	for (group = meta->groups; group; group = group->next, groups++) {
		keys = 0;
		for (key = group->keys; key; key = key->next, keys++)
			assert_non_null(sops_key_type_name(key->type));
		assert_int_equal(keys, group->count);
	}
	assert_int_equal(groups, meta->group_count);
	assert_true(groups > 0);
}

static int take_mangled(struct span input, void *arg)
{
	enum doc_format format = *(enum doc_format *)arg;
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;

	if (doc_read(format, input, &doc, &err) < 0 ||
	    sops_meta_take(&doc, format, &meta, &err) < 0) {
		assert_true(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return -1;
	}
	check_whole(&meta);
	return 0;
}

static void survives_every_change(void **state)
{
	static const char json[] =
		"{\"sops\":{" WHEN VERSION "\"mac\":\"M\",\"shamir_threshold\":2,\"key_groups\":["
		"{\"age\":[{\"enc\":\"1\"}]},{\"hckms\":[{\"key_id\":\"r:u\",\"created_at\":"
		"\"2024-05-06T07:08:09Z\"}]}]}}";
	static const char env[] =
		"sops_version=3.1.3-a.0+b\nsops_lastmodified=2024-05-06T07:08:09Z\n"
		"sops_age__list_0__map_enc=e\nsops_age__list_1__map_enc=f\n";
	enum doc_format format = DOC_JSON;

	mangle_all(span_of(json, sizeof(json) - 1), take_mangled, &format);
	format = DOC_DOTENV;
	mangle_all(span_of(env, sizeof(env) - 1), take_mangled, &format);
}

static void flat_names_do_not_nest_without_end(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct sops_meta meta;
	struct err err = ERR_INIT;
	size_t i;

	buf_add_str(&text, "sops_x");
	for (i = 0; i < 20000; i++)
		buf_add_str(&text, "__list_0");
	buf_add_str(&text, "=1\n");
	assert_int_equal(doc_read(DOC_DOTENV, buf_span(&text), &doc, &err), 0);
	assert_int_equal(sops_meta_take(&doc, DOC_DOTENV, &meta, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void bounds_the_keys_of_a_document(void **state)
{
	size_t n;

	for (n = 10000; n <= 10001; n++) {
		CLEAN_BUF struct buf text = BUF_INIT(1 << 20);
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct sops_meta meta;
		struct err err = ERR_INIT;
		size_t i;

		buf_add_str(&text, "{\"sops\":{" WHEN VERSION "\"age\":[{}");
		for (i = 1; i < n; i++)
			buf_add_str(&text, ",{}");
		buf_add_str(&text, "]}}");
		assert_int_equal(doc_read(DOC_JSON, buf_span(&text), &doc, &err), 0);
		assert_int_equal(sops_meta_take(&doc, DOC_JSON, &meta, &err), n == 10000 ? 0 : -1);
		assert_int_equal(err.code, n == 10000 ? ERR_NONE : ERR_LIMIT);
	}
}

static void refuses_a_document_without_metadata(void **state)
{
	static const struct {
		enum doc_format format;
		const char *text;
	} table[] = {
		{DOC_YAML, ""},           {DOC_YAML, "a: 1\n"},
		{DOC_JSON, "{}"},         {DOC_DOTENV, ""},
		{DOC_DOTENV, "sops=1\n"}, {DOC_INI, ""},
		{DOC_INI, "[sops]\n"},    {DOC_BINARY, "{\"data\":\"x\"}"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct sops_meta meta;
		struct err err = ERR_INIT;

		assert_int_equal(take(table[i].format, table[i].text, &doc, &meta, &err), -1);
		assert_string_equal(err.msg, "sops metadata not found");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(has_the_default_rule),
		cmocka_unit_test(knows_all_six_rules),
		cmocka_unit_test(reads_key_groups_in_order),
		cmocka_unit_test(reads_flattened_layouts),
		cmocka_unit_test(takes_prefixed_entries_and_leaves_the_rest),
		cmocka_unit_test(drops_blocks_of_later_documents),
		cmocka_unit_test(survives_every_change),
		cmocka_unit_test(flat_names_do_not_nest_without_end),
		cmocka_unit_test(bounds_the_keys_of_a_document),
		cmocka_unit_test(refuses_a_document_without_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
