/* SPDX-License-Identifier: Apache-2.0
 *
 * Where secrets lie: while the keyring lives, in locked memory only; after its release nowhere. All writable memory of the process is
 * searched, the stack and what the libraries allocated with it; under AddressSanitizer, which has memory of its own everywhere, each block
 * that is given back. The secrets that are searched for are kept with a mask, so that the search does not find itself; files are read into
 * pages that are given back.
 */
#include "mangle.h"

#include "base/wipe.h"
#include "keys/age.h"
#include "keys/age_armor.h"
#include "keys/age_keyfile.h"
#include "keys/age_ssh.h"
#include "keys/key_pgp.h"
#include "keys/keyring.h"
#include "keys/pgp_armor.h"
#include "keys/pgp_session.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MASK = 0x5a, PART = 16, PATTERNS_MAX = 64, FILE_LEN = 65536 };

struct pattern {
	const char *name;
	uint8_t masked[PART];
};

static struct pattern patterns[PATTERNS_MAX];
static size_t pattern_count;

/* Sixteen bytes from the middle of a secret; what clamps or shifts its ends is found as well. */
static void remember(const char *name, struct span secret)
{
	struct pattern *pattern = &patterns[pattern_count++];

	assert_true(pattern_count <= PATTERNS_MAX && secret.len >= PART);
	pattern->name = name;
	for (size_t i = 0; i < PART; i++)
		pattern->masked[i] = secret.data[(secret.len - PART) / 2 + i] ^ MASK;
}

/* The same number as OpenSSL keeps it. */
static void remember_reversed(const char *name, struct span secret)
{
	uint8_t reversed[2048];
	CLEAN_WIPE(reversed);

	assert_true(secret.len <= sizeof(reversed));
	for (size_t i = 0; i < secret.len; i++)
		reversed[i] = secret.data[secret.len - 1 - i];
	remember(name, span_of(reversed, secret.len));
}

struct page {
	uint8_t *data;
	size_t len;
};

static void page_drop(struct page *page)
{
	(void)munmap(page->data, FILE_LEN);
}

static struct page page_read(const char *name)
{
	struct page page = {
		mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		0};
	char path[256];
	ssize_t got;
	int fd;

	assert_true(page.data != MAP_FAILED);
	(void)snprintf(path, sizeof(path), "tests/data/age/%s", name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	got = read(fd, page.data, FILE_LEN);
	assert_true(got > 0 && got < FILE_LEN);
	close(fd);
	page.len = (size_t)got;
	return page;
}

static const struct {
	const char *key, *file;
	bool ssh;
} rows[] = {
	{"x25519.agekey", "to-x25519.age", false},
	{"second.agekey", "to-second.age", false},
	{"pq.agekey", "to-pq.age", false},
	{"ssh_ed25519", "to-ssh-ed25519.age", true},
	{"ssh_rsa", "to-ssh-rsa.age", true},
	{"ed25519.pkcs8.pem", "to-ed25519-pkcs8.age", true},
};

static void remember_identity(const struct age_identity *identity)
{
	switch (identity->kind) {
	case AGE_X25519:
		remember("X25519 secret", span_of(identity->x25519.secret, 32));
		break;
	case AGE_HYBRID:
		remember("hybrid X25519 secret", span_of(identity->hybrid->curve.secret, 32));
		remember("ML-KEM z", span_of(identity->hybrid->mlkem.z, 32));
		remember("ML-KEM s",
			 span_of(identity->hybrid->mlkem.s, sizeof(identity->hybrid->mlkem.s)));
		break;
	case AGE_SSH_ED25519:
		remember("ed25519 seed", identity->ssh.key.seed);
		remember("ed25519 scalar", span_of(identity->ssh.curve.secret, 32));
		break;
	case AGE_SSH_RSA:
		remember("RSA d", identity->ssh.key.rsa.d);
		remember("RSA p", identity->ssh.key.rsa.p);
		remember("RSA q", identity->ssh.key.rsa.q);
		remember_reversed("RSA d, reversed", identity->ssh.key.rsa.d);
		remember_reversed("RSA p, reversed", identity->ssh.key.rsa.p);
		remember_reversed("RSA q, reversed", identity->ssh.key.rsa.q);
		break;
	case AGE_KINDS:
		break;
	}
}

/* The key's text and numbers, the file key and the data key of one row. */
static void remember_row(size_t i)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf file = BUF_INIT(FILE_LEN);
	CLEAN_ARENA struct arena arena = ARENA_INIT(FILE_LEN);
	CLEANUP(page_drop) struct page key = page_read(rows[i].key), enc = page_read(rows[i].file);
	struct age_identity *identity = NULL;
	uint8_t file_key[AGE_FILE_KEY_LEN];
	CLEAN_WIPE(file_key);
	struct age_header header;
	struct err err = ERR_INIT;
	struct span text = span_of(key.data, key.len), plain;
	size_t secret = span_search(text, SPAN("AGE-SECRET"));

