/* SPDX-License-Identifier: Apache-2.0
 *
 * Identity files: the text that age-keygen writes.
 */
#ifndef KEYS_AGE_KEYFILE_H
#define KEYS_AGE_KEYFILE_H

#include "keys/age_identity.h"

enum {
	AGE_KEYFILE_MAX = 16 * 1024 * 1024, /* bytes of an identity file; age's own limit */
};

/* How identities stand in a line. */
enum age_keyfile_rule {
	AGE_KEYFILE_LINES, /* one in a line, nothing around it */
	AGE_KEYFILE_WORDS, /* any number, with white space between: SOPS_AGE_KEY */
};

/* Reads all identities of text into a list in the pool, in order; NULL where it has none. One malformed line refuses all.
 * Errors: ERR_FORMAT and ERR_UNSUPPORTED, with the line's number and nothing of its text; ERR_LIMIT, ERR_NOMEM. */
int age_keyfile_parse(struct span text, enum age_keyfile_rule rule, struct secret_pool *pool,
		      struct age_identity **ret_list, struct err *err) NODISCARD;

#endif
