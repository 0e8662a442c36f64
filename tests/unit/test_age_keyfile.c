/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/age_keyfile.c: the grammar of identity files, and that no message shows a key. sops: age/keysource.go (parseIdentities)
 */
#include "age_data.h"

#include "bech32_emit.h"
#include "keys/age_keyfile.h"

/* Made by age-keygen 1.3.1 for this test; they open nothing. */
#define ID_A "AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU"
#define ID_B "AGE-SECRET-KEY-1FSCT2RAMKUN2KQJKM8VK4QZS9H5T9DPNP3ZQFW26H8XNQ75RTRESZ76RH8"

struct row {
	const char *text;
	int lines, words; /* identities by either rule; -1: ERR_FORMAT, -2: ERR_UNSUPPORTED */
};

static const struct row rows[] = {
	{"", 0, 0},
	{"\n", 0, 0},
	{"\r\n", 0, 0},
	{"# created: 2026\n", 0, 0},
	{ID_A, 1, 1},
	{ID_A "\n", 1, 1},
	{ID_A "\r\n", 1, 1},
	{ID_A "\n" ID_B, 2, 2},
	{ID_A "\r\n# x\r\n\r\n" ID_B "\r\n", 2, 2},
	{"#" ID_A "\n" ID_B "\n", 1, 1},
	{ID_A "\n" ID_A "\n", 2, 2},
	/* One in a line, nothing around it; or words. */
	{ID_A " " ID_B "\n", -1, 2},
	{" " ID_A "\n", -1, 1},
	{ID_A " \n", -1, 1},
	{ID_A "\t" ID_B "\n", -1, 2},
	{ID_A "\xc2\xa0" ID_B "\n", -1, 2},
	{ID_A "\xe3\x80\x80" ID_B "\n", -1, 2},
	{"  \n", -1, 0},
	{" # x\n", -1, -1},
	{ID_A " # x\n", -1, -1},
	{ID_A "\r\r\n", -1, 1},
	{ID_A "\r" ID_B "\n", -1, 2},
	{ID_A "," ID_B "\n", -1, -1},
	/* Malformed: everything is refused. */
	{ID_A "\nx\n", -1, -1},
	{"\xef\xbb\xbf" ID_A "\n", -1, -1},
	{"age-secret-key-17ertlnvs26cjgmg7nkxertfjmv0u5yg5kkfh3r62kjg0uvngky7ssu58au\n", -1, -1},
	{"AGE-SECRET-KEY-17ertlnvs26cjgmg7nkxertfjmv0u5yg5kkfh3r62kjg0uvngky7ssu58au\n", -1, -1},
	{"AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AV\n", -1, -1},
	{"AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58A\n", -1, -1},
	{"AGE-SECRET-KEY-1\n", -1, -1},
	{"AGE-SECRET-KEY-PQ-1\n", -1, -1},
	{"AGE-SECRET-KEY-2X\n", -1, -1},
	{"age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plph\n", -1, -1},
	{"ssh-ed25519 AAAA\n", -1, -1},
	{"-----BEGIN OPENSSH PRIVATE KEY-----\n", -1, -1},
	{"AGE-PLUGIN-YUBIKEY-1XXXX\n", -2, -2},
	{ID_A "\nAGE-PLUGIN-X-1\n", -2, -2},
	{"age-encryption.org/v1\n-> scrypt x 1\n", -2, -2},
	{"-----BEGIN AGE ENCRYPTED FILE-----\n", -2, -2},
	{"\nage-encryption.org/v1\n", -1, -1},
};

static int parse(struct span text, enum age_keyfile_rule rule, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct age_identity *list;
	int n = 0;

	if (age_keyfile_parse(text, rule, &pool, &list, err) < 0)
		return err->code == ERR_FORMAT ? -1 : err->code == ERR_UNSUPPORTED ? -2 : -3;
	for (; list; list = list->next)
		n++;
	return n;
}

static void reads_what_sops_reads(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int got = parse(span_str(rows[i].text), AGE_KEYFILE_LINES, &err);

		if (got != rows[i].lines)
			fail_msg("row %zu by lines: %d, %s", i, got, err.msg);
		got = parse(span_str(rows[i].text), AGE_KEYFILE_WORDS, &err);
		if (got != rows[i].words)
			fail_msg("row %zu by words: %d, %s", i, got, err.msg);
	}
}

