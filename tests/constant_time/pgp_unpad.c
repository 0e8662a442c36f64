/* SPDX-License-Identifier: Apache-2.0
 *
 * The padding of PGP's RSA session keys under MemorySanitizer, with the whole block declared as uninitialised: it reports every branch and
 * every address that depends on it. `pgp_unpad leak` branches on it on purpose: that must be reported. tests/program/test_constant_time.py
 * builds and runs it.
 */
#include "keys/pgp_unpad.h"

#include <sanitizer/msan_interface.h>
#include <stdio.h>

enum { BLOCK_LEN = 256, KEY_LEN = 32 };

/* 0 2 padding 0 9 key checksum; `bad`: a zero in the padding. */
static void unpad(const char *name, bool bad, bool leak)
{
	uint8_t block[BLOCK_LEN];
	struct pgp_session session;
	unsigned sum = 0;
	int status;

	memset(block, 0x33, sizeof(block));
	block[0] = 0;
	block[1] = 2;
	block[BLOCK_LEN - 2 - KEY_LEN - 2] = 0;
	block[BLOCK_LEN - 2 - KEY_LEN - 1] = PGP_AES256;
	for (size_t i = BLOCK_LEN - 2 - KEY_LEN; i < BLOCK_LEN - 2; i++)
		sum += block[i];
	block[BLOCK_LEN - 2] = (uint8_t)(sum >> 8);
	block[BLOCK_LEN - 1] = (uint8_t)sum;
	if (bad)
		block[20] = 0;
	__msan_allocated_memory(block, sizeof(block));
	if (leak && block[20])
		printf("leak\n");
	status = pgp_unpad(block, sizeof(block), true, &session);
	__msan_unpoison(&status, sizeof(status));
	__msan_unpoison(&session, sizeof(session));
	printf("%s %d:%d:%d\n", name, status, session.cipher, session.len);
}

int main(int argc, char **argv)
{
	unpad("good", false, argc > 1);
	unpad("bad", true, false);
	return 0;
}
