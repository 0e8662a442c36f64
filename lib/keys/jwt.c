/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed JSON Web Tokens; see jwt.h. The few objects that key services send are put together here as text: none of them needs more of JSON than
 * strings and numbers.
 */
#include "keys/jwt.h"

#include "base/text.h"

#include <inttypes.h>

enum { PART_MAX = 128 * 1024 /* bytes of header or claims: certificates may be among them */ };

int jwt_string(struct span text, struct buf *out, struct err *err)
{
	size_t i;

	if (!utf8_valid(text))
		return err_set(err, ERR_FORMAT, "a text that is not UTF-8");
	buf_add_char(out, '"');
	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			if (c == '"' || c == '\\')
				buf_add_char(out, '\\');
			buf_add_char(out, c);
		}
	}
	buf_add_char(out, '"');
	return 0;
}

/* begin: what the object has already: "{" or "{"alg":...". */
static int add_object(const char *begin, const struct jwt_claim *claims, size_t count,
		      struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf json = BUF_INIT(PART_MAX);
	size_t i;

	buf_add_str(&json, begin);
	for (i = 0; i < count; i++) {
		if (claims[i].text.data && !claims[i].text.len)
			continue;
		if (json.len > 1)
			buf_add_char(&json, ',');
		buf_printf(&json, "\"%s\":", claims[i].name);
		if (!claims[i].text.data)
			buf_printf(&json, "%" PRId64, claims[i].number);
		else if (claims[i].json)
			buf_add_span(&json, claims[i].text);
		else if (jwt_string(claims[i].text, &json, err) < 0)
			return -1;
	}
	buf_add_char(&json, '}');
	if (buf_check(&json, err) < 0)
		return -1;
	base64url_encode(buf_span(&json), out);
	return 0;
}

int jwt_sign(const struct crypto_rsa *key, enum crypto_signature kind,
	     const struct jwt_claim *headers, size_t header_count, const struct jwt_claim *claims,
	     size_t claim_count, struct buf *out, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	size_t start = out->len;
	struct span signature;

	if (add_object(kind == CRYPTO_RS256 ? "{\"alg\":\"RS256\",\"typ\":\"JWT\""
					    : "{\"alg\":\"PS256\",\"typ\":\"JWT\"",
		       headers, header_count, out, err) < 0)
		return -1;
	buf_add_char(out, '.');
	if (add_object("{", claims, claim_count, out, err) < 0 || buf_check(out, err) < 0 ||
	    crypto_rsa_sign(key, kind, span_from(buf_span(out), start), &pool, &signature, err) < 0)
		return -1;
	buf_add_char(out, '.');
	base64url_encode(signature, out);
	return buf_check(out, err);
}
