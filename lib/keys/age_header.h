/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of an age file (age-encryption.org/v1), read into stanzas.
 *
 *   age-encryption.org/v1
 *   -> TYPE ARG ARG...          a stanza: the file key, wrapped for one recipient
 *   BODY, base64 in lines of 64, the last one shorter
 *   --- MAC
 *   PAYLOAD
 */
#ifndef KEYS_AGE_HEADER_H
#define KEYS_AGE_HEADER_H

#include "base/arena.h"

/* Differs: age has none of these limits, nor those in key_age.h. */
enum {
	AGE_HEADER_MAX = 1024 * 1024, /* bytes; sops writes less than 2 KiB */
	AGE_STANZAS_MAX =
		1024, /* sops writes one; each costs an X25519 operation (60 us) for each identity */
	AGE_ARGS_KEPT = 2,  /* no type that we open has more */
	AGE_ARG_MAX = 1152, /* bytes that an argument stands for; a hybrid stanza's has 1120 */
	AGE_MAC_LEN = 32,
};

struct age_stanza {
	struct age_stanza *next;
	struct span type;
	struct span args[AGE_ARGS_KEPT]; /* the first ones; null spans where there are fewer */
	size_t arg_count;                /* of all */
	struct span body;                /* decoded; in the arena */
};

struct age_header {
	struct age_stanza *stanzas; /* in file order; NULL where there are none */
	struct span covered; /* the bytes under the MAC: from the start up to and with "---" */
	uint8_t mac[AGE_MAC_LEN];
	struct span payload; /* the rest of the file */
};

/* Reads the header of `file`, which must outlive ret_header. Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int age_header_parse(struct span file, struct arena *arena, struct age_header *ret_header,
		     struct err *err) NODISCARD;

/* Reads base64 as headers have it: unpadded, canonical. -1 where text is not that or has not exactly len bytes (at most
 * AGE_ARG_MAX). */
int age_header_bytes(struct span text, uint8_t *out, size_t len) NODISCARD;

#endif
