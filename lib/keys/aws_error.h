/* SPDX-License-Identifier: Apache-2.0
 *
 * What the errors of KMS and STS mean. Told apart by their code first, as KMS throttles with HTTP status 400.
 */
#ifndef KEYS_AWS_ERROR_H
#define KEYS_AWS_ERROR_H

#include "base/err.h"
#include "base/span.h"

enum aws_class {
	AWS_UNKNOWN,   /* no code that we know: the status decides */
	AWS_DENIED,    /* authenticated, but not allowed; or not authenticated */
	AWS_EXPIRED,   /* the credentials have ended: new ones may do */
	AWS_UNSIGNED,  /* the signature is not right: a wrong secret key, or a clock that is not */
	AWS_NOT_FOUND, /* no such key, or one that can not be used now */
	AWS_SEALED, /* the ciphertext does not open: it, its key or its encryption context is another */
	AWS_INVALID,  /* the request is not one */
	AWS_IDENTITY, /* STS does not know the token's issuer or audience; it may not know it yet */
	AWS_THROTTLED,
	AWS_TRANSIENT,
};

struct aws_error {
	enum aws_class class;
	const char *
		code; /* a literal of ours, never the service's own bytes; NULL where it is none that we know */
};

/* The code as it stands in an answer: what is before its last '#' and behind its first ':' is cut off. */
struct aws_error aws_error_of(struct span code);

/* ERR_DENIED, ERR_UNREACHABLE, ... for a class; status is HTTP's. */
enum err_code aws_error_code(enum aws_class class, int status);

#endif
