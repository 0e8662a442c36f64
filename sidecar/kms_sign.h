/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this request to the KMS door signed with its key pair? Signature Version 4 from the other side: the same canonical form from the headers that
 * the client says it signed, and the signatures compared. Bytes in, a verdict out.
 */
#ifndef KMS_SIGN_H
#define KMS_SIGN_H

#include "base/buf.h"

enum {
	KMS_SKEW_S = 15 * 60, /* seconds that clocks may differ, as at AWS */
	KMS_SIGNED_MAX = 32,  /* headers that are signed */
};

struct kms_pair {
	struct span access_key, secret_key;
};

struct kms_signed {
	const char *method, *path;
	struct span body;
	/* The header's value; NULL where it is not there. */
	const char *(*header)(void *cookie, const char *name);
	void *cookie;
};

/* now: seconds since 1970. Errors: ERR_DENIED, with the name that AWS has for it as the message ("InvalidSignatureException"); ERR_NOMEM, ERR_LIMIT. */
int kms_sign_check(const struct kms_signed *request, const struct kms_pair *pair, int64_t now,
		   struct err *err) NODISCARD;

#endif
