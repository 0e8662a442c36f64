/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of error codes; see aws_error.h. Codes are printed from here, so that nothing that a service echoes gets into a message.
 * aws-sdk-go-v2: aws/retry/standard.go, service/kms and service/sts types/errors.go
 */
#include "keys/aws_error.h"

#include "base/attr.h"

static const struct aws_error errors[] = {
	{AWS_DENIED, "AccessDeniedException"},
	{AWS_DENIED, "AccessDenied"},
	{AWS_DENIED, "UnrecognizedClientException"},
	{AWS_DENIED, "InvalidClientTokenId"},
	{AWS_DENIED, "IncompleteSignature"},
	{AWS_DENIED, "MissingAuthenticationToken"},
	{AWS_DENIED, "MissingAuthenticationTokenException"},
	{AWS_DENIED, "OptInRequired"},
	{AWS_DENIED, "NotAuthorized"},
	{AWS_UNSIGNED, "InvalidSignatureException"},
	{AWS_UNSIGNED, "SignatureDoesNotMatch"},
	{AWS_UNSIGNED, "AuthFailure"},
	{AWS_UNSIGNED, "RequestExpired"},
	{AWS_UNSIGNED, "RequestTimeTooSkewed"},
	{AWS_UNSIGNED, "RequestInTheFuture"},
	{AWS_EXPIRED, "ExpiredTokenException"},
	{AWS_EXPIRED, "ExpiredToken"},
	{AWS_EXPIRED, "IDPRejectedClaim"},
	{AWS_SEALED, "InvalidCiphertextException"},
	{AWS_SEALED, "IncorrectKeyException"},
	{AWS_NOT_FOUND, "NotFoundException"},
	{AWS_NOT_FOUND, "DisabledException"},
	{AWS_NOT_FOUND, "KMSInvalidStateException"},
	{AWS_NOT_FOUND, "InvalidKeyUsageException"},
	{AWS_NOT_FOUND, "InvalidArnException"},
	{AWS_INVALID, "ValidationException"},
	{AWS_INVALID, "ValidationError"},
	{AWS_INVALID, "InvalidGrantTokenException"},
	{AWS_INVALID, "DryRunOperationException"},
	{AWS_INVALID, "RegionDisabledException"},
	{AWS_INVALID, "MalformedPolicyDocument"},
	{AWS_INVALID, "PackedPolicyTooLarge"},
	{AWS_IDENTITY, "InvalidIdentityToken"},
	{AWS_THROTTLED, "ThrottlingException"},
	{AWS_THROTTLED, "Throttling"},
	{AWS_THROTTLED, "ThrottledException"},
	{AWS_THROTTLED, "RequestThrottled"},
	{AWS_THROTTLED, "RequestThrottledException"},
	{AWS_THROTTLED, "TooManyRequestsException"},
	{AWS_THROTTLED, "RequestLimitExceeded"},
	{AWS_THROTTLED, "LimitExceededException"},
	{AWS_THROTTLED, "BandwidthLimitExceeded"},
	{AWS_THROTTLED, "ProvisionedThroughputExceededException"},
	{AWS_THROTTLED, "TransactionInProgressException"},
	{AWS_THROTTLED, "PriorRequestNotComplete"},
	{AWS_THROTTLED, "SlowDown"},
	{AWS_THROTTLED, "EC2ThrottledException"},
	{AWS_TRANSIENT, "DependencyTimeoutException"},
	{AWS_TRANSIENT, "KMSInternalException"},
	{AWS_TRANSIENT, "KeyUnavailableException"},
	{AWS_TRANSIENT, "InternalFailure"},
	{AWS_TRANSIENT, "ServiceUnavailable"},
	{AWS_TRANSIENT, "ServiceUnavailableException"},
	{AWS_TRANSIENT, "RequestTimeout"},
	{AWS_TRANSIENT, "RequestTimeoutException"},
	{AWS_TRANSIENT, "IDPCommunicationError"},
};

struct aws_error aws_error_of(struct span code)
{
	size_t i;

	while (span_find(code, 0, '#') < code.len)
		code = span_from(code, span_find(code, 0, '#') + 1);
	code = span_sub(code, 0, span_find(code, 0, ':'));
	for (i = 0; i < ARRAY_LEN(errors); i++) {
		if (span_is(code, errors[i].code))
			return errors[i];
	}
	return (struct aws_error){AWS_UNKNOWN, NULL};
}

enum err_code aws_error_code(enum aws_class class, int status)
{
	switch (class) {
	case AWS_DENIED:
	case AWS_EXPIRED:
	case AWS_UNSIGNED:
	case AWS_IDENTITY:
		return ERR_DENIED;
	case AWS_NOT_FOUND:
		return ERR_NO_KEY;
	case AWS_SEALED:
	case AWS_INVALID:
		return ERR_VALUE;
	case AWS_THROTTLED:
	case AWS_TRANSIENT:
		return ERR_UNREACHABLE;
	case AWS_UNKNOWN:
		break;
	}
	if (status == 401 || status == 403)
		return ERR_DENIED;
	return status >= 500 || status == 429 || status == 408 ? ERR_UNREACHABLE : ERR_FORMAT;
}
