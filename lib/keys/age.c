/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an age file: header, file key, MAC, then payload; nothing of the payload is looked at before the MAC was right. The header is
 * parsed once, whatever the number of identities. Opens no scrypt stanza: sops makes none for data keys, and passphrases are not taken.
 * age: age.go
 */
#include "keys/age.h"

#include "base/wipe.h"
#include "keys/hkdf.h"

#include <sodium.h>

enum {
	ARENA_MAX = 4 * AGE_HEADER_MAX, /* bytes: stanzas and their bodies */
};

/* The MAC covers the header as it came, "---" with it, so no stanza can be added or changed. */
static enum age_class check_mac(const struct age_header *header,
				const uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	uint8_t key[32], mac[AGE_MAC_LEN];
	CLEAN_WIPE(key);

	hkdf_key(span_of(file_key, AGE_FILE_KEY_LEN), SPAN_NULL, SPAN("header"), key);
	hkdf_extract(span_of(key, sizeof(key)), &header->covered, 1, mac);
	if (sodium_memcmp(mac, header->mac, sizeof(mac)) != 0) {
		(void)err_set(err, ERR_VALUE, "the MAC of the age header is wrong");
		return AGE_BAD_HMAC;
	}
	return AGE_OPENED;
}

enum age_class age_file_key(const struct age_header *header, const struct age_identity *identities,
			    uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	const struct age_identity *identity;
	const struct age_stanza *stanza;
	enum age_class class;

	for (identity = identities; identity; identity = identity->next) {
		for (stanza = header->stanzas; stanza; stanza = stanza->next) {
			class = age_identity_unwrap(identity, stanza, file_key, err);
			if (class == AGE_OPENED)
				return check_mac(header, file_key, err);
			if (class != AGE_NO_MATCH)
				return class;
		}
	}
	(void)err_set(err, ERR_NO_KEY, "no identity matched any of the recipients");
	return AGE_NO_MATCH;
}

static enum age_class open_payload(const uint8_t file_key[static AGE_FILE_KEY_LEN],
				   struct span sealed, size_t max, struct secret_pool *pool,
				   struct span *ret_plain, struct err *err)
{
	size_t size = age_payload_size(sealed), at = 0, len;
	struct age_payload payload;
	CLEAN_WIPE(payload);
	uint8_t *plain;

	if (size > max) {
		(void)err_set(err, ERR_LIMIT, "age payload has more than %zu bytes", max);
		return AGE_BROKEN;
	}
	if (age_payload_init(file_key, sealed, &payload, err) < 0)
		return AGE_BAD_HEADER; /* age counts the nonce among the header */
	plain = secret_alloc(pool, size ? size : 1, err);
	if (!plain)
		return AGE_BROKEN;
	while (!payload.done) {
		if (age_payload_next(&payload, plain + at, &len, err) < 0) {
			wipe(plain, size);
			return AGE_BAD_PAYLOAD;
		}
		at += len;
	}
	*ret_plain = span_of(plain, at);
	return AGE_OPENED;
}

enum age_class age_open(struct span file, const struct age_identity *identities, size_t max,
			struct secret_pool *pool, struct span *ret_plain, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	uint8_t file_key[AGE_FILE_KEY_LEN];
	CLEAN_WIPE(file_key);
	struct age_header header;
	enum age_class class;

	if (age_header_parse(file, &arena, &header, err) < 0)
		return err->code == ERR_NOMEM || err->code == ERR_LIMIT ? AGE_BROKEN
									: AGE_BAD_HEADER;
	class = age_file_key(&header, identities, file_key, err);
	if (class != AGE_OPENED)
		return class;
	return open_payload(file_key, header.payload, max, pool, ret_plain, err);
}
