/* SPDX-License-Identifier: Apache-2.0
 *
 * Huawei Cloud KMS without a network: key ids, signatures (computed beside by Python's hashlib), where keys and projects come from, what an answer comes
 * to.
 */
#include "cloud_world.h"

#include "keys/hckms_region.h"
#include "keys/key_hckms.h"

#define ID      "cn-north-4:0d0466b0"
#define DECRYPT "POST https://kms.cn-north-4.myhuaweicloud.com/v1.0/prj/kms/decrypt-data"
#define OPENS      \
	200, NULL, \
		"{\"key_id\":\"0d0466b0\",\"plain_text\":\"ZGF0YSBrZXk=\",\"plain_text_base64\":\"eA==\"}"
#define PROJECTS "GET https://iam.cn-north-4.myhuaweicloud.com/v3/projects?name=cn-north-4"
#define METADATA "http://169.254.169.254"
#define SIGNED                                                                                   \
	"Authorization: SDK-HMAC-SHA256 Access=ak, SignedHeaders=host;x-project-id;x-sdk-date, " \
	"Signature=64fab253b92c8a7b307b8fe1eb84da9b0804ac59a2111aa34725e13c858c73c0"
#define SIGNED_TEMPORARY                                                                              \
	"Authorization: SDK-HMAC-SHA256 Access=ak2, SignedHeaders=host;x-sdk-date;x-security-token, " \
	"Signature=485a78820f57c69a5dc377a5f8cd69d1e0a19a3ce43272415bf8db299f45891a"
#define CREDENTIAL \
	"{\"credential\":{\"access\":\"ak2\",\"secret\":\"sk2\",\"securitytoken\":\"tok\",\"expires_at\":\"2026-09-22T14:13:20.000000Z\"}}"

static void set(struct cloud_world *world, size_t i, const char *id, const char *enc)
{
	world->keys[i] =
		(struct sops_key){.type = SOPS_KEY_HCKMS, .id = span_str(id), .enc = span_str(enc)};
}

static void takes_ids_apart(void **state)
{
	static const struct {
		const char *text, *region, *key;
	} rows[] = {
		{ID, "cn-north-4", "0d0466b0"},
		{" a : b ", "a", "b"},
		{"a:b:c", NULL, NULL},
		{"a", NULL, NULL},
		{"a:", NULL, NULL},
		{":b", NULL, NULL},
		{"", NULL, NULL},
		{"a.evil:b", NULL, NULL},
		{"a/:b", NULL, NULL},
		{"a@x:b", NULL, NULL},
		{"-a:b", NULL, NULL},
		{"a-:b", NULL, NULL},
		{"a b:c", NULL, NULL},
		{"a:b\"c", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hckms_id id;
		struct err err = ERR_INIT;

		if (hckms_id_parse(span_str(rows[i].text), &id, &err) < 0) {
			if (rows[i].region)
				fail_msg("%s: %s", rows[i].text, err.msg);
			continue;
		}
		if (!rows[i].region)
			fail_msg("%s was taken", rows[i].text);
		assert_true(span_is(id.region, rows[i].region));
		assert_true(span_is(id.key, rows[i].key));
	}
}

static int try_id(struct span input, void *arg)
{
	struct hckms_id id;
	struct err err = ERR_INIT;

	return hckms_id_parse(input, &id, &err);
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN(ID), try_id, NULL);
}

