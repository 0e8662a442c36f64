/* SPDX-License-Identifier: Apache-2.0
 *
 * Lagrange interpolation at 0 in GF(2^8) with the polynomial x^8+x^4+x^3+x+1; see shamir.h. The x of a share is not secret, its y are.
 */
#include "sops/shamir.h"

#include "base/wipe.h"

/* Russian peasant multiplication: eight rounds whatever the bits, masks in place of branches. */
static uint8_t gf_mul(uint8_t a, uint8_t b)
{
	uint8_t product = 0;
	int bit;

	for (bit = 7; bit >= 0; bit--) {
		uint8_t carry = (uint8_t) - (product >> 7);
		uint8_t take = (uint8_t) - ((b >> bit) & 1);

		product = (uint8_t)((product << 1) ^ (carry & 0x1b) ^ (take & a));
	}
	return product;
}

/* a^254, which is 1/a for a != 0 (the group has 255 elements): 254 = 0b11111110. */
static uint8_t gf_inverse(uint8_t a)
{
	uint8_t square = a, result = 1;
	int bit;

	for (bit = 1; bit < 8; bit++) {
		square = gf_mul(square, square);
		result = gf_mul(result, square);
	}
	return result;
}

static int check(const struct span *shares, size_t n, struct err *err)
{
	bool seen[256] = {false};
	size_t i;

	if (n < 2)
		return err_set(err, ERR_NO_KEY,
			       "a data key in shares needs two of them, there is %s",
			       n ? "one" : "none");
	if (n > SHAMIR_SHARES_MAX)
		return err_set(err, ERR_NO_KEY, "more than %d shares", SHAMIR_SHARES_MAX);
	for (i = 0; i < n; i++) {
		uint8_t x;

		if (shares[i].len < 2)
			return err_set(err, ERR_NO_KEY, "a share of fewer than two bytes");
		if (shares[i].len != shares[0].len)
			return err_set(err, ERR_NO_KEY, "shares of different lengths");
		x = shares[i].data[shares[i].len - 1];
		/* Differs: sops combines a share with x = 0, which is the secret itself in the clear. */
		if (x == 0)
			return err_set(err, ERR_NO_KEY, "a share with the number 0");
		if (seen[x])
			return err_set(err, ERR_NO_KEY, "two shares with the same number");
		seen[x] = true;
	}
	return 0;
}

int shamir_combine(const struct span *shares, size_t n, uint8_t *secret, struct err *err)
{
	size_t i, j, k, len;

	if (check(shares, n, err) < 0)
		return -1;
	len = shares[0].len - 1;
	wipe(secret, len);
	for (i = 0; i < n; i++) {
		uint8_t xi = shares[i].data[len], basis = 1;

		for (j = 0; j < n; j++) {
			uint8_t xj = shares[j].data[len];

			if (j != i)
				basis = gf_mul(basis, gf_mul(xj, gf_inverse(xi ^ xj)));
		}
		for (k = 0; k < len; k++)
			secret[k] ^= gf_mul(shares[i].data[k], basis);
	}
	return 0;
}
