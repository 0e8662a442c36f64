/* SPDX-License-Identifier: Apache-2.0
 *
 * Google Cloud KMS without a network: resource ids, credential files, the calls that each kind of credential makes, what an answer comes to.
 */
#include "cloud_world.h"

#include "base/text.h"
#include "keys/gcp_credential.h"
#include "keys/gcp_resource.h"
#include "keys/key_gcp_kms.h"

#define ID    "projects/p/locations/l/keyRings/r/cryptoKeys/k"
#define URL   "https://cloudkms.googleapis.com/v1/" ID ":decrypt"
#define KMS   "POST " URL
#define OPENS 200, NULL, "{\"plaintext\":\"ZGF0YSBrZXk=\",\"usedPrimary\":true}"
#define STS   "https://sts.googleapis.com/v1/token"
#define IAM \
	"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken"
#define METADATA                                                                                \
	"GET http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token" \
	"?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
#define FLAVOR   "Metadata-Flavor: Google\n"
#define TOKEN(t) "{\"access_token\":\"" t "\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
#define USER \
	"{\"type\":\"authorized_user\",\"client_id\":\"id\",\"client_secret\":\"se&cret\",\"refresh_token\":\"re\"}"
#define EXTERNAL(more)                                                                                                               \
	"{\"type\":\"external_account\",\"audience\":\"//iam/aud\",\"subject_token_type\":\"urn:ietf:params:oauth:token-type:jwt\"," \
	"\"token_url\":\"" STS "\"," more "}"

static void set(struct cloud_world *world, size_t i, const char *id, const char *enc)
{
	world->keys[i] = (struct sops_key){
		.type = SOPS_KEY_GCP_KMS, .id = span_str(id), .enc = span_str(enc)};
}

