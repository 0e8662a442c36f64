/* SPDX-License-Identifier: Apache-2.0
 *
 * The padding of RSA's session keys; see pgp_unpad.h. As a session key has one of three lengths, the byte that ends the padding has three
 * places: each is tried in full, and masks choose. No branch and no address depends on a byte of the block; tests/constant_time holds it.
 */
#include "keys/pgp_unpad.h"

enum {
	PADDING_MIN = 8,
	CHECKSUM_LEN = 2,
};

static const uint8_t key_lens[] = {16, 24, 32};

/* Hides from the compiler that a mask is all zeroes or all ones, lest it makes a branch of it. */
static inline uint32_t opaque(uint32_t mask)
{
	volatile uint32_t hidden = mask;

	return hidden;
}

/* All ones where x is 0. */
static uint32_t is_zero(uint32_t x)
{
	return opaque(((x | (0 - x)) >> 31) - 1);
}

/* All ones where the cipher's key has that length. RFC 9580, 9.3 */
static uint32_t cipher_fits(uint32_t cipher, size_t key_len)
{
	static const uint8_t ciphers[][2] = {{3, 16}, {4, 16},  {7, 16}, {11, 16}, {2, 24},
					     {8, 24}, {12, 24}, {9, 32}, {10, 32}, {13, 32}};
	uint32_t fits = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(ciphers); i++) {
		if (ciphers[i][1] == key_len)
			fits |= is_zero(cipher ^ ciphers[i][0]);
	}
	return fits;
}

/* All ones where the block holds a key of that length. */
static uint32_t check(const uint8_t *block, size_t len, bool with_cipher, size_t key_len)
{
	size_t end = len - CHECKSUM_LEN - key_len - (with_cipher ? 1 : 0) - 1, i;
	uint32_t good = is_zero(block[0]) & is_zero(block[1] ^ 2u), sum = 0;

	for (i = 2; i < end; i++)
		good &= ~is_zero(block[i]);
	good &= is_zero(block[end]);
	if (with_cipher)
		good &= cipher_fits(block[end + 1], key_len);
	for (i = len - CHECKSUM_LEN - key_len; i < len - CHECKSUM_LEN; i++)
		sum += block[i];
	sum ^= (uint32_t)block[len - 2] << 8 | block[len - 1];
	return good & is_zero(sum & 0xffff);
}

int pgp_unpad(const uint8_t *block, size_t len, bool with_cipher, struct pgp_session *ret_session)
{
	uint32_t found = 0, cipher = 0, found_len = 0, good;
	size_t i, k, key_len, start;

	memset(ret_session, 0, sizeof(*ret_session));
	for (k = 0; k < ARRAY_LEN(key_lens); k++) {
		key_len = key_lens[k];
		start = len - CHECKSUM_LEN - key_len;
		if (len < 2 + PADDING_MIN + 1 + 1 + key_len + CHECKSUM_LEN)
			break;
		good = check(block, len, with_cipher, key_len) & ~found;
		if (with_cipher)
			cipher |= good & block[start - 1];
		found_len |= good & (uint32_t)key_len;
		for (i = 0; i < key_len; i++)
			ret_session->key[i] |= (uint8_t)(good & block[start + i]);
		found |= good;
	}
	ret_session->cipher = (uint8_t)cipher;
	ret_session->len = (uint8_t)found_len;
	return (int)(found & 1) - 1;
}