	if (rows[i].ssh)
		assert_int_equal(age_ssh_parse(text, &pool, &identity, &err), 0);
	else
		assert_int_equal(age_keyfile_parse(text, AGE_KEYFILE_LINES, &pool, &identity, &err),
				 0);
	/* Of PEM a part that is not public: near its end. */
	remember("key text",
		 rows[i].ssh ? span_sub(text, text.len - 95, 16) : span_sub(text, secret + 30, 30));
	remember_identity(identity);
	assert_int_equal(age_armor_decode(span_of(enc.data, enc.len), &file, &err), 0);
	assert_int_equal(age_header_parse(buf_span(&file), &arena, &header, &err), 0);
	assert_int_equal(age_file_key(&header, identity, file_key, &err), AGE_OPENED);
	remember("file key", span_of(file_key, sizeof(file_key)));
	assert_int_equal(age_open(buf_span(&file), identity, 32, &pool, &plain, &err), AGE_OPENED);
	remember("data key", plain);
}

/* Paths from tests/data/age. */
static const struct {
	const char *key, *file;
} pgp_rows[] = {
	{"../pgp/ecc.asc", "../pgp/gpg-ecc.msg"},
	{"../pgp/primary.asc", "../pgp/gpg-primary.msg"},
	{"../pgp/v6.asc", "../pgp/go-v6-ocb.msg"},
};

/* The key's text and numbers, and the session key. */
static void remember_pgp(size_t i)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEANUP(page_drop)
	struct page file = page_read(pgp_rows[i].key), enc = page_read(pgp_rows[i].file);
	struct span text = span_of(file.data, file.len), message = span_of(enc.data, enc.len),
		    packets;
	struct crypto_rsa_ready *ready = NULL;
	struct pgp_found found = {.list = NULL};
	struct pgp_wrapped wrapped;
	struct pgp_packet packet;
	struct pgp_session session;
	CLEAN_WIPE(session);
	struct err err = ERR_INIT;

	assert_int_equal(pgp_armor_next(&text, &pool, &packets, &err), 1);
	assert_int_equal(pgp_key_read(packets, &pool, &found, &err), 0);
	if (found.list->kind == PGP_RSA) {
		remember("PGP RSA d", found.list->rsa.d);
		remember("PGP RSA p", found.list->rsa.p);
		remember_reversed("PGP RSA d, reversed", found.list->rsa.d);
		remember_reversed("PGP RSA p, reversed", found.list->rsa.p);
		ready = crypto_rsa_ready(&found.list->rsa, &pool, &err);
	} else {
		remember("PGP curve secret", span_of(found.list->curve.secret, PGP_POINT_LEN));
		remember_reversed("PGP curve secret, reversed",
				  span_of(found.list->curve.secret, PGP_POINT_LEN));
	}
	assert_int_equal(pgp_armor_next(&message, &pool, &packets, &err), 1);
	assert_int_equal(pgp_packet_next(&packets, &pool, &packet, &err), 1);
	assert_int_equal(pgp_wrapped_read(packet.body, &wrapped, &err), 0);
	assert_int_equal(pgp_session_open(&wrapped, found.list, ready, &session, &err), 0);
	remember("PGP session key", span_of(session.key, session.len));
	crypto_rsa_done(ready);
}

static void open_pgp(struct keyring *ring)
{
	struct key_request requests[ARRAY_LEN(pgp_rows)];
	struct sops_key keys[ARRAY_LEN(pgp_rows)];
	struct page encs[ARRAY_LEN(pgp_rows)];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(pgp_rows); i++) {
		CLEANUP(page_drop) struct page key = page_read(pgp_rows[i].key);

		assert_int_equal(keyring_add_pgp(ring, span_of(key.data, key.len), "x", &err), 0);
		encs[i] = page_read(pgp_rows[i].file);
		keys[i] = (struct sops_key){.type = SOPS_KEY_PGP,
					    .enc = span_of(encs[i].data, encs[i].len)};
		requests[i] = (struct key_request){.key = &keys[i]};
	}
	assert_int_equal(
		key_pgp_service.open(ring->pgp, &ring->pool, requests, ARRAY_LEN(pgp_rows), &err),
		0);
	for (size_t i = 0; i < ARRAY_LEN(pgp_rows); i++) {
		assert_int_equal(requests[i].verdict, KEY_OPENED);
		page_drop(&encs[i]);
	}
}

static void fill_ring(struct keyring *ring, struct key_request *requests, struct sops_key *keys,
		      struct page *encs)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(page_drop) struct page key = page_read(rows[i].key);
		struct span text = span_of(key.data, key.len);

		assert_int_equal(rows[i].ssh ? keyring_add_ssh(ring, text, "x", &err)
					     : keyring_add_age(ring, text, "x", &err),
				 0);
		encs[i] = page_read(rows[i].file);
		keys[i] = (struct sops_key){.type = SOPS_KEY_AGE,
					    .enc = span_of(encs[i].data, encs[i].len)};
		requests[i] = (struct key_request){.key = &keys[i]};
	}
	assert_int_equal(ring->services[0].service->open(ring->services[0].cookie, &ring->pool,
							 requests, ARRAY_LEN(rows), &err),
			 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(requests[i].verdict, KEY_OPENED);
		page_drop(&encs[i]);
	}
}

