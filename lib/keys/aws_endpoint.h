/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a service of AWS is reached in a region: the partition's own host, or what the operator put in its place. Nothing that a document
 * names gets here but a region. aws-sdk-go-v2: internal/endpoints/awsrulesfn/partitions.go, service/{kms,sts}/endpoints.go
 */
#ifndef KEYS_AWS_ENDPOINT_H
#define KEYS_AWS_ENDPOINT_H

#include "base/err.h"
#include "base/span.h"

enum {
	AWS_URL_MAX = 512,  /* bytes of an endpoint's URL, with its NUL */
	AWS_PATH_MAX = 220, /* likewise of its path */
	AWS_HOST_MAX = 280, /* bytes of its host and port, with the NUL */
};

enum aws_service { AWS_KMS, AWS_STS };

/* What the operator's variables and profile say. */
struct aws_endpoint_rules {
	bool fips, dual_stack;
	struct span url; /* instead of the partition's own host; a null span: none */
};

struct aws_endpoint {
	char url[AWS_URL_MAX];
	char host
		[AWS_HOST_MAX]; /* as the Host header has it and as it is signed: with a port only where it is not the scheme's */
	char path[AWS_PATH_MAX]; /* begins and ends with a slash */
	bool plain;              /* http:// */
};

const char *aws_service_name(enum aws_service service);

/* region must be good (aws_arn.h). Errors: ERR_FORMAT for an URL that can not be one, ERR_USAGE for one together with FIPS or
 * dual-stack. */
int aws_endpoint_of(enum aws_service service, struct span region,
		    const struct aws_endpoint_rules *rules, struct aws_endpoint *ret_endpoint,
		    struct err *err) NODISCARD;

/* Takes a base URL apart; a slash is put at its end. ERR_FORMAT, without naming the URL: the caller says whose it is. */
int aws_endpoint_parse(struct span url, struct aws_endpoint *ret_endpoint, struct err *err)
	NODISCARD;

#endif
