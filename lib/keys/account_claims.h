/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service account's token says of itself: whose it is, and whom it is for. Its signature is its receiver's business, so nothing here is trusted further
 * than to send it to fewer places.
 */
#ifndef KEYS_ACCOUNT_CLAIMS_H
#define KEYS_ACCOUNT_CLAIMS_H

#include "keys/answer.h"

enum {
	ACCOUNT_TOKEN_MAX =
		64 * 1024 /* bytes of a token, and of its middle part: it has 1 to 4 KiB */
};

struct account_claims {
	struct buf text; /* that the answer points into */
	struct answer answer;
};

#define ACCOUNT_CLAIMS_INIT                                                \
	{                                                                  \
		.text = BUF_INIT(ACCOUNT_TOKEN_MAX), .answer = ANSWER_INIT \
	}
#define CLEAN_ACCOUNT_CLAIMS CLEANUP(account_claims_release)

/* Three parts with "." between, the middle one an object in base64url. ret_claims must be ACCOUNT_CLAIMS_INIT. ERR_FORMAT, never with the token's text. */
int account_claims_read(struct span token, struct account_claims *ret_claims, struct err *err)
	NODISCARD;

/* Is it meant for this audience, among others maybe? A "/" at the end of either does not count. */
bool account_claims_for(const struct account_claims *claims, struct span audience);

/* "system:serviceaccount:NAMESPACE:NAME" taken apart. ERR_FORMAT where it is another's. */
int account_claims_subject(const struct account_claims *claims, struct span *ret_namespace,
			   struct span *ret_name, struct err *err) NODISCARD;

/* Wipes and frees. NULL is fine. */
void account_claims_release(struct account_claims *claims);

#endif