static void makes_paths_of_resource_ids(void **state)
{
	static const struct {
		const char *id, *path;
	} rows[] = {
		{ID, "/v1/" ID ":decrypt"},
		{"projects/example.com:p/locations/l/keyRings/r/cryptoKeys/k",
		 "/v1/projects/example.com:p/locations/l/keyRings/r/cryptoKeys/k:decrypt"},
		{"projects/p?x=y#z/locations/l l/keyRings/%2e%2e/cryptoKeys/k\n",
		 "/v1/projects/p%3Fx%3Dy%23z/locations/l%20l/keyRings/%252e%252e/cryptoKeys/"
		 "k%0A:decrypt"},
		{"", NULL},
		{"projects/p", NULL},
		{"projects/p/locations/l/keyRings/r/cryptoKeys/", NULL},
		{ID "/", NULL},
		{ID "/cryptoKeyVersions/1", NULL},
		{"/" ID, NULL},
		{"Projects/p/locations/l/keyRings/r/cryptoKeys/k", NULL},
		{"projects//locations/l/keyRings/r/cryptoKeys/k", NULL},
		{"projects/../locations/l/keyRings/r/cryptoKeys/k", NULL},
		{"projects/p/locations/l/keyRings/r/cryptoKeys/.", NULL},
		{"projects/p/locations/l/keyRings/r/x/k", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf path = BUF_INIT(1000);
		struct err err = ERR_INIT;
		int status = gcp_resource_path(span_str(rows[i].id), &path, &err);

		if (!rows[i].path) {
			assert_int_equal(status, -1);
			assert_int_equal(err.code, ERR_FORMAT);
			assert_int_equal(path.len, 0);
		} else if (status < 0 || !span_is(buf_span(&path), rows[i].path)) {
			fail_msg("%s: %.*s", rows[i].id, (int)path.len, (const char *)path.data);
		}
	}
}

static int try_path(struct span input, void *arg)
{
	CLEAN_BUF struct buf path = BUF_INIT(1000);
	struct err err = ERR_INIT;

	return gcp_resource_path(input, &path, &err);
}

static void refuses_bad_credential_files(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *why;
	} rows[] = {
		{"", ERR_FORMAT, "not a JSON object"},
		{"[]", ERR_FORMAT, "not a JSON object"},
		{USER " x", ERR_FORMAT, "not a JSON object"},
		{USER USER, ERR_FORMAT, "not a JSON object"},
		{"{}", ERR_FORMAT, "no 'type'"},
		{"{\"type\":7}", ERR_FORMAT, "no 'type'"},
		{"{\"type\":\"x\"}", ERR_UNSUPPORTED, "credentials of type 'x'"},
		{"{\"type\":\"gdch_service_account\"}", ERR_UNSUPPORTED, "gdch"},
		{"{\"type\":\"authorized_user\"}", ERR_FORMAT, "no 'client_id'"},
		{"{\"type\":\"authorized_user\",\"client_id\":7}", ERR_FORMAT,
		 "'client_id' is not a string"},
		{"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"b\"}",
		 ERR_FORMAT, "'private_key'"},
		{"{\"type\":\"service_account\",\"universe_domain\":\"evil.example\"}", ERR_POLICY,
		 "it is for 'evil.example'"},
		{EXTERNAL("\"credential_source\":{\"executable\":{\"command\":\"/bin/sh\"}}"),
		 ERR_POLICY, "a command"},
		{EXTERNAL("\"credential_source\":{\"file\":\"/f\",\"executable\":{}}"), ERR_POLICY,
		 "a command"},
		{EXTERNAL("\"credential_source\":{\"environment_id\":\"aws1\"}"), ERR_UNSUPPORTED,
		 "neither a file nor a URL"},
		{EXTERNAL("\"credential_source\":{}"), ERR_FORMAT, "neither a file nor a URL"},
		{EXTERNAL("\"credential_source\":{\"file\":\"/f\",\"url\":\"https://x\"}"),
		 ERR_FORMAT, "neither a file nor a URL"},
		{EXTERNAL("\"credential_source\":{\"url\":\"http://evil.example/\"}"), ERR_POLICY,
		 "without TLS"},
		{EXTERNAL("\"credential_source\":{\"file\":\"/f\",\"format\":{\"type\":\"xml\"}}"),
		 ERR_UNSUPPORTED, "format 'xml'"},
		{EXTERNAL("\"credential_source\":{\"file\":\"/f\",\"format\":{\"type\":\"json\"}}"),
		 ERR_FORMAT, "no 'subject_token_field_name'"},
		{EXTERNAL("\"service_account_impersonation_url\":\"https://evil.example/\","
			  "\"credential_source\":{\"file\":\"/f\"}"),
		 ERR_POLICY, "'service_account_impersonation_url' is at 'evil.example'"},
		{"{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\","
		 "\"refresh_token\":\"r\",\"token_url\":\"https://googleapis.com.evil.example/\"}",
		 ERR_POLICY, "nothing is sent but to https://*.googleapis.com"},
		{"{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\","
		 "\"refresh_token\":\"r\",\"token_url\":\"http://sts.googleapis.com/\"}",
		 ERR_POLICY, "'token_url'"},
		{"{\"type\":\"impersonated_service_account\",\"source_credentials\":{\"type\":"
		 "\"impersonated_service_account\"}}",
		 ERR_UNSUPPORTED, "'source_credentials'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct gcp_credential credential;
		struct err err = ERR_INIT;

		if (gcp_credential_parse(span_str(rows[i].text), SPAN("googleapis.com"), &pool,
					 &credential, &err) == 0)
			fail_msg("%s was taken", rows[i].text);
		if (err.code != rows[i].code || !strstr(err.msg, rows[i].why))
			fail_msg("%s: %d %s", rows[i].text, err.code, err.msg);
	}
}

static int try_credential(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct gcp_credential credential;
	struct err err = ERR_INIT;

	return gcp_credential_parse(input, SPAN("googleapis.com"), &pool, &credential, &err);
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN(ID), try_path, NULL);
	mangle_all(span_str(USER), try_credential, NULL);
	mangle_all(
		span_str(EXTERNAL("\"credential_source\":{\"url\":\"https://x\",\"headers\":{\"a\":"
				  "\"b\"}}")),
		try_credential, NULL);
}

/* The file of a service account, with the RSA key of tests/data/age. */
static void service_account(struct buf *out, const char *more)
{
	CLEAN_BUF struct buf pem = BUF_INIT(AGE_DATA_MAX);

	age_data("rsa.pkcs1.pem", &pem);
	buf_add_str(out,
		    "{\"type\":\"service_account\",\"client_email\":\"a@b\",\"private_key_id\":"
		    "\"kid1\",\"token_uri\":\"https://evil.example/\",\"private_key\":\"");
	for (size_t i = 0; i < pem.len; i++) {
		if (pem.data[i] == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, pem.data[i]);
	}
	buf_printf(out, "\"%s}", more);
}

