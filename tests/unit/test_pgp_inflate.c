/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_inflate.c: blocks of each kind as zlib 1.2 writes them, and what zlib would not read. tests/interop/pgp.py compares thousands.
 */
#include "pgp_files.h"

#include "keys/pgp_inflate.h"

enum { MAX = 5000 };

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

#define DYNAMIC                                                                                        \
	"b5cf890103210800b05915117c381451d6ef14cd06495ced6abcb9e7bd734ba41dce1d3a7b32c87abe08f505e5e4" \
	"d7a5ca08702cf636c07e86f4308bb20ad460f274b07abedc129565c31672ee3dca637e25c62c9dccc50f0f94996b" \
	"1a2313c85767bfb1e276a1a5d88a486975eda633b24192d56dd3a0b568b29d610a7811d4e47aff9a59d371dfe71b" \
	"29fdb3f303"

static const struct {
	const char *bytes;
	bool zlib;
	const char *plain; /* NULL: an error */
	size_t rest;
} rows[] = {
	{"0300", false, "", 0},
	{"cb48cdc9c957c8409000", false, "hello hello hello", 0},
	{"010500faff68656c6c6f", false, "hello", 0},
	{"000500faff68656c6c6f0300", false, "hello", 0},
	{"010500faff68656c6c6f6161", false, "hello", 2},
	{"cb48cdc9c957c8409000ff", false, "hello hello hello", 1},
	{"78dacb48cdc9c90700062c0215", true, "hello", 0},
	{"78dacb48cdc9c90700062c021500", true, "hello", 1},
	/* zlib's head and tail */
	{"78dacb48cdc9c90700062c0214", true, NULL, 0},
	{"78dacb48cdc9c90700062c02", true, NULL, 0},
	{"78dbcb48cdc9c90700062c0215", true, NULL, 0},
	{"88dacb48cdc9c90700062c0215", true, NULL, 0},
	{"78bbcb48cdc9c90700062c0215", true, NULL, 0}, /* a preset dictionary */
	{"78", true, NULL, 0},
	/* blocks */
	{"", false, NULL, 0},
	{"07", false, NULL, 0},                   /* of the fourth kind */
	{"010500fbff68656c6c6f", false, NULL, 0}, /* a length that is not its complement */
	{"010500faff68656c6c", false, NULL, 0},
	{"010500fa", false, NULL, 0},
	{"cb48cdc9c957c840", false, NULL, 0},
	{"000500faff68656c6c6f", false, NULL, 0}, /* no last block */
	{"03fe", false, NULL, 0},
	{"0302", false, NULL, 0}, /* from before the beginning */
};

static int run(const char *hex, bool zlib, struct secret_pool *pool, struct span *plain,
	       struct span *rest, struct err *err)
{
	uint8_t bytes[512], *block;
	size_t n = unhex(hex, bytes);
	int status;

	block = mangle_block(span_of(bytes, n), n);
	status = pgp_inflate(span_of(block, n), zlib, MAX, pool, plain, rest, err);
	free(block);
	return status;
}

static void reads_blocks(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span plain, rest;
		struct err err = ERR_INIT;
		int status = run(rows[i].bytes, rows[i].zlib, &pool, &plain, &rest, &err);

		if (status != (rows[i].plain ? 0 : -1))
			fail_msg("row %zu: %d %s", i, status, err.msg);
		if (status < 0) {
			assert_int_equal(err.code, ERR_FORMAT);
			continue;
		}
		assert_true(span_is(plain, rows[i].plain));
		assert_int_equal(rest.len, rows[i].rest);
	}
}

static void reads_codes_of_its_own(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span plain, rest;
	struct err err = ERR_INIT;

	assert_int_equal(run(DYNAMIC, false, &pool, &plain, &rest, &err), 0);
	assert_int_equal(plain.len, 300);
	for (size_t i = 0; i < plain.len; i++)
		assert_int_equal(plain.data[i], (i * i * 7 + i / 9) % 23 + 97);
}

/* 300 times one byte: what is past the limit is an error, not a cut. */
static void keeps_the_limit(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	uint8_t bytes[64];
	size_t n = unhex("4b4c1c05c40200", bytes);
	struct span plain, rest;
	struct err err = ERR_INIT;

	assert_int_equal(pgp_inflate(span_of(bytes, n), false, 300, &pool, &plain, &rest, &err), 0);
	assert_int_equal(plain.len, 300);
	assert_int_equal(pgp_inflate(span_of(bytes, n), false, 299, &pool, &plain, &rest, &err),
			 -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* More than the first room: it grows, and the earlier bytes are still there. */
static void grows(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	uint8_t bytes[16 * 1024];
	size_t n = 0;
	struct span plain, rest;
	struct err err = ERR_INIT;

	for (int block = 0; block < 10; block++) {
		memcpy(bytes + n, block == 9 ? "\x01\xe8\x03\x17\xfc" : "\x00\xe8\x03\x17\xfc", 5);
		memset(bytes + n + 5, 'a' + block, 1000);
		n += 1005;
	}
	assert_int_equal(pgp_inflate(span_of(bytes, n), false, 10000, &pool, &plain, &rest, &err),
			 0);
	assert_int_equal(plain.len, 10000);
	for (size_t i = 0; i < plain.len; i++)
		assert_int_equal(plain.data[i], 'a' + i / 1000);
}

static int any(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span plain, rest;
	struct err err = ERR_INIT;
	int status = pgp_inflate(input, arg != NULL, MAX, &pool, &plain, &rest, &err);

	if (status < 0)
		assert_true((err.code == ERR_FORMAT || err.code == ERR_LIMIT) && err.msg[0]);
	else
		assert_true(plain.len <= MAX && rest.len <= input.len);
	return status;
}

static void survives_mangling(void **state)
{
	uint8_t bytes[512];

	mangle_all(span_of(bytes, unhex(DYNAMIC, bytes)), any, NULL);
	for (size_t i = 0; i < 8; i++)
		mangle_all(span_of(bytes, unhex(rows[i].bytes, bytes)), any,
			   rows[i].zlib ? bytes : NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_blocks),      cmocka_unit_test(reads_codes_of_its_own),
		cmocka_unit_test(keeps_the_limit),   cmocka_unit_test(grows),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
