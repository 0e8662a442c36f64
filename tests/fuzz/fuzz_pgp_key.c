/* SPDX-License-Identifier: Apache-2.0
 *
 * PGP keys, as packets. A key that is taken is whole: its secret belongs to its public key, its id to its fingerprint; and it reads the same
 * again.
 */
#include "keys/pgp_key.h"

#include <assert.h>
#include <sodium.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void check(const struct pgp_secret *key)
{
	uint8_t public[PGP_POINT_LEN];

	assert(key->kind == PGP_FOREIGN || key->own.len == (key->own.version == 4 ? 20 : 32));
	assert(memcmp(key->id, pgp_key_id(&key->own), PGP_KEY_ID_LEN) == 0);
	if (key->kind == PGP_RSA)
		assert(key->rsa.n.len >= CRYPTO_RSA_LEN_LEAST &&
		       key->rsa.n.len <= CRYPTO_RSA_LEN_MAX && key->rsa.e.len && key->rsa.d.len &&
		       key->rsa.p.len && key->rsa.q.len);
	if (key->kind != PGP_ECDH && key->kind != PGP_X25519)
		return;
	crypto_scalarmult_base(public, key->curve.secret);
	assert(memcmp(public, key->curve.public, sizeof(public)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct pgp_found found = {.list = NULL}, again = {.list = NULL};
	const struct pgp_secret *key, *other;
	struct err err = ERR_INIT;

	if (pgp_key_read(span_of(data, size), &pool, &found, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_LIMIT) && err.msg[0]);
		return 0;
	}
	assert(pgp_key_read(span_of(data, size), &pool, &again, &err) == 0 &&
	       found.keys == again.keys);
	for (key = found.list, other = again.list; key; key = key->next, other = other->next) {
		check(key);
		assert(other && key->kind == other->kind &&
		       memcmp(&key->own, &other->own, sizeof(key->own)) == 0);
	}
	return 0;
}
