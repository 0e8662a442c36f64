/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks Signature Version 4; see kms_sign.h. Whatever is wrong with a signature has one name for the outside.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#include "kms_sign.h"

#include "base/arena.h"
#include "keys/aws_sigv4.h"

#include <sodium.h>

enum {
	ARENA_BYTES = 64 * 1024,
	SIGNATURE_LEN = 64, /* hex digits */
	DAY_LEN = 8,
};

#define ALGORITHM "AWS4-HMAC-SHA256 "

/* What Authorization says. */
struct claim {
	struct span access_key, day, region, service;
	struct span names; /* "host;x-amz-date" */
	struct span signature;
};

static int denied(const char *name, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s", name);
}

static int bad_signature(struct err *err)
{
	return denied("InvalidSignatureException", err);
}

/* The value of "NAME=" in the list, up to the comma. */
static struct span part(struct span list, const char *name)
{
	size_t at = span_search(list, span_str(name));
	struct span value;

	if (at == SIZE_MAX)
		return SPAN_NULL;
	value = span_from(list, at + strlen(name));
	return span_sub(value, 0, span_find(value, 0, ','));
}

static struct span next(struct span *scope)
{
	size_t slash = span_find(*scope, 0, '/');
	struct span word = span_sub(*scope, 0, slash);

	*scope = span_from(*scope, slash + 1);
	return word;
}

static int read_claim(const char *text, struct claim *ret, struct err *err)
{
	struct span list, scope;

	if (!text)
		return denied("MissingAuthenticationTokenException", err);
	if (!span_starts(span_str(text), SPAN(ALGORITHM)))
		return denied("IncompleteSignatureException", err);
	list = span_from(span_str(text), strlen(ALGORITHM));
	scope = part(list, "Credential=");
	ret->access_key = next(&scope);
	ret->day = next(&scope);
	ret->region = next(&scope);
	ret->service = next(&scope);
	ret->names = part(list, "SignedHeaders=");
	ret->signature = part(list, "Signature=");
	if (!span_is(scope, "aws4_request") || !span_is(ret->service, "kms") ||
	    ret->day.len != DAY_LEN || !ret->region.len || !ret->access_key.len ||
	    !ret->names.len || ret->signature.len != SIGNATURE_LEN)
		return denied("IncompleteSignatureException", err);
	return 0;
}

/* Two digits and more; false where there is something else. */
static bool number(struct span text, size_t from, size_t len, int64_t *ret)
{
	size_t i;

	for (*ret = 0, i = from; i < from + len; i++) {
		if (i >= text.len || text.data[i] < '0' || text.data[i] > '9')
			return false;
		*ret = *ret * 10 + text.data[i] - '0';
	}
	return true;
}

/* "20260102T030405Z" in seconds since 1970. Days of a civil date: H. Hinnant's chrono-compatible algorithm, for years from 1970 on. */
static bool read_date(struct span text, int64_t *ret)
{
	int64_t y, m, d, hour, minute, second, era, year, day;

	if (text.len != AWS_DATE_LEN || text.data[8] != 'T' || text.data[15] != 'Z' ||
	    !number(text, 0, 4, &y) || !number(text, 4, 2, &m) || !number(text, 6, 2, &d) ||
	    !number(text, 9, 2, &hour) || !number(text, 11, 2, &minute) ||
	    !number(text, 13, 2, &second) || y < 1970 || m < 1 || m > 12)
		return false;
	y -= m <= 2;
	era = y / 400;
	year = y - era * 400;
	day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	day += year * 365 + year / 4 - year / 100;
	*ret = ((era * 146097 + day - 719468) * 24 + hour) * 3600 + minute * 60 + second;
	return true;
}

static struct span trim(struct span s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_from(s, 1);
	while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* The headers that the client says it signed; those that tell what is asked must be among them. */
static int collect(const struct kms_signed *request, struct span names, struct arena *arena,
		   struct aws_header *headers, size_t *ret_count, struct err *err)
{
	static const char *const needed[] = {"host", "x-amz-date", "x-amz-target"};
	size_t at, end, count = 0, i;
	unsigned found = 0; /* a bit each */

	for (at = 0; at < names.len; at = end + 1) {
		struct aws_header *header = &headers[count];
		const char *value;

		end = span_find(names, at, ';');
		if (count++ == KMS_SIGNED_MAX)
			return bad_signature(err);
		header->name = arena_str(arena, span_sub(names, at, end - at), err);
		if (!header->name)
			return -1;
		value = request->header(request->cookie, header->name);
		if (!value)
			return bad_signature(err);
		header->value = trim(span_str(value));
		for (i = 0; i < ARRAY_LEN(needed); i++)
			found |= (unsigned)(strcmp(header->name, needed[i]) == 0) << i;
	}
	*ret_count = count;
	return found == (1u << ARRAY_LEN(needed)) - 1 ? 0 : bad_signature(err);
}

int kms_sign_check(const struct kms_signed *request, const struct kms_pair *pair, int64_t now,
		   struct err *err)
{
	const char *date = request->header(request->cookie, "x-amz-date");
	CLEAN_BUF struct buf ours = BUF_INIT(AWS_AUTHORIZATION_MAX);
	CLEAN_ARENA struct arena arena = ARENA_INIT(ARENA_BYTES);
	struct aws_header headers[KMS_SIGNED_MAX];
	struct aws_sigv4 sign = {
		.service = "kms", .method = request->method, .path = request->path};
	struct claim claim;
	int64_t then;

	if (read_claim(request->header(request->cookie, "authorization"), &claim, err) < 0)
		return -1;
	if (!date || !read_date(span_str(date), &then) ||
	    memcmp(date, claim.day.data, DAY_LEN) != 0)
		return denied("IncompleteSignatureException", err);
	if (then > now + KMS_SKEW_S || then < now - KMS_SKEW_S)
		return bad_signature(err);
	if (!span_eq(claim.access_key, pair->access_key))
		return denied("UnrecognizedClientException", err);
	if (collect(request, claim.names, &arena, headers, &sign.header_count, err) < 0)
		return -1;
	sign.access_key = pair->access_key;
	sign.secret_key = pair->secret_key;
	sign.date = date;
	sign.region = claim.region;
	sign.headers = headers;
	sign.body = request->body;
	aws_sigv4_authorize(&sign, &ours);
	if (buf_check(&ours, err) < 0)
		return -1;
	if (ours.len < SIGNATURE_LEN || sodium_memcmp(ours.data + ours.len - SIGNATURE_LEN,
						      claim.signature.data, SIGNATURE_LEN) != 0)
		return bad_signature(err);
	return 0;
}
