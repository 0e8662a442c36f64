/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted data; see pgp_data.h. RFC 9580, 5.13; gnupg: doc/DETAILS, g10/decrypt-data.c (the AEAD packet, draft-koch-librepgp 5.16)
 */
#include "keys/pgp_data.h"

#include "base/wipe.h"
#include "keys/crypto_pgp.h"
#include "keys/hkdf.h"
#include "keys/pgp_inflate.h"

#include <sodium.h>

enum {
	SHA1_LEN = 20,
	PREFIX_LEN = CRYPTO_BLOCK_LEN + 2, /* random bytes before the plaintext of version 1 */
	MDC_LEN = 2 + SHA1_LEN,
	AEAD_OCB = 2,
	AEAD_GCM = 3,
	NONCE_MAX = 15,
	OCB_NONCE_LEN = 15,
	GCM_NONCE_LEN = 12,
	SALT_LEN = 32,
	CHUNK_BITS_MAX =
		16, /* of its size: RFC 9580; LibrePGP lets it be more, gpg writes no more */
	CHUNK_BITS_MIN = 6,
	COMPRESSED_NONE = 0,
	COMPRESSED_ZIP = 1,
	COMPRESSED_ZLIB = 2,
	COUNT_LEN = 8, /* bytes of a chunk's number, and of the count at the end */
};

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed PGP message");
}

static int not_authentic(struct err *err)
{
	return err_set(err, ERR_VALUE, "the PGP message does not open");
}

static int unsupported(struct err *err, const char *what, unsigned number)
{
	return err_set(err, ERR_UNSUPPORTED, "a PGP message with %s %u", what, number);
}

/* The last 22 bytes are a packet of their own: 0xd3, 0x14, and the hash of all before, these two included. */
static int open_mdc(struct span sealed, const struct pgp_session *session, struct secret_pool *pool,
		    struct span *ret_packets, struct err *err)
{
	uint8_t hash[CRYPTO_DIGEST_MAX], *plain;
	CLEAN_WIPE(hash);
	struct span hashed;
	size_t len, good;

	if (!session->cipher)
		return malformed(err);
	if (sealed.len < PREFIX_LEN + MDC_LEN)
		return malformed(err);
	plain = secret_alloc(pool, sealed.len, err);
	if (!plain || crypto_cfb(span_of(session->key, session->len), sealed, plain, err) < 0)
		return -1;
	hashed = span_of(plain, sealed.len - SHA1_LEN);
	if (crypto_digest(CRYPTO_SHA1, &hashed, 1, hash, &len, err) < 0)
		return -1;
	good = sodium_memcmp(hash, plain + hashed.len, SHA1_LEN) == 0;
	good &= sodium_memcmp("\xd3\x14", plain + hashed.len - 2, 2) == 0;
	if (!good) {
		wipe(plain, sealed.len);
		return not_authentic(err);
	}
	*ret_packets = span_of(plain + PREFIX_LEN, sealed.len - PREFIX_LEN - MDC_LEN);
	return 0;
}

/* What both AEAD forms have in common: chunks, each with a tag, and a tag at the end that counts all. */
struct chunks {
	struct crypto_aead *aead;
	uint8_t nonce[NONCE_MAX + 1];
	size_t nonce_len, size; /* bytes of a full chunk's plaintext */
	uint8_t aad[5 + 2 * COUNT_LEN];
	size_t aad_len; /* of what is the same for each chunk */
	bool numbered_aad; /* the AEAD packet: the chunk's number is there too, and goes into the nonce by XOR */
};

static void store_u64(uint8_t out[static COUNT_LEN], uint64_t number)
{
	size_t i;

	for (i = 0; i < COUNT_LEN; i++)
		out[i] = (uint8_t)(number >> (8 * (COUNT_LEN - 1 - i)));
}

/* total: SIZE_MAX for a chunk with data, else the count of all bytes: the tag at the end. */
static int open_chunk(const struct chunks *chunks, uint64_t index, size_t total, struct span sealed,
		      uint8_t *out, struct err *err)
{
	uint8_t nonce[NONCE_MAX + 1], aad[sizeof(chunks->aad)], number[COUNT_LEN], *at;
	size_t aad_len = chunks->aad_len, i;

	memcpy(nonce, chunks->nonce, sizeof(nonce));
	memcpy(aad, chunks->aad, sizeof(aad));
	store_u64(number, index);
	at = nonce + chunks->nonce_len - COUNT_LEN;
	for (i = 0; i < COUNT_LEN; i++)
		at[i] ^= number[i]; /* zeroes in version 2 */
	if (chunks->numbered_aad) {
		memcpy(aad + aad_len, number, COUNT_LEN);
		aad_len += COUNT_LEN;
	}
	if (total != SIZE_MAX) {
		store_u64(aad + aad_len, total);
		aad_len += COUNT_LEN;
	}
	if (crypto_aead_open(chunks->aead, nonce, span_of(aad, aad_len), sealed, out, err) < 0)
		return err->code == ERR_VALUE ? not_authentic(err) : -1;
	return 0;
}

