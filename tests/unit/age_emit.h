/* SPDX-License-Identifier: Apache-2.0
 *
 * A writer of age files, for tests of what the reader takes: from parsed headers back to text, and whole files with stanzas as malformed as a
 * test wants them, under a MAC that is right.
 */
#ifndef AGE_EMIT_H
#define AGE_EMIT_H

#include "base/text.h"
#include "keys/age_identity.h"
#include "keys/hkdf.h"

#include <sodium.h>

/* Base64 without padding in lines of 64, the last one shorter and maybe empty. */
static inline void age_emit_body(struct span body, struct buf *out)
{
	size_t at = 0, len;

	do {
		len = body.len - at < 48 ? body.len - at : 48;
		base64_encode(span_sub(body, at, len), false, out);
		buf_add_char(out, '\n');
		at += len;
	} while (len == 48);
}

/* A parsed header as text. Arguments that the parser does not keep can not be told: false then. */
static inline bool age_emit_header(const struct age_header *header, struct buf *out)
{
	const struct age_stanza *stanza;
	size_t i;

	buf_add_str(out, "age-encryption.org/v1\n");
	for (stanza = header->stanzas; stanza; stanza = stanza->next) {
		if (stanza->arg_count > AGE_ARGS_KEPT)
			return false;
		buf_add_str(out, "-> ");
		buf_add_span(out, stanza->type);
		for (i = 0; i < stanza->arg_count; i++) {
			buf_add_char(out, ' ');
			buf_add_span(out, stanza->args[i]);
		}
		buf_add_char(out, '\n');
		age_emit_body(stanza->body, out);
	}
	buf_add_str(out, "--- ");
	base64_encode(span_of(header->mac, sizeof(header->mac)), false, out);
	buf_add_char(out, '\n');
	return true;
}

/* A payload: nonce of zeroes, then chunks. */
static inline void age_emit_payload(const uint8_t file_key[static AGE_FILE_KEY_LEN],
				    struct span plain, struct buf *out)
{
	static uint8_t sealed[AGE_CHUNK_LEN + crypto_aead_chacha20poly1305_ietf_ABYTES];
	uint8_t salt[16] = {0}, key[32], nonce[12] = {0};
	unsigned long long len;
	size_t at = 0, part;

	hkdf_key(span_of(file_key, AGE_FILE_KEY_LEN), span_of(salt, sizeof(salt)), SPAN("payload"),
		 key);
	buf_add(out, salt, sizeof(salt));
	do {
		part = plain.len - at < AGE_CHUNK_LEN ? plain.len - at : AGE_CHUNK_LEN;
		nonce[11] = at + part == plain.len;
		crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &len, plain.data + at, part, NULL,
							  0, NULL, nonce, key);
		buf_add(out, sealed, len);
		nonce[10]++;
		at += part;
	} while (at < plain.len);
}

/* A file around stanzas that are given as text. */
static inline void age_emit_file(struct span stanzas,
				 const uint8_t file_key[static AGE_FILE_KEY_LEN], struct span plain,
				 struct buf *out)
{
	size_t start = out->len;
	uint8_t key[32], mac[32];
	struct span covered;

	buf_add_str(out, "age-encryption.org/v1\n");
	buf_add_span(out, stanzas);
	buf_add_str(out, "---");
	hkdf_key(span_of(file_key, AGE_FILE_KEY_LEN), SPAN_NULL, SPAN("header"), key);
	covered = span_from(buf_span(out), start);
	hkdf_extract(span_of(key, sizeof(key)), &covered, 1, mac);
	buf_add_char(out, ' ');
	base64_encode(span_of(mac, sizeof(mac)), false, out);
	buf_add_char(out, '\n');
	age_emit_payload(file_key, plain, out);
}

/* "X25519 SHARE" and the wrapped file key. */
static inline void age_emit_x25519(const uint8_t public[static 32],
				   const uint8_t file_key[static AGE_FILE_KEY_LEN], struct buf *out)
{
	uint8_t secret[32], salt[64], shared[32], key[32], body[32], nonce[12] = {0};
	unsigned long long len;

	memset(secret, 7, sizeof(secret));
	crypto_scalarmult_base(salt, secret);
	memcpy(salt + 32, public, 32);
	if (crypto_scalarmult(shared, secret, public) != 0)
		memset(shared, 0, sizeof(shared));
	hkdf_key(span_of(shared, 32), span_of(salt, 64), SPAN("age-encryption.org/v1/X25519"), key);
	crypto_aead_chacha20poly1305_ietf_encrypt(body, &len, file_key, AGE_FILE_KEY_LEN, NULL, 0,
						  NULL, nonce, key);
	buf_add_str(out, "-> X25519 ");
	base64_encode(span_of(salt, 32), false, out);
	buf_add_char(out, '\n');
	age_emit_body(span_of(body, sizeof(body)), out);
}

#endif
