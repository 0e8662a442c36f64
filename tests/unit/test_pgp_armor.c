/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_armor.c: blocks with and without header lines and checksum, text around them, and all that gpg would not read.
 */
#include "pgp_files.h"

#define HEAD "-----BEGIN PGP MESSAGE-----\n"
#define TAIL "-----END PGP MESSAGE-----\n"

/* The CRC-24 of "hello", as gpg --enarmor computes it. */
#define HELLO "aGVsbG8=\n=R/WK\n"

static const struct {
	const char *text;
	const char *blocks; /* what the blocks hold, "|" between; NULL: an error */
	const char *why;
} rows[] = {
	{"", "", NULL},
	{"hello\n", "", NULL},
	{HEAD "\n" HELLO TAIL, "hello", NULL},
	{HEAD "\naGVsbG8=\n" TAIL, "hello", NULL},
	{HEAD "\naGVs\nbG8=\n" TAIL, "hello", NULL},
	{HEAD "\naG  Vs\tbG8=\n" TAIL, "hello", NULL},
	{HEAD "Version: 1\nComment: x: y\n\n" HELLO TAIL, "hello", NULL},
	{HEAD "  \t\r\n" HELLO TAIL, "hello", NULL},
	{"text\n" HEAD "\n" HELLO TAIL "text\n", "hello", NULL},
	{HEAD "\n" HELLO TAIL "\n" HEAD "\naGVsbG9v\n" TAIL, "hello|helloo", NULL},
	{"-----BEGIN PGP MESSAGE-----\r\n\r\naGVsbG8=\r\n=R/WK\r\n-----END PGP MESSAGE-----\r\n",
	 "hello", NULL},
	{HEAD "\n" HELLO "-----END PGP MESSAGE-----", "hello", NULL},
	{HEAD "\n" HELLO "\n" TAIL, "hello", NULL},
	/* behind the checksum nothing counts, as in gpg */
	{HEAD "\n" HELLO, "hello", NULL},
	{HEAD "\n" HELLO "=R/WK\naGVs\n-" TAIL, "hello", NULL},
	/* another word behind: the packets say what it is */
	{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" HELLO TAIL, "hello", NULL},
	{"-----BEGIN PGP ARMORED FILE-----\n\naGVsbG8=\n =R/WK\n", "hello", NULL},
	/* no BEGIN line */
	{"-----BEGIN PGP MESSaGE-----\n\n" HELLO TAIL, "", NULL},
	{"-----BEGIN PGP MESSAGE----\n\n" HELLO TAIL, "", NULL},
	{" " HEAD "\n" HELLO TAIL, "", NULL},
	{"-----BEGIN AGE ENCRYPTED FILE-----\n\n" HELLO TAIL, "", NULL},
	{"-----BEGIN PGP -----\n\n" HELLO TAIL, "", NULL},
	/* malformed */
	{HEAD, NULL, "PGP armor is cut short"},
	{HEAD "\n", NULL, "PGP armor is cut short"},
	{HEAD "\naGVsbG8=\n", NULL, "PGP armor is cut short"},
	{HEAD HELLO TAIL, NULL, "PGP armor has a malformed header line"},
	{HEAD "\n" TAIL, NULL, "PGP armor has malformed base64"},
	{HEAD "\n=R/WK\n" TAIL, NULL, "PGP armor has malformed base64"},
	{HEAD "\naGVsbG8\n" TAIL, NULL, "PGP armor has malformed base64"},
	{HEAD "\naGV*bG8=\n" TAIL, NULL, "PGP armor has malformed base64"},
	{HEAD "\naGVsbG8=\n=R/WQ\n" TAIL, NULL, "the checksum of PGP armor is wrong"},
	{HEAD "\naGVsbG8=\n=R/XK\n" TAIL, NULL, "the checksum of PGP armor is wrong"},
	{HEAD "\naGVsbG8=\n=h/WK\n" TAIL, NULL, "the checksum of PGP armor is wrong"},
	{HEAD "\naGVsbG8=\n=R/W\n" TAIL, NULL, "PGP armor has a malformed checksum"},
	{HEAD "\naGVsbG8=\n=R/W=\n" TAIL, NULL, "PGP armor has a malformed checksum"},
	{HEAD "\naGVsbG8=\n-----END AGE ENCRYPTED FILE-----\n", NULL,
	 "PGP armor ends with no END line"},
	{HEAD "\naGVsbG8=\n-----END PGP MESSAGE----\n", NULL, "PGP armor ends with no END line"},
	{HEAD "\naGVs\n" HEAD "\n" HELLO TAIL, NULL, "PGP armor ends with no END line"},
};

static void reads_blocks(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		CLEAN_BUF struct buf blocks = BUF_INIT(1024);
		struct span text = span_str(rows[i].text), bytes = SPAN_NULL;
		struct err err = ERR_INIT;
		int status;

		while ((status = pgp_armor_next(&text, &pool, &bytes, &err)) > 0) {
			buf_add_str(&blocks, blocks.len ? "|" : "");
			buf_add_span(&blocks, bytes);
		}
		if (!rows[i].blocks) {
			assert_int_equal(status, -1);
			assert_int_equal(err.code, ERR_FORMAT);
			assert_string_equal(err.msg, rows[i].why);
			continue;
		}
		if (status < 0)
			fail_msg("row %zu: %s", i, err.msg);
		if (!span_is(buf_span(&blocks), rows[i].blocks))
			fail_msg("row %zu: %.*s", i, (int)blocks.len, blocks.data);
	}
}

