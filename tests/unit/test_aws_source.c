/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/aws_ini.c, aws_profile.c, aws_source.c: which source of credentials is meant, by variables and shared files. What is expected is
 * written as one line: the source with what it has, then each role.
 */
#include "mangle.h"

#include "keys/aws_source.h"

#include "aws_host.h"

#include <stdio.h>

enum { LINE_MAX_LEN = 1024 };

static void add(char *line, const char *name, struct span value)
{
	size_t len = strlen(line);

	if (value.len)
		snprintf(line + len, LINE_MAX_LEN - len, " %s=%.*s", name, (int)value.len,
			 (const char *)value.data);
}

static void tell(const struct aws_source *source, char line[static LINE_MAX_LEN])
{
	static const char *const kinds[] = {"keys", "web", "process", "container", "instance"};

	snprintf(line, LINE_MAX_LEN, "%s", kinds[source->kind]);
	if (source->kind == AWS_SOURCE_KEYS) {
		add(line, "id", source->access_key);
		add(line, "secret", source->secret_key);
		add(line, "token", source->session_token);
	}
	if (source->kind == AWS_SOURCE_WEB_IDENTITY || source->kind == AWS_SOURCE_CONTAINER)
		add(line, "file", source->token_file);
	add(line, "role", source->role_arn);
	add(line, "name", source->session_name);
	add(line, "command", source->command);
	add(line, "url", source->url);
	add(line, "auth", source->auth_token);
	for (size_t i = 0; i < source->assume_count; i++) {
		const struct aws_assume *assume = &source->assume[i];
		size_t len = strlen(line);

		snprintf(line + len, LINE_MAX_LEN - len, " |");
		add(line, "role", assume->role_arn);
		add(line, "name", assume->session_name);
		add(line, "external", assume->external_id);
		len = strlen(line);
		snprintf(line + len, LINE_MAX_LEN - len, " %ds", assume->duration_seconds);
	}
}

static void read_files(const char *config, const char *credentials, struct aws_files *files)
{
	struct err err = ERR_INIT;

	assert_int_equal(aws_ini_read(span_str(config ? config : ""), &files->config, &err), 0);
	assert_int_equal(
		aws_ini_read(span_str(credentials ? credentials : ""), &files->credentials, &err),
		0);
}

#define R1       "arn:aws:iam::1:role/r1"
#define R2       "arn:aws:iam::1:role/r2"
#define KEYS     "aws_access_key_id = AK\naws_secret_access_key = SK\n"
#define IRSA     "AWS_WEB_IDENTITY_TOKEN_FILE=/token", "AWS_ROLE_ARN=" R1
#define ENV_KEYS "AWS_ACCESS_KEY_ID=EAK", "AWS_SECRET_ACCESS_KEY=ESK"

struct source_case {
	const char *name;
	struct aws_host host;
	const char *config, *credentials, *named;
	const char *want; /* the line; or, where code is set, a part of the message */
	enum err_code code;
};

