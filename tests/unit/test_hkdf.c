/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/hkdf.c: RFC 5869, appendix A, test cases with SHA-256. Their outputs are longer than the one block that we make, so the first
 * block is compared.
 */
#include "mangle.h"

#include "base/text.h"
#include "keys/hkdf.h"

static void fill(uint8_t *out, uint8_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(from + i);
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *want)
{
	CLEAN_BUF struct buf hex = BUF_INIT(256);

	hex_encode(span_of(bytes, len), false, &hex);
	buf_add_char(&hex, 0);
	assert_string_equal((char *)hex.data, want);
}

static void matches_rfc_5869(void **state)
{
	uint8_t ikm[80], salt[80], info[80], prk[32], okm[64];
	struct span parts[2];

	memset(ikm, 0x0b, 22);
	fill(salt, 0, 13);
	fill(info, 0xf0, 10);
	parts[0] = span_of(ikm, 22);
	hkdf_extract(span_of(salt, 13), parts, 1, prk);
	assert_hex(prk, 32, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	parts[0] = span_of(info, 10);
	hkdf_expand(prk, parts, 1, okm, 32);
	assert_hex(okm, 32, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
	hkdf_expand(prk, parts, 1, okm, 42); /* two blocks */
	assert_hex(
		okm, 42,
		"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	hkdf_expand(prk, parts, 1, okm, 12);
	assert_hex(okm, 12, "3cb25f25faacd57a90434f64");

	fill(ikm, 0x00, 80);
	fill(salt, 0x60, 80);
	fill(info, 0xb0, 80);
	parts[0] = span_of(ikm, 33); /* in two parts: the same */
	parts[1] = span_of(ikm + 33, 47);
	hkdf_extract(span_of(salt, 80), parts, 2, prk);
	assert_hex(prk, 32, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
	parts[0] = span_of(info, 1);
	parts[1] = span_of(info + 1, 79);
	hkdf_expand(prk, parts, 2, okm, 32);
	assert_hex(okm, 32, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
}

static void takes_no_salt_as_zeroes(void **state)
{
	uint8_t ikm[22], zeroes[32] = {0}, prk[32], again[32], okm[32];
	struct span part = span_of(ikm, 22), none = SPAN_NULL;

	memset(ikm, 0x0b, sizeof(ikm));
	hkdf_extract(SPAN_NULL, &part, 1, prk);
	assert_hex(prk, 32, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
	hkdf_extract(span_of(zeroes, 32), &part, 1, again);
	assert_memory_equal(prk, again, 32);
	hkdf_expand(prk, &none, 1, okm, 32);
	assert_hex(okm, 32, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
	hkdf_key(part, SPAN_NULL, SPAN_NULL, again);
	assert_memory_equal(okm, again, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_rfc_5869),
		cmocka_unit_test(takes_no_salt_as_zeroes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
