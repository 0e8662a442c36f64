/* SPDX-License-Identifier: Apache-2.0
 *
 * SSH private keys that open age files: ed25519 and RSA, in the containers that ssh-keygen and openssl write.
 */
#ifndef KEYS_SSH_KEY_H
#define KEYS_SSH_KEY_H

#include "keys/crypto_openssl.h"

enum {
	SSH_KEY_MAX = 256 * 1024, /* bytes of a key file; RSA of 16384 bits has 13 KiB */
	SSH_ED25519_LEN = 32,     /* bytes of a seed, and of a public key */
};

enum ssh_key_kind { SSH_KEY_ED25519, SSH_KEY_RSA };

/* All spans lie in the pool. */
struct ssh_key {
	enum ssh_key_kind kind;
	struct span wire;      /* the public key as SSH writes it: string type, then its parts */
	struct span seed;      /* ed25519: 32 bytes */
	struct crypto_rsa rsa; /* RSA */
};

/* Reads a private key: OpenSSH's container, PKCS#8, or PKCS#1 for RSA. Errors: ERR_FORMAT, ERR_UNSUPPORTED (protected by a passphrase, or
 * of another type), ERR_LIMIT, ERR_NOMEM. */
int ssh_key_parse(struct span text, struct secret_pool *pool, struct ssh_key *ret_key,
		  struct err *err) NODISCARD;

#endif
