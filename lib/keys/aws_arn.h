/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of keys and roles at AWS, as documents have them. A part of them, the region, becomes part of a host name: it is held to what a
 * region can be. sops: kms/keysource.go (createKMSConfig)
 */
#ifndef KEYS_AWS_ARN_H
#define KEYS_AWS_ARN_H

#include "base/err.h"
#include "base/span.h"

enum {
	AWS_ARN_MAX = 2048,  /* bytes: KMS and STS take no longer KeyId or RoleArn */
	AWS_REGION_MAX = 63, /* bytes of a label of the DNS */
};

/* "arn:aws:kms:REGION:ACCOUNT:key/ID" or ":alias/NAME"; ret_region points into it. ERR_FORMAT. */
int aws_arn_key(struct span arn, struct span *ret_region, struct err *err) NODISCARD;

/* "arn:aws:iam::ACCOUNT:role/NAME". ERR_FORMAT. */
int aws_arn_role(struct span arn, struct err *err) NODISCARD;

/* Lower case letters, digits and dashes, as one label of a host name. */
bool aws_arn_region_good(struct span region);

#endif