/* gpg 2.2 reads each of them, the last with a warning. */
static void differs_refuses_damaged_pgp_armor(void **state)
{
	static const char *const texts[] = {
		HEAD "\naGVsbG8==\n=R/WK\n" TAIL,
		HEAD "\naGVsbG9v=\n=WNrQ\n" TAIL,
		HEAD "\naGVsbG8=\n==R/WK\n" TAIL,
		HEAD "\naGVsbG8=\n=R/WK-\n" TAIL,
		HEAD "\naGVsbG8=\n=R/WK x\n" TAIL,
		HEAD "\naGVsbG8=\n-=R/WK\n" TAIL,
		HEAD "\naGVsbG8=\n",
		HEAD "\naGVs*bG8=\n=R/WK\n" TAIL,
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span text = span_str(texts[i]), bytes = SPAN_NULL;
		struct err err = ERR_INIT;

		if (pgp_armor_next(&text, &pool, &bytes, &err) != -1)
			fail_msg("row %zu", i);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void knows_packets_without_armor(void **state)
{
	assert_false(pgp_armor_none(SPAN_NULL));
	assert_false(pgp_armor_none(SPAN("-----BEGIN PGP")));
	assert_true(pgp_armor_none(SPAN("\x94\x58")));
}

static int decode(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct span *whole = arg;
	struct err err = ERR_INIT;
	struct span bytes;
	int status = pgp_armor_next(&input, &pool, &bytes, &err);

	if (status > 0) /* the checksum is 24 bits; a flip in it or in the base64 is always seen */
		assert_true(span_eq(bytes, *whole));
	else if (status < 0)
		assert_true(err.code == ERR_FORMAT && err.msg[0]);
	return status;
}

static void survives_mangling(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FILE_MAX);
	struct span whole = pgp_file_packets("gpg-ecc.msg", &pool);

	pgp_file("gpg-ecc.msg", &text);
	mangle_all(buf_span(&text), decode, &whole);
}

static void differs_needs_no_checksum_of_armor(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span text = SPAN(HEAD "\naGVsbG9v\n" TAIL), bytes = SPAN_NULL;
	struct err err = ERR_INIT;

	assert_int_equal(pgp_armor_next(&text, &pool, &bytes, &err), 1);
	assert_true(span_is(bytes, "helloo"));
}

static void differs_needs_nothing_behind_the_checksum(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span text = SPAN(HEAD "\naGVsbG8=\n=R/WK"), bytes = SPAN_NULL;
	struct err err = ERR_INIT;

	assert_int_equal(pgp_armor_next(&text, &pool, &bytes, &err), 1);
	assert_true(span_is(bytes, "hello"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_blocks),
		cmocka_unit_test(differs_refuses_damaged_pgp_armor),
		cmocka_unit_test(differs_needs_no_checksum_of_armor),
		cmocka_unit_test(differs_needs_nothing_behind_the_checksum),
		cmocka_unit_test(knows_packets_without_armor),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
