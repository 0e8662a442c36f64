/* SPDX-License-Identifier: Apache-2.0
 *
 * Azure Key Vault without a network: addresses, challenges, credentials, the calls that each kind makes, what an answer comes to. Certificates are those
 * of tests/data/azure.
 */
#include "cloud_world.h"

#include "base/text.h"
#include "keys/azure_credential.h"
#include "keys/azure_vault.h"
#include "keys/key_azure_kv.h"

#define VAULT    "https://v.vault.azure.net"
#define DECRYPT  "POST " VAULT "/keys/k/0123abcd/decrypt?api-version=7.4"
#define OPENS    200, NULL, "{\"kid\":\"x\",\"value\":\"ZGF0YSBrZXk\"}"
#define ENTRA    "POST https://login.microsoftonline.com/ten/oauth2/v2.0/token"
#define TOKEN(t) "{\"access_token\":\"" t "\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
#define SECRET   "tenantId: ten\nclientId: cli\nclientSecret: se&cret\n"
#define IMDS                                                                               \
	"GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01" \
	"&resource=https%3A%2F%2Fvault.azure.net"
#define SCOPE "scope=https%3A%2F%2Fvault.azure.net%2F.default"

static void set(struct cloud_world *world, size_t i, const char *address, const char *name,
		const char *version, const char *enc)
{
	world->keys[i] = (struct sops_key){
		.type = SOPS_KEY_AZURE_KV,
		.address = span_str(address),
		.id = span_str(name),
		.path = span_str(version),
		.enc = span_str(enc),
	};
}

