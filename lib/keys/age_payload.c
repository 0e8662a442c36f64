/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload reader. The nonce of a chunk is its number, big endian in 11 bytes, then 1 for the last chunk and 0 for the others, so a
 * chunk can be neither moved nor left out nor cut off. Refuses an empty last chunk after others, and any byte after the last.
 * age: internal/stream/stream.go
 */
#include "keys/age_payload.h"

#include "keys/hkdf.h"

#include <sodium.h>

enum {
	NONCE_LEN = 16, /* of the payload: the salt of its key */
	TAG_LEN = crypto_aead_chacha20poly1305_ietf_ABYTES,
	SEALED_LEN = AGE_CHUNK_LEN + TAG_LEN,
};

int age_payload_init(const uint8_t file_key[static AGE_FILE_KEY_LEN], struct span payload,
		     struct age_payload *ret_payload, struct err *err)
{
	if (payload.len < NONCE_LEN)
		return err_set(err, ERR_FORMAT, "age payload is cut short");
	hkdf_key(span_of(file_key, AGE_FILE_KEY_LEN), span_sub(payload, 0, NONCE_LEN),
		 SPAN("payload"), ret_payload->key);
	ret_payload->rest = span_from(payload, NONCE_LEN);
	ret_payload->counter = 0;
	ret_payload->last = ret_payload->done = false;
	return 0;
}

size_t age_payload_size(struct span payload)
{
	size_t sealed = payload.len < NONCE_LEN ? 0 : payload.len - NONCE_LEN;
	size_t last = sealed % SEALED_LEN;

	return sealed / SEALED_LEN * AGE_CHUNK_LEN + (last > TAG_LEN ? last - TAG_LEN : 0);
}

static int open_chunk(const struct age_payload *payload, struct span sealed, bool last,
		      uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {0};
	size_t i;

	for (i = 0; i < sizeof(payload->counter); i++)
		nonce[10 - i] = (uint8_t)(payload->counter >> 8 * i);
	nonce[11] = last;
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.len,
							 NULL, 0, nonce, payload->key);
}

int age_payload_next(struct age_payload *payload, uint8_t *out, size_t *ret_len, struct err *err)
{
	struct span sealed = span_sub(payload->rest, 0, SEALED_LEN);
	bool last = sealed.len < SEALED_LEN;

	if (payload->last)
		return err_set(err, ERR_VALUE, "data after the end of an age payload");
	if (sealed.len < TAG_LEN)
		return err_set(err, ERR_VALUE, "age payload is cut short");
	if (sealed.len == TAG_LEN && payload->counter > 0)
		return err_set(err, ERR_VALUE, "age payload ends with an empty chunk");
	if (last || open_chunk(payload, sealed, false, out) < 0) {
		last = true;
		if (open_chunk(payload, sealed, true, out) < 0)
			return err_set(err, ERR_VALUE, "age payload does not authenticate");
	}
	payload->rest = span_from(payload->rest, sealed.len);
	payload->counter++;
	payload->last = last;
	payload->done = last && payload->rest.len == 0;
	*ret_len = sealed.len - TAG_LEN;
	return 0;
}