static int open_chunks(const struct chunks *chunks, struct span sealed, struct secret_pool *pool,
		       struct span *ret_packets, struct err *err)
{
	struct span end, chunk;
	size_t len = 0;
	uint64_t index;
	uint8_t *plain;

	if (sealed.len < 2 * CRYPTO_TAG_LEN)
		return malformed(err);
	end = span_from(sealed, sealed.len - CRYPTO_TAG_LEN);
	sealed.len -= CRYPTO_TAG_LEN;
	plain = secret_alloc(pool, sealed.len, err);
	if (!plain)
		return -1;
	for (index = 0; sealed.len > 0; index++) {
		chunk = span_sub(sealed, 0, chunks->size + CRYPTO_TAG_LEN);
		sealed = span_from(sealed, chunk.len);
		if (chunk.len <= CRYPTO_TAG_LEN)
			return malformed(err);
		if (open_chunk(chunks, index, SIZE_MAX, chunk, plain + len, err) < 0)
			return -1;
		len += chunk.len - CRYPTO_TAG_LEN;
	}
	if (open_chunk(chunks, index, len, end, plain + len, err) < 0)
		return -1;
	*ret_packets = span_of(plain, len);
	return 0;
}

static int aead_mode(uint8_t algo, enum crypto_aead_mode *ret_mode, size_t *ret_nonce_len)
{
	if (algo != AEAD_OCB && algo != AEAD_GCM)
		return -1;
	*ret_mode = algo == AEAD_OCB ? CRYPTO_OCB : CRYPTO_GCM;
	*ret_nonce_len = algo == AEAD_OCB ? OCB_NONCE_LEN : GCM_NONCE_LEN;
	return 0;
}

/* The head that both forms share: version, cipher, mode, size of chunks; it authenticates itself, with the packet's tag before it. */
static int read_head(const struct pgp_packet *packet, struct span *body, struct chunks *chunks,
		     enum crypto_aead_mode *mode, uint8_t *ret_cipher, struct err *err)
{
	struct span head;

	if (pgp_take(body, 4, &head) < 0)
		return malformed(err);
	*ret_cipher = head.data[1];
	if (!pgp_cipher_key_len(head.data[1]))
		return unsupported(err, "cipher", head.data[1]);
	if (aead_mode(head.data[2], mode, &chunks->nonce_len) < 0)
		return unsupported(err, "AEAD mode", head.data[2]);
	if (head.data[3] > CHUNK_BITS_MAX)
		return unsupported(err, "chunks of size", head.data[3]);
	chunks->size = (size_t)1 << (head.data[3] + CHUNK_BITS_MIN);
	chunks->aad[0] = 0xc0 | packet->tag;
	memcpy(chunks->aad + 1, head.data, head.len);
	chunks->aad_len = 1 + head.len;
	return 0;
}

static int open_with(struct chunks *chunks, enum crypto_aead_mode mode, struct span key,
		     struct span sealed, struct secret_pool *pool, struct span *ret_packets,
		     struct err *err)
{
	int status;

	chunks->aead = crypto_aead_new(mode, key, chunks->nonce_len, err);
	if (!chunks->aead)
		return -1;
	status = open_chunks(chunks, sealed, pool, ret_packets, err);
	crypto_aead_free(chunks->aead);
	return status;
}

/* The AEAD packet of LibrePGP. */
static int open_aead(const struct pgp_packet *packet, const struct pgp_session *session,
		     struct secret_pool *pool, struct span *ret_packets, struct err *err)
{
	struct chunks chunks = {.numbered_aad = true};
	struct span body = packet->body, nonce;
	enum crypto_aead_mode mode;
	uint8_t cipher;

	if (body.len == 0 || body.data[0] != 1)
		return malformed(err);
	if (read_head(packet, &body, &chunks, &mode, &cipher, err) < 0)
		return -1;
	if (mode != CRYPTO_OCB) /* there is none but OCB, and EAX in old drafts */
		return malformed(err);
	if (cipher != session->cipher || pgp_take(&body, chunks.nonce_len, &nonce) < 0)
		return malformed(err);
	memcpy(chunks.nonce, nonce.data, nonce.len);
	return open_with(&chunks, mode, span_of(session->key, session->len), body, pool,
			 ret_packets, err);
}

