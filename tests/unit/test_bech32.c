/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/bech32.c: BIP 173's own examples (without its length limit), age keys, and everything that is refused.
 */
#include "mangle.h"

#include "bech32_emit.h"
#include "keys/bech32.h"

#include <stdio.h>

struct row {
	const char *text, *hrp;
	size_t len;
};

/* Texts whose data part is whole bytes; BIP 173's others have a remainder and are refused below. */
static const struct row valid[] = {
	{"A12UEL5L", "A", 0},
	{"a12uel5l", "a", 0},
	{"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
	 "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", 0},
	{"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef", 20},
	{"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split", 30},
	{"?1ezyfcl", "?", 0},
	{"age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plph", "age", 32},
};

static const char *const invalid[] = {
	"",
	"1",
	"a",
	"1qzzfhee",         /* empty human-readable part */
	"10a06t8",          /* the same */
	"pzry9x0s0muk",     /* no separator */
	"1pzry9x0s0muk",    /* nothing before it */
	"x1b4n0q5v",        /* 'b' is no digit */
	"li1dgmt3",         /* checksum too short */
	"A1G7SGD8",         /* checksum of the upper-case human-readable part */
	"A12uEL5L",         /* mixed case */
	"split1cheo2y9e2w", /* 'o' is no digit */
	"split1a2y9w",      /* too short a data part */
	"split1checkupstagehandshakeupstreamerranterredcaperred2y9e2w", /* checksum */
	"s lit1checkupstagehandshakeupstreamerranterredcaperredp8hs2p", /* a space */
	"spl\x7ft1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
	"age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plp",
	"age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plphq",
	" age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plph",
};

static void reads_valid_texts(void **state)
{
	struct err err = ERR_INIT;
	uint8_t out[64];
	struct span hrp;
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(valid); i++) {
		assert_int_equal(
			bech32_decode(span_str(valid[i].text), &hrp, out, sizeof(out), &len, &err),
			0);
		assert_true(span_is(hrp, valid[i].hrp));
		assert_int_equal(len, valid[i].len);
	}
}

static void refuses_malformed_texts(void **state)
{
	uint8_t out[64];
	struct span hrp;
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(invalid); i++) {
		struct err err = ERR_INIT;

		if (bech32_decode(span_str(invalid[i]), &hrp, out, sizeof(out), &len, &err) == 0)
			fail_msg("accepted '%s'", invalid[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void refuses_padding_that_is_set_or_too_long(void **state)
{
	/* Data parts of five-bit values that do not make whole bytes; the checksums are right. */
	static const struct {
		uint8_t values[8];
		size_t count;
		int status;
	} rows[] = {
		{{31, 28}, 2, 0},                        /* 8 bits and 2 zero bits */
		{{31, 29}, 2, -1},                       /* a set bit in the padding */
		{{31, 30}, 2, -1},         {{0}, 1, -1}, /* 5 bits of padding alone */
		{{31, 28, 0}, 3, -1},                    /* 7 bits of padding */
		{{31, 31, 31, 16}, 4, 0},  {{31, 31, 31, 17}, 4, -1},
		{{31, 31, 31, 30}, 4, -1},
	};
	uint8_t out[8];
	struct span hrp;
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(256);
		struct err err = ERR_INIT;

		bech32_emit_values(SPAN("x"), rows[i].values, rows[i].count, &text);
		assert_int_equal(bech32_decode(buf_span(&text), &hrp, out, sizeof(out), &len, &err),
				 rows[i].status);
	}
}

static void refuses_more_than_there_is_room_for(void **state)
{
	uint8_t bytes[33] = {0}, out[33];
	struct span hrp;
	size_t len;

	for (size_t n = 0; n <= sizeof(bytes); n++) {
		CLEAN_BUF struct buf text = BUF_INIT(256);
		struct err err = ERR_INIT;
		uint8_t *room = malloc(n ? n : 1);

		assert_non_null(room);
		bech32_emit(SPAN("x"), span_of(bytes, n), &text);
		assert_int_equal(bech32_decode(buf_span(&text), &hrp, room, n, &len, &err), 0);
		assert_int_equal(len, n);
		if (n > 0)
			assert_int_equal(
				bech32_decode(buf_span(&text), &hrp, out, n - 1, &len, &err), -1);
		free(room);
	}
}

static void reads_long_texts_up_to_its_limit(void **state)
{
	static uint8_t bytes[BECH32_TEXT_MAX], out[BECH32_TEXT_MAX];
	struct span hrp;
	size_t i, len;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
	for (i = 1200; i < 2600; i += 13) {
		CLEAN_BUF struct buf text = BUF_INIT(2 * BECH32_TEXT_MAX);
		struct err err = ERR_INIT;
		int status;

		bech32_emit(SPAN("age1pq"), span_of(bytes, i), &text);
		status = bech32_decode(buf_span(&text), &hrp, out, sizeof(out), &len, &err);
		assert_int_equal(status, text.len > BECH32_TEXT_MAX ? -1 : 0);
		if (status == 0) {
			assert_true(span_is(hrp, "age1pq"));
			assert_true(span_eq(span_of(out, len), span_of(bytes, i)));
		}
	}
}

/* What is accepted emits and reads back equal. */
static int emits_back(struct span text, void *arg)
{
	CLEAN_BUF struct buf again = BUF_INIT(BECH32_TEXT_MAX);
	struct err err = ERR_INIT;
	uint8_t out[64];
	struct span hrp;
	size_t len, *accepted = arg;

	if (bech32_decode(text, &hrp, out, sizeof(out), &len, &err) < 0)
		return -1;
	bech32_emit(hrp, span_of(out, len), &again);
	assert_true(span_eq(buf_span(&again), text));
	++*accepted;
	return 0;
}

static void accepts_no_mangled_key(void **state)
{
	size_t accepted = 0;

	mangle_all(
		SPAN("AGE-SECRET-KEY-16A5FG64FN8PG850HPXSQ4U5K97PWV6S0Z74HM0ZCKR4EEYLZYE8S7HNG3F"),
		emits_back, &accepted);
	/* Only the whole text; an even number of bits turned over would be needed to meet another one. */
	assert_int_equal(accepted, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_valid_texts),
		cmocka_unit_test(refuses_malformed_texts),
		cmocka_unit_test(refuses_padding_that_is_set_or_too_long),
		cmocka_unit_test(refuses_more_than_there_is_room_for),
		cmocka_unit_test(reads_long_texts_up_to_its_limit),
		cmocka_unit_test(accepts_no_mangled_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
