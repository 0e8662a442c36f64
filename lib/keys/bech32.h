/* SPDX-License-Identifier: Apache-2.0
 *
 * Bech32, the text form of age keys.
 */
#ifndef KEYS_BECH32_H
#define KEYS_BECH32_H

#include "base/err.h"
#include "base/span.h"

enum {
	BECH32_TEXT_MAX =
		4096 /* bytes of one key's text: the longest of age, a hybrid recipient, has 1959 */
};

/* Reads one text. ret_hrp is the part of `text` before the last '1', in the case that it is written in; the bytes go to out, which has
 * room for cap of them. ERR_FORMAT, with a message that shows nothing of the text: it is mostly a key. */
int bech32_decode(struct span text, struct span *ret_hrp, uint8_t *out, size_t cap, size_t *ret_len,
		  struct err *err) NODISCARD;

#endif
