/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload of an age file: a nonce, then chunks of ChaCha20-Poly1305 (STREAM). Opened chunk by chunk, none given out before its tag
 * has been checked.
 */
#ifndef KEYS_AGE_PAYLOAD_H
#define KEYS_AGE_PAYLOAD_H

#include "base/err.h"
#include "base/span.h"

enum {
	AGE_FILE_KEY_LEN = 16,
	AGE_CHUNK_LEN = 64 * 1024, /* bytes of plaintext in all chunks but the last */
};

struct age_payload {
	uint8_t key[32];
	struct span rest; /* chunks not read yet */
	uint64_t counter;
	bool last; /* the last chunk has been read */
	bool done; /* and nothing follows it */
};

/* Takes the nonce and derives the key. ERR_FORMAT where there is no room for a nonce. The caller wipes ret_payload. */
int age_payload_init(const uint8_t file_key[static AGE_FILE_KEY_LEN], struct span payload,
		     struct age_payload *ret_payload, struct err *err) NODISCARD;

/* How much plaintext the whole payload holds at most; exactly that where it is well formed. */
size_t age_payload_size(struct span payload);

/* Opens the next chunk into out, which has room for AGE_CHUNK_LEN bytes or for what is left, whichever is less. After the last one done is
 * set. ERR_VALUE for a chunk that does not open or is missing, and for what follows the last one. */
int age_payload_next(struct age_payload *payload, uint8_t *out, size_t *ret_len, struct err *err)
	NODISCARD;

#endif
