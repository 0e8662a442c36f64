/* SPDX-License-Identifier: Apache-2.0
 *
 * From the text of an SSH private key to its numbers. OpenSSH's container:
 *
 *   "openssh-key-v1" NUL, string cipher, string kdf, string kdf options, uint32 number of keys, string public key,
 *   string { uint32 check, uint32 the same, string type, the key's parts, string comment, padding 1 2 3 ... }
 *
 * A string is its length in four bytes, then its bytes; an mpint is a string with a number in two's complement. Refuses several keys in one
 * file, and types other than ed25519 and RSA. OpenSSH: PROTOCOL.key;
 * golang.org/x/crypto/ssh: keys.go (ParseRawPrivateKey); age: agessh/agessh.go
 *
 * Differs: sops asks for a passphrase where a key has one; and takes RSA keys below 2048 bits, above 16384, and of more than two primes, to
 * which age refuses to encrypt, or OpenSSL to compute.
 */
#include "keys/ssh_key.h"

#include "base/text.h"
#include "base/wipe.h"
#include "keys/ssh_der.h"
#include "keys/ssh_pem.h"

#include <sodium.h>

enum { OPENSSH_RSA_MAX = 1024 /* bytes of a modulus */ };

static const struct span MAGIC = {(const uint8_t *)"openssh-key-v1", 15}; /* with its NUL */

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed OpenSSH private key");
}

static int protected(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "protected by a passphrase, which is not supported");
}

static int take_number(struct span *in, uint32_t *ret)
{
	if (in->len < 4)
		return -1;
	*ret = (uint32_t)in->data[0] << 24 | (uint32_t)in->data[1] << 16 |
	       (uint32_t)in->data[2] << 8 | in->data[3];
	*in = span_from(*in, 4);
	return 0;
}

static int take_string(struct span *in, struct span *ret)
{
	struct span rest = *in;
	uint32_t len;

	if (take_number(&rest, &len) < 0 || len > rest.len)
		return -1;
	*ret = span_sub(rest, 0, len);
	*in = span_from(rest, len);
	return 0;
}

/* A positive mpint, without leading zeros. */
static int take_mpint(struct span *in, struct span *ret)
{
	if (take_string(in, ret) < 0 || (ret->len && (ret->data[0] & 0x80)))
		return -1;
	while (ret->len && ret->data[0] == 0)
		*ret = span_from(*ret, 1);
	return 0;
}

static uint8_t *put_length(uint8_t *at, size_t len)
{
	at[0] = (uint8_t)(len >> 24);
	at[1] = (uint8_t)(len >> 16);
	at[2] = (uint8_t)(len >> 8);
	at[3] = (uint8_t)len;
	return at + 4;
}

static uint8_t *put_string(uint8_t *at, struct span s)
{
	at = put_length(at, s.len);
	memcpy(at, s.data, s.len);
	return at + s.len;
}

/* A zero byte goes before a number that would read as negative without it. */
static uint8_t *put_mpint(uint8_t *at, struct span number)
{
	bool zero = number.data[0] & 0x80;

	at = put_length(at, number.len + zero);
	*at = 0;
	memcpy(at + zero, number.data, number.len);
	return at + zero + number.len;
}

/* The public key is what ssh-keygen writes beside the private one: age finds stanzas by its hash. */
static int make_ed25519_wire(struct ssh_key *key, struct span public, struct secret_pool *pool,
			     struct err *err)
{
	const struct span type = SPAN("ssh-ed25519");
	uint8_t *wire = secret_alloc(pool, 4 + type.len + 4 + SSH_ED25519_LEN, err);

	if (!wire)
		return -1;
	key->wire = span_of(wire, (size_t)(put_string(put_string(wire, type), public) - wire));
	return 0;
}

/* What is wrong with the numbers among each other is found when they are used (crypto_rsa_open). */
static int finish_rsa(struct ssh_key *key, struct secret_pool *pool, struct err *err)
{
	const struct span type = SPAN("ssh-rsa");
	const struct crypto_rsa *rsa = &key->rsa;
	uint8_t *wire;

	if (rsa->n.len < CRYPTO_RSA_LEN_MIN)
		return err_set(err, ERR_UNSUPPORTED, "RSA keys below %d bits are not supported",
			       CRYPTO_RSA_LEN_MIN * 8);
	if (rsa->n.len > CRYPTO_RSA_LEN_MAX)
		return err_set(err, ERR_UNSUPPORTED, "RSA keys above %d bits are not supported",
			       CRYPTO_RSA_LEN_MAX * 8);
	if (rsa->e.len == 0 || rsa->e.len > 4 || (rsa->e.len == 4 && (rsa->e.data[0] & 0x80)) ||
	    rsa->d.len == 0 || rsa->d.len > rsa->n.len || rsa->p.len == 0 ||
	    rsa->p.len >= rsa->n.len || rsa->q.len == 0 || rsa->q.len >= rsa->n.len)
		return err_set(err, ERR_FORMAT, "malformed RSA private key");
	wire = secret_alloc(pool, 4 + type.len + 5 + rsa->e.len + 5 + rsa->n.len, err);
	if (!wire)
		return -1;
	key->wire = span_of(
		wire,
		(size_t)(put_mpint(put_mpint(put_string(wire, type), rsa->e), rsa->n) - wire));
	return 0;
}

