/* SPDX-License-Identifier: Apache-2.0
 *
 * Bech32 (BIP 173, checksum constant 1) without the limit of 90 characters, as age uses it. The text is a secret key as a rule, so
 * nothing branches on its characters or looks up a table by them, but for what makes it malformed. Refuses mixed case, characters
 * outside of the alphabet, a wrong checksum, and padding bits that are set or more than four. age: internal/bech32
 */
#include "keys/bech32.h"

#include "base/wipe.h"

enum {
	CHECKSUM_CHARS = 6,
	NOT_A_DIGIT = 0xff,
};

/* 1 where a == b, else 0; a and b are below 256. */
static uint32_t same(uint32_t a, uint32_t b)
{
	return ((a ^ b) - 1u) >> 31;
}

/* The value of a character in either case. Its comparisons run over the whole alphabet, whatever the character. */
static uint32_t digit(uint8_t c)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	/* neither difference is negative */
	uint32_t upper = 1u ^ ((uint32_t)(c - 'A') | (uint32_t)('Z' - c)) >> 31;
	uint32_t value = 0, hit = 0, i;

	c |= (uint8_t)(upper << 5);
	for (i = 0; i < 32; i++) {
		uint32_t is = same(c, (uint8_t)alphabet[i]);

		value |= i & (0u - is);
		hit |= is;
	}
	return value | ((hit - 1u) & NOT_A_DIGIT);
}

/* BIP 173: one step of the checksum. */
static uint32_t step(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					     0x2a1462b3};
	uint32_t top = sum >> 25, i;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (i = 0; i < ARRAY_LEN(generator); i++)
		sum ^= generator[i] & (0u - (top >> i & 1));
	return sum;
}

static bool mixed_case(struct span text)
{
	bool lower = false, upper = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		lower |= text.data[i] >= 'a' && text.data[i] <= 'z';
		upper |= text.data[i] >= 'A' && text.data[i] <= 'Z';
	}
	return lower && upper;
}

static int hrp_sum(struct span hrp, uint32_t *ret_sum)
{
	uint32_t sum = 1;
	size_t i;

	for (i = 0; i < hrp.len; i++) {
		if (hrp.data[i] < 33 || hrp.data[i] > 126)
			return -1;
	}
	for (i = 0; i < hrp.len; i++) {
		uint8_t c = hrp.data[i];

		sum = step(sum, (uint32_t)(c >= 'A' && c <= 'Z' ? c + 32 : c) >> 5);
	}
	sum = step(sum, 0);
	for (i = 0; i < hrp.len; i++)
		sum = step(sum, hrp.data[i] & 31); /* the same for both cases */
	*ret_sum = sum;
	return 0;
}

int bech32_decode(struct span text, struct span *ret_hrp, uint8_t *out, size_t cap, size_t *ret_len,
		  struct err *err)
{
	size_t at = text.len, payload, i, n = 0;
	uint32_t sum = 0, acc = 0, bits = 0;

	if (text.len > BECH32_TEXT_MAX)
		return err_set(err, ERR_FORMAT, "key text is too long");
	if (mixed_case(text))
		return err_set(err, ERR_FORMAT, "key text mixes upper and lower case");
	while (at > 0 && text.data[at - 1] != '1')
		at--;
	if (at < 2 || text.len - at < CHECKSUM_CHARS)
		return err_set(err, ERR_FORMAT, "key text is cut short");
	if (hrp_sum(span_sub(text, 0, at - 1), &sum) < 0)
		return err_set(err, ERR_FORMAT, "key text has a character that is not allowed");
	payload = text.len - at - CHECKSUM_CHARS;
	if (payload * 5 / 8 > cap)
		return err_set(err, ERR_FORMAT, "key is too long");
	for (i = 0; i < payload + CHECKSUM_CHARS; i++) {
		uint32_t value = digit(text.data[at + i]);

		if (value == NOT_A_DIGIT) {
			wipe(out, n);
			return err_set(err, ERR_FORMAT,
				       "key text has a character that is not allowed");
		}
		sum = step(sum, value);
		if (i >= payload)
			continue;
		acc = acc << 5 | value;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	if (sum != 1) {
		wipe(out, n);
		return err_set(err, ERR_FORMAT, "checksum of the key text does not match");
	}
	if (bits >= 5 || (acc & ((1u << bits) - 1u))) {
		wipe(out, n);
		return err_set(err, ERR_FORMAT, "padding of the key text is not zero");
	}
	*ret_hrp = span_sub(text, 0, at - 1);
	*ret_len = n;
	return 0;
}