static void each_kind_asks_what_it_has_to(void **state)
{
	static const struct {
		const char *credential;
		const char *files[3];
		struct cloud_step steps[CLOUD_STEPS];
	} rows[] = {
		{USER,
		 {NULL},
		 {{"POST https://oauth2.googleapis.com/token",
		   "Content-Type: application/x-www-form-urlencoded",
		   {"grant_type=refresh_token&refresh_token=re&client_id=id&client_secret=se%26cret"},
		   200,
		   NULL,
		   TOKEN("tok")},
		  {KMS, "Authorization: Bearer tok", {"{\"ciphertext\":\"AAAA\"}"}, OPENS}}},
		{EXTERNAL("\"credential_source\":{\"file\":\"/token\"}"),
		 {"/token", " subject.jwt\n"},
		 {{"POST " STS,
		   NULL,
		   {"subject_token=subject.jwt&",
		    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
		    "audience=%2F%2Fiam%2Faud"},
		   200,
		   NULL,
		   TOKEN("tok")},
		  {KMS, "Authorization: Bearer tok", {NULL}, OPENS}}},
		{EXTERNAL(
			 "\"client_id\":\"i\",\"client_secret\":\"s\",\"service_account_impersonation_url\":\"" IAM
			 "\",\"service_account_impersonation\":{\"token_lifetime_seconds\":900},"
			 "\"credential_source\":{\"url\":\"http://169.254.169.254/t?x=y\",\"headers\":{\"Metadata\":"
			 "\"true\"},\"format\":{\"type\":\"json\",\"subject_token_field_name\":\"id_token\"}}"),
		 {NULL},
		 {{"GET http://169.254.169.254/t?x=y",
		   "Metadata: true",
		   {NULL},
		   200,
		   NULL,
		   "{\"id_token\":\"sub\"}"},
		  {"POST " STS,
		   "Authorization: Basic aTpz",
		   {"subject_token=sub&"},
		   200,
		   NULL,
		   TOKEN("first")},
		  {"POST " IAM,
		   "Authorization: Bearer first",
		   {"{\"lifetime\":\"900s\",\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"]}"},
		   200,
		   NULL,
		   "{\"accessToken\":\"tok\",\"expireTime\":\"2026-09-21T14:13:20Z\"}"},
		  {KMS, "Authorization: Bearer tok", {NULL}, OPENS}}},
		{"{\"type\":\"external_account_authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\","
		 "\"refresh_token\":\"r\",\"token_url\":\"https://sts.googleapis.com/v1/oauthtoken\","
		 "\"quota_project_id\":\"quota\"}",
		 {NULL},
		 {{"POST https://sts.googleapis.com/v1/oauthtoken",
		   "Authorization: Basic aTpz",
		   {"grant_type=refresh_token&refresh_token=r"},
		   200,
		   NULL,
		   TOKEN("tok")},
		  {KMS, "X-Goog-User-Project: quota", {NULL}, OPENS}}},
		{"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":\"" IAM
		 "\",\"delegates\":[\"d1\",\"d2\"],\"source_credentials\":" USER "}",
		 {NULL},
		 {{"POST https://oauth2.googleapis.com/token",
		   NULL,
		   {NULL},
		   200,
		   NULL,
		   TOKEN("first")},
		  {"POST " IAM,
		   "Authorization: Bearer first",
		   {"{\"lifetime\":\"3600s\",", "\"delegates\":[\"d1\",\"d2\"]}"},
		   200,
		   NULL,
		   "{\"accessToken\":\"tok\",\"expireTime\":\"2026-09-21T14:13:20Z\"}"},
		  {KMS, "Authorization: Bearer tok", {NULL}, OPENS}}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, NULL, rows[i].files);
		if (key_gcp_kms_add(&world.ring, span_str(rows[i].credential), &err) < 0)
			fail_msg("%s: %s", rows[i].credential, err.msg);
		set(&world, 0, ID, "AAAA");
		cloud_world_ask(&world, rows[i].steps, 1);
		cloud_world_opened(&world, 0, "data key");
		cloud_world_close(&world);
	}
}

static const char *bearer_of(const struct http_call *call)
{
	return fake_http_sent(call, "Authorization");
}

static char seen_bearer[4096];

