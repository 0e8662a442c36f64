/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/kms_sign.c: a request that botocore 1.43.11 signed is taken; with anything changed, or at another time, it is not.
 */
#include "kms_sign.h"

#include "keys/aws_sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <strings.h>

#include <cmocka.h>

/* The worked example: signed by botocore's SigV4Auth. */
#define NOW       1767323045 /* 2026-01-02T03:04:05Z */
#define SIGNATURE "32da79ea6aa1e6cf7ba7c6b67dfae72448fd90f76282cd0a5cf7688158544cfa"
#define AUTHORIZATION                                                                   \
	"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request, " \
	"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" SIGNATURE
static const char body[] =
	"{\"CiphertextBlob\":\"AQICAHhEXAMPLE=\",\"EncryptionContext\":{\"env\":\"prod\"},"
	"\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}";

struct headers {
	const char *fields[8][2];
};

static const struct headers usual = {{
	{"authorization", AUTHORIZATION},
	{"content-type", "application/x-amz-json-1.1"},
	{"host", "kms.us-east-1.amazonaws.com"},
	{"x-amz-date", "20260102T030405Z"},
	{"x-amz-target", "TrentService.Decrypt"},
}};

static const char *header(void *cookie, const char *name)
{
	const struct headers *headers = cookie;
	size_t i;

	for (i = 0; headers->fields[i][0]; i++) {
		if (strcasecmp(headers->fields[i][0], name) == 0)
			return headers->fields[i][1];
	}
	return NULL;
}

static int check(struct headers *headers, const char *text, const char *secret, int64_t now,
		 struct err *err)
{
	const struct kms_signed request = {.method = "POST",
					   .path = "/",
					   .body = span_str(text),
					   .header = header,
					   .cookie = headers};
	const struct kms_pair pair = {SPAN("AKIDEXAMPLE"), span_str(secret)};

	*err = (struct err)ERR_INIT;
	return kms_sign_check(&request, &pair, now, err);
}

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static void what_is_signed_is_taken(void **state)
{
	struct headers headers = usual;
	struct err err;

	assert_int_equal(check(&headers, body, SECRET, NOW, &err), 0);
	assert_int_equal(check(&headers, body, SECRET, NOW + KMS_SKEW_S, &err), 0);
	assert_int_equal(check(&headers, body, SECRET, NOW - KMS_SKEW_S, &err), 0);
}

static void what_is_changed_is_not(void **state)
{
	static const struct {
		size_t field;
		const char *value; /* NULL: the header is left out */
		const char *why;
	} rows[] = {
		{0, NULL, "MissingAuthenticationTokenException"},
		{0, "Basic eA==", "IncompleteSignatureException"},
		{0, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request",
		 "IncompleteSignatureException"},
		{0,
		 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=" SIGNATURE,
		 "IncompleteSignatureException"},
		{0,
		 "AWS4-HMAC-SHA256 Credential=AKIDOTHER/20260102/us-east-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" SIGNATURE,
		 "UnrecognizedClientException"},
		{0,
		 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=" SIGNATURE,
		 "InvalidSignatureException"},
		{0,
		 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-2/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" SIGNATURE,
		 "InvalidSignatureException"},
		{1, "application/json", "InvalidSignatureException"},
		{2, "127.0.0.1:1", "InvalidSignatureException"},
		{2, NULL, "InvalidSignatureException"},
		{3, "20260102T030406Z", "InvalidSignatureException"},
		{3, "20260103T030405Z", "IncompleteSignatureException"},
		{3, "now", "IncompleteSignatureException"},
		{3, NULL, "IncompleteSignatureException"},
		{4, "TrentService.Encrypt", "InvalidSignatureException"},
	};
	struct err err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct headers headers = usual;

		headers.fields[rows[i].field][1] = rows[i].value;
		if (check(&headers, body, SECRET, NOW, &err) == 0 ||
		    strcmp(err.msg, rows[i].why) != 0)
			fail_msg("row %zu: %s", i, err.msg);
		assert_int_equal(err.code, ERR_DENIED);
	}
}

static void another_body_key_or_time_is_not(void **state)
{
	struct headers headers = usual;
	struct err err;

	assert_int_equal(check(&headers, "{}", SECRET, NOW, &err), -1);
	assert_int_equal(check(&headers, body, "another", NOW, &err), -1);
	assert_string_equal(err.msg, "InvalidSignatureException");
	assert_int_equal(check(&headers, body, SECRET, NOW + KMS_SKEW_S + 1, &err), -1);
	assert_int_equal(check(&headers, body, SECRET, NOW - KMS_SKEW_S - 1, &err), -1);
}

