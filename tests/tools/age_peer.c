/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers with our code what tests/interop/age_peer answers with sops and age; tests/interop/age_peer.py compares the two. What goes in and
 * comes out is described there (main.go).
 */
#include "base/text.h"
#include "keys/age_armor.h"
#include "keys/age_keyfile.h"
#include "keys/crypto_openssl.h"
#include "keys/keyring.h"
#include "keys/ssh_key.h"
#include "shell_words.h"

#include <stdio.h>
#include <stdlib.h>

enum { CASE_MAX = 1 << 20 };

static struct keyring kept;
static struct buf file = BUF_INIT(CASE_MAX);

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "age_peer: %s\n", what);
	exit(2);
}

static void print_hex(const char *before, struct span bytes)
{
	CLEAN_BUF struct buf hex = BUF_INIT(4 * CASE_MAX);

	hex_encode(bytes, false, &hex);
	printf("%s%.*s", before, (int)hex.len, hex.len ? (const char *)hex.data : "");
}

/* Numbers that do not fit each other are found when an RSA key is used; Go finds them when it is read. */
static bool rsa_fits(const struct crypto_rsa *rsa)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	uint8_t sealed[CRYPTO_RSA_LEN_MAX] = {0};
	struct err err = ERR_INIT;
	struct span plain;

	return crypto_rsa_open(rsa, SPAN("x"), span_of(sealed, rsa->n.len), &pool, &plain, &err) <
		       0 &&
	       err.code == ERR_VALUE;
}

static void ssh(struct span text)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct ssh_key key;

	if (ssh_key_parse(text, &pool, &key, &err) < 0 ||
	    (key.kind == SSH_KEY_RSA && !rsa_fits(&key.rsa)))
		printf("no");
	else
		print_hex(key.kind == SSH_KEY_RSA ? "ssh-rsa " : "ssh-ed25519 ", key.wire);
}

static void lines(struct span text)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct age_identity *list;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (age_keyfile_parse(text, AGE_KEYFILE_LINES, &pool, &list, &err) < 0) {
		printf("no");
		return;
	}
	for (; list; list = list->next)
		n++;
	printf("%zu", n);
}

static void ask(struct keyring *ring, struct span enc, struct key_request *request)
{
	struct sops_key key = {.type = SOPS_KEY_AGE, .enc = enc};
	struct err err = ERR_INIT;

	*request = (struct key_request){.key = &key};
	if (ring->count && ring->services[0].service->open(ring->services[0].cookie, &ring->pool,
							   request, 1, &err) < 0)
		die(err.msg);
	request->key = NULL;
}

static void words(struct span text)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request request;
	struct err err = ERR_INIT;

	if (keyring_add_age_words(&ring, text, "x", &err) < 0) {
		printf("no");
		return;
	}
	ask(&ring, buf_span(&file), &request);
	printf("%s", request.verdict == KEY_OPENED ? "opened" : "no");
}

static void enc(struct span text)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(CASE_MAX);
	struct key_request request;
	struct err err = ERR_INIT;
	bool armor = age_armor_decode(text, &bytes, &err) == 0;

	ask(&kept, text, &request);
	if (request.verdict == KEY_OPENED)
		print_hex("opened ", request.opened);
	else
		printf("%s", !armor                            ? "badarmor"
			     : request.verdict == KEY_NOT_MINE ? "nomatch"
							       : "no");
}

static void split(struct span text)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	size_t count, i;
	char **list;

	if (shell_words(text, &pool, &list, &count, &err) < 0) {
		printf("no");
		return;
	}
	printf("words");
	for (i = 0; i < count; i++)
		print_hex(" ", span_str(list[i]));
}

static void keep(struct span text, bool is_ssh)
{
	struct err err = ERR_INIT;
	int status = is_ssh ? keyring_add_ssh(&kept, text, "kept", &err)
			    : keyring_add_age(&kept, text, "kept", &err);

	if (status < 0)
		die(err.msg);
	printf("kept");
}

static void answer(const char *kind, struct span text)
{
	if (strcmp(kind, "ssh") == 0) {
		ssh(text);
	} else if (strcmp(kind, "lines") == 0) {
		lines(text);
	} else if (strcmp(kind, "words") == 0) {
		words(text);
	} else if (strcmp(kind, "enc") == 0) {
		enc(text);
	} else if (strcmp(kind, "split") == 0) {
		split(text);
	} else if (strcmp(kind, "keep") == 0 || strcmp(kind, "keepssh") == 0) {
		keep(text, kind[4] != '\0');
	} else if (strcmp(kind, "file") == 0) {
		buf_reset(&file);
		buf_add_span(&file, text);
		printf("kept");
	} else {
		die(kind);
	}
	putchar('\n');
}

int main(void)
{
	struct err err = ERR_INIT;
	char kind[16];
	size_t n;

	kept = (struct keyring)KEYRING_INIT;
	if (secret_init(&err) < 0)
		die(err.msg);
	while (scanf("%15s %zu", kind, &n) == 2) {
		uint8_t *block = malloc(n ? n : 1);

		if (!block || n > CASE_MAX || getchar() != '\n' || fread(block, 1, n, stdin) != n)
			die("a case that is cut short");
		answer(kind, span_of(block, n));
		free(block);
	}
	keyring_release(&kept);
	buf_release(&file);
	return 0;
}