static bool is_pattern(const struct pattern *pattern, const uint8_t *at)
{
	size_t i = 0;

	while (i < PART && (at[i] ^ MASK) == pattern->masked[i])
		i++;
	return i == PART;
}

#ifdef __SANITIZE_ADDRESS__
/* sanitizer/allocator_interface.h, which gcc's package does not have */
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
					      void (*)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *block);

static size_t freed_with_secrets;

static void on_malloc(const volatile void *block, size_t size)
{
}

static void on_free(const volatile void *block)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)block;
	size_t size = block ? __sanitizer_get_allocated_size(block) : 0, i, p;

	for (i = 0; i + PART <= size; i++) {
		for (p = 0; p < pattern_count; p++)
			freed_with_secrets += is_pattern(&patterns[p], at + i);
	}
}
#else
struct area {
	uintptr_t from, to;
	bool locked;
	char name[128];
};

static struct area areas[1024];
static bool shown = true; /* hits are printed */
static size_t area_count;

/* The writable areas, from smaps, with the flag that says that they are locked. */
static void list_areas(void)
{
	FILE *in = fopen("/proc/self/smaps", "r");
	char line[512], flags[8];
	unsigned long from, to;
	bool wanted = false;

	assert_non_null(in);
	area_count = 0;
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, flags) == 3) {
			struct area *area = &areas[area_count];

			wanted = flags[0] == 'r' && flags[1] == 'w' && !strstr(line, "[vvar");
			if (!wanted)
				continue;
			assert_true(++area_count < ARRAY_LEN(areas));
			*area = (struct area){.from = from, .to = to};
			(void)snprintf(area->name, sizeof(area->name), "%s",
				       strrchr(line, ' ') ? strrchr(line, ' ') + 1 : "");
		} else if (wanted && strncmp(line, "VmFlags:", 8) == 0) {
			areas[area_count - 1].locked = strstr(line, " lo") != NULL;
		}
	}
	fclose(in);
}

enum where { EVERYWHERE, UNLOCKED };

/* How many secrets are found; those that should not be there are named. */
static size_t search(enum where where)
{
	size_t hits = 0;

	list_areas();
	for (size_t a = 0; a < area_count; a++) {
		if (where == UNLOCKED && areas[a].locked)
			continue;
		for (const uint8_t *at = (const uint8_t *)areas[a].from;
		     at + PART <= (const uint8_t *)areas[a].to; at++) {
			for (size_t p = 0; p < pattern_count; p++) {
				if (!is_pattern(&patterns[p], at))
					continue;
				hits++;
				if (shown)
					print_error("%s at %p in %s", patterns[p].name,
						    (const void *)at, areas[a].name);
			}
		}
	}
	return hits;
}
#endif

static void secrets_lie_in_locked_memory_and_then_nowhere(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request requests[ARRAY_LEN(rows)];
	struct sops_key keys[ARRAY_LEN(rows)];
	struct page encs[ARRAY_LEN(rows)];

#ifdef __SANITIZE_ADDRESS__
	assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
#endif
	fill_ring(&ring, requests, keys, encs);
	open_pgp(&ring);
#ifndef __SANITIZE_ADDRESS__
	if (!ring.pool.unlocked) /* the system let us */
		assert_int_equal(search(UNLOCKED), 0);
	shown = false;
	assert_true(search(EVERYWHERE) >= pattern_count / 2); /* it is not blind */
	shown = true;
#endif
	keyring_release(&ring);
#ifdef __SANITIZE_ADDRESS__
	assert_int_equal(freed_with_secrets, 0);
#else
	assert_int_equal(search(EVERYWHERE), 0);
#endif
}

static void the_search_finds_what_is_there(void **state)
{
	uint8_t *block = malloc(PART), *volatile seen = block;

	assert_non_null(block);
	for (size_t i = 0; i < PART; i++)
		block[i] = patterns[0].masked[i] ^ MASK;
#ifdef __SANITIZE_ADDRESS__
	free(seen);
	assert_int_equal(freed_with_secrets, 1);
#else
	shown = false;
	assert_int_equal(search(EVERYWHERE), 1);
	shown = true;
	wipe_free(seen, PART);
	assert_int_equal(search(EVERYWHERE), 0);
#endif
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		remember_row(i);
	for (size_t i = 0; i < ARRAY_LEN(pgp_rows); i++)
		remember_pgp(i);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_lie_in_locked_memory_and_then_nowhere),
		cmocka_unit_test(the_search_finds_what_is_there),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
