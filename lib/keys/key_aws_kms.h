/* SPDX-License-Identifier: Apache-2.0
 *
 * The AWS KMS key service: Decrypt for each wrapped key, all at the same time, with the credentials of a decryption Secret or those that the
 * machine has (aws_source.h).
 */
#ifndef KEYS_KEY_AWS_KMS_H
#define KEYS_KEY_AWS_KMS_H

#include "keys/aws_call.h"
#include "keys/keyring.h"

struct key_aws_kms_options {
	bool no_profiles; /* an entry's aws_profile does not count, as in Flux */
	const struct aws_keys *
		keys; /* copied; may be empty, which is told when they are used. NULL: those of the ring's account, else the ambient ones */
	const char *from; /* names `keys` in messages; copied */
};

/* Adds the service to the ring, which must have its host and http. Costs next to nothing: nothing is read before an entry is to be opened.
 * Errors: ERR_BUG without host, ERR_LIMIT, ERR_NOMEM. */
int key_aws_kms_add(struct keyring *ring, const struct key_aws_kms_options *options,
		    struct err *err) NODISCARD;

#endif
