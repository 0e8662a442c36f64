/* SPDX-License-Identifier: Apache-2.0
 *
 * PGP armor: what is read fits into the text, and is the same when it is written again and read.
 */
#include "base/text.h"
#include "keys/pgp_armor.h"

#include <assert.h>

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span text = span_of(data, size), bytes, again;
	struct err err = ERR_INIT;
	int status;

	while ((status = pgp_armor_next(&text, &pool, &bytes, &err)) > 0) {
		CLEAN_BUF struct buf armor = BUF_INIT(OUT_MAX);
		struct span copy;

		assert(bytes.len > 0 && bytes.len <= size / 4 * 3);
		buf_add_str(&armor, "-----BEGIN PGP MESSAGE-----\n\n");
		base64_encode(bytes, true, &armor);
		buf_add_str(&armor, "\n-----END PGP MESSAGE-----");
		copy = buf_span(&armor);
		assert(pgp_armor_next(&copy, &pool, &again, &err) == 1 && span_eq(bytes, again));
	}
	assert(status == 0 || (err.code == ERR_FORMAT && err.msg[0]));
	return 0;
}
