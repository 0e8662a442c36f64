/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/age_armor.c: what is armor and what is not; the rules are those of age's own reader (armor/armor.go).
 */
#include "age_data.h"

#include "base/text.h"
#include "keys/age_armor.h"

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define END   "-----END AGE ENCRYPTED FILE-----"
/* 48 bytes of 'A' to '/' in one full line */
#define FULL "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2"

struct row {
	const char *text, *plain; /* NULL: refused */
};

#define FULL_PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"

static const struct row rows[] = {
	{BEGIN "\nYWdl\n" END "\n", "age"},
	{BEGIN "\nYWdl\n" END, "age"},
	{BEGIN "\nYWdlLQ==\n" END "\n", "age-"},
	{BEGIN "\n" END "\n", ""},
	{BEGIN "\r\nYWdl\r\n" END "\r\n", "age"},
	{BEGIN "\r\nYWdl\n" END "\r", "age"},
	{BEGIN "\n" FULL "\n" END "\n", FULL_PLAIN},
	{BEGIN "\n" FULL "\nYWdl\n" END "\n", FULL_PLAIN "age"},
	{BEGIN "\n" FULL "\n" FULL "\n" END "\n", FULL_PLAIN FULL_PLAIN},
	{"\n \t\n\r\n\xc2\xa0\n" BEGIN "\nYWdl\n" END "\n", "age"},
	{BEGIN "\nYWdl\n" END "\n\n \t\n\xe2\x80\xa8\n", "age"},
	{BEGIN "\nYWdl\n" END " \n", NULL},    /* a blank after END */
	{BEGIN "\nYWdl\n" END "\n   x", NULL}, /* data after END */
	{BEGIN "\nYWdl\n " END "\n", NULL},
	{" " BEGIN "\nYWdl\n" END "\n", NULL},
	{BEGIN " \nYWdl\n" END "\n", NULL},
	{"x\n" BEGIN "\nYWdl\n" END "\n", NULL},
	{BEGIN "\nYWdl\n\n" END "\n", NULL}, /* empty lines */
	{BEGIN "\n\nYWdl\n" END "\n", NULL},
	{BEGIN "\n \n" END "\n", NULL},
	{BEGIN "\nYWdl\nYWdl\n" END "\n", NULL},   /* a line after a short one */
	{BEGIN "\n" FULL "QUJD\n" END "\n", NULL}, /* 68 columns */
	{BEGIN "\n" FULL "\nYWdl" END "\n", NULL}, /* no line end */
	{BEGIN "\nYWdlLQ=\n" END "\n", NULL},      /* padding */
	{BEGIN "\nYWdlLQ\n" END "\n", NULL},
	{BEGIN "\nYWdlLR==\n" END "\n", NULL}, /* bits behind the last byte */
	{BEGIN "\nYWdl LQ==\n" END "\n", NULL},
	{BEGIN "\nYWd*\n" END "\n", NULL},
	{BEGIN "\n====\n" END "\n", NULL},
	{BEGIN "\nVersion: 1\n\nYWdl\n" END "\n", NULL}, /* a header */
	{BEGIN "\nYWdl\n", NULL},                        /* no END */
	{BEGIN "\nYWdl\n-----END AGE ENCRYPTED FILE----\n", NULL},
	{BEGIN "\n", NULL},
	{BEGIN, NULL},
	{"", NULL},
	{"\n\n", NULL},
	{"-----begin age encrypted file-----\nYWdl\n-----end age encrypted file-----\n", NULL},
	{"-----BEGIN PGP MESSAGE-----\nYWdl\n-----END PGP MESSAGE-----\n", NULL},
	{"age-encryption.org/v1\n", NULL},
};

static void takes_what_age_takes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;
		int status = age_armor_decode(span_str(rows[i].text), &out, &err);

		if (status != (rows[i].plain ? 0 : -1))
			fail_msg("row %zu: %s", i, status == 0 ? "accepted" : err.msg);
		if (status < 0)
			assert_int_equal(err.code, ERR_FORMAT);
		else
			assert_true(span_is(buf_span(&out), rows[i].plain));
	}
}

static void passes_over_a_cr_inside_the_last_line(void **state)
{
	/* Go's base64 does: the line counts it for its width only. */
	static const struct row crs[] = {
		{BEGIN "\nYW\rdl\n" END "\n", "age"},
		{BEGIN "\nYWdl\r\r\n" END "\n", "age"},
		{BEGIN "\n" FULL "\r\r\n" END "\n", NULL},
		{BEGIN "\n\r\r\n" END "\n", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(crs); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		assert_int_equal(age_armor_decode(span_str(crs[i].text), &out, &err),
				 crs[i].plain ? 0 : -1);
		if (crs[i].plain)
			assert_true(span_is(buf_span(&out), crs[i].plain));
	}
}

/* White space around the armor: 1024 bytes before it, line ends with them; less than 1024 after the END line. */
static void bounds_white_space(void **state)
{
	for (size_t n = 1000; n < 1100; n++) {
		CLEAN_BUF struct buf before = BUF_INIT(4096), after = BUF_INIT(4096);
		CLEAN_BUF struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		buf_add_fill(&before, '\n', n);
		buf_add_str(&before, BEGIN "\nYWdl\n" END "\n");
		assert_int_equal(age_armor_decode(buf_span(&before), &out, &err),
				 n <= AGE_ARMOR_SPACE_MAX ? 0 : -1);
		buf_add_str(&after, BEGIN "\nYWdl\n" END "\n");
		buf_add_fill(&after, ' ', n);
		assert_int_equal(age_armor_decode(buf_span(&after), &out, &err),
				 n < AGE_ARMOR_SPACE_MAX ? 0 : -1);
	}
}

static void tells_the_limit_of_the_output(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(10);
	struct err err = ERR_INIT;

	assert_int_equal(age_armor_decode(SPAN(BEGIN "\n" FULL "\n" END "\n"), &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* What is accepted and written in the one way that age writes it reads back equal. */
static int reads_back(struct span text, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(AGE_DATA_MAX), again = BUF_INIT(AGE_DATA_MAX);
	CLEAN_BUF struct buf written = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	if (age_armor_decode(text, &out, &err) < 0)
		return -1;
	buf_add_str(&written, BEGIN "\n");
	for (size_t at = 0; at < out.len; at += 48) {
		base64_encode(span_sub(buf_span(&out), at, 48), true, &written);
		buf_add_char(&written, '\n');
	}
	buf_add_str(&written, END "\n");
	assert_int_equal(age_armor_decode(buf_span(&written), &again, &err), 0);
	assert_true(span_eq(buf_span(&out), buf_span(&again)));
	return 0;
}

static void survives_mangling(void **state)
{
	static const char *const files[] = {"to-x25519.age", "to-x25519.empty.age",
					    "to-ssh-rsa.age"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);

		age_data(files[i], &text);
		assert_int_equal(reads_back(buf_span(&text), NULL), 0);
		mangle_all(buf_span(&text), reads_back, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_age_takes),
		cmocka_unit_test(passes_over_a_cr_inside_the_last_line),
		cmocka_unit_test(bounds_white_space),
		cmocka_unit_test(tells_the_limit_of_the_output),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