static void differs_azure_vaults_are_azures(void **state)
{
	static const struct {
		const char *address, *resource;
		enum err_code code;
	} rows[] = {
		{VAULT, "https://vault.azure.net", ERR_NONE},
		{VAULT "/", "https://vault.azure.net", ERR_NONE},
		{"https://V.Vault.AZURE.net", "https://vault.azure.net", ERR_NONE},
		{"https://v.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net", ERR_NONE},
		{"https://v.vault.azure.cn", "https://vault.azure.cn", ERR_NONE},
		{"https://v.managedhsm.azure.net", "https://managedhsm.azure.net", ERR_NONE},
		{"https://vault.mine.example", "", ERR_NONE},
		{"https://127.0.0.1:8444", "", ERR_NONE},
		{"https://127.0.0.1", NULL, ERR_POLICY},
		{"https://mine.example", NULL, ERR_POLICY},
		{"https://vault.azure.net", NULL, ERR_POLICY},
		{"https://v.vault.azure.net:8443", NULL, ERR_POLICY},
		{"https://evilvault.azure.net", NULL, ERR_POLICY},
		{"https://v.vault.azure.net.evil.example", NULL, ERR_POLICY},
		{"http://v.vault.azure.net", NULL, ERR_FORMAT},
		{"https://v.vault.azure.net/x", NULL, ERR_FORMAT},
		{"https://v.vault.azure.net@evil.example", NULL, ERR_FORMAT},
		{"https://evil.example#.vault.azure.net", NULL, ERR_FORMAT},
		{"https://evil.example\\.vault.azure.net", NULL, ERR_FORMAT},
		{"v.vault.azure.net", NULL, ERR_FORMAT},
		{"", NULL, ERR_FORMAT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct azure_vault vault = {.authority = SPAN_NULL};
		struct err err = ERR_INIT;
		int status =
			azure_vault_parse(span_str(rows[i].address),
					  SPAN("vault.mine.example,127.0.0.1:8444"), &vault, &err);

		if (err.code != rows[i].code || (status < 0) != (rows[i].resource == NULL))
			fail_msg("%s: %d %s", rows[i].address, err.code, err.msg);
		if (rows[i].resource)
			assert_true(span_is(vault.resource, rows[i].resource));
	}
}

static void reads_challenges(void **state)
{
	static const struct {
		const char *header, *resource, *tenant;
	} rows[] = {
		{"Bearer authorization=\"https://login.microsoftonline.com/ten\", resource=\"https://vault.azure.net\"",
		 "https://vault.azure.net", "ten"},
		{"bearer resource=\"https://a\"", "https://a", ""},
		{"Bearer scope=\"https://managedhsm.azure.net/.default\", resource=\"x\"",
		 "https://managedhsm.azure.net", ""},
		{"Bearer authorization=https://l/t/x,resource=https://a", "https://a", "t"},
		{"Bearer  , resource=\"a\" , ", "a", ""},
		{"Bearer other=\"a, resource=b\", resource=c", "c", ""},
		{"Bearer resource=\"\"", NULL, NULL},
		{"Bearer resource=\"a", NULL, NULL},
		{"Bearer", NULL, NULL},
		{"Bearer ", NULL, NULL},
		{"Bearer resource", NULL, NULL},
		{"Basic realm=\"x\", resource=\"a\"", NULL, NULL},
		{"", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct azure_challenge challenge;
		struct err err = ERR_INIT;

		if (azure_challenge_parse(span_str(rows[i].header), &challenge, &err) < 0) {
			if (rows[i].resource)
				fail_msg("%s: %s", rows[i].header, err.msg);
			continue;
		}
		if (!rows[i].resource)
			fail_msg("%s was taken", rows[i].header);
		assert_true(span_is(challenge.resource, rows[i].resource));
		assert_true(span_is(challenge.tenant, rows[i].tenant));
	}
}

static void gives_no_token_to_another_host(void **state)
{
	static const struct {
		const char *authority, *resource;
		bool may;
	} rows[] = {
		{"v.vault.azure.net", "https://vault.azure.net", true},
		{"127.0.0.1:8444", "https://0.0.1:8444", true},
		{"vault.azure.net", "https://vault.azure.net", false},
		{"evil.example", "https://vault.azure.net", false},
		{"evilvault.azure.net", "https://vault.azure.net", false},
		{"v.vault.azure.net", "https://management.azure.com", false},
		{"v.vault.azure.net", "http://vault.azure.net", false},
		{"127.0.0.1:8444", "https://0.0.1", false},
		{"v.vault.azure.net", "vault.azure.net", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct azure_challenge challenge = {.resource = span_str(rows[i].resource)};
		struct err err = ERR_INIT;
		int status = azure_challenge_check(&challenge, span_str(rows[i].authority), &err);

		if ((status == 0) != rows[i].may)
			fail_msg("%s %s", rows[i].authority, rows[i].resource);
	}
}

static int try_challenge(struct span input, void *arg)
{
	struct azure_challenge challenge;
	struct err err = ERR_INIT;

	return azure_challenge_parse(input, &challenge, &err);
}

static int try_vault(struct span input, void *arg)
{
	struct azure_vault vault;
	struct err err = ERR_INIT;

	if (azure_vault_parse(input, SPAN_NULL, &vault, &err) == 0)
		assert_true(span_is(vault.resource, "https://vault.azure.net"));
	return 0;
}

static int try_credential(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct azure_credential credential;
	struct err err = ERR_INIT;

	return azure_credential_parse(input, &pool, &credential, &err);
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN("Bearer authorization=\"https://l.example/t\", resource=\"https://a\""),
		   try_challenge, NULL);
	mangle_all(SPAN(VAULT "/"), try_vault, NULL);
	mangle_all(SPAN(SECRET), try_credential, NULL);
}

static void reads_fluxs_data_key(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: strlen */
		enum azure_kind kind;
		const char *tenant, *client, *secret, *authority;
	} rows[] = {
		{SECRET, 0, AZURE_SECRET, "ten", "cli", "se&cret", AZURE_AUTHORITY},
		{"{\"TENANTID\":\"ten\",\"ClientId\":\"cli\",\"clientsecret\":\"s\"}", 0,
		 AZURE_SECRET, "ten", "cli", "s", AZURE_AUTHORITY},
		{"tenant: ten\nappId: cli\npassword: s\n", 0, AZURE_SECRET, "ten", "cli", "s",
		 AZURE_AUTHORITY},
		{"clientId: cli\n", 0, AZURE_MANAGED, "", "cli", "", AZURE_AUTHORITY},
		{"tenantId: ten\nclientId: cli\n", 0, AZURE_MANAGED, "ten", "cli", "",
		 AZURE_AUTHORITY},
		{"tenantId: 7\nclientId: true\nclientSecret: -12\n", 0, AZURE_SECRET, "7", "true",
		 "-12", AZURE_AUTHORITY},
		{SECRET "authorityHost: https://login.microsoftonline.us/\nother: [1]\n", 0,
		 AZURE_SECRET, "ten", "cli", "se&cret", "https://login.microsoftonline.us"},
		{"\xef\xbb\xbf" SECRET, 0, AZURE_SECRET, "ten", "cli", "se&cret", AZURE_AUTHORITY},
		{"\xff\xfe"
		 "c\0l\0i\0e\0n\0t\0I\0d\0:\0 \0x\0\n\0",
		 26, AZURE_MANAGED, "", "x", "", AZURE_AUTHORITY},
		{"\xfe\xff"
		 "\0c\0l\0i\0e\0n\0t\0I\0d\0:\0 \0x\0\n",
		 26, AZURE_MANAGED, "", "x", "", AZURE_AUTHORITY},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct azure_credential credential;
		struct err err = ERR_INIT;
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].text);

		if (azure_credential_parse(span_of(rows[i].text, len), &pool, &credential, &err) <
		    0)
			fail_msg("row %zu: %s", i, err.msg);
		assert_int_equal(credential.kind, rows[i].kind);
		assert_true(span_is(credential.tenant, rows[i].tenant));
		assert_true(span_is(credential.client, rows[i].client));
		assert_true(span_is(credential.secret, rows[i].secret));
		assert_true(span_is(credential.authority, rows[i].authority));
	}
}

