/* SPDX-License-Identifier: Apache-2.0
 *
 * Signature Version 4; see aws_sigv4.h. By hand, as libcurl's own signer changed its canonical form from release to release.
 */
#include "keys/aws_sigv4.h"

#include "base/text.h"
#include "base/wipe.h"
#include "doc/scalar.h"

#include <sodium.h>

enum {
	HASH_LEN = crypto_hash_sha256_BYTES,
	DAY_LEN = 8, /* bytes of "20260102" */
	TIME_TEXT_MAX = 64,
	CANONICAL_MAX =
		64 *
		1024, /* bytes of a request's canonical form: its headers, a session token among them */
};

#define ALGORITHM "AWS4-HMAC-SHA256"

int aws_sigv4_date(int64_t seconds, char ret_date[static AWS_DATE_LEN + 1], struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(TIME_TEXT_MAX);
	const struct doc_time time = {.seconds = seconds};
	size_t i, len = 0;

	if (!scalar_add_time(&time, TIME_WHOLE, &text))
		return err_set(err, ERR_BUG, "the clock says second %lld", (long long)seconds);
	if (buf_check(&text, err) < 0)
		return -1;
	for (i = 0; i < text.len && len < AWS_DATE_LEN; i++) {
		if (text.data[i] != '-' && text.data[i] != ':')
			ret_date[len++] = (char)text.data[i];
	}
	ret_date[len] = '\0';
	return 0;
}

static void add_hash(struct span bytes, struct buf *out)
{
	uint8_t hash[HASH_LEN];

	crypto_hash_sha256(hash, bytes.data, bytes.len);
	hex_encode(span_of(hash, sizeof(hash)), false, out);
}

static void add_names(const struct aws_sigv4 *request, struct buf *out)
{
	size_t i;

	for (i = 0; i < request->header_count; i++) {
		if (i)
			buf_add_char(out, ';');
		buf_add_str(out, request->headers[i].name);
	}
}

/* Runs of blanks inside of a value count as one. */
static void add_value(struct span value, struct buf *out)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		if (value.data[i] != ' ' || i == 0 || value.data[i - 1] != ' ')
			buf_add_char(out, value.data[i]);
	}
}

static void add_scope(const struct aws_sigv4 *request, struct buf *out)
{
	buf_add(out, request->date, DAY_LEN);
	buf_add_char(out, '/');
	buf_add_span(out, request->region);
	buf_printf(out, "/%s/aws4_request", request->service);
}

static void hmac(struct span key, struct span text, uint8_t ret[static HASH_LEN])
{
	crypto_auth_hmacsha256_state state;
	CLEAN_WIPE(state);

	crypto_auth_hmacsha256_init(&state, key.data, key.len);
	crypto_auth_hmacsha256_update(&state, text.data, text.len);
	crypto_auth_hmacsha256_final(&state, ret);
}

/* The key of the day, region and service signs; whoever sees it can not get back to the secret key. */
static enum err_code sign(const struct aws_sigv4 *request, struct span text,
			  uint8_t ret[static HASH_LEN])
{
	const struct span steps[] = {span_of(request->date, DAY_LEN), request->region,
				     span_str(request->service), SPAN("aws4_request"), text};
	CLEAN_BUF struct buf first = BUF_INIT(AWS_AUTHORIZATION_MAX);
	struct span key;
	uint8_t k[HASH_LEN];
	CLEAN_WIPE(k);
	size_t i;

	buf_add_str(&first, "AWS4");
	buf_add_span(&first, request->secret_key);
	key = buf_span(&first);
	for (i = 0; i < ARRAY_LEN(steps); i++) {
		hmac(key, steps[i], k);
		key = span_of(k, sizeof(k));
	}
	memcpy(ret, k, HASH_LEN);
	return first.bad;
}

static void add_canonical(const struct aws_sigv4 *request, struct buf *out)
{
	size_t i;

	buf_printf(out, "%s\n%s\n\n", request->method, request->path);
	for (i = 0; i < request->header_count; i++) {
		buf_add_str(out, request->headers[i].name);
		buf_add_char(out, ':');
		add_value(request->headers[i].value, out);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
	add_names(request, out);
	buf_add_char(out, '\n');
	add_hash(request->body, out);
}

void aws_sigv4_authorize(const struct aws_sigv4 *request, struct buf *out)
{
	CLEAN_BUF struct buf canonical = BUF_INIT(CANONICAL_MAX);
	CLEAN_BUF struct buf text = BUF_INIT(AWS_AUTHORIZATION_MAX);
	uint8_t signature[HASH_LEN];
	enum err_code bad;

	add_canonical(request, &canonical);
	buf_printf(&text, ALGORITHM "\n%s\n", request->date);
	add_scope(request, &text);
	buf_add_char(&text, '\n');
	add_hash(buf_span(&canonical), &text);
	bad = canonical.bad ? canonical.bad : text.bad;
	if (!bad)
		bad = sign(request, buf_span(&text), signature);
	if (bad) {
		out->bad = bad;
		return;
	}
	buf_add_str(out, ALGORITHM " Credential=");
	buf_add_span(out, request->access_key);
	buf_add_char(out, '/');
	add_scope(request, out);
	buf_add_str(out, ", SignedHeaders=");
	add_names(request, out);
	buf_add_str(out, ", Signature=");
	hex_encode(span_of(signature, sizeof(signature)), false, out);
}
