/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS Signature Version 4: what proves to KMS and STS that we hold a secret access key. A pure function of the request and the time.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef KEYS_AWS_SIGV4_H
#define KEYS_AWS_SIGV4_H

#include "base/buf.h"

enum {
	AWS_DATE_LEN = 16,                /* bytes of "20260102T030405Z" */
	AWS_AUTHORIZATION_MAX = 4 * 1024, /* bytes of an Authorization header's value */
};

/* A header that is signed: its name in lower case, its value without blanks at its ends. */
struct aws_header {
	const char *name;
	struct span value;
};

struct aws_sigv4 {
	struct span access_key, secret_key;
	const char *
		date; /* of aws_sigv4_date(); also sent as x-amz-date, which must be among the headers */
	const char *service; /* "kms", "sts" */
	struct span region;
	const char *method;
	const char *
		path; /* as it is sent: nothing in it that would have to be percent-encoded; there is no query */
	const struct aws_header *headers; /* in the order of their names' bytes */
	size_t header_count;
	struct span body;
};

/* Writes the x-amz-date of that second, with a NUL. ERR_BUG for a time outside of the years 0 to 9999. */
int aws_sigv4_date(int64_t seconds, char ret_date[static AWS_DATE_LEN + 1], struct err *err)
	NODISCARD;

/* Appends the value of the Authorization header; the caller asks buf_check(). */
void aws_sigv4_authorize(const struct aws_sigv4 *request, struct buf *out);

#endif