static void finds_keys_in_the_sdks_order(void **state)
{
	static const struct {
		const char *variables[9], *files[3];
		struct cloud_step steps[5];
		enum err_code code;
		const char *why;
	} rows[] = {
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk-secret",
		  "HUAWEICLOUD_SDK_PROJECT_ID", "prj"},
		 {NULL},
		 {{DECRYPT,
		   SIGNED,
		   {"{\"cipher_text\":\"AgDo\\\"x\",\"encryption_algorithm\":\"SYMMETRIC_DEFAULT\",\"key_id\":"
		    "\"0d0466b0\"}"},
		   OPENS}},
		 ERR_NONE,
		 NULL},
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk-secret"},
		 {NULL},
		 {{PROJECTS,
		   "X-Sdk-Date: 20260921T141320Z",
		   {NULL},
		   200,
		   NULL,
		   "{\"projects\":[{\"id\":\"prj\"}]}"},
		  {DECRYPT, SIGNED, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk-secret"},
		 {NULL},
		 {{PROJECTS,
		   NULL,
		   {NULL},
		   200,
		   NULL,
		   "{\"projects\":[{\"id\":\"prj\"},{\"id\":\"two\"}]}"}},
		 ERR_NO_KEY,
		 "HUAWEICLOUD_SDK_PROJECT_ID"},
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk-secret"},
		 {NULL},
		 {{PROJECTS, NULL, {NULL}, 401, NULL, "{\"error_code\":\"APIGW.0301\"}"}},
		 ERR_DENIED,
		 "Huawei's IAM: 'APIGW.0301'"},
		{{"HOME", "/h", "HUAWEICLOUD_SDK_AK", "only"},
		 {"/h/.huaweicloud/credentials",
		  "[basic]\nak = ak\nsk = sk-secret\nproject_id = prj\n"},
		 {{DECRYPT, SIGNED, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"HOME", "/h", "HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/gone"},
		 {"/h/.huaweicloud/credentials", "[basic]\nak = ak\nsk = sk\n"},
		 {{.call = NULL}},
		 ERR_NOT_FOUND,
		 "'/gone' is not there"},
		{{"HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/f"},
		 {"/f", "[basic]\nak = canary\n"},
		 {{.call = NULL}},
		 ERR_FORMAT,
		 "/f: an access key or a secret key is missing"},
		{{"HC_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.1.2/cred",
		  "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/tok"},
		 {"/tok", "pod-token\n"},
		 {{"POST http://169.254.1.2/cred",
		   "Authorization: pod-token",
		   {"{}"},
		   200,
		   NULL,
		   CREDENTIAL},
		  {PROJECTS,
		   SIGNED_TEMPORARY,
		   {NULL},
		   200,
		   NULL,
		   "{\"projects\":[{\"id\":\"prj\"}]}"},
		  {DECRYPT, "X-Security-Token: tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"HC_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/cred",
		  "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/tok"},
		 {"/tok", "pod-token"},
		 {{.call = NULL}},
		 ERR_USAGE,
		 "no URL that a token may go to"},
		{{"HUAWEICLOUD_SDK_PROJECT_ID", "prj"},
		 {NULL},
		 {{"PUT " METADATA "/meta-data/latest/api/token",
		   "X-Metadata-Token-Ttl-Seconds: 300",
		   {NULL},
		   200,
		   NULL,
		   "meta-token"},
		  {"GET " METADATA "/openstack/latest/securitykey",
		   "X-Metadata-Token: meta-token",
		   {NULL},
		   200,
		   NULL,
		   CREDENTIAL},
		  {DECRYPT, "X-Security-Token: tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{NULL},
		 {NULL},
		 {{"PUT " METADATA "/meta-data/latest/api/token", NULL, {NULL}, 0, NULL, NULL}},
		 ERR_NO_KEY,
		 "no Huawei Cloud credentials here"},
		{{NULL},
		 {NULL},
		 {{"PUT " METADATA "/meta-data/latest/api/token",
		   NULL,
		   {NULL},
		   403,
		   NULL,
		   "canary"}},
		 ERR_NO_KEY,
		 "no Huawei Cloud credentials here"},
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk",
		  "HUAWEICLOUD_SDK_PROJECT_ID", "prj", "HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4",
		  "http://127.0.0.1:97/, https://second.example"},
		 {NULL},
		 {{"POST http://127.0.0.1:97/v1.0/prj/kms/decrypt-data", NULL, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK", "sk",
		  "HUAWEICLOUD_SDK_PROJECT_ID", "prj", "HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4",
		  "http://kms.example"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_POLICY,
		 "HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, rows[i].variables, rows[i].files);
		assert_int_equal(key_hckms_add(&world.ring, &err), 0);
		assert_int_equal(world.host.reads,
				 0); /* nothing is looked for before it is wanted */
		set(&world, 0, ID, "AgDo\"x");
		cloud_world_ask(&world, rows[i].steps, 1);
		if (rows[i].code)
			cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		else
			cloud_world_opened(&world, 0, "data key");
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

static void tokens_are_renewed_in_time(void **state)
{
	static const char *const variables[] = {"HC_CONTAINER_CREDENTIALS_FULL_URI",
						"http://169.254.1.2/cred",
						"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE",
						"/tok",
						"HUAWEICLOUD_SDK_PROJECT_ID",
						"prj",
						NULL};
	static const char *const files[] = {"/tok", "pod-token\n", NULL};
	static const char pod[] = "POST http://169.254.1.2/cred";
	static const struct cloud_step none
		[] = {{.call = NULL}},
	    first[] = {{pod, NULL, {NULL}, 200, NULL, CREDENTIAL},
		       {DECRYPT, "X-Security-Token: tok", {NULL}, OPENS},
		       {.call = NULL}},
	    renewal[] =
		    {{pod,
		      NULL,
		      {NULL},
		      200,
		      NULL,
		      "{\"credential\":{\"access\":\"ak3\",\"secret\":\"sk3\",\"securitytoken\":"
		      "\"two\",\"expires_at\":\"2026-09-22T15:13:20.000000Z\"}}"},
		     {.call = NULL}},
	    failure[] = {{pod, NULL, {NULL}, 200, NULL, "{}"}, {.call = NULL}},
	    second[] = {{DECRYPT, "X-Security-Token: two", {NULL}, OPENS}, {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, variables, files);
	assert_int_equal(key_hckms_add(&world.ring, &err), 0);
	set(&world, 0, ID, "AgDo\"x");
	cloud_world_renew(&world, 0, none);
	cloud_world_ask(&world, first, 1);
	cloud_world_renew(&world, 24 * 3600 - TOKEN_RENEW_S - 1, none);
	cloud_world_renew(&world, 1, renewal);
	cloud_world_ask(&world, second, 1);
	cloud_world_renew(&world, 3600, failure);
	cloud_world_ask(&world, second, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static const char *const static_keys[] = {"HUAWEICLOUD_SDK_AK", "ak", "HUAWEICLOUD_SDK_SK",
					  "sk-secret", NULL};

static void tells_what_the_service_says(void **state)
{
	static const struct {
		struct cloud_step step;
		int tries;
		enum err_code code;
		const char *why;
	} rows[] = {
		{{DECRYPT,
		  NULL,
		  {NULL},
		  403,
		  NULL,
		  "{\"error\":{\"error_code\":\"KMS.0303\",\"error_msg\":\"canary\"}}"},
		 1,
		 ERR_DENIED,
		 "Huawei Cloud KMS: 'KMS.0303' (HTTP status 403)"},
		{{DECRYPT,
		  NULL,
		  {NULL},
		  401,
		  NULL,
		  "{\"error_code\":\"APIGW.0301\",\"error_msg\":\"canary\"}"},
		 1,
		 ERR_DENIED,
		 "'APIGW.0301'"},
		{{DECRYPT, NULL, {NULL}, 400, NULL, "{\"error\":{\"error_code\":\"KMS.0205\"}}"},
		 1,
		 ERR_NO_KEY,
		 "'KMS.0205'"},
		{{DECRYPT, NULL, {NULL}, 429, NULL, "{\"error_code\":\"APIGW.0308\"}"},
		 3,
		 ERR_UNREACHABLE,
		 "'APIGW.0308' (3 tries: HTTP status 429)"},
		{{DECRYPT, NULL, {NULL}, 200, NULL, "{\"plain_text_base64\":\"eA==\"}"},
		 1,
		 ERR_FORMAT,
		 "no 'plain_text'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_step steps[CLOUD_STEPS] = {
			{PROJECTS, NULL, {NULL}, 200, NULL, "{\"projects\":[{\"id\":\"prj\"}]}"}};
		struct cloud_world world;
		struct err err = ERR_INIT;

		for (int t = 0; t < rows[i].tries; t++)
			steps[1 + t] = rows[i].step;
		cloud_world_open(&world, static_keys, NULL);
		assert_int_equal(key_hckms_add(&world.ring, &err), 0);
		set(&world, 0, ID, "AAAA");
		cloud_world_ask(&world, steps, 1);
		cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

static void differs_huawei_regions_need_no_table(void **state)
{
	static const struct cloud_step steps[] = {
		{PROJECTS, NULL, {NULL}, 200, NULL, "{\"projects\":[{\"id\":\"prj\"}]}"},
		{"GET https://iam.eu-west-101.myhuaweicloud.eu/v3/projects?name=eu-west-101",
		 NULL,
		 {NULL},
		 200,
		 NULL,
		 "{\"projects\":[{\"id\":\"eu\"}]}"},
		{DECRYPT, NULL, {NULL}, OPENS},
		{DECRYPT, NULL, {NULL}, OPENS},
		{"POST https://kms.eu-west-101.myhuaweicloud.eu/v1.0/eu/kms/decrypt-data",
		 NULL,
		 {NULL},
		 OPENS},
		{.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, static_keys, NULL);
	assert_int_equal(key_hckms_add(&world.ring, &err), 0);
	set(&world, 0, ID, "AAAA");
	set(&world, 1, ID, "BBBB");
	set(&world, 2, "eu-west-101:k", "CCCC");
	set(&world, 3, "evil.example/:k", "DDDD");
	cloud_world_ask(&world, steps, 4);
	for (size_t i = 0; i < 3; i++)
		cloud_world_opened(&world, i, "data key");
	cloud_world_failed(&world, 3, ERR_FORMAT, "not 'REGION:KEY'");
	cloud_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_ids_apart),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(finds_keys_in_the_sdks_order),
		cmocka_unit_test(tokens_are_renewed_in_time),
		cmocka_unit_test(tells_what_the_service_says),
		cmocka_unit_test(differs_huawei_regions_need_no_table),
	};

	return cmocka_run_group_tests(tests, cloud_world_setup, NULL);
}
