/* SPDX-License-Identifier: Apache-2.0
 *
 * PGP messages: the first byte says whether the rest is a message, to be opened with the keys of tests/data/pgp, packets as they are in one, or
 * compressed data. What opens as a message is authentic, so it is what the seeds hold; what is decompressed keeps its limit.
 */
#include "keys/key_pgp.h"
#include "keys/pgp_data.h"
#include "keys/pgp_inflate.h"

#include <assert.h>
#include <stdio.h>

enum { KEY_MAX = 65536, PLAIN_MAX = 1 << 16 };

static struct keyring ring = KEYRING_INIT;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const names[] = {"ecc", "primary", "x25519", "v6"};
	static uint8_t text[KEY_MAX];
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[64];
		FILE *file;
		size_t len;

		(void)snprintf(path, sizeof(path), "tests/data/pgp/%s.asc", names[i]);
		file = fopen(path, "rb");
		assert(file); /* run from the top of the tree */
		len = fread(text, 1, sizeof(text), file);
		fclose(file);
		assert(keyring_add_pgp(&ring, span_of(text, len), path, &err) == 0);
	}
	return 0;
}

static void message(struct span enc)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct sops_key key = {.type = SOPS_KEY_PGP, .enc = enc};
	struct key_request request = {.key = &key};
	struct err err = ERR_INIT;

	assert(key_pgp_service.open(ring.pgp, &pool, &request, 1, &err) == 0);
	if (request.verdict != KEY_OPENED) {
		assert(request.code != ERR_NONE && request.code != ERR_BUG && request.why[0]);
		return;
	}
	assert(request.opened.len == 32);
	for (size_t i = 0; i < request.opened.len; i++)
		assert(request.opened.data[i] == 0x40 + i);
}

static void packets(struct span inner)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span plain;

	if (pgp_data_literal(inner, &pool, &plain, &err) == 0)
		assert(plain.len <= inner.len || plain.len <= PGP_PLAIN_MAX);
	else
		assert(err.code == ERR_FORMAT || err.code == ERR_UNSUPPORTED ||
		       err.code == ERR_LIMIT);
}

static void compressed(struct span data, bool zlib)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span plain, rest;

	if (pgp_inflate(data, zlib, PLAIN_MAX, &pool, &plain, &rest, &err) == 0)
		assert(plain.len <= PLAIN_MAX && rest.len < data.len);
	else
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if ((data[0] & 3) == 0)
		message(span_of(data + 1, size - 1));
	else if ((data[0] & 3) == 1)
		packets(span_of(data + 1, size - 1));
	else
		compressed(span_of(data + 1, size - 1), data[0] & 1);
	return 0;
}