static void refuses_bad_data_keys(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *why;
	} rows[] = {
		{"", ERR_FORMAT, "requires a 'clientId' field"},
		{"{}", ERR_FORMAT, "requires a 'clientId' field"},
		{"tenantId: ten\nclientSecret: s\n", ERR_FORMAT, "requires a 'clientId' field"},
		{"appId: a\ntenant: t\n", ERR_FORMAT, "requires a 'clientId' field"},
		{"clientId: [x]\n", ERR_FORMAT, "'clientId' is not a string"},
		{"clientId: x\nclientCertificateSendChain: yes please\n", ERR_FORMAT,
		 "not a boolean"},
		{"canary", ERR_FORMAT, "neither a YAML nor a JSON map"},
		{"{canary", ERR_FORMAT, "neither a YAML nor a JSON map"},
		{"tenantId: t\nclientId: c\nclientCertificate: canary\n", ERR_FORMAT, "PKCS #12"},
		{"tenantId: t\nclientId: c\nclientCertificate: |\n  -----BEGIN CERTIFICATE-----\n"
		 "  YQ==\n  -----END CERTIFICATE-----\n",
		 ERR_FORMAT, "no private key"},
		{SECRET "authorityHost: http://evil.example\n", ERR_POLICY, "http:// only"},
		{SECRET "authorityHost: https://a b\n", ERR_USAGE, "authority host"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct azure_credential credential;
		struct err err = ERR_INIT;

		if (azure_credential_parse(span_str(rows[i].text), &pool, &credential, &err) == 0)
			fail_msg("%s was taken", rows[i].text);
		if (err.code != rows[i].code || !strstr(err.msg, rows[i].why) ||
		    strstr(err.msg, "canary"))
			fail_msg("%s: %d %s", rows[i].text, err.code, err.msg);
	}
}

static void reads_certificates(void **state)
{
	static const struct {
		const char *file, *password;
		enum err_code code;
	} rows[] = {
		{"../azure/client.pem", "", ERR_NONE},
		{"../azure/client.p12", "canary-p12", ERR_NONE},
		{"../azure/client.p12", "", ERR_FORMAT},
		{"../azure/client.p12", "canary-p13", ERR_FORMAT},
		{"../azure/old.p12", "canary-p12", ERR_UNSUPPORTED},
		{"../azure/ec.pem", "", ERR_UNSUPPORTED},
		{"../azure/stranger.pem", "", ERR_FORMAT},
		{"rsa.pkcs1.pem", "", ERR_FORMAT},
		{"age.agekey", "", ERR_FORMAT},
	};
	CLEAN_SECRET_POOL struct secret_pool kept = SECRET_POOL_INIT;
	struct azure_credential both[2] = {{.kind = AZURE_CERTIFICATE}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf data = BUF_INIT(AGE_DATA_MAX);
		struct azure_credential credential = {.kind = AZURE_CERTIFICATE};
		struct err err = ERR_INIT;

		if (strcmp(rows[i].file, "age.agekey") != 0)
			age_data(rows[i].file, &data);
		(void)!azure_certificate_load(buf_span(&data), span_str(rows[i].password), &kept,
					      &credential, &err);
		if (err.code != rows[i].code)
			fail_msg("%s: %d %s", rows[i].file, err.code, err.msg);
		if (i < 2)
			both[i] = credential;
	}
	assert_int_equal(both[0].chain_count, 2);
	assert_int_equal(both[1].chain_count, 2);
	assert_true(span_eq(both[0].key.n, both[1].key.n));
	for (size_t i = 0; i < 2; i++)
		assert_true(span_eq(both[0].chain[i], both[1].chain[i]));
}