static void tells_the_line_and_not_the_text(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(
		parse(SPAN("# x\r\n\r\n" ID_A "\nCANARY-SECRET\n"), AGE_KEYFILE_LINES, &err), -1);
	assert_string_equal(err.msg, "line 4: unknown identity type");
	assert_int_equal(parse(SPAN("AGE-SECRET-KEY-1CANARY\n"), AGE_KEYFILE_LINES, &err), -1);
	assert_null(strstr(err.msg, "CANARY"));
	assert_int_equal(parse(SPAN(ID_A "X"), AGE_KEYFILE_LINES, &err), -1);
	assert_null(strstr(err.msg, "7ERTL"));
	assert_int_equal(parse(SPAN(ID_A " CANARY"), AGE_KEYFILE_WORDS, &err), -1);
	assert_string_equal(err.msg, "line 1: unknown identity type");
}

static void refuses_keys_of_another_length_or_kind(void **state)
{
	static const struct {
		const char *hrp;
		size_t len;
	} bad[] = {
		{"AGE-SECRET-KEY-", 31},    {"AGE-SECRET-KEY-", 33},    {"AGE-SECRET-KEY-", 0},
		{"AGE-SECRET-KEY-PQ-", 31}, {"AGE-SECRET-KEY-PQ-", 33}, {"AGE-SECRET-KEY-PQ-", 64},
		{"AGE-SECRET-KEY-1", 32}, /* the last 1 is the one that parts: another kind */
	};
	const uint8_t bytes[64] = {9};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(1024);

		bech32_emit(span_str(bad[i].hrp), span_of(bytes, bad[i].len), &text);
		assert_int_equal(parse(buf_span(&text), AGE_KEYFILE_LINES, &err), -1);
	}
	for (size_t i = 0; i < 4; i += 3) { /* the same with 32 bytes is fine */
		CLEAN_BUF struct buf text = BUF_INIT(1024);

		bech32_emit(span_str(bad[i].hrp), span_of(bytes, 32), &text);
		assert_int_equal(parse(buf_span(&text), AGE_KEYFILE_LINES, &err), 1);
	}
}

static void differs_asks_for_no_passphrase(void **state)
{
	static const char *const names[] = {"passphrase-armored.agekey",
					    "passphrase-binary.agekey"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;

		age_data(names[i], &text);
		assert_int_equal(parse(buf_span(&text), AGE_KEYFILE_LINES, &err), -2);
		assert_string_equal(err.msg, "protected by a passphrase, which is not supported");
	}
}

static void differs_runs_no_plugin(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(parse(SPAN(ID_A "\nAGE-PLUGIN-YUBIKEY-17XQ\n"), AGE_KEYFILE_LINES, &err),
			 -2);
	assert_string_equal(err.msg, "line 2: identities of age plugins are not supported");
}

static void bounds_a_file(void **state)
{
	uint8_t *text = malloc(AGE_KEYFILE_MAX + 1);
	struct err err = ERR_INIT;

	assert_non_null(text);
	memset(text, '#', AGE_KEYFILE_MAX + 1);
	assert_int_equal(parse(span_of(text, AGE_KEYFILE_MAX), AGE_KEYFILE_LINES, &err), 0);
	assert_int_equal(parse(span_of(text, AGE_KEYFILE_MAX + 1), AGE_KEYFILE_LINES, &err), -3);
	assert_int_equal(err.code, ERR_LIMIT);
	free(text);
}

/* What a file gives by lines it gives by words too. */
static int by_either_rule(struct span text, void *arg)
{
	struct err err = ERR_INIT;
	int lines = parse(text, AGE_KEYFILE_LINES, &err);

	if (lines >= 0)
		assert_int_equal(parse(text, AGE_KEYFILE_WORDS, &err), lines);
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN("# c\r\n" ID_A "\n\n" ID_B), by_either_rule, NULL);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_sops_reads),
		cmocka_unit_test(tells_the_line_and_not_the_text),
		cmocka_unit_test(refuses_keys_of_another_length_or_kind),
		cmocka_unit_test(differs_asks_for_no_passphrase),
		cmocka_unit_test(differs_runs_no_plugin),
		cmocka_unit_test(bounds_a_file),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
