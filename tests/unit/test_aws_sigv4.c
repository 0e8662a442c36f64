/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/aws_sigv4.c: one request worked out by hand, and those that botocore has signed.
 */
#include "mangle.h"

#include "keys/aws_sigv4.h"

#include "aws_sigv4_vectors.h"

static void assert_signed(const struct aws_sigv4 *request, const char *want)
{
	CLEAN_BUF struct buf out = BUF_INIT(AWS_AUTHORIZATION_MAX);
	struct err err = ERR_INIT;

	aws_sigv4_authorize(request, &out);
	buf_add_char(&out, 0);
	assert_int_equal(buf_check(&out, &err), 0);
	assert_string_equal((char *)out.data, want);
}

#define SCOPE "Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request, "

static void signs_the_worked_example(void **state)
{
	struct aws_header headers[] = {
		{"content-type", SPAN("application/x-amz-json-1.1")},
		{"host", SPAN("kms.us-east-1.amazonaws.com")},
		{"x-amz-date", SPAN("20260102T030405Z")},
		{"x-amz-target", SPAN("TrentService.Decrypt")},
		{NULL, SPAN_NULL},
	};
	struct aws_sigv4 request = {
		.access_key = SPAN("AKIDEXAMPLE"),
		.secret_key = SPAN("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		.service = "kms",
		.region = SPAN("us-east-1"),
		.method = "POST",
		.path = "/",
		.headers = headers,
		.header_count = 4,
		.body = SPAN(
			"{\"CiphertextBlob\":\"AQICAHhEXAMPLE=\",\"EncryptionContext\":{\"env\":"
			"\"prod\"},\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/"
			"1234abcd-12ab-34cd-56ef-1234567890ab\"}"),
	};
	char date[AWS_DATE_LEN + 1];
	struct err err = ERR_INIT;

	assert_int_equal(aws_sigv4_date(1767323045, date, &err), 0);
	assert_string_equal(date, "20260102T030405Z");
	request.date = date;
	assert_signed(&request, "AWS4-HMAC-SHA256 " SCOPE
				"SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
				"Signature="
				"32da79ea6aa1e6cf7ba7c6b67dfae72448fd90f76282cd0a5cf7688158544cfa");
	headers[4] = headers[3];
	headers[3] = (struct aws_header){"x-amz-security-token", SPAN("SESSIONTOKENEXAMPLE")};
	request.header_count = 5;
	assert_signed(&request, "AWS4-HMAC-SHA256 " SCOPE
				"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
				"x-amz-target, Signature="
				"b109d5c17ca5f9f0b7f8d9681d744978acaeaf12e7098f94e66804780635b736");
}

static void signs_as_botocore(void **state)
{
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(sigv4_vectors); i++) {
		const struct sigv4_vector *vector = &sigv4_vectors[i];
		struct aws_header headers[ARRAY_LEN(vector->headers)];
		struct aws_sigv4 request = {
			.access_key = span_str(vector->access),
			.secret_key = span_str(vector->secret),
			.service = vector->service,
			.region = span_str(vector->region),
			.method = "POST",
			.path = vector->path,
			.headers = headers,
			.body = span_str(vector->body),
		};
		char date[AWS_DATE_LEN + 1];
		struct err err = ERR_INIT;

		for (n = 0; vector->headers[n].name; n++)
			headers[n] = (struct aws_header){vector->headers[n].name,
							 span_str(vector->headers[n].value)};
		request.header_count = n;
		assert_int_equal(aws_sigv4_date(vector->seconds, date, &err), 0);
		assert_string_equal(date, vector->date);
		request.date = date;
		assert_signed(&request, vector->authorization);
	}
}

/* What finds no room must not come out as a signature of something else. */
static void fails_with_what_does_not_fit(void **state)
{
	struct aws_sigv4 request = {.access_key = SPAN("A"),
				    .date = "20260102T030405Z",
				    .service = "kms",
				    .region = SPAN("us-east-1"),
				    .method = "POST",
				    .path = "/"};
	struct aws_header header = {"x-amz-security-token", SPAN_NULL};
	CLEAN_BUF struct buf out = BUF_INIT(AWS_AUTHORIZATION_MAX);
	CLEAN_BUF struct buf large = BUF_INIT(1024 * 1024);
	struct err err = ERR_INIT;

	buf_add_fill(&large, 'x', 5000);
	request.secret_key = buf_span(&large);
	aws_sigv4_authorize(&request, &out);
	assert_int_equal(buf_check(&out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	buf_reset(&out);
	buf_add_fill(&large, 'x', 100000);
	request.secret_key = SPAN("secret");
	header.value = buf_span(&large);
	request.headers = &header;
	request.header_count = 1;
	aws_sigv4_authorize(&request, &out);
	assert_int_equal(buf_check(&out, &err), -1);
}

static void refuses_years_without_four_digits(void **state)
{
	char date[AWS_DATE_LEN + 1];
	struct err err = ERR_INIT;

	assert_int_equal(aws_sigv4_date(253402300799, date, &err), 0);
	assert_string_equal(date, "99991231T235959Z");
	assert_int_equal(aws_sigv4_date(253402300800, date, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_the_worked_example),
		cmocka_unit_test(signs_as_botocore),
		cmocka_unit_test(fails_with_what_does_not_fit),
		cmocka_unit_test(refuses_years_without_four_digits),
	};

	return cmocka_run_group_tests_name("aws_sigv4", tests, NULL, NULL);
}
