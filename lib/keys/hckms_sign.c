/* SPDX-License-Identifier: Apache-2.0
 *
 * Huawei Cloud's signature; see hckms_sign.h. Like AWS's version 4 but for three things: the path always ends with "/", no key is derived from the
 * secret, and there is no scope. The host is signed, too: their SDK for Go leaves it out, others do not. huaweicloud-sdk-go-v3:
 * core/auth/signer/signer.go
 */
#include "keys/hckms_sign.h"

#include "base/text.h"
#include "base/wipe.h"
#include "doc/scalar.h"
#include "keys/url.h"

#include <sodium.h>

enum { CANONICAL_MAX = HTTP_ASK_TEXT_MAX, HEADERS_SIGNED = 4 };

#define ALGORITHM "SDK-HMAC-SHA256"

static int add_time(int64_t now, struct buf *out, struct err *err)
{
	const struct doc_time time = {.seconds = now};
	CLEAN_BUF struct buf text = BUF_INIT(CANONICAL_MAX);
	size_t i;

	if (!scalar_add_time(&time, TIME_WHOLE, &text))
		return err_set(err, ERR_VALUE, "the clock shows no year that can be written");
	for (i = 0; i < text.len; i++) {
		if (text.data[i] != '-' && text.data[i] != ':')
			buf_add_char(out, text.data[i]);
	}
	return buf_check(out, err);
}

static void add_hash(struct span text, struct buf *out)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, text.len ? text.data : (const uint8_t *)"", text.len);
	hex_encode(span_of(digest, sizeof(digest)), false, out);
}

/* The host as it is sent: without the scheme's own port. */
static struct span host_sent(const struct url *url)
{
	bool own = span_is(url->port, url->plain ? "80" : "443");

	return own ? span_sub(url->authority, 0, url->authority.len - url->port.len - 1)
		   : url->authority;
}

/* What is signed of the request; names: the list of its headers, for the signature's own header. */
static void add_canonical(const struct http_ask *ask, const struct url *url,
			  const struct hckms_keys *keys, struct span time, struct buf *names,
			  struct buf *out)
{
	const struct {
		const char *name;
		struct span value;
	} headers[HEADERS_SIGNED] = {
		{"host", host_sent(url)},
		{"x-project-id", keys->project},
		{"x-sdk-date", time},
		{"x-security-token", keys->token},
	};
	size_t query = span_find(url->path, 0, '?'), i;

	buf_add_str(out, ask->call.method);
	buf_add_char(out, '\n');
	buf_add_span(out, span_sub(url->path, 0, query));
	buf_add_str(out, query && url->path.data[query - 1] == '/' ? "\n" : "/\n");
	buf_add_span(out, span_from(url->path, query + 1));
	buf_add_char(out, '\n');
	for (i = 0; i < HEADERS_SIGNED; i++) {
		if (!headers[i].value.len)
			continue;
		buf_add_str(out, headers[i].name);
		buf_add_char(out, ':');
		buf_add_span(out, headers[i].value);
		buf_add_char(out, '\n');
		buf_add_str(names, names->len ? ";" : "");
		buf_add_str(names, headers[i].name);
	}
	buf_add_char(out, '\n');
	buf_add_span(out, buf_span(names));
	buf_add_char(out, '\n');
	add_hash(buf_span(&ask->body), out);
}

static void add_signature(struct span secret, struct span text, struct buf *out)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	CLEAN_WIPE(state);

	crypto_auth_hmacsha256_init(&state, secret.len ? secret.data : (const uint8_t *)"",
				    secret.len);
	crypto_auth_hmacsha256_update(&state, text.data, text.len);
	crypto_auth_hmacsha256_final(&state, mac);
	hex_encode(span_of(mac, sizeof(mac)), false, out);
}

int hckms_sign(struct http_ask *ask, const struct hckms_keys *keys, int64_t now, struct err *err)
{
	CLEAN_BUF struct buf time = BUF_INIT(CANONICAL_MAX), names = BUF_INIT(CANONICAL_MAX);
	CLEAN_BUF struct buf canonical = BUF_INIT(CANONICAL_MAX), text = BUF_INIT(CANONICAL_MAX);
	CLEAN_BUF struct buf value = BUF_INIT(CANONICAL_MAX);
	struct url url;

	if (buf_check(&ask->url, err) < 0 || url_parse(buf_span(&ask->url), &url, err) < 0 ||
	    add_time(now, &time, err) < 0)
		return -1;
	add_canonical(ask, &url, keys, buf_span(&time), &names, &canonical);
	if (buf_check(&canonical, err) < 0)
		return -1;
	buf_add_str(&text, ALGORITHM "\n");
	buf_add_span(&text, buf_span(&time));
	buf_add_char(&text, '\n');
	add_hash(buf_span(&canonical), &text);
	buf_add_str(&value, ALGORITHM " Access=");
	buf_add_span(&value, keys->access);
	buf_add_str(&value, ", SignedHeaders=");
	buf_add_span(&value, buf_span(&names));
	buf_add_str(&value, ", Signature=");
	if (buf_check(&text, err) < 0)
		return -1;
	add_signature(keys->secret, buf_span(&text), &value);
	if (buf_check(&value, err) < 0)
		return -1;
	http_ask_header(ask, "X-Sdk-Date", buf_span(&time));
	if (keys->project.len)
		http_ask_header(ask, "X-Project-Id", keys->project);
	if (keys->token.len)
		http_ask_header(ask, "X-Security-Token", keys->token);
	http_ask_header(ask, "Authorization", buf_span(&value));
	return 0;
}