static void every_digit_of_the_signature_counts(void **state)
{
	char authorization[] = AUTHORIZATION;
	struct headers headers = usual;
	struct err err;
	size_t i;

	headers.fields[0][1] = authorization;
	for (i = sizeof(authorization) - 1 - 64; i < sizeof(authorization) - 1; i++) {
		authorization[i] ^= 1;
		assert_int_equal(check(&headers, body, SECRET, NOW, &err), -1);
		authorization[i] ^= 1;
	}
	assert_int_equal(check(&headers, body, SECRET, NOW, &err), 0);
}

/* Whoever has the key signs what he likes: what tells what is asked must be among it, and once is enough. */
static void what_is_asked_must_be_signed(void **state)
{
	static const struct {
		const char *names[4];
		bool taken;
	} rows[] = {
		{{"host", "x-amz-date", "x-amz-target"}, true},
		{{"content-type", "host", "x-amz-date", "x-amz-target"}, true},
		{{"host", "x-amz-date"}, false},
		{{"host", "host", "host"}, false},
		{{"host", "x-amz-date", "x-amz-date"}, false},
		{{"x-amz-target", "x-amz-target", "x-amz-target", "x-amz-target"}, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf authorization = BUF_INIT(AWS_AUTHORIZATION_MAX);
		struct headers headers = usual;
		struct aws_header signed_headers[4];
		struct aws_sigv4 sign = {.service = "kms",
					 .method = "POST",
					 .path = "/",
					 .access_key = SPAN("AKIDEXAMPLE"),
					 .secret_key = SPAN(SECRET),
					 .date = "20260102T030405Z",
					 .region = SPAN("us-east-1"),
					 .headers = signed_headers,
					 .body = span_str(body)};
		struct err err;

		for (; sign.header_count < 4 && rows[i].names[sign.header_count];
		     sign.header_count++) {
			const char *name = rows[i].names[sign.header_count];

			signed_headers[sign.header_count] = (struct aws_header){
				.name = name, .value = span_str(header(&headers, name))};
		}
		aws_sigv4_authorize(&sign, &authorization);
		buf_add_char(&authorization, 0);
		assert_int_equal(authorization.bad, 0);
		headers.fields[0][1] = (const char *)authorization.data;
		if ((check(&headers, body, SECRET, NOW, &err) == 0) != rows[i].taken)
			fail_msg("row %zu: %s", i, err.msg);
	}
}

static void dates_are_those_of_the_calendar(void **state)
{
	static const int64_t times[] = {
		0,          86399,     951782400 /* 2000-02-29 */, 1709164800 /* 2024-02-29 */,
		1767225599, 4102444800};
	size_t i;

	for (i = 0; i < ARRAY_LEN(times); i++) {
		char date[AWS_DATE_LEN + 1], authorization[512];
		struct headers headers = usual;
		struct err err = ERR_INIT;

		assert_int_equal(aws_sigv4_date(times[i], date, &err), 0);
		snprintf(authorization, sizeof(authorization),
			 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%.8s/us-east-1/kms/aws4_request, "
			 "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" SIGNATURE,
			 date);
		headers.fields[0][1] = authorization;
		headers.fields[3][1] = date;
		/* Within the bounds of time it is the signature that is wrong, a second beyond them too: what tells them apart is the other key. */
		headers.fields[0][1] = authorization;
		memcpy(strstr(authorization, "AKIDEXAMPLE"), "AKIDEXAMPLX", 11);
		assert_int_equal(check(&headers, body, SECRET, times[i] + KMS_SKEW_S, &err), -1);
		assert_string_equal(err.msg, "UnrecognizedClientException");
		assert_int_equal(check(&headers, body, SECRET, times[i] + KMS_SKEW_S + 1, &err),
				 -1);
		assert_string_equal(err.msg, "InvalidSignatureException");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_taken),
		cmocka_unit_test(what_is_changed_is_not),
		cmocka_unit_test(another_body_key_or_time_is_not),
		cmocka_unit_test(every_digit_of_the_signature_counts),
		cmocka_unit_test(what_is_asked_must_be_signed),
		cmocka_unit_test(dates_are_those_of_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
