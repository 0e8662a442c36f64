/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/age_header.c: the one way to write a header, and all the others. age: internal/format/format.go
 */
#include "age_data.h"

#include "age_emit.h"
#include "keys/age_armor.h"

#define INTRO "age-encryption.org/v1\n"
#define MAC   "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define L64   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define L43   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct row {
	const char *text;
	int stanzas; /* -1: refused */
};

static const struct row rows[] = {
	{INTRO MAC, 0},
	{INTRO MAC "payload", 0},
	{INTRO "-> a\n\n" MAC, 1},
	{INTRO "-> a b c d e f\nAAAA\n" MAC, 1},
	{INTRO "-> a\n" L64 "\n\n" MAC, 1},
	{INTRO "-> a\n" L64 "\n" L64 "\nAA\n-> b\n\n" MAC, 2},
	{INTRO "-> ! ~\n\n" MAC, 1},
	{INTRO "-> -> ---\n\n" MAC, 1},
	{"", -1},
	{"age-encryption.org/v1", -1},
	{"age-encryption.org/v2\n" MAC, -1},
	{"age-encryption.org/v1\r\n" MAC, -1},
	{" " INTRO MAC, -1},
	{INTRO, -1},
	{INTRO "\n" MAC, -1},
	{INTRO "->\n\n" MAC, -1}, /* no type */
	{INTRO "-> \n\n" MAC, -1},
	{INTRO "->a\n\n" MAC, -1},
	{INTRO "-> a \n\n" MAC, -1}, /* an empty argument */
	{INTRO "-> a  b\n\n" MAC, -1},
	{INTRO "->  a\n\n" MAC, -1},
	{INTRO "-> a\tb\n\n" MAC, -1},
	{INTRO "-> \xc3\xa4\n\n" MAC, -1},
	{INTRO "-> a\x7f\n\n" MAC, -1},
	{INTRO "-> a\r\n\n" MAC, -1},
	{INTRO "-> a\n" MAC, -1},          /* no body */
	{INTRO "-> a\n" L64 "\n" MAC, -1}, /* the body has no short line */
	{INTRO "-> a\n" L64 "A\n\n" MAC, -1},
	{INTRO "-> a\nAAAA=\n" MAC, -1},
	{INTRO "-> a\nAAA=\n" MAC, -1},
	{INTRO "-> a\nAB\n" MAC, -1}, /* not canonical */
	{INTRO "-> a\nA\n" MAC, -1},
	{INTRO "-> a\n AAAA\n" MAC, -1},
	{INTRO "-> a\n\r\n" MAC, -1},
	{INTRO "-> a\nAAAA\nAAAA\n" MAC, -1},
	{INTRO "-> a\n\n\n" MAC, -1},
	{INTRO "---\n", -1},
	{INTRO "--- \n", -1},
	{INTRO "---" L43 "\n", -1},
	{INTRO "---  " L43 "\n", -1},
	{INTRO "--- " L43 " \n", -1},
	{INTRO "--- " L43, -1},
	{INTRO "--- " L43 "\r\n", -1},
	{INTRO "--- " L43 "=\n", -1},
	{INTRO "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n", -1}, /* not canonical */
	{INTRO "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", -1},
	{INTRO "--- x " L43 "\n", -1},
	{INTRO "--"
	       "\n",
	 -1},
	/* A passphrase's stanza: alone, and well formed. */
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" L43 "\n" MAC, 1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 1\n" L43 "\n" MAC, 1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 22\n" L43 "\n" MAC, 1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 23\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 0\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 010\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 100\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 1x\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10 10\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAB 10\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAA 10\n" L43 "\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\nAAAA\n" MAC, -1},
	{INTRO "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" L43 "\n-> a\n\n" MAC, -1},
	{INTRO "-> a\n\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" L43 "\n" MAC, -1},
	{INTRO "-> Scrypt\n\n-> a\n\n" MAC, 2},
};

static void reads_the_one_form(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_ARENA struct arena arena = ARENA_INIT(AGE_DATA_MAX);
		struct age_header header;
		struct err err = ERR_INIT;
		struct age_stanza *stanza;
		int n = 0;

		if (age_header_parse(span_str(rows[i].text), &arena, &header, &err) < 0) {
			if (rows[i].stanzas >= 0)
				fail_msg("row %zu: %s", i, err.msg);
			assert_int_equal(err.code, ERR_FORMAT);
			continue;
		}
		for (stanza = header.stanzas; stanza; stanza = stanza->next)
			n++;
		if (n != rows[i].stanzas)
			fail_msg("row %zu: %d stanzas", i, n);
	}
}

static void tells_the_parts_of_a_stanza(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(AGE_DATA_MAX);
	const struct span text = SPAN(INTRO "-> type one two three\n" L64 "\nYWdl\n" MAC "rest");
	struct age_header header;
	struct err err = ERR_INIT;

	assert_int_equal(age_header_parse(text, &arena, &header, &err), 0);
	assert_true(span_is(header.stanzas->type, "type"));
	assert_int_equal(header.stanzas->arg_count, 3);
	assert_true(span_is(header.stanzas->args[0], "one"));
	assert_true(span_is(header.stanzas->args[1], "two"));
	assert_int_equal(header.stanzas->body.len, 51);
	assert_memory_equal(header.stanzas->body.data + 48, "age", 3);
	assert_true(span_ends(header.covered, SPAN("YWdl\n---")));
	assert_ptr_equal(header.covered.data, text.data);
	assert_true(span_is(header.payload, "rest"));
}