static const struct source_case cases[] = {
	{.name = "nothing is instance metadata", .want = "instance url=http://169.254.169.254"},
	{.name = "metadata by IPv6",
	 .host.variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"},
	 .want = "instance url=http://[fd00:ec2::254]"},
	{.name = "metadata elsewhere",
	 .host.variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1"},
	 .want = "instance url=http://127.0.0.1:1"},
	{.name = "metadata turned off",
	 .host.variables = {"AWS_EC2_METADATA_DISABLED=TRUE"},
	 .want = "AWS_EC2_METADATA_DISABLED",
	 .code = ERR_NO_KEY},
	{.name = "environment keys",
	 .host.variables = {ENV_KEYS, "AWS_SESSION_TOKEN=ET"},
	 .want = "keys id=EAK secret=ESK token=ET"},
	{.name = "older names",
	 .host.variables = {"AWS_ACCESS_KEY=EAK", "AWS_SECRET_KEY=ESK"},
	 .want = "keys id=EAK secret=ESK"},
	{.name = "half of them is nothing",
	 .host.variables = {"AWS_ACCESS_KEY_ID=EAK", "AWS_SECRET_ACCESS_KEY="},
	 .want = "instance url=http://169.254.169.254"},
	{.name = "environment keys before AWS_PROFILE",
	 .host.variables = {ENV_KEYS, "AWS_PROFILE=p"},
	 .config = "[profile p]\n" KEYS,
	 .want = "keys id=EAK secret=ESK"},
	{.name = "environment keys before IRSA",
	 .host.variables = {ENV_KEYS, IRSA},
	 .want = "keys id=EAK secret=ESK"},
	{.name = "a named profile before environment keys",
	 .host.variables = {ENV_KEYS},
	 .config = "[profile p]\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK"},
	{.name = "a named profile before IRSA",
	 .host.variables = {IRSA},
	 .credentials = "[p]\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK"},
	{.name = "IRSA",
	 .host.variables = {IRSA, "AWS_ROLE_SESSION_NAME=me"},
	 .want = "web file=/token role=" R1 " name=me"},
	{.name = "IRSA before a profile",
	 .host.variables = {IRSA},
	 .config = "[default]\n" KEYS,
	 .want = "web file=/token role=" R1},
	{.name = "IRSA without role",
	 .host.variables = {"AWS_WEB_IDENTITY_TOKEN_FILE=/token"},
	 .config = "[default]\n" KEYS,
	 .want = "AWS_WEB_IDENTITY_TOKEN_FILE is set, but no role",
	 .code = ERR_USAGE},
	{.name = "IRSA with no role's name",
	 .host.variables = {"AWS_WEB_IDENTITY_TOKEN_FILE=/t", "AWS_ROLE_ARN=r"},
	 .want = "not the ARN of an IAM role",
	 .code = ERR_FORMAT},
	{.name = "profile default",
	 .config = "[default]\n" KEYS "aws_session_token=T\n",
	 .want = "keys id=AK secret=SK token=T"},
	{.name = "[profile default] before [default]",
	 .config =
		 "[default]\naws_access_key_id=X\naws_secret_access_key=Y\n[profile default]\n" KEYS,
	 .want = "keys id=AK secret=SK"},
	{.name = "AWS_PROFILE",
	 .host.variables = {"AWS_PROFILE=p"},
	 .config = "[default]\nregion=x\n[profile p]\n" KEYS,
	 .want = "keys id=AK secret=SK"},
	{.name = "AWS_DEFAULT_PROFILE",
	 .host.variables = {"AWS_DEFAULT_PROFILE=p"},
	 .config = "[profile p]\n" KEYS,
	 .want = "keys id=AK secret=SK"},
	{.name = "a profile that is not there",
	 .host.variables = {"AWS_PROFILE=q"},
	 .config = "[profile p]\n" KEYS,
	 .want = "no AWS profile 'q'",
	 .code = ERR_NO_KEY},
	{.name = "a config section without 'profile'",
	 .config = "[p]\n" KEYS,
	 .named = "p",
	 .want = "no AWS profile 'p'",
	 .code = ERR_NO_KEY},
	{.name = "a credentials section with 'profile'",
	 .credentials = "[profile p]\n" KEYS,
	 .named = "p",
	 .want = "no AWS profile 'p'",
	 .code = ERR_NO_KEY},
	{.name = "the credentials file's keys count",
	 .config =
		 "[profile p]\naws_access_key_id=X\naws_secret_access_key=Y\naws_session_token=Z\n",
	 .credentials = "[p]\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK"},
	{.name = "half a pair",
	 .credentials = "[p]\naws_access_key_id = AK\n",
	 .named = "p",
	 .want = "only one of",
	 .code = ERR_USAGE},
	{.name = "source_profile",
	 .config = "[profile p]\nrole_arn=" R1
		   "\nsource_profile=q\nexternal_id=E\nrole_session_name=me\n"
		   "duration_seconds=3600\n[profile q]\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK | role=" R1 " name=me external=E 3600s"},
	{.name = "a chain of three",
	 .config = "[profile p]\nrole_arn=" R1 "\nsource_profile=q\n[profile q]\nrole_arn=" R2
		   "\nsource_profile=r\nduration_seconds=60\n",
	 .credentials = "[r]\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK | role=" R2 " 900s | role=" R1 " 900s"},
	{.name = "its own source",
	 .config = "[profile p]\nrole_arn=" R1 "\nsource_profile=p\n" KEYS,
	 .named = "p",
	 .want = "keys id=AK secret=SK | role=" R1 " 900s"},
	{.name = "round in a circle",
	 .config = "[profile p]\nrole_arn=" R1 "\nsource_profile=q\n[profile q]\nrole_arn=" R2
		   "\nsource_profile=p\n",
	 .named = "p",
	 .want = "it is a source_profile and has no credentials",
	 .code = ERR_USAGE},
	{.name = "a source that is not there",
	 .config = "[profile p]\nrole_arn=" R1 "\nsource_profile=q\n",
	 .named = "p",
	 .want = "no AWS profile 'q'",
	 .code = ERR_NO_KEY},
	{.name = "a source without role",
	 .config = "[profile p]\nsource_profile=q\n[profile q]\n",
	 .named = "p",
	 .want = "role_arn is missing",
	 .code = ERR_USAGE},
	{.name = "two ways at once",
	 .config = "[profile p]\nrole_arn=" R1 "\nsource_profile=q\ncredential_process=x\n",
	 .named = "p",
	 .want = "more than one of",
	 .code = ERR_USAGE},
	{.name = "web identity of a profile",
	 .config =
		 "[profile p]\nrole_arn=" R1 "\nweb_identity_token_file=/t\nrole_session_name=me\n",
	 .named = "p",
	 .want = "web file=/t role=" R1 " name=me"},
	{.name = "a role on web identity",
	 .config = "[profile p]\nrole_arn=" R2 "\nsource_profile=q\n[profile q]\nrole_arn=" R1
		   "\nweb_identity_token_file=/t\n",
	 .named = "p",
	 .want = "web file=/t role=" R1 " | role=" R2 " 900s"},
	{.name = "credential_source environment",
	 .host.variables = {ENV_KEYS},
	 .config = "[profile p]\nrole_arn=" R1 "\ncredential_source=Environment\n",
	 .named = "p",
	 .want = "keys id=EAK secret=ESK | role=" R1 " 900s"},
	{.name = "credential_source metadata",
	 .config = "[profile p]\nrole_arn=" R1 "\ncredential_source=Ec2InstanceMetadata\n"
		   "ec2_metadata_service_endpoint=http://127.0.0.1:2\n",
	 .named = "p",
	 .want = "instance url=http://127.0.0.1:2 | role=" R1 " 900s"},
	{.name = "credential_source container",
	 .host.variables = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c"},
	 .config = "[profile p]\nrole_arn=" R1 "\ncredential_source=EcsContainer\n",
	 .named = "p",
	 .want = "container url=/c | role=" R1 " 900s"},
	{.name = "credential_source container without one",
	 .config = "[profile p]\nrole_arn=" R1 "\ncredential_source=EcsContainer\n",
	 .named = "p",
	 .want = "neither AWS_CONTAINER",
	 .code = ERR_NO_KEY},
	{.name = "credential_source of another name",
	 .config = "[profile p]\nrole_arn=" R1 "\ncredential_source=Moon\n",
	 .named = "p",
	 .want = "is none of",
	 .code = ERR_USAGE},
	{.name = "credential_process",
	 .host.output = "x",
	 .config = "[profile p]\ncredential_process = a b\n",
	 .named = "p",
	 .want = "process command=a b"},
	{.name = "credential_process that nobody allows",
	 .config = "[profile p]\ncredential_process = a b\n",
	 .named = "p",
	 .want = "is not run",
	 .code = ERR_POLICY},
	{.name = "single sign-on",
	 .config = "[profile p]\nsso_session = s\n",
	 .named = "p",
	 .want = "single sign-on",
	 .code = ERR_UNSUPPORTED},
	{.name = "MFA",
	 .config =
		 "[profile p]\nrole_arn=" R1 "\nmfa_serial=m\nsource_profile=q\n[profile q]\n" KEYS,
	 .named = "p",
	 .want = "mfa_serial",
	 .code = ERR_UNSUPPORTED},
	{.name = "Pod Identity",
	 .host.variables =
		 {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials",
		  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/pod"},
	 .want = "container file=/pod url=http://169.254.170.23/v1/credentials"},
	{.name = "a container before metadata, behind a profile",
	 .host.variables = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c",
			    "AWS_CONTAINER_AUTHORIZATION_TOKEN=A"},
	 .config = "[default]\nregion = x\n",
	 .want = "container url=/c auth=A"},
	{.name = "an empty profile goes on",
	 .config = "[profile p]\n",
	 .named = "p",
	 .want = "instance url=http://169.254.169.254"},
	{.name = "duration that is no number",
	 .config = "[profile p]\nrole_arn=" R1 "\nduration_seconds=1h\n" KEYS,
	 .named = "p",
	 .want = "duration_seconds",
	 .code = ERR_USAGE},
};

