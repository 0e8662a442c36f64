/* SPDX-License-Identifier: Apache-2.0
 *
 * The AWS KMS service of a run: with the credentials of a decryption Secret, or with those of the machine.
 */
#ifndef KEYS_AWS_H
#define KEYS_AWS_H

#include "key_data.h"

/* `sops.aws-kms` of a decryption Secret: aws_access_key_id, aws_secret_access_key, aws_session_token in a map, YAML or JSON. ERR_FORMAT for what
 * is no such map; fields that are missing are told when they are used, as Flux does. */
int keys_aws_import(const struct key_data *secret, struct span name, struct span value,
		    struct err *err) NODISCARD;

/* The credentials that the AWS SDK would find, looked for when the first KMS key is to be opened. flux: beside a decryption Secret, as Flux
 * does: only where that had none, and what documents name as aws_profile does not count. A ring without network gets none. */
int keys_aws_ambient(struct keyring *ring, bool flux, struct err *err) NODISCARD;

#endif