static void differs_scrypt_stands_alone(void **state)
{
	static const char scrypt[] = "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" L43 "\n";
	static const char other[] = "-> X25519 " L43 "\n" L43 "\n";
	CLEAN_ARENA struct arena arena = ARENA_INIT(AGE_DATA_MAX);
	struct age_header header;

	for (int first = 0; first < 3; first++) {
		CLEAN_BUF struct buf text = BUF_INIT(4096);
		struct err err = ERR_INIT;

		buf_printf(&text, INTRO "%s%s" MAC, first == 1 ? other : scrypt,
			   first == 0   ? other
			   : first == 1 ? scrypt
					: "");
		assert_int_equal(age_header_parse(buf_span(&text), &arena, &header, &err),
				 first == 2 ? 0 : -1);
		if (first < 2)
			assert_string_equal(err.msg,
					    "age header has a passphrase among recipients");
	}
}

static void differs_age_is_bounded(void **state)
{
	for (int over = 0; over < 2; over++) {
		CLEAN_ARENA struct arena arena = ARENA_INIT(8 * AGE_DATA_MAX);
		CLEAN_BUF struct buf text = BUF_INIT(8 * AGE_DATA_MAX);
		struct age_header header;
		struct err err = ERR_INIT;

		buf_add_str(&text, INTRO);
		for (size_t i = 0; i < AGE_STANZAS_MAX + (size_t)over; i++)
			buf_add_str(&text, "-> a\n\n");
		buf_add_str(&text, MAC);
		assert_int_equal(age_header_parse(buf_span(&text), &arena, &header, &err), -over);
		assert_int_equal(err.code, over ? ERR_LIMIT : ERR_NONE);
	}
	for (int over = 0; over < 2; over++) {
		CLEAN_ARENA struct arena arena = ARENA_INIT(8 * AGE_DATA_MAX);
		CLEAN_BUF struct buf text = BUF_INIT(8 * AGE_DATA_MAX);
		struct age_header header;
		struct err err = ERR_INIT;
		const size_t rest = sizeof("\n\n" MAC) - 1;

		buf_add_str(&text, INTRO "-> ");
		buf_add_fill(&text, 'a', AGE_HEADER_MAX - text.len - rest + (size_t)over);
		buf_add_str(&text, "\n\n" MAC);
		assert_int_equal(text.len, AGE_HEADER_MAX + over);
		assert_int_equal(age_header_parse(buf_span(&text), &arena, &header, &err), -over);
		assert_int_equal(err.code, over ? ERR_LIMIT : ERR_NONE);
	}
}

static void reads_bytes_of_one_length_only(void **state)
{
	uint8_t out[AGE_ARG_MAX + 1];
	CLEAN_BUF struct buf text = BUF_INIT(8192);

	assert_int_equal(age_header_bytes(SPAN("YWdl"), out, 3), 0);
	assert_memory_equal(out, "age", 3);
	assert_int_equal(age_header_bytes(SPAN("YWdl"), out, 2), -1);
	assert_int_equal(age_header_bytes(SPAN("YWdl"), out, 4), -1);
	assert_int_equal(age_header_bytes(SPAN("YWdlLQ"), out, 4), 0);
	assert_int_equal(age_header_bytes(SPAN("YWdlLR"), out, 4), -1);
	assert_int_equal(age_header_bytes(SPAN("YWdlLQ=="), out, 4), -1);
	assert_int_equal(age_header_bytes(SPAN("YW\nl"), out, 3), -1);
	memset(out, 7, sizeof(out));
	base64_encode(span_of(out, AGE_ARG_MAX), false, &text);
	assert_int_equal(age_header_bytes(buf_span(&text), out, AGE_ARG_MAX), 0);
	buf_reset(&text);
	base64_encode(span_of(out, AGE_ARG_MAX + 1), false, &text);
	assert_int_equal(age_header_bytes(buf_span(&text), out, AGE_ARG_MAX + 1), -1);
}

/* What is accepted is exactly what would be written. */
static int is_canonical(struct span text, void *arg)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(AGE_DATA_MAX);
	CLEAN_BUF struct buf again = BUF_INIT(AGE_DATA_MAX);
	struct age_header header;
	struct err err = ERR_INIT;

	if (age_header_parse(text, &arena, &header, &err) < 0)
		return -1;
	if (age_emit_header(&header, &again)) {
		buf_add_span(&again, header.payload);
		assert_true(span_eq(buf_span(&again), text));
	}
	return 0;
}

static void survives_mangling(void **state)
{
	static const char *const files[] = {"to-x25519.age", "to-many.age", "to-ssh-ed25519.age",
					    "to-passphrase.age"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX), file = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;

		age_data(files[i], &text);
		assert_int_equal(age_armor_decode(buf_span(&text), &file, &err), 0);
		assert_int_equal(is_canonical(buf_span(&file), NULL), 0);
		mangle_all(buf_span(&file), is_canonical, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_one_form),
		cmocka_unit_test(tells_the_parts_of_a_stanza),
		cmocka_unit_test(differs_scrypt_stands_alone),
		cmocka_unit_test(differs_age_is_bounded),
		cmocka_unit_test(reads_bytes_of_one_length_only),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
