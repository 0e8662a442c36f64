/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP secret keys; see pgp_key.h. A key is taken only where its public part belongs to its secret one, so that what we open is what gpg
 * would: where a Curve25519 secret is not clamped both go different ways, and such a key is left to gpg. gnupg: g10/parse-packet.c (parse_key)
 *
 * Differs: a secret key that is broken is an error; gpg often imports the rest. Self-signatures are not looked at. Tests:
 * differs_refuses_broken_pgp_keys, differs_asks_pgp_keys_for_no_signature
 */
#include "keys/pgp_key.h"

#include "keys/crypto_pgp.h"

#include <sodium.h>

enum {
	USAGE_PLAIN = 0,
	USAGE_SHA1 = 254,
	USAGE_SUM = 255,
	S2K_GNU = 101,     /* gpg's extension of the ways to make a key from a passphrase */
	S2K_GNU_DUMMY = 1, /* the secret is not here */
	KDF_LEN = 3,
	KDF_VERSION = 1,
	CHECKSUM_LEN = 2,
	POINT_PREFIX = 0x40, /* before a point in its native form */
	RSA_E_LEN_MAX = 4,   /* bytes: as for SSH keys */
};

/* 1.3.6.1.4.1.3029.1.5.1 */
static const uint8_t OID_CURVE25519[] = {0x2b, 0x06, 0x01, 0x04, 0x01,
					 0x97, 0x55, 0x01, 0x05, 0x01};

/* A key packet taken apart. */
struct parts {
	struct pgp_packet packet;
	uint8_t version, algo;
	struct span public; /* all that the fingerprint covers */
	struct span numbers[4], oid, kdf, point;
	struct span rest; /* behind the public part */
	bool readable;    /* the public part's end is known */
};

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed PGP key");
}

const uint8_t *pgp_key_id(const struct pgp_fingerprint *fingerprint)
{
	if (fingerprint->version == 4)
		return fingerprint->bytes + PGP_FINGERPRINT_V4 - PGP_KEY_ID_LEN;
	return fingerprint->bytes;
}

static int take_numbers(struct span *body, struct parts *parts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (pgp_take_mpi(body, &parts->numbers[i]) < 0)
			return -1;
	}
	return 0;
}

/* The public numbers of one algorithm. 1: an algorithm that we do not know. */
static int take_public(struct span *body, struct parts *parts)
{
	switch (parts->algo) {
	case PGP_ALGO_RSA:
	case PGP_ALGO_RSA_ENCRYPT:
	case PGP_ALGO_RSA_SIGN:
		return take_numbers(body, parts, 2);
	case PGP_ALGO_ELGAMAL:
	case PGP_ALGO_ELGAMAL_ANY:
		return take_numbers(body, parts, 3);
	case PGP_ALGO_DSA:
		return take_numbers(body, parts, 4);
	case PGP_ALGO_ECDH:
		return pgp_take_short(body, &parts->oid) < 0 || take_numbers(body, parts, 1) < 0 ||
				       pgp_take_short(body, &parts->kdf) < 0
			       ? -1
			       : 0;
	case PGP_ALGO_ECDSA:
	case PGP_ALGO_EDDSA:
		return pgp_take_short(body, &parts->oid) < 0 || take_numbers(body, parts, 1) < 0
			       ? -1
			       : 0;
	case PGP_ALGO_X25519:
	case PGP_ALGO_ED25519:
		return pgp_take(body, PGP_POINT_LEN, &parts->point);
	default:
		return 1;
	}
}

static int take_apart(const struct pgp_packet *packet, struct parts *parts)
{
	struct span body = packet->body, public = SPAN_NULL;
	uint32_t time, len = 0;
	int status;

	*parts = (struct parts){.packet = *packet};
	if (pgp_take_byte(&body, &parts->version) < 0)
		return -1;
	if (parts->version != 4 && parts->version != 6)
		return 0;
	if (pgp_take_u32(&body, &time) < 0 || pgp_take_byte(&body, &parts->algo) < 0)
		return -1;
	if (parts->version == 6) {
		if (pgp_take_u32(&body, &len) < 0 || pgp_take(&body, len, &public) < 0)
			return -1;
		status = take_public(&public, parts);
		if (status < 0 || (status == 0 && public.len > 0))
			return -1;
	} else {
		status = take_public(&body, parts);
		if (status < 0)
			return -1;
		if (status > 0)
			return 0;
	}
	parts->public = span_sub(packet->body, 0, (size_t)(body.data - packet->body.data));
	parts->rest = body;
	parts->readable = true;
	return 0;
}

