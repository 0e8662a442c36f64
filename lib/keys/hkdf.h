/* SPDX-License-Identifier: Apache-2.0
 *
 * HKDF with SHA-256 (RFC 5869).
 */
#ifndef KEYS_HKDF_H
#define KEYS_HKDF_H

#include "base/span.h"

enum {
	HKDF_PRK_LEN = 32,               /* bytes of SHA-256 */
	HKDF_OUT_MAX = 2 * HKDF_PRK_LEN, /* nobody here derives more */
};

/* prk = HMAC(salt, parts one after the other). An empty salt is 32 zero bytes, as HMAC pads it. */
void hkdf_extract(struct span salt, const struct span *parts, size_t count,
		  uint8_t prk[static HKDF_PRK_LEN]);

/* len bytes (at most HKDF_OUT_MAX) of output for the info that the parts make. */
void hkdf_expand(const uint8_t prk[static HKDF_PRK_LEN], const struct span *parts, size_t count,
		 uint8_t *out, size_t len);

/* Both at once: a 32-byte key. */
void hkdf_key(struct span ikm, struct span salt, struct span info,
	      uint8_t out[static HKDF_PRK_LEN]);

#endif
