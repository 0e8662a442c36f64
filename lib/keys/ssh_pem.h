/* SPDX-License-Identifier: Apache-2.0
 *
 * The PEM frame around a private key.
 */
#ifndef KEYS_SSH_PEM_H
#define KEYS_SSH_PEM_H

#include "base/secret.h"

struct ssh_pem {
	struct span type;  /* "OPENSSH PRIVATE KEY"; part of the text */
	struct span bytes; /* what the base64 stands for; in the pool */
	bool encrypted;    /* its headers say that the bytes are encrypted (Proc-Type) */
};

/* Finds the first well-formed block in text. Errors: ERR_FORMAT where there is none, ERR_LIMIT, ERR_NOMEM. */
int ssh_pem_read(struct span text, struct secret_pool *pool, struct ssh_pem *ret_pem,
		 struct err *err) NODISCARD;

#endif
