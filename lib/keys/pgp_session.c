/* SPDX-License-Identifier: Apache-2.0
 *
 * Session keys; see pgp_session.h. Why one does not open is told by no message: whoever sends us chosen ciphertexts learns one bit, as from the
 * message's end. RFC 6637 (ECDH), RFC 9580 (X25519)
 * Differs: gpg takes a point without its prefix. Test: differs_needs_the_prefix_of_points
 */
#include "keys/pgp_session.h"

#include "base/wipe.h"
#include "keys/crypto_pgp.h"
#include "keys/hkdf.h"
#include "keys/pgp_unpad.h"

#include <sodium.h>

enum {
	WRAPPED_MIN = 24,  /* bytes of AES key wrap's shortest output */
	WRAPPED_MAX = 248, /* bytes: of what a length in one byte can say */
	POINT_PREFIX = 0x40,
	CHECKSUM_LEN = 2,
	X25519_KEK_LEN = 16,
	HASH_SHA256 = 8, /* ids of OpenPGP */
	HASH_SHA384 = 9,
	HASH_SHA512 = 10,
};

static int does_not_open(struct err *err)
{
	return err_set(err, ERR_VALUE, "the PGP session key does not open");
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed PGP session key");
}

static bool is_zeroes(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.data[i])
			return false;
	}
	return true;
}

static int read_recipient(struct span *body, struct pgp_wrapped *wrapped)
{
	uint8_t len;

	if (wrapped->version == 3) {
		if (pgp_take(body, PGP_KEY_ID_LEN, &wrapped->to) < 0)
			return -1;
		if (is_zeroes(wrapped->to))
			wrapped->to = SPAN_NULL;
		return 0;
	}
	if (pgp_take_byte(body, &len) < 0)
		return -1;
	if (len == 0)
		return 0;
	if (pgp_take_byte(body, &wrapped->to_version) < 0)
		return -1;
	return pgp_take(body, (size_t)len - 1, &wrapped->to);
}

/* Are the numbers of its algorithm there? gpg stops at a packet where they are not, even though it is for somebody else. */
static bool is_whole(uint8_t algo, struct span fields)
{
	struct span part;

	switch (algo) {
	case PGP_ALGO_RSA:
	case PGP_ALGO_RSA_ENCRYPT:
		return pgp_take_mpi(&fields, &part) == 0;
	case PGP_ALGO_ELGAMAL:
		return pgp_take_mpi(&fields, &part) == 0 && pgp_take_mpi(&fields, &part) == 0;
	case PGP_ALGO_ECDH:
		return pgp_take_mpi(&fields, &part) == 0 && pgp_take_short(&fields, &part) == 0;
	default:
		return true;
	}
}

int pgp_wrapped_read(struct span body, struct pgp_wrapped *ret_wrapped, struct err *err)
{
	struct pgp_wrapped wrapped = {0};

	if (pgp_take_byte(&body, &wrapped.version) < 0)
		return malformed(err);
	if (wrapped.version != 3 && wrapped.version != 6)
		return err_set(err, ERR_UNSUPPORTED, "a PGP session key of version %d",
			       wrapped.version);
	if (read_recipient(&body, &wrapped) < 0 || pgp_take_byte(&body, &wrapped.algo) < 0 ||
	    !is_whole(wrapped.algo, body))
		return malformed(err);
	wrapped.fields = body;
	*ret_wrapped = wrapped;
	return 0;
}

static bool same_algorithm(uint8_t algo, enum pgp_kind kind)
{
	switch (kind) {
	case PGP_RSA:
		return algo == PGP_ALGO_RSA || algo == PGP_ALGO_RSA_ENCRYPT;
	case PGP_ECDH:
		return algo == PGP_ALGO_ECDH;
	case PGP_X25519:
		return algo == PGP_ALGO_X25519;
	case PGP_FOREIGN:
		break;
	}
	return false;
}