static void keep_bearer(struct http *http, struct http_call *call)
{
	(void)snprintf(seen_bearer, sizeof(seen_bearer), "%s", bearer_of(call));
	cloud_world_answer(http, call);
}

/* The token_uri of the file is not asked: nothing leaves but the token that the key has signed, to the service that it is for. */
static void differs_service_account_signs_for_itself(void **state)
{
	static const struct cloud_step steps[] = {{KMS, NULL, {NULL}, OPENS}, {.call = NULL}};
	static const char *const claims[] = {"\"iss\":\"a@b\"", "\"sub\":\"a@b\"",
					     "\"aud\":\"https://cloudkms.googleapis.com/\"",
					     "\"iat\":1789999990", "\"exp\":1790003590"};
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX), body = BUF_INIT(AGE_DATA_MAX);
	struct cloud_world world;
	struct err err = ERR_INIT;
	struct span token, part;

	service_account(&text, "");
	cloud_world_open(&world, NULL, NULL);
	world.http.answer = keep_bearer;
	assert_int_equal(key_gcp_kms_add(&world.ring, buf_span(&text), &err), 0);
	set(&world, 0, ID, "AAAA");
	cloud_world_ask(&world, steps, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
	assert_int_equal(strncmp(seen_bearer, "Bearer ", 7), 0);
	token = span_str(seen_bearer + 7);
	part = span_from(token, span_find(token, 0, '.') + 1);
	part = span_sub(part, 0, span_find(part, 0, '.'));
	assert_int_equal(base64url_decode(part, &body), 0);
	for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
		if (span_search(buf_span(&body), span_str(claims[i])) == SIZE_MAX)
			fail_msg("no %s in %.*s", claims[i], (int)body.len,
				 (const char *)body.data);
	}
}

