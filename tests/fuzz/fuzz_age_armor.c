/* SPDX-License-Identifier: Apache-2.0
 *
 * age armor: what was accepted, armored in the one way that age writes it, reads back equal, and so do any bytes.
 */
#include "base/text.h"
#include "keys/age_armor.h"

#include <assert.h>

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reads_back(struct span bytes)
{
	CLEAN_BUF struct buf text = BUF_INIT(OUT_MAX), out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	size_t at;

	buf_add_str(&text, "-----BEGIN AGE ENCRYPTED FILE-----\n");
	for (at = 0; at < bytes.len; at += 48) {
		base64_encode(span_sub(bytes, at, 48), true, &text);
		buf_add_char(&text, '\n');
	}
	buf_add_str(&text, "-----END AGE ENCRYPTED FILE-----\n");
	assert(age_armor_decode(buf_span(&text), &out, &err) == 0);
	assert(span_eq(buf_span(&out), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	if (age_armor_decode(span_of(data, size), &out, &err) == 0)
		reads_back(buf_span(&out));
	else
		assert(err.code == ERR_FORMAT && err.msg[0]);
	reads_back(span_of(data, size));
	return 0;
}
