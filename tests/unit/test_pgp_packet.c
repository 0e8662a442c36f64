/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/pgp_packet.c: heads in both formats, bodies in parts, and the numbers in bodies.
 */
#include "pgp_files.h"

/* tag, head and body as bytes in hex; what comes out as "TAG:BODY", "; " between; NULL: an error. */
static const struct {
	const char *bytes, *packets;
} rows[] = {
	{"", ""},
	/* new format: one, two and five bytes of length */
	{"cb026162", "11:6162"},
	{"cb00", "11:"},
	{"cbff000000026162", "11:6162"},
	{"ff0161", "63:61"},
	{"cb0161cb0162", "11:61; 11:62"},
	/* old format: one, two and four bytes of length, and up to the end */
	{"ac026162", "11:6162"},
	{"ad00026162", "11:6162"},
	{"ae000000026162", "11:6162"},
	{"af6162cb", "11:6162cb"},
	{"84020102", "1:0102"},
	{"a3", "8:"},
	/* in parts, for data: 1 + 2 + 1, 2 + 0, 1 of 0 and 1 */
	{"cbe061e1626301640a", NULL},
	{"cbe061e162630164", "11:61626364"},
	{"d2e1616200", "18:6162"},
	{"d4e061c00161", NULL},
	/* and for nothing else */
	{"c5e1616200", NULL},
	{"c1e0610161", NULL},
	{"97616263", NULL},
	{"87616263", NULL},
	/* markers have to be ones */
	{"ca03504750", "10:504750"},
	{"ca03504751", NULL},
	{"ca00", NULL},
	/* no packet */
	{"00", NULL},
	{"7f0161", NULL},
	/* cut short */
	{"cb", NULL},
	{"cb0261", NULL},
	{"cbc0", NULL},
	{"cbc000", NULL},
	{"cbff", NULL},
	{"cbff000000", NULL},
	{"cbffffffffff", NULL},
	{"cbffffffffff61", NULL},
	{"ac0261", NULL},
	{"ad00", NULL},
	{"aeffffffff61", NULL},
	{"cbe061", NULL},
	{"cbe061e0", NULL},
	{"cbe1", NULL},
	{"cbfe61", NULL},
	{"cb0161cb", NULL},
};

static struct span unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return span_of(out, n);
}

static void reads_packets(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		char text[256] = "";
		uint8_t bytes[64];
		struct span rest = unhex(rows[i].bytes, bytes);
		struct pgp_packet packet;
		struct err err = ERR_INIT;
		int status;

		while ((status = pgp_packet_next(&rest, &pool, &packet, &err)) > 0) {
			sprintf(text + strlen(text), "%s%d:", text[0] ? "; " : "", packet.tag);
			for (size_t k = 0; k < packet.body.len; k++)
				sprintf(text + strlen(text), "%02x", packet.body.data[k]);
		}
		if (!rows[i].packets) {
			if (status != -1)
				fail_msg("row %zu: read as %s", i, text);
			assert_int_equal(err.code, ERR_FORMAT);
			continue;
		}
		if (status < 0)
			fail_msg("row %zu: %s", i, err.msg);
		assert_string_equal(text, rows[i].packets);
	}
}

/* A length of two bytes has its own scale, and parts may be many, but not without end. */
/* gpg 2.2 reads what follows. */
static void differs_refuses_reserved_packets(void **state)
{
	static const struct span texts[] = {{(const uint8_t *)"\x80\x01x\xcb\x01x", 6},
					    {(const uint8_t *)"\xc0\x01x\xcb\x01x", 6},
					    {(const uint8_t *)"\xcb\x01x\x80\x01x", 6}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
		struct span rest = texts[i];
		struct pgp_packet packet;
		struct err err = ERR_INIT;
		int status;

		while ((status = pgp_packet_next(&rest, &pool, &packet, &err)) > 0)
			;
		assert_int_equal(status, -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void reads_long_packets(void **state)
{
	static uint8_t bytes[3 * PGP_PARTS_MAX + 1024];
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct pgp_packet packet;
	struct err err = ERR_INIT;
	struct span rest = span_of(bytes, 3 + 192 + 256 + 7);
	size_t n;

	memcpy(bytes, "\xcb\xc1\x07", 3);
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	assert_int_equal(packet.body.len, 192 + 256 + 7);
	assert_int_equal(rest.len, 0);
	for (n = 0; n < PGP_PARTS_MAX; n++)
		memcpy(bytes + 1 + 2 * n, "\xe0x", 2);
	bytes[1 + 2 * n] = 0;
	rest = span_of(bytes, 2 + 2 * n);
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	bytes[1 + 2 * (n - 1)] = 0;
	rest = span_of(bytes, 2 * n);
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	assert_int_equal(packet.body.len, n - 1);
}

static void takes_numbers(void **state)
{
	static const struct {
		const char *bytes, *number; /* NULL: none */
		size_t rest;
	} mpis[] = {
		{"0000", "", 0},       {"000101", "01", 0},     {"000101ff", "01", 1},
		{"000801ff", "01", 1}, {"00090102", "0102", 0}, {"00100002", "02", 0},
		{"00080000", "", 1},   {"", NULL, 0},           {"00", NULL, 0},
		{"0001", NULL, 0},     {"000901", NULL, 0},     {"ffff01", NULL, 0},
		{"400101", NULL, 0},
	};
	uint8_t bytes[64], wanted[64];
	struct span body, number;
	uint32_t u32;

	for (size_t i = 0; i < ARRAY_LEN(mpis); i++) {
		int status;

		body = unhex(mpis[i].bytes, bytes);
		status = pgp_take_mpi(&body, &number);
		assert_int_equal(status, mpis[i].number ? 0 : -1);
		if (status == 0) {
			assert_true(span_eq(number, unhex(mpis[i].number, wanted)));
			assert_int_equal(body.len, mpis[i].rest);
		}
	}
	body = unhex("0102030405", bytes);
	assert_int_equal(pgp_take_u32(&body, &u32), 0);
	assert_int_equal(u32, 0x01020304);
	assert_int_equal(pgp_take_u32(&body, &u32), -1);
	body = unhex("020102", bytes);
	assert_int_equal(pgp_take_short(&body, &number), 0);
	assert_int_equal(number.len, 2);
	body = unhex("030102", bytes);
	assert_int_equal(pgp_take_short(&body, &number), -1);
	body = unhex("00", bytes);
	assert_int_equal(pgp_take_short(&body, &number), -1);
	body = unhex("ff", bytes);
	assert_int_equal(pgp_take_short(&body, &number), -1);
}

static int walk(struct span input, void *arg)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct pgp_packet packet;
	struct err err = ERR_INIT;
	size_t before = input.len;
	int status;

	while ((status = pgp_packet_next(&input, &pool, &packet, &err)) > 0) {
		assert_true(input.len < before && packet.body.len < before);
		before = input.len;
	}
	return status;
}

static void survives_mangling(void **state)
{
	static const char *const names[] = {"gpg-ecc.msg", "ecc.asc", "go-v6-long.msg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;

		mangle_all(span_sub(pgp_file_packets(names[i], &pool), 0, 700), walk, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_packets),
		cmocka_unit_test(differs_refuses_reserved_packets),
		cmocka_unit_test(reads_long_packets),
		cmocka_unit_test(takes_numbers),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