bool pgp_wrapped_fits(const struct pgp_wrapped *wrapped, const struct pgp_secret *key)
{
	if (!same_algorithm(wrapped->algo, key->kind))
		return false;
	if (wrapped->to.len == 0)
		return true;
	if (wrapped->version == 3)
		return span_eq(wrapped->to, span_of(key->id, sizeof(key->id)));
	return wrapped->to_version == key->own.version &&
	       span_eq(wrapped->to, span_of(key->own.bytes, key->own.len));
}

static int open_rsa(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		    const struct crypto_rsa_ready *ready, struct pgp_session *session,
		    struct err *err)
{
	struct span fields = wrapped->fields, sealed;
	uint8_t block[CRYPTO_RSA_LEN_MAX];
	CLEAN_WIPE(block);

	if (pgp_take_mpi(&fields, &sealed) < 0 || fields.len > 0)
		return malformed(err);
	if (crypto_rsa_raw(ready, sealed, block, err) < 0)
		return err->code == ERR_VALUE ? does_not_open(err) : -1;
	if (pgp_unpad(block, key->rsa.n.len, wrapped->version == 3, session) < 0)
		return does_not_open(err);
	return 0;
}

static int kdf_hash(uint8_t id, enum crypto_digest *ret_hash)
{
	switch (id) {
	case HASH_SHA256:
		*ret_hash = CRYPTO_SHA256;
		return 0;
	case HASH_SHA384:
		*ret_hash = CRYPTO_SHA384;
		return 0;
	case HASH_SHA512:
		*ret_hash = CRYPTO_SHA512;
		return 0;
	default:
		return -1;
	}
}

/* RFC 6637, 7 and 8: the hash of a counter, the shared secret, and who it is for. */
static int derive_kek(const struct pgp_secret *key, const uint8_t *shared,
		      uint8_t kek[static CRYPTO_DIGEST_MAX], struct err *err)
{
	static const uint8_t before[] = {0, 0, 0, 1},
			     curve[] = {10,   0x2b, 0x06, 0x01, 0x04,          0x01, 0x97,
					0x55, 0x01, 0x05, 0x01, PGP_ALGO_ECDH, 3,    1};
	const uint8_t kdf[] = {key->curve.kdf_hash, key->curve.kdf_cipher};
	const struct span parts[] = {
		span_of(before, sizeof(before)), span_of(shared, PGP_POINT_LEN),
		span_of(curve, sizeof(curve)),   span_of(kdf, sizeof(kdf)),
		SPAN("Anonymous Sender    "),    span_of(key->own.bytes, key->own.len),
	};
	enum crypto_digest hash = CRYPTO_SHA256;
	size_t len;

	if (kdf_hash(key->curve.kdf_hash, &hash) < 0 || !pgp_cipher_key_len(key->curve.kdf_cipher))
		return err_set(err, ERR_UNSUPPORTED,
			       "a PGP key with a key derivation that is not supported");
	return crypto_digest(hash, parts, ARRAY_LEN(parts), kek, &len, err);
}

/* The cipher, the key, its checksum, and as many bytes as it takes to fill up, each of them saying how many. It is authentic when we come here:
 * only those who know it made it. */
static int strip(struct span plain, bool with_cipher, struct pgp_session *session)
{
	size_t pad = plain.data[plain.len - 1], key_len, sum = 0, at = with_cipher ? 1 : 0, i;

	if (pad == 0 || pad + at + CHECKSUM_LEN >= plain.len)
		return -1;
	for (i = 0; i < pad; i++) {
		if (plain.data[plain.len - 1 - i] != pad)
			return -1;
	}
	key_len = plain.len - pad - at - CHECKSUM_LEN;
	if (key_len > PGP_SESSION_KEY_MAX)
		return -1;
	for (i = 0; i < key_len; i++)
		sum += plain.data[at + i];
	if ((sum & 0xffff) !=
	    ((size_t)plain.data[at + key_len] << 8 | plain.data[at + key_len + 1]))
		return -1;
	session->cipher = with_cipher ? plain.data[0] : 0;
	session->len = (uint8_t)key_len;
	memcpy(session->key, plain.data + at, key_len);
	return 0;
}

