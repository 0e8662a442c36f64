/* SPDX-License-Identifier: Apache-2.0
 *
 * Private keys in DER: PKCS#1 and PKCS#8.
 */
#ifndef KEYS_SSH_DER_H
#define KEYS_SSH_DER_H

#include "keys/ssh_key.h"

/* The numbers of an RSAPrivateKey (RFC 8017, A.1.2) as they stand in der, which must outlive them.
 * Errors: ERR_FORMAT; ERR_UNSUPPORTED for more than two primes. */
int ssh_der_rsa(struct span der, struct crypto_rsa *ret_rsa, struct err *err) NODISCARD;

/* A PrivateKeyInfo (RFC 5208) that holds RSA or Ed25519 (RFC 8410): kind, and rsa or seed. Errors as above; ERR_UNSUPPORTED for another
 * algorithm. */
int ssh_der_pkcs8(struct span der, struct ssh_key *ret_key, struct err *err) NODISCARD;

#endif