static void finds_the_source_that_the_sdk_finds(void **state)
{
	char line[ERR_MSG_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct aws_host machine = cases[i].host;
		const struct key_host host = aws_host_of(&machine);
		struct aws_files files = AWS_FILES_INIT;
		struct aws_source source;
		struct err err = ERR_INIT;
		struct span named = cases[i].named ? span_str(cases[i].named) : SPAN_NULL;
		int r;

		read_files(cases[i].config, cases[i].credentials, &files);
		r = aws_source_find(&host, &files, named, &source, &err);
		if (r == 0)
			tell(&source, line);
		else
			snprintf(line, sizeof(line), "%s", err.msg);
		if (err.code != cases[i].code ||
		    !(cases[i].code ? strstr(line, cases[i].want) != NULL
				    : strcmp(line, cases[i].want) == 0))
			fail_msg("%s: '%s' (%d)", cases[i].name, line, err.code);
		aws_files_release(&files);
	}
}

static void reads_lines_as_the_sdk_does(void **state)
{
	static const char text[] = "global = no\n"
				   "# comment\n"
				   "  ; comment\n"
				   "[ profile   two words ] ; comment\n"
				   "KEY = a # comment\r\n"
				   "colon : b#c\n"
				   "quoted = \"d e\"\n"
				   "url = http://x\n"
				   "key = again\n"
				   "long = 1\n"
				   "  more\n"
				   "parent =\n"
				   "  sub = 2 # kept\n"
				   "  Sub2 = 3\n"
				   "  lonely\n"
				   "after = 4\n"
				   "  promoted = 5 # cut\n"
				   "nothing at all\n"
				   "[profile two words]\n"
				   "late = 6";
	static const struct {
		const char *key, *sub, *want;
	} wants[] = {
		{"key", NULL, "again"},    {"colon", NULL, "b#c"},        {"quoted", NULL, "d e"},
		{"long", NULL, "1\nmore"}, {"parent", "sub", "2 # kept"}, {"parent", "sub2", "3"},
		{"url", NULL, "http://x"}, {"after", NULL, "4"},          {"promoted", NULL, "5"},
		{"late", NULL, "6"},       {"global", NULL, NULL},        {"sub", NULL, NULL},
		{"parent", NULL, ""},
	};
	CLEAN_AWS_INI struct aws_ini ini = AWS_INI_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(aws_ini_read(span_str(text), &ini, &err), 0);
	assert_true(aws_ini_has_section(&ini, SPAN("profile two words")));
	for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
		struct span got =
			aws_ini_get(&ini, SPAN("profile two words"), wants[i].key, wants[i].sub);

		if (wants[i].want ? !got.data || !span_is(got, wants[i].want) : got.data != NULL)
			fail_msg("%s: '%.*s'", wants[i].key, (int)got.len,
				 got.data ? (const char *)got.data : "");
	}
}