static int open_ecdh(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		     struct pgp_session *session, struct err *err)
{
	struct span fields = wrapped->fields, point, sealed;
	uint8_t shared[PGP_POINT_LEN], kek[CRYPTO_DIGEST_MAX], plain[WRAPPED_MAX];
	CLEAN_WIPE(shared);
	CLEAN_WIPE(kek);
	CLEAN_WIPE(plain);

	if (pgp_take_mpi(&fields, &point) < 0 || pgp_take_short(&fields, &sealed) < 0 ||
	    fields.len > 0 || point.len != 1 + PGP_POINT_LEN || point.data[0] != POINT_PREFIX ||
	    sealed.len < WRAPPED_MIN || sealed.len > WRAPPED_MAX || sealed.len % 8)
		return malformed(err);
	if (crypto_scalarmult(shared, key->curve.secret, point.data + 1) < 0)
		return does_not_open(err); /* a point of low order */
	if (derive_kek(key, shared, kek, err) < 0)
		return -1;
	if (crypto_unwrap(span_of(kek, pgp_cipher_key_len(key->curve.kdf_cipher)), sealed, plain,
			  err) < 0)
		return err->code == ERR_VALUE ? does_not_open(err) : -1;
	if (strip(span_of(plain, sealed.len - 8), wrapped->version == 3, session) < 0)
		return does_not_open(err);
	return 0;
}

static int open_x25519(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		       struct pgp_session *session, struct err *err)
{
	struct span fields = wrapped->fields, point, sealed;
	uint8_t material[3 * PGP_POINT_LEN], kek[HKDF_PRK_LEN], plain[WRAPPED_MAX];
	CLEAN_WIPE(material);
	CLEAN_WIPE(kek);
	CLEAN_WIPE(plain);

	if (pgp_take(&fields, PGP_POINT_LEN, &point) < 0 || pgp_take_short(&fields, &sealed) < 0 ||
	    fields.len > 0)
		return malformed(err);
	if (wrapped->version == 3 && pgp_take_byte(&sealed, &session->cipher) < 0)
		return malformed(err);
	if (sealed.len < WRAPPED_MIN || sealed.len > PGP_SESSION_KEY_MAX + 8 || sealed.len % 8)
		return malformed(err);
	memcpy(material, point.data, PGP_POINT_LEN);
	memcpy(material + PGP_POINT_LEN, key->curve.public, PGP_POINT_LEN);
	if (crypto_scalarmult(material + 2 * PGP_POINT_LEN, key->curve.secret, point.data) < 0)
		return does_not_open(err);
	hkdf_key(span_of(material, sizeof(material)), SPAN_NULL, SPAN("OpenPGP X25519"), kek);
	if (crypto_unwrap(span_of(kek, X25519_KEK_LEN), sealed, plain, err) < 0)
		return err->code == ERR_VALUE ? does_not_open(err) : -1;
	session->len = (uint8_t)(sealed.len - 8);
	memcpy(session->key, plain, session->len);
	return 0;
}

int pgp_session_open(const struct pgp_wrapped *wrapped, const struct pgp_secret *key,
		     const struct crypto_rsa_ready *ready, struct pgp_session *ret_session,
		     struct err *err)
{
	struct pgp_session session = {0};
	CLEAN_WIPE(session);
	int status = -1;

	switch (key->kind) {
	case PGP_RSA:
		status = open_rsa(wrapped, key, ready, &session, err);
		break;
	case PGP_ECDH:
		status = open_ecdh(wrapped, key, &session, err);
		break;
	case PGP_X25519:
		status = open_x25519(wrapped, key, &session, err);
		break;
	case PGP_FOREIGN:
		return err_set(err, ERR_BUG, "a PGP key that is not ours to use");
	}
	if (status < 0)
		return -1;
	if (wrapped->version == 3 && !pgp_cipher_key_len(session.cipher))
		return err_set(err, ERR_UNSUPPORTED, "a PGP message with cipher %d",
			       session.cipher);
	if (wrapped->version == 3 && pgp_cipher_key_len(session.cipher) != session.len)
		return does_not_open(err);
	*ret_session = session;
	return 0;
}
