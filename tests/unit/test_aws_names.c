/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/aws_arn.c, aws_endpoint.c, aws_error.c: from a document's ARN to the host that is asked, and from an answer's code to what it means.
 */
#include "mangle.h"

#include "keys/aws_arn.h"
#include "keys/aws_endpoint.h"
#include "keys/aws_error.h"

#include <stdio.h>

static void finds_the_region_of_a_key(void **state)
{
	static const struct {
		const char *arn, *region;
	} cases[] = {
		{"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab", "us-east-1"},
		{"arn:aws:kms:eu-central-1:1:key/mrk-1234", "eu-central-1"},
		{"arn:aws-cn:kms:cn-north-1:1:alias/a/b_c", "cn-north-1"},
		{"arn:aws-us-gov:kms:us-gov-west-1:1:alias/aws/ssm", "us-gov-west-1"},
	};
	struct err err = ERR_INIT;
	struct span region;
	char want[64];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(aws_arn_key(span_str(cases[i].arn), &region, &err), 0);
		snprintf(want, sizeof(want), "%.*s", (int)region.len, (const char *)region.data);
		assert_string_equal(want, cases[i].region);
	}
}

/* sops's own expression takes those with a star: the region would go into a host name. */
static void differs_in_arns_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",
		"alias/x",
		"1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:us-east-1:1:key/",
		"arn:aws:kms:us-east-1::key/a",
		"arn:aws:kms::1:key/a",
		"arn:aws:s3:us-east-1:1:key/a",
		"arn:gcp:kms:us-east-1:1:key/a",
		"arn:aws:kms:us-east-1:1:grant/a",
		"arn:aws:kms:us-east-1:x:key/a",
		" arn:aws:kms:us-east-1:1:key/a",
		"arn:aws:kms:evil.example#:1:key/a",
		"arn:aws:kms:evil.example/:1:key/a",
		"arn:aws:kms:us-east-1.evil:1:key/a",
		"arn:aws:kms:US-EAST-1:1:key/a",
		"arn:aws:kms:-a:1:key/a",
		"arn:aws:kms:us-east-1:1:key/a:kms:x:2:key/b",
		"arn:aws:kms:us-east-1:1:key/a?b",
		"arn:aws:kms:us-east-1:1:key/a\nb",
		("arn:aws:kms:"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1:key/a"),
	};
	struct err err = ERR_INIT;
	struct span region;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(aws_arn_key(span_str(bad[i]), &region, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static int parse_arn(struct span input, void *arg)
{
	struct err err = ERR_INIT;
	struct span region;

	if (aws_arn_key(input, &region, &err) < 0)
		return -1;
	assert_true(aws_arn_region_good(region));
	return 0;
}

static void survives_any_arn(void **state)
{
	mangle_all(SPAN("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab"), parse_arn, NULL);
}

static void knows_role_names(void **state)
{
	static const char *const bad[] = {"",
					  "sops",
					  "arn:aws:iam::1:user/a",
					  "arn:aws:iam::1:role/",
					  "arn:aws:iam:eu:1:role/a",
					  "arn:aws:iam::x:role/a",
					  "arn:aws:iam::1:role/a b",
					  "arn:aws:iam::1:role/a\n"};
	struct err err = ERR_INIT;

	assert_int_equal(aws_arn_role(SPAN("arn:aws:iam::111122223333:role/path/sops"), &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(aws_arn_role(span_str(bad[i]), &err), -1);
}

/* kms.s3.amazonaws.com is somebody's bucket. */
static void differs_in_regions_that_are_none(void **state)
{
	static const char *const bad[] = {"s3",      "s3-us-west-2", "elb", "us-east", "west-1",
					  "us--1",   "us-east-",     "a-b", "us-1-1",  "",
					  "us-e1-1", "us-east-1a"};
	const struct aws_endpoint_rules none = {.fips = false};
	const struct aws_endpoint_rules given = {.url = SPAN("https://kms.example")};
	struct aws_endpoint endpoint;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (int service = AWS_KMS; service <= AWS_STS; service++) {
			struct err err = ERR_INIT;

			if (aws_endpoint_of((enum aws_service)service, span_str(bad[i]), &none,
					    &endpoint, &err) != -1)
				fail_msg("%s", bad[i]);
			assert_int_equal(err.code, ERR_POLICY);
			/* it decides nothing where the operator says where to go */
			assert_int_equal(aws_endpoint_of((enum aws_service)service,
							 span_str(bad[i]), &given, &endpoint, &err),
					 0);
		}
	}
}

static void finds_the_partitions_host(void **state)
{
	static const struct {
		enum aws_service service;
		const char *region;
		bool fips, dual;
		const char *host;
	} cases[] = {
		{AWS_KMS, "us-east-1", false, false, "kms.us-east-1.amazonaws.com"},
		{AWS_STS, "eu-central-1", false, false, "sts.eu-central-1.amazonaws.com"},
		{AWS_KMS, "us-east-1", true, false, "kms-fips.us-east-1.amazonaws.com"},
		{AWS_KMS, "us-east-1", false, true, "kms.us-east-1.api.aws"},
		{AWS_KMS, "us-east-1", true, true, "kms-fips.us-east-1.api.aws"},
		{AWS_KMS, "cn-north-1", false, false, "kms.cn-north-1.amazonaws.com.cn"},
		{AWS_KMS, "cn-north-1", false, true, "kms.cn-north-1.api.amazonwebservices.com.cn"},
		{AWS_KMS, "us-gov-west-1", true, false, "kms-fips.us-gov-west-1.amazonaws.com"},
		{AWS_STS, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"},
		{AWS_STS, "us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws"},
		{AWS_STS, "us-east-1", true, false, "sts-fips.us-east-1.amazonaws.com"},
		{AWS_KMS, "us-iso-east-1", false, false, "kms.us-iso-east-1.c2s.ic.gov"},
		{AWS_KMS, "us-isob-east-1", false, false, "kms.us-isob-east-1.sc2s.sgov.gov"},
		{AWS_KMS, "eu-isoe-west-1", false, false, "kms.eu-isoe-west-1.cloud.adc-e.uk"},
		{AWS_KMS, "us-isof-south-1", false, false, "kms.us-isof-south-1.csp.hci.ic.gov"},
		{AWS_KMS, "eusc-de-east-1", false, false, "kms.eusc-de-east-1.amazonaws.eu"},
		{AWS_KMS, "xx-new-9", false, false, "kms.xx-new-9.amazonaws.com"},
	};
	struct aws_endpoint endpoint;
	struct err err = ERR_INIT;
	char url[AWS_URL_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct aws_endpoint_rules rules = {.fips = cases[i].fips,
							 .dual_stack = cases[i].dual};

		assert_int_equal(aws_endpoint_of(cases[i].service, span_str(cases[i].region),
						 &rules, &endpoint, &err),
				 0);
		assert_string_equal(endpoint.host, cases[i].host);
		snprintf(url, sizeof(url), "https://%s/", cases[i].host);
		assert_string_equal(endpoint.url, url);
		assert_false(endpoint.plain);
	}
}

static void takes_the_operators_url(void **state)
{
	static const struct {
		const char *text, *host, *path, *url;
		bool plain;
	} cases[] = {
		{"http://127.0.0.1:5555", "127.0.0.1:5555", "/", "http://127.0.0.1:5555/", true},
		{"https://kms.local:443/x", "kms.local", "/x/", "https://kms.local/x/", false},
		{"http://[::1]:80/", "[::1]", "/", "http://[::1]/", true},
		{"https://kms.local:8443/a/b/", "kms.local:8443", "/a/b/",
		 "https://kms.local:8443/a/b/", false},
	};
	static const char *const bad[] = {"kms.local",
					  "ftp://kms.local",
					  "https://",
					  "https://u@kms.local",
					  "https://kms.local/?a",
					  "https://kms.local/a%20b",
					  "https://kms.local/../x",
					  "https://kms.local//x",
					  "https://kms local"};
	struct aws_endpoint endpoint;
	struct err err = ERR_INIT;
	struct aws_endpoint_rules rules = {.url = SPAN("https://kms.local"), .fips = true};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(aws_endpoint_parse(span_str(cases[i].text), &endpoint, &err), 0);
		assert_string_equal(endpoint.host, cases[i].host);
		assert_string_equal(endpoint.path, cases[i].path);
		assert_string_equal(endpoint.url, cases[i].url);
		assert_int_equal(endpoint.plain, cases[i].plain);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(aws_endpoint_parse(span_str(bad[i]), &endpoint, &err), -1);
	assert_int_equal(aws_endpoint_of(AWS_KMS, SPAN("us-east-1"), &rules, &endpoint, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static void knows_errors_by_their_code(void **state)
{
	static const struct {
		const char *code;
		enum aws_class class;
		enum err_code err;
	} cases[] = {
		{"AccessDeniedException", AWS_DENIED, ERR_DENIED},
		{"com.amazonaws.kms#InvalidCiphertextException", AWS_SEALED, ERR_VALUE},
		{"ThrottlingException:http://internal.amazon.com/", AWS_THROTTLED, ERR_UNREACHABLE},
		{"a#b#ExpiredTokenException", AWS_EXPIRED, ERR_DENIED},
		{"NotFoundException", AWS_NOT_FOUND, ERR_NO_KEY},
		{"SignatureDoesNotMatch", AWS_UNSIGNED, ERR_DENIED},
		{"KMSInternalException", AWS_TRANSIENT, ERR_UNREACHABLE},
		{"InvalidIdentityToken", AWS_IDENTITY, ERR_DENIED},
	};
	struct aws_error error;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		error = aws_error_of(span_str(cases[i].code));
		assert_int_equal(error.class, cases[i].class);
		assert_int_equal(aws_error_code(error.class, 400), cases[i].err);
		assert_non_null(strstr(cases[i].code, error.code));
	}
	error = aws_error_of(SPAN("SomeOther"));
	assert_int_equal(error.class, AWS_UNKNOWN);
	assert_null(error.code);
	assert_int_equal(aws_error_code(error.class, 403), ERR_DENIED);
	assert_int_equal(aws_error_code(error.class, 503), ERR_UNREACHABLE);
	assert_int_equal(aws_error_code(error.class, 418), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_region_of_a_key),
		cmocka_unit_test(differs_in_arns_that_are_none),
		cmocka_unit_test(survives_any_arn),
		cmocka_unit_test(knows_role_names),
		cmocka_unit_test(differs_in_regions_that_are_none),
		cmocka_unit_test(finds_the_partitions_host),
		cmocka_unit_test(takes_the_operators_url),
		cmocka_unit_test(knows_errors_by_their_code),
	};

	return cmocka_run_group_tests_name("aws_names", tests, NULL, NULL);
}