static int read_ini(struct span input, void *arg)
{
	CLEAN_AWS_INI struct aws_ini ini = AWS_INI_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(aws_ini_read(input, &ini, &err), 0);
	(void)aws_ini_get(&ini, SPAN("profile p"), "kms", "endpoint_url");
	return 0;
}

static void survives_any_file(void **state)
{
	mangle_all(
		SPAN("[profile p]\nrole_arn = \"x\" # y\nkms =\n  endpoint_url = z\r\n  a\n; b\n"),
		read_ini, NULL);
}

static void add_settings(const struct aws_settings *settings, char line[static LINE_MAX_LEN])
{
	snprintf(line, LINE_MAX_LEN, "%s%s", settings->fips ? "fips " : "",
		 settings->dual_stack ? "dual " : "");
	add(line, "kms", settings->kms_url);
	add(line, "sts", settings->sts_url);
	add(line, "ca", settings->ca_bundle);
}

#define SERVICES                                                                  \
	"[profile p]\nservices = s\nendpoint_url = http://all\nca_bundle = /ca\n" \
	"use_fips_endpoint = true\n[services s]\nkms =\n  endpoint_url = http://kms\n"

static void finds_endpoints_in_their_order(void **state)
{
	static const struct {
		struct aws_host host;
		const char *config, *want;
	} table[] = {
		{.want = ""},
		{.host.variables = {"AWS_ENDPOINT_URL=http://e"},
		 .want = " kms=http://e sts=http://e"},
		{.host.variables = {"AWS_ENDPOINT_URL=http://e", "AWS_ENDPOINT_URL_KMS=http://k"},
		 .want = " kms=http://k sts=http://e"},
		{.host.variables = {"AWS_PROFILE=p"},
		 .config = SERVICES,
		 .want = "fips  kms=http://kms sts=http://all ca=/ca"},
		{.host.variables = {"AWS_PROFILE=p", "AWS_ENDPOINT_URL=http://e"},
		 .config = SERVICES,
		 .want = "fips  kms=http://e sts=http://e ca=/ca"},
		{.host.variables = {"AWS_PROFILE=p", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
				    "AWS_USE_FIPS_ENDPOINT=False",
				    "AWS_USE_DUALSTACK_ENDPOINT=True", "AWS_CA_BUNDLE=/other"},
		 .config = SERVICES,
		 .want = "dual  ca=/other"},
		{.host.variables = {"AWS_ENDPOINT_URL_STS=http://s"}, .want = " sts=http://s"},
	};
	char line[LINE_MAX_LEN];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct aws_host machine = table[i].host;
		const struct key_host host = aws_host_of(&machine);
		struct aws_files files = AWS_FILES_INIT;
		struct aws_settings settings;
		struct err err = ERR_INIT;

		read_files(table[i].config, NULL, &files);
		assert_int_equal(aws_settings_find(&host, &files, SPAN_NULL, &settings, &err), 0);
		add_settings(&settings, line);
		assert_string_equal(line, table[i].want);
		aws_files_release(&files);
	}
}

static void refuses_a_switch_that_is_none(void **state)
{
	struct aws_host machine = {.variables = {"AWS_USE_FIPS_ENDPOINT=1"}};
	const struct key_host host = aws_host_of(&machine);
	struct aws_files files = AWS_FILES_INIT;
	struct aws_settings settings;
	struct err err = ERR_INIT;

	assert_int_equal(aws_settings_find(&host, &files, SPAN_NULL, &settings, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static int init(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_source_that_the_sdk_finds),
		cmocka_unit_test(reads_lines_as_the_sdk_does),
		cmocka_unit_test(survives_any_file),
		cmocka_unit_test(finds_endpoints_in_their_order),
		cmocka_unit_test(refuses_a_switch_that_is_none),
	};

	return cmocka_run_group_tests_name("aws_source", tests, init, NULL);
}