/* Of version 4: SHA-1 over the public part with a head as of an old packet; of version 6: SHA-256, and a longer length. */
static int make_fingerprint(const struct parts *parts, struct pgp_fingerprint *ret, struct err *err)
{
	size_t n = parts->public.len, len;
	const uint8_t head4[] = {0x99, (uint8_t)(n >> 8), (uint8_t)n};
	const uint8_t head6[] = {0x9b, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				 (uint8_t)n};
	bool old = parts->version == 4;
	const struct span all[] = {
		old ? span_of(head4, sizeof(head4)) : span_of(head6, sizeof(head6)), parts->public};
	uint8_t hash[CRYPTO_DIGEST_MAX];

	*ret = (struct pgp_fingerprint){.version = parts->version};
	if (!parts->readable)
		return 0;
	if (old && n > UINT16_MAX)
		return malformed(err);
	if (crypto_digest(old ? CRYPTO_SHA1 : CRYPTO_SHA256, all, ARRAY_LEN(all), hash, &len, err) <
	    0)
		return -1;
	memcpy(ret->bytes, hash, len);
	ret->len = (uint8_t)len;
	return 0;
}

static bool decrypts(const struct parts *parts)
{
	switch (parts->algo) {
	case PGP_ALGO_RSA_SIGN:
	case PGP_ALGO_DSA:
	case PGP_ALGO_ECDSA:
	case PGP_ALGO_EDDSA:
	case PGP_ALGO_ED25519:
	case PGP_ALGO_ED448:
		return false;
	default:
		return true;
	}
}

/* The primary key of a set that lives elsewhere: gpg wrote that it has none. */
static bool is_stub(struct span rest)
{
	static const uint8_t gnu[] = {S2K_GNU};
	uint8_t usage = 0, hash;
	struct span cipher, s2k, name;

	return pgp_take_byte(&rest, &usage) == 0 && (usage == USAGE_SHA1 || usage == USAGE_SUM) &&
	       pgp_take(&rest, 1, &cipher) == 0 && pgp_take(&rest, 1, &s2k) == 0 &&
	       span_eq(s2k, span_of(gnu, 1)) && pgp_take_byte(&rest, &hash) == 0 &&
	       pgp_take(&rest, 4, &name) == 0 &&
	       span_eq(name, SPAN("GNU\x01")); /* and S2K_GNU_DUMMY */
}

/* Cuts the checksum of version 4 off, which is the sum of all bytes. Returns whether it is right, and tells no more than that. */
static bool take_checksum(struct span *secret)
{
	uint16_t sum = 0, given;
	size_t i;

	if (secret->len < CHECKSUM_LEN)
		return false;
	secret->len -= CHECKSUM_LEN;
	for (i = 0; i < secret->len; i++)
		sum = (uint16_t)(sum + secret->data[i]);
	given = (uint16_t)(secret->data[secret->len] << 8 | secret->data[secret->len + 1]);
	return (sum ^ given) == 0;
}

/* 0 where it is a key for us, 1 where it is one for gpg, -1 where it is malformed. */
static int read_rsa(const struct parts *parts, struct span secret, struct pgp_secret *key)
{
	struct crypto_rsa *rsa = &key->rsa;

	key->kind = PGP_RSA;
	rsa->n = parts->numbers[0];
	rsa->e = parts->numbers[1];
	/* OpenPGP's u is the first prime's inverse modulo the second, OpenSSL's the other way round: so the primes change places. */
	if (pgp_take_mpi(&secret, &rsa->d) < 0 || pgp_take_mpi(&secret, &rsa->q) < 0 ||
	    pgp_take_mpi(&secret, &rsa->p) < 0 || pgp_take_mpi(&secret, &rsa->qinv) < 0 ||
	    secret.len > 0)
		return -1;
	if (rsa->n.len < CRYPTO_RSA_LEN_LEAST || rsa->n.len > CRYPTO_RSA_LEN_MAX ||
	    rsa->e.len > RSA_E_LEN_MAX)
		return 1;
	return rsa->e.len && rsa->d.len && rsa->p.len && rsa->q.len && rsa->qinv.len ? 0 : -1;
}

/* The secret belongs to the public key, as it is: clamped. */
static int check_curve(const struct pgp_secret *key)
{
	uint8_t public[PGP_POINT_LEN];
	const uint8_t *secret = key->curve.secret;
	bool clamped = !(secret[0] & 7) && !(secret[PGP_POINT_LEN - 1] & 0x80) &&
		       (secret[PGP_POINT_LEN - 1] & 0x40);

	if (key->kind == PGP_ECDH && !clamped)
		return 1;
	crypto_scalarmult_base(public, secret);
	return memcmp(public, key->curve.public, sizeof(public)) == 0 ? 0 : 1;
}

static int read_ecdh(const struct parts *parts, struct span secret, struct pgp_secret *key)
{
	struct span number, point = parts->numbers[0];
	size_t i;

	key->kind = PGP_ECDH;
	if (!span_eq(parts->oid, span_of(OID_CURVE25519, sizeof(OID_CURVE25519))))
		return 1;
	if (pgp_take_mpi(&secret, &number) < 0 || secret.len > 0 || number.len > PGP_POINT_LEN ||
	    point.len != 1 + PGP_POINT_LEN || point.data[0] != POINT_PREFIX ||
	    parts->kdf.len != KDF_LEN || parts->kdf.data[0] != KDF_VERSION)
		return -1;
	key->curve.kdf_hash = parts->kdf.data[1];
	key->curve.kdf_cipher = parts->kdf.data[2];
	memcpy(key->curve.public, point.data + 1, PGP_POINT_LEN);
	for (i = 0; i < number.len; i++) /* it is written with its highest byte first */
		key->curve.secret[i] = number.data[number.len - 1 - i];
	return check_curve(key);
}