/* 1 2 3 ... up to the cipher's block size; none may be missing or other. */
static bool padded(struct span rest)
{
	size_t i;

	for (i = 0; i < rest.len; i++) {
		if (rest.data[i] != (uint8_t)(i + 1))
			return false;
	}
	return true;
}

static int read_ed25519(struct span in, struct ssh_key *key, struct secret_pool *pool,
			struct err *err)
{
	struct span public, pair, comment;

	if (take_string(&in, &public) < 0 || take_string(&in, &pair) < 0 ||
	    take_string(&in, &comment) < 0 || pair.len != 2 * SSH_ED25519_LEN || !padded(in))
		return malformed(err);
	key->kind = SSH_KEY_ED25519;
	key->seed = span_sub(pair, 0, SSH_ED25519_LEN);
	return make_ed25519_wire(key, span_from(pair, SSH_ED25519_LEN), pool, err);
}

static int read_rsa(struct span in, struct ssh_key *key, struct secret_pool *pool, struct err *err)
{
	struct crypto_rsa *rsa = &key->rsa;
	struct span coefficient, comment;

	if (take_mpint(&in, &rsa->n) < 0 || take_mpint(&in, &rsa->e) < 0 ||
	    take_mpint(&in, &rsa->d) < 0 || take_mpint(&in, &coefficient) < 0 ||
	    take_mpint(&in, &rsa->p) < 0 || take_mpint(&in, &rsa->q) < 0 ||
	    take_string(&in, &comment) < 0 || !padded(in))
		return malformed(err);
	/* x/crypto/ssh bounds this container more than others. */
	if (rsa->n.len > OPENSSH_RSA_MAX || rsa->p.len > OPENSSH_RSA_MAX / 2 ||
	    rsa->q.len > OPENSSH_RSA_MAX / 2 || rsa->e.len > 3)
		return err_set(err, ERR_UNSUPPORTED, "numbers of the RSA key are too large");
	key->kind = SSH_KEY_RSA;
	return finish_rsa(key, pool, err);
}

static int read_container(struct span in, struct ssh_key *key, struct secret_pool *pool,
			  struct err *err)
{
	struct span cipher, kdf, options, public, private, type;
	uint32_t count, check, again;

	if (!span_starts(in, MAGIC))
		return malformed(err);
	in = span_from(in, MAGIC.len);
	if (take_string(&in, &cipher) < 0 || take_string(&in, &kdf) < 0 ||
	    take_string(&in, &options) < 0 || take_number(&in, &count) < 0 || count != 1 ||
	    take_string(&in, &public) < 0 || take_string(&in, &private) < 0)
		return malformed(err);
	if (!span_is(cipher, "none") || !span_is(kdf, "none"))
		return protected(err);
	if (options.len || take_number(&private, &check) < 0 || take_number(&private, &again) < 0 ||
	    check != again || take_string(&private, &type) < 0)
		return malformed(err);
	if (span_is(type, "ssh-ed25519"))
		return read_ed25519(private, key, pool, err);
	if (span_is(type, "ssh-rsa"))
		return read_rsa(private, key, pool, err);
	return err_set(err, ERR_UNSUPPORTED, "only ed25519 and RSA keys open age files");
}

static int read_pkcs8(struct span der, struct ssh_key *key, struct secret_pool *pool,
		      struct err *err)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], pair[crypto_sign_SECRETKEYBYTES];
	CLEAN_WIPE(pair);

	if (ssh_der_pkcs8(der, key, err) < 0)
		return -1;
	if (key->kind == SSH_KEY_RSA)
		return finish_rsa(key, pool, err);
	(void)crypto_sign_seed_keypair(public, pair, key->seed.data);
	return make_ed25519_wire(key, span_of(public, sizeof(public)), pool, err);
}

int ssh_key_parse(struct span text, struct secret_pool *pool, struct ssh_key *ret_key,
		  struct err *err)
{
	struct ssh_key key = {.kind = SSH_KEY_RSA};
	struct ssh_pem pem;
	int status;

	if (text.len > SSH_KEY_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", SSH_KEY_MAX);
	if (ssh_pem_read(text, pool, &pem, err) < 0)
		return -1;
	if (pem.encrypted || span_is(pem.type, "ENCRYPTED PRIVATE KEY"))
		return protected(err);
	if (span_is(pem.type, "OPENSSH PRIVATE KEY"))
		status = read_container(pem.bytes, &key, pool, err);
	else if (span_is(pem.type, "PRIVATE KEY"))
		status = read_pkcs8(pem.bytes, &key, pool, err);
	else if (span_is(pem.type, "RSA PRIVATE KEY"))
		status = ssh_der_rsa(pem.bytes, &key.rsa, err) < 0 ? -1
								   : finish_rsa(&key, pool, err);
	else
		return err_set(err, ERR_UNSUPPORTED, "a '%s' does not open age files",
			       text_quote(pem.type).text);
	if (status == 0)
		*ret_key = key;
	return status;
}
