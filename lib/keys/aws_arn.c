/* SPDX-License-Identifier: Apache-2.0
 *
 * Key and role ARNs; see aws_arn.h.
 */
#include "keys/aws_arn.h"

#include "base/text.h"

/* The text up to the next colon; *rest goes behind it. */
static struct span part(struct span *rest)
{
	size_t end = span_find(*rest, 0, ':');
	struct span text = span_sub(*rest, 0, end);

	*rest = span_from(*rest, end + 1);
	return text;
}

static bool is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_of(struct span text, const char *more)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!is_alnum(text.data[i]) && !(text.data[i] && strchr(more, text.data[i])))
			return false;
	}
	return text.len > 0;
}

static bool all_digits(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.len > 0;
}

/* "arn:aws", "arn:aws-cn", ... */
static bool take_partition(struct span *rest)
{
	struct span partition;

	if (!span_is(part(rest), "arn"))
		return false;
	partition = part(rest);
	return span_starts(partition, SPAN("aws")) && all_of(partition, "-_");
}

bool aws_arn_region_good(struct span region)
{
	size_t i;

	for (i = 0; i < region.len; i++) {
		uint8_t c = region.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (c == '-' && i > 0 && i + 1 < region.len)))
			return false;
	}
	return region.len > 0 && region.len <= AWS_REGION_MAX;
}

/* Differs: sops's expression ends in `.+`, so that what stands behind a second "kms:" counts too, and the region may be anything. */
static bool parse_key(struct span arn, struct span *ret_region)
{
	struct span rest = arn, region;

	if (arn.len > AWS_ARN_MAX || !take_partition(&rest) || !span_is(part(&rest), "kms"))
		return false;
	region = part(&rest);
	if (!aws_arn_region_good(region) || !all_digits(part(&rest)))
		return false;
	if (span_starts(rest, SPAN("key/")))
		rest = span_from(rest, 4);
	else if (span_starts(rest, SPAN("alias/")))
		rest = span_from(rest, 6);
	else
		return false;
	*ret_region = region;
	return all_of(rest, "-_/");
}

int aws_arn_key(struct span arn, struct span *ret_region, struct err *err)
{
	struct span region;

	if (!parse_key(arn, &region))
		return err_set(err, ERR_FORMAT, "'%s' is not the ARN of a KMS key",
			       text_quote(arn).text);
	*ret_region = region;
	return 0;
}

int aws_arn_role(struct span arn, struct err *err)
{
	struct span rest = arn;
	size_t i;

	if (arn.len > AWS_ARN_MAX || !take_partition(&rest) || !span_is(part(&rest), "iam") ||
	    part(&rest).len || !all_digits(part(&rest)) || !span_starts(rest, SPAN("role/")) ||
	    rest.len == 5)
		return err_set(err, ERR_FORMAT, "'%s' is not the ARN of an IAM role",
			       text_quote(arn).text);
	for (i = 0; i < rest.len; i++) {
		if (rest.data[i] <= ' ' || rest.data[i] > '~')
			return err_set(err, ERR_FORMAT, "'%s' is not the ARN of an IAM role",
				       text_quote(arn).text);
	}
	return 0;
}
