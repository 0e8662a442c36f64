/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/key_pgp.c and keyring_pgp.c: keys into the ring, batches of messages out of it, what is told where one stays closed, and what the
 * operator's policy keeps out.
 */
#include "pgp_files.h"

#include "keys/key_pgp.h"
#include "keys/keyring.h"

#include <sys/resource.h>

static int add(struct keyring *ring, const char *name, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FILE_MAX);

	pgp_file(name, &text);
	return keyring_add_pgp(ring, buf_span(&text), name, err);
}

static void must_add(struct keyring *ring, const char *name)
{
	struct err err = ERR_INIT;

	if (add(ring, name, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct key_request ask(struct keyring *ring, struct span enc)
{
	struct sops_key key = {.type = SOPS_KEY_PGP, .enc = enc};
	struct key_request request = {.key = &key};
	struct err err = ERR_INIT;

	assert_int_equal(key_pgp_service.open(ring->pgp, &ring->pool, &request, 1, &err), 0);
	request.key = NULL;
	return request;
}

static struct key_request ask_file(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FILE_MAX);

	pgp_file(name, &text);
	return ask(ring, buf_span(&text));
}

static void opens_a_batch_of_all_kinds(void **state)
{
	static const struct {
		const char *name;
		enum key_verdict verdict;
		enum err_code code;
		const char *why; /* or how it begins */
	} rows[] = {
		{"gpg-ecc.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-stranger.msg", KEY_NOT_MINE, ERR_NO_KEY, "no PGP secret key for "},
		{"gpg-rsa.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-ecc-hidden.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-rsa-hidden.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-stranger-hidden.msg", KEY_NOT_MINE, ERR_NO_KEY,
		 "no PGP secret key for anybody"},
		{"gpg-both.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-ecc-binary.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-ecc-comment.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-ecc-symmetric.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-primary.msg", KEY_OPENED, ERR_NONE, ""},
		{"go-ecc-aead.msg", KEY_OPENED, ERR_NONE, ""},
		{"go-v6-hidden.msg", KEY_OPENED, ERR_NONE, ""},
		{"go-x25519-hidden.msg", KEY_OPENED, ERR_NONE, ""},
		{"go-v6rsa-ocb.msg", KEY_OPENED, ERR_NONE, ""},
		{"gpg-locked.msg", KEY_NOT_MINE, ERR_NO_KEY, "no PGP secret key for "},
		{"gpg-nist.msg", KEY_NOT_MINE, ERR_NO_KEY, "no PGP secret key for "},
		{"gpg-ecc-nomdc.msg", KEY_FAILED, ERR_FORMAT,
		 "a PGP message without integrity protection"},
		{"gpg-ecc-3des.msg", KEY_FAILED, ERR_UNSUPPORTED, "a PGP message with cipher 2"},
		{"gpg-ecc-bzip2.msg", KEY_FAILED, ERR_UNSUPPORTED,
		 "a PGP message with compression 3"},
		{"gpg-ecc-signed.msg", KEY_FAILED, ERR_UNSUPPORTED, "a PGP message that is signed"},
		{"gpg-ecc-text.msg", KEY_FAILED, ERR_UNSUPPORTED,
		 "a PGP message that is text, not bytes"},
		{"go-v6-eax.msg", KEY_FAILED, ERR_UNSUPPORTED, "a PGP message with AEAD mode 1"},
		{"gpg-ecc-empty.msg", KEY_FAILED, ERR_FORMAT, "a PGP message that holds 0 bytes"},
		{"ecc.asc", KEY_FAILED, ERR_FORMAT, "malformed PGP message"},
		{"datakey.bin", KEY_FAILED, ERR_FORMAT, "not a PGP message"},
	};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf want = BUF_INIT(2 * PGP_FILE_MAX);
	static struct buf texts[ARRAY_LEN(rows)];
	struct sops_key keys[ARRAY_LEN(rows)] = {{.next = NULL}};
	struct key_request requests[ARRAY_LEN(rows)] = {{.key = NULL}};
	struct err err = ERR_INIT;

	pgp_file("datakey.bin", &want);
	must_add(&ring, "both-in-one.asc");
	must_add(&ring, "ecc.gpg"); /* again */
	must_add(&ring, "primary.asc");
	must_add(&ring, "x25519.asc");
	must_add(&ring, "v6.asc");
	must_add(&ring, "v6rsa.asc");
	assert_int_equal(ring.count, 1);
	assert_int_equal(ring.pgp->count, 3 + 1 + 1 + 1 + 2);
	assert_int_equal(ring.notes.len, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		texts[i] = (struct buf)BUF_INIT(2 * PGP_FILE_MAX);
		pgp_file(rows[i].name, &texts[i]);
		keys[i] = (struct sops_key){.type = SOPS_KEY_PGP, .enc = buf_span(&texts[i])};
		requests[i].key = &keys[i];
	}
	assert_int_equal(
		key_pgp_service.open(ring.pgp, &ring.pool, requests, ARRAY_LEN(rows), &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (requests[i].verdict != rows[i].verdict || requests[i].code != rows[i].code ||
		    strncmp(requests[i].why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %d %d %s", rows[i].name, requests[i].verdict,
				 requests[i].code, requests[i].why);
		if (requests[i].verdict == KEY_OPENED)
			assert_true(span_eq(requests[i].opened, buf_span(&want)));
		buf_release(&texts[i]);
	}
}

static void says_what_a_text_is_not(void **state)
{
	static const struct {
		const char *name;
		int status;
		size_t count;
		const char *text; /* of the error, else of the notes; how it begins */
	} rows[] = {
		{"both.asc", 0, 3, ""},
		{"stub.asc", 0, 1, ""},
		{"locked.asc", 0, 1, "PGP key "},
		{"nist.asc", 0, 1, "PGP key "},
		{"public.asc", 0, 0, "no PGP secret keys in 'public.asc'"},
		{"datakey.bin", -1, 0, "PGP keys of 'datakey.bin': no PGP key found"},
		{"gpg-ecc.msg", -1, 0, "PGP keys of 'gpg-ecc.msg': not a PGP key"},
		{"gpg-ecc-binary.msg", -1, 0, "PGP keys of 'gpg-ecc-binary.msg': not a PGP key"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(add(&ring, rows[i].name, &err), rows[i].status);
		buf_add_char(&ring.notes, 0);
		assert_memory_equal(rows[i].status ? err.msg : (const char *)ring.notes.data,
				    rows[i].text, strlen(rows[i].text));
		assert_int_equal(ring.notes.len == 1, rows[i].status || !rows[i].text[0]);
		assert_int_equal(ring.pgp ? ring.pgp->count : 0, rows[i].count);
	}
}

/* The names that a policy may have for the key of ecc.asc. */
static int allow(const void *cookie, const struct sops_key *key, struct err *err)
{
	assert_int_equal(key->type, SOPS_KEY_PGP);
	if (span_eq(key->id, *(const struct span *)cookie))
		return 0;
	return err_set(err, ERR_POLICY, "no");
}

static void asks_the_policy_for_each_key(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct pgp_secret *key = pgp_file_keys("ecc.asc", &pool);
	const struct span names[] = {
		span_of(key->own.bytes, key->own.len),
		span_of(key->primary.bytes, key->primary.len),
		span_of(key->id, PGP_KEY_ID_LEN),
		span_of(pgp_key_id(&key->primary), PGP_KEY_ID_LEN),
		SPAN("someone else"),
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		CLEAN_BUF struct buf hex = BUF_INIT(256);
		struct span listed;
		bool last = i == ARRAY_LEN(names) - 1;

		for (size_t k = 0; k < names[i].len; k++)
			buf_printf(&hex, "%02X", names[i].data[k]);
		listed = buf_span(&hex);
		ring.allowed = allow;
		ring.allowed_cookie = &listed;
		must_add(&ring, "both-in-one.asc");
		buf_add_char(&ring.notes, 0);
		assert_int_equal(ring.pgp ? ring.pgp->count : 0, last ? 0 : 1);
		assert_non_null(strstr((const char *)ring.notes.data,
				       " is left out: not allowed by the operator's policy"));
		if (last)
			continue;
		assert_int_equal(ask_file(&ring, "gpg-ecc.msg").verdict, KEY_OPENED);
		assert_int_equal(ask_file(&ring, "gpg-rsa.msg").verdict, KEY_NOT_MINE);
	}
}

/* gpg-both.msg is for a stranger, rsa and ecc, in this order: the number for rsa is changed. */
static void differs_opens_with_the_key_that_fits(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span packets = pgp_file_packets("gpg-both.msg", &pool), rest = packets;
	struct pgp_packet packet;
	struct err err = ERR_INIT;
	uint8_t *block = mangle_block(packets, packets.len);

	must_add(&ring, "both-in-one.asc");
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	assert_true(packet.body.len > 256);
	block[packet.body.data + 100 - packets.data] ^= 1;
	assert_int_equal(ask(&ring, span_of(block, packets.len)).verdict, KEY_OPENED);
	/* without the other key it is ours, and broken */
	keyring_release(&ring);
	must_add(&ring, "rsa.asc");
	assert_int_equal(ask(&ring, span_of(block, packets.len)).verdict, KEY_FAILED);
	free(block);
}

/* RSA has three numbers: 2 is "encrypt only", and the key has 1. */
static void differs_takes_hidden_rsa_by_any_number(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span packets = pgp_file_packets("gpg-rsa-hidden.msg", &pool), rest = packets;
	uint8_t *block = mangle_block(packets, packets.len), *number;
	struct pgp_packet packet;
	struct err err = ERR_INIT;

	must_add(&ring, "rsa.asc");
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	number = block + (packet.body.data - packets.data) + 1 + PGP_KEY_ID_LEN;
	assert_int_equal(*number, 1);
	*number = 2;
	assert_int_equal(ask(&ring, span_of(block, packets.len)).verdict, KEY_OPENED);
	*number = 16;
	assert_int_not_equal(ask(&ring, span_of(block, packets.len)).verdict, KEY_OPENED);
	free(block);
}

static void differs_needs_the_prefix_of_points(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span packets = pgp_file_packets("gpg-ecc.msg", &pool), rest = packets;
	uint8_t *block = mangle_block(packets, packets.len), *prefix;
	struct pgp_packet packet;
	struct key_request request;
	struct err err = ERR_INIT;

	must_add(&ring, "ecc.asc");
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	/* version, key id, algorithm, a length in bits */
	prefix = block + (packet.body.data - packets.data) + 1 + PGP_KEY_ID_LEN + 1 + 2;
	assert_int_equal(*prefix, 0x40);
	assert_int_equal(ask(&ring, span_of(block, packets.len)).verdict, KEY_OPENED);
	*prefix = 0;
	request = ask(&ring, span_of(block, packets.len));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_string_equal(request.why, "malformed PGP session key");
	free(block);
}

/* A one-pass signature before a message that is whole. */
static void differs_refuses_packets_out_of_place(void **state)
{
	static const uint8_t other[] = {0xc4, 3, 3, 0, 8};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span packets = pgp_file_packets("gpg-ecc.msg", &pool);
	CLEAN_BUF struct buf message = BUF_INIT(64 * 1024);
	struct key_request request;

	must_add(&ring, "ecc.asc");
	buf_add(&message, other, sizeof(other));
	buf_add_span(&message, packets);
	assert_int_equal(ask(&ring, packets).verdict, KEY_OPENED);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_string_equal(request.why, "malformed PGP message");
}

/* Literal data, bare and in armor, as gpg --store writes it. */
static void differs_refuses_pgp_that_is_not_encrypted(void **state)
{
	static const struct span messages[] = {
		{(const uint8_t *)"\xcb\x0a"
				  "b\0\0\0\0\0data",
		 12},
		{(const uint8_t *)"-----BEGIN PGP MESSAGE-----\n\nywpiAAAAAABkYXRh\n"
				  "-----END PGP MESSAGE-----\n",
		 72},
	};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	must_add(&ring, "ecc.asc");
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct key_request request = ask(&ring, messages[i]);

		assert_int_equal(request.verdict, KEY_FAILED);
		assert_string_equal(request.why, "malformed PGP message");
	}
}

/* A message that names nobody has a session key that opens and data that does not, as often as it likes: memory is needed for one try at a time. */
static void differs_pgp_tries_are_bounded(void **state)
{
	enum { TRIES = KEY_PGP_TRIES_MAX, DATA = 512 * 1024, ROOM = 48 * 1024 };
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span packets = pgp_file_packets("gpg-ecc-hidden.msg", &pool), rest = packets, whole;
	CLEAN_BUF struct buf message = BUF_INIT(KEY_PGP_ENC_MAX);
	struct pgp_packet packet;
	struct key_request request;
	struct rusage before, after;
	struct err err = ERR_INIT;

	must_add(&ring, "ecc.asc");
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	assert_int_equal(packet.tag, PGP_PKESK);
	whole = span_sub(packets, 0, packets.len - rest.len);
	for (size_t i = 0; i < TRIES; i++)
		buf_add_span(&message, whole);
	buf_add(&message, "\xd2\xff\x00\x08\x00\x00\x01", 7); /* SEIPD, 512 KiB, version 1 */
	buf_add_fill(&message, 'x', DATA - 1);
	assert_int_equal(message.bad, 0);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_int_equal(request.verdict, KEY_NOT_MINE);
	if (after.ru_maxrss - before.ru_maxrss > ROOM)
		fail_msg("%ld KiB", after.ru_maxrss - before.ru_maxrss);
	buf_reset(&message);
	for (size_t i = 0; i <= TRIES; i++)
		buf_add_span(&message, whole);
	buf_add(&message, "\xd2\x01\x01", 3);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_int_equal(request.code, ERR_LIMIT);
	assert_string_equal(request.why, "a PGP message that more than 256 keys may be for");
}

/* What stands for a fingerprint may have any length. */
static void names_short_what_is_long(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf message = BUF_INIT(4096);
	struct key_request request;

	must_add(&ring, "ecc.asc");
	for (size_t i = 0; i < 3; i++) { /* version 6, a fingerprint of 254 bytes, an algorithm */
		buf_add(&message, "\xc1\xc0\x42\x06\xff\x06", 6);
		buf_add_fill(&message, 'x', 254);
		buf_add(&message, "\x63", 1);
	}
	buf_add(&message, "\xd2\x01\x01", 3);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(request.verdict, KEY_NOT_MINE);
	assert_int_equal(request.code, ERR_NO_KEY);
	assert_memory_equal(request.why, "no PGP secret key for 7878", 26);
}

static void differs_opens_what_rfc_9580_has(void **state)
{
	static const char *const names[] = {"go-v6-ocb.msg", "go-v6-gcm.msg", "go-v6-hidden.msg",
					    "go-v6.msg",     "go-x25519.msg", "go-x25519-ocb.msg"};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	must_add(&ring, "v6.asc");
	must_add(&ring, "x25519.asc");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(ask_file(&ring, names[i]).verdict, KEY_OPENED);
}

/* A second message behind the first is an error, half of one is not looked at, as by gpg. */
static void takes_one_message(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FILE_MAX);
	struct key_request request;
	size_t one;

	must_add(&ring, "ecc.asc");
	pgp_file("gpg-ecc.msg", &text);
	one = text.len;
	pgp_file("gpg-ecc-3des.msg", &text);
	request = ask(&ring, buf_span(&text));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_string_equal(request.why, "more than one PGP message");
	buf_cut(&text, one + 60);
	assert_int_equal(ask(&ring, buf_span(&text)).verdict, KEY_OPENED);
}

/* What is not for us costs no more tries than the limit, and keys that are there twice are tried once. */
static void bounds_its_work(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf message = BUF_INIT(1 << 20);
	struct span packets = pgp_file_packets("gpg-stranger-hidden.msg", &pool), rest = packets;
	struct pgp_packet packet;
	struct err err = ERR_INIT;
	struct key_request request;
	size_t head;

	must_add(&ring, "ecc.asc");
	assert_int_equal(pgp_packet_next(&rest, &pool, &packet, &err), 1);
	head = packets.len - rest.len;
	for (size_t i = 0; i < KEY_PGP_TRIES_MAX; i++)
		buf_add(&message, packets.data, head);
	buf_add_span(&message, rest);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(request.verdict, KEY_NOT_MINE);
	assert_string_equal(request.why, "no PGP secret key for anybody, anybody, anybody, ...");
	buf_cut(&message, message.len - rest.len);
	for (size_t i = KEY_PGP_TRIES_MAX; i <= KEY_PGP_WRAPPED_MAX; i++)
		buf_add(&message, packets.data, head);
	buf_add_span(&message, rest);
	request = ask(&ring, buf_span(&message));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_int_equal(request.code, ERR_LIMIT);
	assert_string_equal(request.why, "a PGP message with more than 1000 recipients");
	request = ask(&ring, span_of(message.data, 0));
	assert_int_equal(request.code, ERR_FORMAT);
}

/* Whatever is changed in a message: it does not open, or it holds what it held. */
static int open_any(struct span input, void *arg)
{
	struct keyring *ring = arg;
	struct key_request request = ask(ring, input);

	if (request.verdict != KEY_OPENED) {
		assert_true(request.verdict == KEY_FAILED || request.verdict == KEY_NOT_MINE);
		assert_true(request.code != ERR_NONE && request.why[0]);
		return -1;
	}
	assert_int_equal(request.opened.len, 32);
	for (size_t i = 0; i < request.opened.len; i++)
		assert_int_equal(request.opened.data[i], 0x40 + i);
	return 0;
}

static void survives_mangling(void **state)
{
	static const char *const names[] = {"gpg-ecc.msg", "go-ecc-aead.msg", "go-x25519-ocb.msg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;

		must_add(&ring, "ecc.asc");
		must_add(&ring, "x25519.asc");
		mangle_all(pgp_file_packets(names[i], &pool), open_any, &ring);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			differs_pgp_tries_are_bounded), /* first: before others have needed more */
		cmocka_unit_test(opens_a_batch_of_all_kinds),
		cmocka_unit_test(says_what_a_text_is_not),
		cmocka_unit_test(asks_the_policy_for_each_key),
		cmocka_unit_test(differs_opens_with_the_key_that_fits),
		cmocka_unit_test(differs_takes_hidden_rsa_by_any_number),
		cmocka_unit_test(differs_refuses_pgp_that_is_not_encrypted),
		cmocka_unit_test(differs_refuses_packets_out_of_place),
		cmocka_unit_test(differs_needs_the_prefix_of_points),
		cmocka_unit_test(names_short_what_is_long),
		cmocka_unit_test(differs_opens_what_rfc_9580_has),
		cmocka_unit_test(takes_one_message),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(survives_mangling),
	};
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
