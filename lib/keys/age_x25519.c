/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519 identities of age. The public key is computed once, so opening a stanza costs one X25519 operation. A share of low order is
 * malformed, not a mismatch. age: x25519.go
 */
#include "keys/age_x25519.h"

#include "base/wipe.h"
#include "keys/bech32.h"
#include "keys/hkdf.h"

#include <sodium.h>

int age_x25519_parse(struct span text, struct age_x25519 *ret_key, struct err *err)
{
	struct age_x25519 key;
	CLEAN_WIPE(key);
	struct span hrp;
	size_t len;

	if (bech32_decode(text, &hrp, key.secret, sizeof(key.secret), &len, err) < 0)
		return -1;
	if (!span_is(hrp, "AGE-SECRET-KEY-") || len != sizeof(key.secret))
		return err_set(err, ERR_FORMAT, "not an X25519 key");
	crypto_scalarmult_base(key.public, key.secret);
	*ret_key = key;
	return 0;
}

enum age_class age_x25519_unwrap(const struct age_x25519 *key, const struct age_stanza *stanza,
				 uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	static const uint8_t zero_nonce[12]; /* each wrapping key is used once */
	uint8_t salt[2 * AGE_POINT_LEN], shared[AGE_POINT_LEN], wrapping[32];
	CLEAN_WIPE(shared);
	CLEAN_WIPE(wrapping);

	if (stanza->arg_count != 1 || stanza->body.len != AGE_BODY_LEN ||
	    age_header_bytes(stanza->args[0], salt, AGE_POINT_LEN) < 0) {
		(void)err_set(err, ERR_FORMAT, "malformed X25519 stanza");
		return AGE_BAD_HEADER;
	}
	if (crypto_scalarmult(shared, key->secret, salt) < 0) {
		(void)err_set(err, ERR_FORMAT, "X25519 stanza with a share of low order");
		return AGE_BAD_HEADER;
	}
	memcpy(salt + AGE_POINT_LEN, key->public, AGE_POINT_LEN);
	hkdf_key(span_of(shared, sizeof(shared)), span_of(salt, sizeof(salt)),
		 SPAN("age-encryption.org/v1/X25519"), wrapping);
	if (age_identity_open_body(wrapping, zero_nonce, stanza->body, file_key) < 0)
		return AGE_NO_MATCH;
	return AGE_OPENED;
}
