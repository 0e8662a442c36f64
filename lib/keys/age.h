/* SPDX-License-Identifier: Apache-2.0
 *
 * One age file (age-encryption.org/v1): bytes and identities in, plaintext out. No I/O, no armor (age_armor.h).
 */
#ifndef KEYS_AGE_H
#define KEYS_AGE_H

#include "keys/age_identity.h"

/* Finds the file key: tries each identity of the list, in order, on each stanza, as age does, then checks the header's MAC. For any
 * class but AGE_OPENED err says why. */
enum age_class age_file_key(const struct age_header *header, const struct age_identity *identities,
			    uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err);

/* Opens the file. The plaintext, at most max bytes, is put into the pool. */
enum age_class age_open(struct span file, const struct age_identity *identities, size_t max,
			struct secret_pool *pool, struct span *ret_plain, struct err *err);

#endif