static int try_certificate(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct azure_credential credential;
	struct err err = ERR_INIT;

	return azure_certificate_load(input, SPAN_NULL, &pool, &credential, &err);
}

static void survives_cut_certificates(void **state)
{
	static const char *const files[] = {"../azure/client.pem", "../azure/client.p12"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_BUF struct buf data = BUF_INIT(AGE_DATA_MAX);

		age_data(files[i], &data);
		for (size_t len = 0; len < data.len; len += 13)
			mangle_run(mangle_block(buf_span(&data), len), len, try_certificate, NULL);
	}
}

static void each_kind_asks_what_it_has_to(void **state)
{
	static const struct {
		const char *variables[13], *files[3];
		struct cloud_step steps[4];
		enum err_code code;
		const char *why;
	} rows[] = {
		{{"AZURE_TENANT_ID", "ten", "AZURE_CLIENT_ID", "cli", "AZURE_CLIENT_SECRET",
		  "se&cret", "AZURE_FEDERATED_TOKEN_FILE", "/none"},
		 {NULL},
		 {{ENTRA,
		   "Content-Type: application/x-www-form-urlencoded",
		   {"client_id=cli&grant_type=client_credentials&" SCOPE
		    "&client_secret=se%26cret"},
		   200,
		   NULL,
		   TOKEN("tok")},
		  {DECRYPT,
		   "Authorization: Bearer tok",
		   {"{\"alg\":\"RSA-OAEP-256\",\"value\":\"AA-_\"}"},
		   OPENS}},
		 ERR_NONE,
		 NULL},
		{{"AZURE_TENANT_ID", "ten", "AZURE_CLIENT_ID", "cli", "AZURE_FEDERATED_TOKEN_FILE",
		  "/token", "AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"},
		 {"/token", "a.b.c\n"},
		 {{"POST https://login.microsoftonline.us/ten/oauth2/v2.0/token",
		   NULL,
		   {"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
		    "client_assertion=a.b.c"},
		   200,
		   NULL,
		   TOKEN("tok")},
		  {DECRYPT, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"AZURE_TENANT_ID", "ten", "AZURE_CLIENT_ID", "cli", "AZURE_FEDERATED_TOKEN_FILE",
		  "/token"},
		 {"/token", "a.b.c"},
		 {{ENTRA,
		   NULL,
		   {NULL},
		   400,
		   NULL,
		   "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS canary\"}"}},
		 ERR_DENIED,
		 "'invalid_client' (HTTP status 400)"},
		{{"AZURE_TENANT_ID", "ten", "AZURE_CLIENT_ID", "cli", "AZURE_FEDERATED_TOKEN_FILE",
		  "/gone"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_NOT_FOUND,
		 "'/gone' is not there"},
		{{"IDENTITY_ENDPOINT", "http://169.254.130.2:81/msi/token", "IDENTITY_HEADER",
		  "hdr", "AZURE_CLIENT_ID", "cli"},
		 {NULL},
		 {{"GET http://169.254.130.2:81/msi/token?api-version=2019-08-01"
		   "&resource=https%3A%2F%2Fvault.azure.net&client_id=cli",
		   "X-IDENTITY-HEADER: hdr",
		   {NULL},
		   200,
		   NULL,
		   "{\"access_token\":\"tok\",\"expires_on\":\"1790003600\"}"},
		  {DECRYPT, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{NULL},
		 {NULL},
		 {{IMDS, "Metadata: true", {NULL}, 200, NULL, TOKEN("tok")},
		  {DECRYPT, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{NULL},
		 {NULL},
		 {{IMDS, NULL, {NULL}, 0, NULL, NULL}},
		 ERR_NO_KEY,
		 "no Azure credentials here"},
		{{NULL},
		 {NULL},
		 {{IMDS, NULL, {NULL}, 403, NULL, "canary"}},
		 ERR_NO_KEY,
		 "no Azure credentials here"},
		{{"AZURE_TOKEN_CREDENTIALS", "managedidentitycredential"},
		 {NULL},
		 {{IMDS, NULL, {NULL}, 0, NULL, NULL},
		  {IMDS, NULL, {NULL}, 404, NULL, NULL},
		  {IMDS, NULL, {NULL}, 410, NULL, NULL}},
		 ERR_UNREACHABLE,
		 "the managed identity: 3 tries: HTTP status 410"},
		{{"AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"},
		 {NULL},
		 {{IMDS, NULL, {NULL}, 400, NULL, "{\"error\":\"invalid_request\"}"}},
		 ERR_NO_KEY,
		 "'invalid_request'"},
		{{"AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_NO_KEY,
		 "AZURE_TOKEN_CREDENTIALS leaves no"},
		{{"AZURE_TOKEN_CREDENTIALS", "dev"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_NO_KEY,
		 "AZURE_TOKEN_CREDENTIALS leaves no"},
		{{"AZURE_TOKEN_CREDENTIALS", "AzurePowerShellCredential"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_UNSUPPORTED,
		 "AzurePowerShellCredential"},
		{{"AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential", "AZURE_TENANT_ID", "ten",
		  "AZURE_CLIENT_ID", "cli", "AZURE_CLIENT_SECRET", "s",
		  "AZURE_FEDERATED_TOKEN_FILE", "/token"},
		 {"/token", "a.b.c"},
		 {{ENTRA, NULL, {"client_assertion=a.b.c"}, 200, NULL, TOKEN("tok")},
		  {DECRYPT, "Authorization: Bearer tok", {NULL}, OPENS}},
		 ERR_NONE,
		 NULL},
		{{"AZURE_TENANT_ID", "ten", "AZURE_CLIENT_ID", "cli", "AZURE_CLIENT_SECRET", "s",
		  "AZURE_AUTHORITY_HOST", "http://evil.example"},
		 {NULL},
		 {{.call = NULL}},
		 ERR_POLICY,
		 "AZURE_AUTHORITY_HOST"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, rows[i].variables, rows[i].files);
		assert_int_equal(key_azure_kv_add(&world.ring, SPAN_NULL, &err), 0);
		assert_int_equal(world.host.reads,
				 0); /* nothing is looked for before it is wanted */
		set(&world, 0, VAULT, "k", "0123abcd", "AA-_");
		cloud_world_ask(&world, rows[i].steps, 1);
		if (rows[i].code)
			cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		else
			cloud_world_opened(&world, 0, "data key");
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

static struct span assertion;
static char seen_body[16384];

static void keep_assertion(struct http *http, struct http_call *call)
{
	size_t at = span_search(call->body, SPAN("client_assertion="));

	if (at != SIZE_MAX) {
		(void)snprintf(seen_body, sizeof(seen_body), "%.*s",
			       (int)(call->body.len - at - 17),
			       (const char *)call->body.data + at + 17);
		assertion = span_str(seen_body);
	}
	cloud_world_answer(http, call);
}

static void a_certificate_signs_an_assertion(void **state)
{
	static const struct cloud_step steps[] = {
		{ENTRA, NULL, {NULL}, 200, NULL, TOKEN("tok")},
		{DECRYPT, "Authorization: Bearer tok", {NULL}, OPENS},
		{.call = NULL}};
	static const char *const has[] = {
		"\"alg\":\"PS256\"",
		"\"x5t#S256\":\"",
		"\"x5c\":[\"MII",
		"\",\"MII",
		"\"aud\":\"https://login.microsoftonline.com/ten/oauth2/v2.0/token\"",
		"\"iss\":\"cli\"",
		"\"sub\":\"cli\"",
		"\"jti\":\"",
		"\"nbf\":1790000000",
		"\"exp\":1790000600"};
	CLEAN_BUF struct buf pem = BUF_INIT(AGE_DATA_MAX), text = BUF_INIT(AGE_DATA_MAX);
	CLEAN_BUF struct buf said = BUF_INIT(AGE_DATA_MAX);
	struct cloud_world world;
	struct err err = ERR_INIT;
	size_t dot, next;

	age_data("../azure/client.pem", &pem);
	buf_add_str(&text, "tenantId: ten\nclientId: cli\nclientCertificateSendChain: true\n"
			   "clientCertificate: |\n  ");
	for (size_t i = 0; i < pem.len; i++) {
		buf_add_char(&text, pem.data[i]);
		if (pem.data[i] == '\n' && i + 1 < pem.len)
			buf_add_str(&text, "  ");
	}
	cloud_world_open(&world, NULL, NULL);
	world.http.answer = keep_assertion;
	if (key_azure_kv_add(&world.ring, buf_span(&text), &err) < 0)
		fail_msg("%s", err.msg);
	set(&world, 0, VAULT, "k", "0123abcd", "AAAA");
	cloud_world_ask(&world, steps, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
	dot = span_find(assertion, 0, '.');
	next = span_find(assertion, dot + 1, '.');
	assert_int_equal(base64url_decode(span_sub(assertion, 0, dot), &said), 0);
	assert_int_equal(base64url_decode(span_sub(assertion, dot + 1, next - dot - 1), &said), 0);
	for (size_t i = 0; i < ARRAY_LEN(has); i++) {
		if (span_search(buf_span(&said), span_str(has[i])) == SIZE_MAX)
			fail_msg("no %s in %.*s", has[i], (int)said.len, (const char *)said.data);
	}
}

static void tells_what_the_vault_says(void **state)
{
#define ERROR(code, word) code, NULL, "{\"error\":{\"code\":\"" word "\",\"message\":\"canary\"}}"
	static const struct {
		struct cloud_step step;
		int tries;
		enum err_code code;
		const char *why;
	} rows[] = {
		{{DECRYPT, NULL, {NULL}, ERROR(403, "Forbidden")},
		 1,
		 ERR_DENIED,
		 "Azure Key Vault: 'Forbidden' (HTTP status 403)"},
		{{DECRYPT,
		  NULL,
		  {NULL},
		  403,
		  NULL,
		  "{\"error\":{\"code\":\"Forbidden\",\"innererror\":{\"code\":\"KeyDisabled\"}}}"},
		 1,
		 ERR_NO_KEY,
		 "the key is disabled"},
		{{DECRYPT, NULL, {NULL}, ERROR(404, "KeyNotFound")},
		 1,
		 ERR_NO_KEY,
		 "'KeyNotFound'"},
		{{DECRYPT, NULL, {NULL}, ERROR(400, "BadParameter")},
		 1,
		 ERR_NO_KEY,
		 "'BadParameter'"},
		{{DECRYPT, NULL, {NULL}, ERROR(409, "Conflict")}, 1, ERR_UNREACHABLE, "'Conflict'"},
		{{DECRYPT, NULL, {NULL}, ERROR(429, "Throttled")},
		 3,
		 ERR_UNREACHABLE,
		 "'Throttled'"},
		{{DECRYPT, NULL, {NULL}, 0, NULL, NULL}, 3, ERR_UNREACHABLE, "connecting"},
		{{DECRYPT, NULL, {NULL}, 200, NULL, "{}"}, 1, ERR_FORMAT, "holds no data key"},
		{{DECRYPT, NULL, {NULL}, 200, NULL, "{\"value\":\"can+ary\"}"},
		 1,
		 ERR_FORMAT,
		 "not base64url"},
		{{DECRYPT, NULL, {NULL}, 200, NULL, "canary"}, 1, ERR_FORMAT, "not JSON"},
		{{DECRYPT, NULL, {NULL}, 302, "Location: https://evil.example/\n", ""},
		 1,
		 ERR_DENIED,
		 "HTTP status 302"},
		{{DECRYPT, NULL, {NULL}, 401, NULL, "{}"},
		 1,
		 ERR_FORMAT,
		 "asks for no bearer token"},
		{{DECRYPT,
		  NULL,
		  {NULL},
		  401,
		  "WWW-Authenticate: Bearer resource=\"https://management.azure.com\"\n",
		  "{}"},
		 1,
		 ERR_POLICY,
		 "which is another's"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_step steps[CLOUD_STEPS] = {
			{ENTRA, NULL, {NULL}, 200, NULL, TOKEN("tok")}};
		struct cloud_world world;
		struct err err = ERR_INIT;

		for (int t = 0; t < rows[i].tries; t++)
			steps[1 + t] = rows[i].step;
		cloud_world_open(&world, NULL, NULL);
		assert_int_equal(key_azure_kv_add(&world.ring, SPAN(SECRET), &err), 0);
		set(&world, 0, VAULT, "k", "0123abcd", "AAAA");
		cloud_world_ask(&world, steps, 1);
		cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		assert_null(strstr(world.requests[0].why, "canary"));
		cloud_world_close(&world);
	}
}

/* One token for all of a cloud's vaults; a vault of the operator's is asked without a token first; the newest version is looked up. */
static void one_token_for_each_resource(void **state)
{
#define CHALLENGE \
	"WWW-Authenticate: Bearer authorization=\"https://l/t\", resource=\"https://mine.example\"\n"
	static const char *const variables[] = {"KRM_SOPS_AZURE_VAULT_SUFFIXES", "mine.example",
						NULL};
	static const struct cloud_step steps[] = {
		{ENTRA, NULL, {SCOPE}, 200, NULL, TOKEN("azure")},
		{"POST https://v.mine.example/keys/k/1/decrypt?api-version=7.4",
		 NULL,
		 {NULL},
		 401,
		 CHALLENGE,
		 "{}"},
		{DECRYPT, "Authorization: Bearer azure", {NULL}, OPENS},
		{"GET https://w.vault.azure.net/keys/k/?api-version=7.4",
		 "Authorization: Bearer azure",
		 {NULL},
		 200,
		 NULL,
		 "{\"key\":{\"kid\":\"https://w.vault.azure.net/keys/k/99ff\"}}"},
		{ENTRA,
		 NULL,
		 {"scope=https%3A%2F%2Fmine.example%2F.default"},
		 200,
		 NULL,
		 TOKEN("mine")},
		{"POST https://w.vault.azure.net/keys/k/99ff/decrypt?api-version=7.4",
		 "Authorization: Bearer azure",
		 {NULL},
		 OPENS},
		{"POST https://v.mine.example/keys/k/1/decrypt?api-version=7.4",
		 "Authorization: Bearer mine",
		 {NULL},
		 OPENS},
		{.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, variables, NULL);
	assert_int_equal(key_azure_kv_add(&world.ring, SPAN(SECRET), &err), 0);
	set(&world, 0, VAULT, "k", "0123abcd", "AAAA");
	set(&world, 1, "https://w.vault.azure.net/", "k", "", "AAAA");
	set(&world, 2, "https://v.mine.example", "k", "1", "AAAA");
	cloud_world_ask(&world, steps, 3);
	for (size_t i = 0; i < 3; i++)
		cloud_world_opened(&world, i, "data key");
	cloud_world_close(&world);
}

static void tokens_are_renewed_in_time(void **state)
{
	static const char *const variables[] = {NULL};
	static const struct cloud_step
		none[] = {{.call = NULL}},
		first[] = {{IMDS, NULL, {NULL}, 200, NULL, TOKEN("one")},
			   {DECRYPT, "Authorization: Bearer one", {NULL}, OPENS},
			   {.call = NULL}},
		renewal[] = {{IMDS, NULL, {NULL}, 200, NULL, TOKEN("two")}, {.call = NULL}},
		failures[] = {{IMDS, NULL, {NULL}, 403, NULL, NULL}, {.call = NULL}},
		nothing[] = {{IMDS, NULL, {NULL}, 200, NULL, "{}"}, {.call = NULL}},
		second[] = {{DECRYPT, "Authorization: Bearer two", {NULL}, OPENS}, {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, variables, NULL);
	assert_int_equal(key_azure_kv_add(&world.ring, SPAN_NULL, &err), 0);
	set(&world, 0, VAULT, "k", "0123abcd", "AA-_");
	cloud_world_renew(&world, 0, none);
	cloud_world_ask(&world, first, 1);
	cloud_world_renew(&world, 3599 - TOKEN_RENEW_S - 1, none);
	cloud_world_renew(&world, 1, renewal);
	cloud_world_ask(&world, second, 1);
	cloud_world_renew(&world, 3599 - TOKEN_RENEW_S, failures);
	cloud_world_ask(&world, second, 1);
	cloud_world_renew(&world, TOKEN_RENEW_S - TOKEN_RENEW_S / 3, nothing);
	cloud_world_ask(&world, second, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static void sends_nothing_for_a_hostile_document(void **state)
{
	static const struct {
		const char *address, *name, *version, *why;
		enum err_code code;
	} rows[] = {
		{"https://evil.example", "k", "1", "none of Azure's vaults", ERR_POLICY},
		{"https://v.vault.azure.net.evil.example", "k", "1", "none of Azure's vaults",
		 ERR_POLICY},
		{VAULT, "../secrets", "1", "none of a key", ERR_FORMAT},
		{VAULT, "k", "1/../../x", "none of a key", ERR_FORMAT},
		{VAULT, "", "1", "none of a key", ERR_FORMAT},
		{VAULT, "k?x", "1", "none of a key", ERR_FORMAT},
	};
	static const struct cloud_step none[] = {{.call = NULL}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cloud_world world;
		struct err err = ERR_INIT;

		cloud_world_open(&world, NULL, NULL);
		assert_int_equal(key_azure_kv_add(&world.ring, SPAN(SECRET), &err), 0);
		set(&world, 0, rows[i].address, rows[i].name, rows[i].version, "AAAA");
		cloud_world_ask(&world, none, 1);
		cloud_world_failed(&world, 0, rows[i].code, rows[i].why);
		cloud_world_close(&world);
	}
}

static int say_token(void *cookie, enum key_helper helper, const char *line,
		     struct secret_pool *pool, struct span *ret, struct err *err)
{
	assert_int_equal(helper, KEY_HELPER_AZURE);
	assert_string_equal(line, "az account get-access-token -o json --resource "
				  "https://vault.azure.net");
	return secret_dup(pool, SPAN("{\"accessToken\":\"cli\",\"expires_on\":1790003600}"), ret,
			  err);
}

static int refuse(void *cookie, enum key_helper helper, const char *line, struct secret_pool *pool,
		  struct span *ret, struct err *err)
{
	return err_set(err, ERR_POLICY, "helpers are not allowed");
}

static void says_what_is_missing_where_az_may_not_run(void **state)
{
	static const struct cloud_step steps[] = {{IMDS, NULL, {NULL}, 0, NULL, NULL},
						  {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, NULL, NULL);
	world.host.table.run = refuse;
	assert_int_equal(key_azure_kv_add(&world.ring, SPAN_NULL, &err), 0);
	set(&world, 0, VAULT, "k", "0123abcd", "AAAA");
	cloud_world_ask(&world, steps, 1);
	cloud_world_failed(&world, 0, ERR_NO_KEY, "no Azure credentials here");
	cloud_world_close(&world);
}

static void differs_azure_runs_no_helper(void **state)
{
	static const struct cloud_step steps[] = {
		{IMDS, NULL, {NULL}, 0, NULL, NULL},
		{DECRYPT, "Authorization: Bearer cli", {NULL}, OPENS},
		{.call = NULL}};
	static const struct cloud_step again[] = {
		{DECRYPT, "Authorization: Bearer cli", {NULL}, OPENS}, {.call = NULL}};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, NULL, NULL);
	world.host.table.run = say_token;
	assert_int_equal(key_azure_kv_add(&world.ring, SPAN_NULL, &err), 0);
	set(&world, 0, VAULT, "k", "0123abcd", "AAAA");
	cloud_world_ask(&world, steps, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_ask(&world, again, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differs_azure_vaults_are_azures),
		cmocka_unit_test(reads_challenges),
		cmocka_unit_test(gives_no_token_to_another_host),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(reads_fluxs_data_key),
		cmocka_unit_test(refuses_bad_data_keys),
		cmocka_unit_test(reads_certificates),
		cmocka_unit_test(survives_cut_certificates),
		cmocka_unit_test(each_kind_asks_what_it_has_to),
		cmocka_unit_test(a_certificate_signs_an_assertion),
		cmocka_unit_test(tells_what_the_vault_says),
		cmocka_unit_test(one_token_for_each_resource),
		cmocka_unit_test(tokens_are_renewed_in_time),
		cmocka_unit_test(sends_nothing_for_a_hostile_document),
		cmocka_unit_test(says_what_is_missing_where_az_may_not_run),
		cmocka_unit_test(differs_azure_runs_no_helper),
	};

	return cmocka_run_group_tests(tests, cloud_world_setup, NULL);
}
