/* SPDX-License-Identifier: Apache-2.0
 *
 * The combining of shares under MemorySanitizer, with all of a share but its number declared as uninitialised: it reports every branch and
 * every address that depends on it. `shamir leak` branches on it on purpose: that must be reported. tests/program/test_constant_time.py
 * builds and runs it.
 */
#include "sops/shamir.h"

#include <sanitizer/msan_interface.h>
#include <stdio.h>

enum { LEN = 32, SHARES = 3 };

int main(int argc, char **argv)
{
	uint8_t shares[SHARES][LEN + 1], secret[LEN];
	struct span spans[SHARES];
	struct err err = ERR_INIT;
	unsigned sum = 0;
	size_t i, k;

	for (i = 0; i < SHARES; i++) {
		for (k = 0; k < LEN; k++)
			shares[i][k] = (uint8_t)(k * 7 + i * 31);
		shares[i][LEN] = (uint8_t)(i + 1);
		__msan_allocated_memory(shares[i], LEN);
		spans[i] = span_of(shares[i], LEN + 1);
	}
	if (argc > 1 && shares[0][3])
		printf("leak\n");
	if (shamir_combine(spans, SHARES, secret, &err) < 0)
		return 1;
	__msan_unpoison(secret, sizeof(secret));
	for (k = 0; k < LEN; k++)
		sum += secret[k];
	printf("%u\n", sum);
	return 0;
}