static int read_x25519(const struct parts *parts, struct span secret, struct pgp_secret *key)
{
	key->kind = PGP_X25519;
	if (secret.len != PGP_POINT_LEN)
		return -1;
	memcpy(key->curve.secret, secret.data, PGP_POINT_LEN);
	memcpy(key->curve.public, parts->point.data, PGP_POINT_LEN);
	return check_curve(key);
}

/* Returns as read_rsa(). */
static int read_secret(const struct parts *parts, struct pgp_secret *key)
{
	struct span secret = parts->rest;
	uint8_t usage;

	if (!parts->readable)
		return 1;
	if (pgp_take_byte(&secret, &usage) < 0)
		return -1;
	if (usage != USAGE_PLAIN)
		return 1;
	if (parts->version == 4 && !take_checksum(&secret))
		return -1;
	switch (parts->algo) {
	case PGP_ALGO_RSA:
	case PGP_ALGO_RSA_ENCRYPT:
		return read_rsa(parts, secret, key);
	case PGP_ALGO_ECDH:
		return read_ecdh(parts, secret, key);
	case PGP_ALGO_X25519:
		return read_x25519(parts, secret, key);
	default:
		return 1;
	}
}

/* What is being read: a primary key and what belongs to it. */
struct reading {
	struct secret_pool *pool;
	struct pgp_found *found;
	struct pgp_secret **tail;
	size_t secrets;
	struct pgp_fingerprint primary;
	bool open, named; /* there is a primary key; it has a user id */
};

static int add_secret(struct reading *reading, const struct parts *parts, struct err *err)
{
	struct pgp_secret *key;
	int status;

	if (++reading->secrets > PGP_SECRETS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d PGP secret keys", PGP_SECRETS_MAX);
	key = (struct pgp_secret *)(void *)secret_alloc(reading->pool, sizeof(*key), err);
	if (!key)
		return -1;
	status = read_secret(parts, key);
	if (status < 0)
		return malformed(err);
	if (!decrypts(parts) || is_stub(parts->rest))
		return 0;
	if (status > 0)
		key->kind = PGP_FOREIGN;
	if (make_fingerprint(parts, &key->own, err) < 0)
		return -1;
	key->primary = reading->primary;
	memcpy(key->id, pgp_key_id(&key->own), PGP_KEY_ID_LEN);
	*reading->tail = key;
	reading->tail = &key->next;
	return 0;
}

/* gpg imports no key without a user id. RFC 9580 has version 6 keys without one. */
static int end_key(struct reading *reading, struct err *err)
{
	if (reading->open && !reading->named && reading->primary.version != 6)
		return err_set(err, ERR_FORMAT, "a PGP key without a user id");
	reading->open = reading->named = false;
	return 0;
}

static int read_primary(struct reading *reading, const struct pgp_packet *packet, struct err *err)
{
	struct parts parts;

	if (end_key(reading, err) < 0)
		return -1;
	if (take_apart(packet, &parts) < 0)
		return malformed(err);
	if (make_fingerprint(&parts, &reading->primary, err) < 0)
		return -1;
	reading->open = true;
	reading->found->keys++;
	return packet->tag == PGP_SECRET_KEY ? add_secret(reading, &parts, err) : 0;
}

static int read_packet(struct reading *reading, const struct pgp_packet *packet, struct err *err)
{
	struct parts parts;

	if (pgp_packet_idle(packet))
		return 0;
	switch (packet->tag) {
	case PGP_SECRET_KEY:
	case PGP_PUBLIC_KEY:
		return read_primary(reading, packet, err);
	case PGP_SECRET_SUBKEY:
	case PGP_PUBLIC_SUBKEY:
	case PGP_USER_ID:
	case PGP_USER_ATTRIBUTE:
	case PGP_SIGNATURE:
		break;
	default:
		return err_set(err, ERR_FORMAT, "not a PGP key");
	}
	if (!reading->open)
		return err_set(err, ERR_FORMAT, "not a PGP key");
	if (packet->tag == PGP_USER_ID)
		reading->named = true;
	if (packet->tag != PGP_SECRET_SUBKEY)
		return 0;
	if (take_apart(packet, &parts) < 0)
		return malformed(err);
	return add_secret(reading, &parts, err);
}

int pgp_key_read(struct span packets, struct secret_pool *pool, struct pgp_found *found,
		 struct err *err)
{
	struct reading reading = {.pool = pool, .found = found, .tail = &found->list};
	struct pgp_packet packet;
	int status;

	for (; *reading.tail; reading.tail = &(*reading.tail)->next)
		reading.secrets++;
	while ((status = pgp_packet_next(&packets, pool, &packet, err)) > 0) {
		if (read_packet(&reading, &packet, err) < 0)
			return -1;
	}
	return status < 0 ? -1 : end_key(&reading, err);
}
