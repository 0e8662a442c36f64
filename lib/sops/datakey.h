/* SPDX-License-Identifier: Apache-2.0
 *
 * From wrapped keys to data keys, for many documents at once: every entry that could open a document is collected, equal ones are
 * asked once, offline services go first and only what they could not open goes to the network. Shares of key groups are combined
 * (shamir.c). sops: sops.go (GetDataKeyWithKeyServices), keyservice
 */
#ifndef SOPS_DATAKEY_H
#define SOPS_DATAKEY_H

#include "keys/keyring.h"

enum { DATAKEY_LEN = 32 }; /* bytes of an AES-256 key; sops writes no other */

struct datakey_want {
	const struct sops_meta *meta; /* in */
	struct span key; /* out: DATAKEY_LEN bytes in the ring's pool, or a null span */
	struct err *
		err; /* out: why not, with one clause per attempt, a line each; malloc'ed, the caller frees; NULL where opened */
};

/* Opens what can be opened. `order` is sops's --decryption-order text (key types with commas between) and then the order in which all
 * services are asked; NULL: offline services first, then age, pgp and the rest in the metadata's order. -1 only for what concerns all
 * (ERR_NOMEM, ERR_USAGE for an order that names a type twice). */
int datakey_open(struct datakey_want *wants, size_t n, struct keyring *ring, const char *order,
		 struct err *err) NODISCARD;

#endif