/* SEIPD version 2: the key and most of the nonce come from the session key and a salt. */
static int open_v2(const struct pgp_packet *packet, const struct pgp_session *session,
		   struct secret_pool *pool, struct span *ret_packets, struct err *err)
{
	struct chunks chunks = {.numbered_aad = false};
	struct span body = packet->body, salt, info;
	uint8_t prk[HKDF_PRK_LEN], material[HKDF_OUT_MAX], cipher;
	CLEAN_WIPE(prk);
	CLEAN_WIPE(material);
	struct span ikm = span_of(session->key, session->len);
	enum crypto_aead_mode mode;
	size_t key_len;

	if (read_head(packet, &body, &chunks, &mode, &cipher, err) < 0)
		return -1;
	key_len = pgp_cipher_key_len(cipher);
	if (session->cipher || session->len != key_len || pgp_take(&body, SALT_LEN, &salt) < 0)
		return malformed(err);
	info = span_of(chunks.aad, chunks.aad_len);
	hkdf_extract(salt, &ikm, 1, prk);
	hkdf_expand(prk, &info, 1, material, key_len + chunks.nonce_len - COUNT_LEN);
	memcpy(chunks.nonce, material + key_len, chunks.nonce_len - COUNT_LEN);
	return open_with(&chunks, mode, span_of(material, key_len), body, pool, ret_packets, err);
}

int pgp_data_open(const struct pgp_packet *packet, const struct pgp_session *session,
		  struct secret_pool *pool, struct span *ret_packets, struct err *err)
{
	struct span body = packet->body;

	if (packet->tag == PGP_AEAD)
		return open_aead(packet, session, pool, ret_packets, err);
	if (packet->tag != PGP_SEIPD || body.len == 0)
		return malformed(err);
	switch (body.data[0]) {
	case 1:
		return open_mdc(span_from(body, 1), session, pool, ret_packets, err);
	case 2:
		return open_v2(packet, session, pool, ret_packets, err);
	default:
		return unsupported(err, "encrypted data of version", body.data[0]);
	}
}

static int decompress(struct span body, struct secret_pool *pool, struct span *ret_packets,
		      struct err *err)
{
	struct span rest;
	uint8_t algo;

	if (pgp_take_byte(&body, &algo) < 0)
		return malformed(err);
	if (algo == COMPRESSED_NONE) {
		*ret_packets = body;
		return 0;
	}
	if (algo != COMPRESSED_ZIP && algo != COMPRESSED_ZLIB)
		return unsupported(err, "compression", algo);
	if (pgp_inflate(body, algo == COMPRESSED_ZLIB, PGP_PLAIN_MAX, pool, ret_packets, &rest,
			err) < 0)
		return -1;
	return rest.len ? malformed(err) : 0;
}

/* Mode, name, time, data. */
static int read_literal(struct span body, struct span *ret_plain, struct err *err)
{
	struct span name;
	uint32_t time;
	uint8_t mode, len;

	if (pgp_take_byte(&body, &mode) < 0 || pgp_take_byte(&body, &len) < 0 ||
	    pgp_take(&body, len, &name) < 0 || pgp_take_u32(&body, &time) < 0)
		return malformed(err);
	if (mode != 'b') /* gpg changes the line ends of text */
		return err_set(err, ERR_UNSUPPORTED, "a PGP message that is text, not bytes");
	*ret_plain = body;
	return 0;
}

/* The one packet of packets that says something. */
static int find_only(struct span packets, struct secret_pool *pool, struct pgp_packet *ret_packet,
		     struct err *err)
{
	struct pgp_packet packet, only = {.tag = 0};
	int status;

	while ((status = pgp_packet_next(&packets, pool, &packet, err)) > 0) {
		if (pgp_packet_idle(&packet))
			continue;
		if (packet.tag == PGP_SIGNATURE || packet.tag == PGP_ONE_PASS_SIGNATURE)
			return err_set(err, ERR_UNSUPPORTED, "a PGP message that is signed");
		if (only.tag || (packet.tag != PGP_COMPRESSED && packet.tag != PGP_LITERAL))
			return malformed(err);
		only = packet;
	}
	if (status < 0)
		return -1;
	if (!only.tag)
		return malformed(err);
	*ret_packet = only;
	return 0;
}

int pgp_data_literal(struct span packets, struct secret_pool *pool, struct span *ret_plain,
		     struct err *err)
{
	struct pgp_packet packet = {.tag = 0};
	int depth;

	for (depth = 0; depth <= PGP_DEPTH_MAX; depth++) {
		if (find_only(packets, pool, &packet, err) < 0)
			return -1;
		if (packet.tag == PGP_LITERAL)
			return read_literal(packet.body, ret_plain, err);
		if (decompress(packet.body, pool, &packets, err) < 0)
			return -1;
	}
	return err_set(err, ERR_LIMIT, "a PGP message that is compressed more than %d times",
		       PGP_DEPTH_MAX);
}