static void looks_in_sopss_order(void **state)
{
	static const struct {
		const char *variables[7], *files[5];
		struct cloud_step steps[3];
		enum err_code code;
		const char *why;
	} rows[] = {
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "GOOGLE_APPLICATION_CREDENTIALS", "/f"},
		 {NULL},
		 {{KMS, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "GOOGLE_CREDENTIALS", USER},
		 {NULL},
		 {{"POST https://oauth2.googleapis.com/token",
		   NULL,
		   {NULL},
		   200,
		   NULL,
		   TOKEN("other")},
		  {KMS, "Authorization: Bearer other", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_CREDENTIALS", "/f"},
		 {"/f", USER},
		 {{"POST https://oauth2.googleapis.com/token",
		   NULL,
		   {NULL},
		   200,
		   NULL,
		   TOKEN("other")},
		  {KMS, "Authorization: Bearer other", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_APPLICATION_CREDENTIALS", "/f", "HOME", "/h"},
		 {"/h/.config/gcloud/application_default_credentials.json", USER},
		 {{.call = NULL}},
		 ERR_NOT_FOUND,
		 "'/f' is not there"},
		{{"HOME", "/h"},
		 {"/h/.config/gcloud/application_default_credentials.json", USER},
		 {{"POST https://oauth2.googleapis.com/token",
		   NULL,
		   {NULL},
		   400,
		   NULL,
		   "{\"error\":\"invalid_grant\",\"error_description\":\"canary\"}"}},
		 ERR_DENIED,
		 "Google's token endpoint: 'invalid_grant' (HTTP status 400)"},
		{{"HOME", "/h"},
		 {NULL},
		 {{METADATA, "Metadata-Flavor: Google", {NULL}, 200, FLAVOR, TOKEN("tok")},
		  {KMS, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{NULL},
		 {NULL},
		 {{METADATA, NULL, {NULL}, 200, "", TOKEN("tok")}},
		 ERR_NO_KEY,
		 "what answers at the metadata address is not Google's"},
		{{NULL},
		 {NULL},
		 {{METADATA, NULL, {NULL}, 0, NULL, NULL}},
		 ERR_NO_KEY,
		 "no Google credentials here"},
		{{NULL},
		 {NULL},
		 {{METADATA, NULL, {NULL}, 404, FLAVOR, NULL}},
		 ERR_NO_KEY,
		 "no Google service account"},
		{{"GOOGLE_CREDENTIALS", "{\"type\":\"x\"}"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_UNSUPPORTED,
		 "Google credentials of 'GOOGLE_CREDENTIALS'"},
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "SOPS_GCP_KMS_ENDPOINT",
		  "http://127.0.0.1:99/"},
		 {NULL},
		 {{"POST http://127.0.0.1:99/v1/" ID ":decrypt", NULL, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "SOPS_GCP_KMS_ENDPOINT", "kms.example:443"},
		 {NULL},
		 {{"POST https://kms.example:443/v1/" ID ":decrypt", NULL, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "SOPS_GCP_KMS_ENDPOINT",
		  "http://kms.example"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_POLICY,
		 "SOPS_GCP_KMS_ENDPOINT"},
		{{"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", "SOPS_GCP_KMS_UNIVERSE_DOMAIN", "u.example"},
		 {NULL},
		 {{"POST https://cloudkms.u.example/v1/" ID ":decrypt", NULL, {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"GOOGLE_CREDENTIALS", USER, "KRM_SOPS_GCP_AUTH_ENDPOINT", "http://127.0.0.1:98"},
		 {NULL},
		 {{"POST http://127.0.0.1:98/token", NULL, {NULL}, 200, NULL, TOKEN("tok")},
		  {KMS, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, rows[i].variables, rows[i].files);
		assert_int_equal(key_gcp_kms_add(&world.ring, SPAN_NULL, &err), 0);
		assert_int_equal(world.host.reads,
				 0); /* nothing is looked for before it is wanted */
		set(&world, 0, ID, "AAAA");
		cloud_world_ask(&world, rows[i].steps, 1);
		if (rows[i].code)
			cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		else
			cloud_world_opened(&world, 0, "data key");
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

static void tells_what_the_service_says(void **state)
{
#define ERROR(code, status)                                                                  \
	code, NULL,                                                                          \
		"{\"error\":{\"code\":" #code ",\"message\":\"canary\",\"status\":\"" status \
		"\"}}"
	static const struct {
		struct cloud_step steps[5];
		enum err_code code;
		const char *why;
	} rows[] = {
		{{{KMS, NULL, {NULL}, ERROR(403, "PERMISSION_DENIED")}},
		 ERR_DENIED,
		 "'PERMISSION_DENIED' (HTTP status 403)"},
		{{{KMS, NULL, {NULL}, ERROR(404, "NOT_FOUND")}}, ERR_NO_KEY, "'NOT_FOUND'"},
		{{{KMS, NULL, {NULL}, ERROR(400, "INVALID_ARGUMENT")}},
		 ERR_NO_KEY,
		 "'INVALID_ARGUMENT'"},
		{{{KMS, NULL, {NULL}, ERROR(401, "UNAUTHENTICATED")}},
		 ERR_DENIED,
		 "'UNAUTHENTICATED'"},
		{{{KMS, NULL, {NULL}, ERROR(429, "RESOURCE_EXHAUSTED")},
		  {KMS, NULL, {NULL}, ERROR(503, "UNAVAILABLE")},
		  {KMS, NULL, {NULL}, ERROR(500, "INTERNAL")}},
		 ERR_UNREACHABLE,
		 "'INTERNAL' (3 tries: HTTP status 500)"},
		{{{KMS, NULL, {NULL}, 0, NULL, NULL},
		  {KMS, NULL, {NULL}, 0, NULL, NULL},
		  {KMS, NULL, {NULL}, 0, NULL, NULL}},
		 ERR_UNREACHABLE,
		 "connecting to 'fake'"},
		{{{KMS, NULL, {NULL}, 403, NULL, "<html>canary</html>"}},
		 ERR_DENIED,
		 "HTTP status 403"},
		{{{KMS, NULL, {NULL}, 403, NULL, "{\"error\":\"can ary\"}"}},
		 ERR_DENIED,
		 "Google Cloud KMS: HTTP status 403"},
		{{{KMS, NULL, {NULL}, 200, NULL, "{}"}}, ERR_FORMAT, "has no 'plaintext'"},
		{{{KMS, NULL, {NULL}, 200, NULL, "canary"}}, ERR_FORMAT, "not JSON"},
		{{{KMS, NULL, {NULL}, 200, NULL, "{\"plaintext\":\"canary!\"}"}},
		 ERR_FORMAT,
		 "is not base64"},
		{{{KMS, NULL, {NULL}, 302, "Location: https://evil.example/\n", ""}},
		 ERR_DENIED,
		 "HTTP status 302"},
	};
	static const char *const variables[] = {"GOOGLE_OAUTH_ACCESS_TOKEN", "tok", NULL};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, variables, NULL);
		assert_int_equal(key_gcp_kms_add(&world.ring, SPAN_NULL, &err), 0);
		set(&world, 0, ID, "AAAA");
		cloud_world_ask(&world, rows[i].steps, 1);
		cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

static void one_token_serves_all_and_is_renewed_once(void **state)
{
	static const struct cloud_step first[] = {
		{"POST https://oauth2.googleapis.com/token", NULL, {NULL}, 200, NULL, TOKEN("old")},
		{KMS, "Authorization: Bearer old", {"\"AAAA\""}, OPENS},
		{KMS, "Authorization: Bearer old", {"\"BBBB\""}, 401, NULL, "{}"},
		{"POST https://oauth2.googleapis.com/token", NULL, {NULL}, 200, NULL, TOKEN("new")},
		{KMS, "Authorization: Bearer new", {"\"BBBB\""}, 401, NULL, "{}"},
		{.call = NULL}};
	static const struct cloud_step second[] = {
		{KMS, "Authorization: Bearer new", {NULL}, OPENS}, {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, NULL, NULL);
	assert_int_equal(key_gcp_kms_add(&world.ring, span_str(USER), &err), 0);
	set(&world, 0, ID, "AAAA");
	set(&world, 1, ID, "BB\r\nBB\n");
	set(&world, 2, ID, "not base64");
	set(&world, 3, "projects/x", "AAAA");
	cloud_world_ask(&world, first, 4);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_failed(&world, 1, ERR_DENIED, "HTTP status 401");
	cloud_world_failed(&world, 2, ERR_FORMAT, "'enc' is not base64");
	cloud_world_failed(&world, 3, ERR_FORMAT, "'projects/x'");
	cloud_world_ask(&world, second, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static void tokens_are_renewed_in_time(void **state)
{
	static const char *const variables[] = {NULL};
	static const struct cloud_step
		none[] = {{.call = NULL}},
		first[] = {{METADATA, NULL, {NULL}, 200, FLAVOR, TOKEN("one")},
			   {KMS, "Authorization: Bearer one", {NULL}, OPENS},
			   {.call = NULL}},
		renewal[] = {{METADATA, NULL, {NULL}, 200, FLAVOR, TOKEN("two")}, {.call = NULL}},
		failure[] = {{METADATA, NULL, {NULL}, 404, FLAVOR, NULL}, {.call = NULL}},
		second[] = {{KMS, "Authorization: Bearer two", {NULL}, OPENS}, {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, variables, NULL);
	assert_int_equal(key_gcp_kms_add(&world.ring, SPAN_NULL, &err), 0);
	set(&world, 0, ID, "AAAA");
	cloud_world_renew(&world, 0, none);
	cloud_world_ask(&world, first, 1);
	cloud_world_renew(&world, 3599 - TOKEN_RENEW_S - 1, none);
	cloud_world_renew(&world, 1, renewal);
	cloud_world_ask(&world, second, 1);
	cloud_world_renew(&world, 3599 - TOKEN_RENEW_S, failure);
	cloud_world_ask(&world, second, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static void fetches_no_token_for_what_is_no_key(void **state)
{
	static const struct cloud_step none[] = {{.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, NULL, NULL);
	assert_int_equal(key_gcp_kms_add(&world.ring, span_str(USER), &err), 0);
	set(&world, 0, "projects/p/locations/l/keyRings/r/cryptoKeys/..", "AAAA");
	cloud_world_ask(&world, none, 1);
	cloud_world_failed(&world, 0, ERR_FORMAT, "not 'projects/");
	cloud_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_paths_of_resource_ids),
		cmocka_unit_test(refuses_bad_credential_files),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(each_kind_asks_what_it_has_to),
		cmocka_unit_test(differs_service_account_signs_for_itself),
		cmocka_unit_test(looks_in_sopss_order),
		cmocka_unit_test(tells_what_the_service_says),
		cmocka_unit_test(one_token_serves_all_and_is_renewed_once),
		cmocka_unit_test(tokens_are_renewed_in_time),
		cmocka_unit_test(fetches_no_token_for_what_is_no_key),
	};

	return cmocka_run_group_tests(tests, cloud_world_setup, NULL);
}
