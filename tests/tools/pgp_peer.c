/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens OpenPGP messages with our code; tests/interop/pgp.py compares what comes out with gpg and go-crypto. stdin is a run of cases: a line
 * "KIND N", then N bytes. For each, stdout gets one line:
 *
 *	forget  nothing          all keys are forgotten; "forgotten"
 *	keys    secret keys      added; "COUNT" of what there is for us and for gpg, or "no CODE: why"
 *	open    a message        "opened HEX", "nomatch: why" or "no CODE: why"
 *	inflate compressed data  its first byte says whether it is zlib's (1) or bare (0): "opened HEX" or "no"
 */
#include "base/text.h"
#include "keys/key_pgp.h"
#include "keys/keyring.h"
#include "keys/pgp_inflate.h"

#include <stdio.h>
#include <stdlib.h>

enum { CASE_MAX = 1 << 24 };

static struct keyring ring;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "pgp_peer: %s\n", what);
	exit(2);
}

static void print_hex(const char *before, struct span bytes)
{
	CLEAN_BUF struct buf hex = BUF_INIT(4 * CASE_MAX);

	hex_encode(bytes, false, &hex);
	printf("%s%.*s", before, (int)hex.len, hex.len ? (const char *)hex.data : "");
}

static void keys(struct span text)
{
	struct err err = ERR_INIT;

	if (keyring_add_pgp(&ring, text, "case", &err) < 0)
		printf("no %d: %s", err.code, err.msg);
	else
		printf("%zu", ring.pgp ? ring.pgp->count : 0);
}

static void open_message(struct span enc)
{
	struct sops_key key = {.type = SOPS_KEY_PGP, .enc = enc};
	struct key_request request = {.key = &key};
	struct err err = ERR_INIT;

	if (ring.pgp && key_pgp_service.open(ring.pgp, &ring.pool, &request, 1, &err) < 0)
		die(err.msg);
	if (request.verdict == KEY_OPENED)
		print_hex("opened ", request.opened);
	else if (request.verdict == KEY_FAILED)
		printf("no %d: %s", request.code, request.why);
	else
		printf("nomatch: %s", request.why);
}

static void decompress(struct span data)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span plain, rest;

	if (data.len == 0 || pgp_inflate(span_from(data, 1), data.data[0] == 1, CASE_MAX, &pool,
					 &plain, &rest, &err) < 0)
		printf("no");
	else
		print_hex("opened ", plain);
}

static void answer(const char *kind, struct span text)
{
	if (strcmp(kind, "forget") == 0) {
		keyring_release(&ring);
		printf("forgotten");
	} else if (strcmp(kind, "keys") == 0) {
		keys(text);
	} else if (strcmp(kind, "open") == 0) {
		open_message(text);
	} else if (strcmp(kind, "inflate") == 0) {
		decompress(text);
	} else {
		die(kind);
	}
	putchar('\n');
	fflush(stdout);
}

int main(void)
{
	struct err err = ERR_INIT;
	char kind[16];
	size_t n;

	ring = (struct keyring)KEYRING_INIT;
	if (secret_init(&err) < 0)
		die(err.msg);
	while (scanf("%15s %zu", kind, &n) == 2) {
		uint8_t *block = malloc(n ? n : 1);

		if (!block || n > CASE_MAX || getchar() != '\n' || fread(block, 1, n, stdin) != n)
			die("a case that is cut short");
		answer(kind, span_of(block, n));
		free(block);
	}
	keyring_release(&ring);
	return 0;
}
