/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/age.c and the kinds of identities: how each file ends, by the classes that age's own test vectors know.
 */
#include "age_data.h"

#include "age_emit.h"
#include "base/wipe.h"
#include "keys/age.h"
#include "keys/age_armor.h"
#include "keys/age_keyfile.h"
#include "keys/age_ssh.h"

/* 32 bytes of base64 that stand for a point of low order: 0, and 2^255 - 18, which is 1. */
#define LOW_ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LOW_ONE  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BODY     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define POINT    "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const uint8_t file_key[AGE_FILE_KEY_LEN] = {'Y', 'E', 'L', 'L', 'O', 'W', ' ', 'S',
						   'U', 'B', 'M', 'A', 'R', 'I', 'N', 'E'};

struct keys {
	struct secret_pool pool;
	struct age_identity *x25519, *second, *pq, *ed25519, *rsa;
};

static struct keys keys;

static struct age_identity *load_native(const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct age_identity *list = NULL;
	struct err err = ERR_INIT;

	age_data(name, &text);
	assert_int_equal(
		age_keyfile_parse(buf_span(&text), AGE_KEYFILE_LINES, &keys.pool, &list, &err), 0);
	assert_non_null(list);
	assert_null(list->next);
	return list;
}

static struct age_identity *load_ssh(const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct age_identity *identity = NULL;
	struct err err = ERR_INIT;

	age_data(name, &text);
	assert_int_equal(age_ssh_parse(buf_span(&text), &keys.pool, &identity, &err), 0);
	return identity;
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return -1;
	keys.x25519 = load_native("x25519.agekey");
	keys.second = load_native("second.agekey");
	keys.pq = load_native("pq.agekey");
	keys.ed25519 = load_ssh("ssh_ed25519");
	keys.rsa = load_ssh("ssh_rsa");
	return 0;
}

static int teardown(void **state)
{
	secret_pool_release(&keys.pool);
	return 0;
}

static void dearmor(const char *name, struct buf *file)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	age_data(name, &text);
	assert_int_equal(age_armor_decode(buf_span(&text), file, &err), 0);
}

static enum age_class open_bytes(struct span file, const struct age_identity *identity,
				 struct span *plain, struct err *err)
{
	return age_open(file, identity, AGE_DATA_MAX, &keys.pool, plain, err);
}

static void opens_files_of_the_real_age(void **state)
{
	const struct {
		const char *name;
		const struct age_identity *identity;
		enum age_class class;
	} rows[] = {
		{"to-x25519.age", keys.x25519, AGE_OPENED},
		{"to-x25519.age", keys.second, AGE_NO_MATCH},
		{"to-x25519.age", keys.pq, AGE_NO_MATCH},
		{"to-x25519.age", keys.ed25519, AGE_NO_MATCH},
		{"to-x25519.age", keys.rsa, AGE_NO_MATCH},
		{"to-second.age", keys.second, AGE_OPENED},
		{"to-pq.age", keys.pq, AGE_OPENED},
		{"to-pq.age", keys.x25519, AGE_NO_MATCH},
		{"to-ssh-ed25519.age", keys.ed25519, AGE_OPENED},
		{"to-ssh-ed25519.age", keys.rsa, AGE_NO_MATCH},
		{"to-ssh-rsa.age", keys.rsa, AGE_OPENED},
		{"to-ssh-rsa.age", keys.ed25519, AGE_NO_MATCH},
		{"to-many.age", keys.x25519, AGE_OPENED},
		{"to-many.age", keys.second, AGE_OPENED},
		{"to-many.age", keys.pq, AGE_OPENED},
		{"to-many.age", keys.ed25519, AGE_OPENED},
		{"to-many.age", keys.rsa, AGE_OPENED},
		{"to-stranger.age", keys.x25519, AGE_NO_MATCH},
		{"to-passphrase.age", keys.x25519, AGE_NO_MATCH},
	};
	uint8_t want[32];

	age_data_key(want);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf file = BUF_INIT(AGE_DATA_MAX);
		struct span plain = SPAN_NULL;
		struct err err = ERR_INIT;

		dearmor(rows[i].name, &file);
		if (open_bytes(buf_span(&file), rows[i].identity, &plain, &err) != rows[i].class)
			fail_msg("row %zu: %s", i, err.msg);
		if (rows[i].class == AGE_OPENED)
			assert_true(span_eq(plain, span_of(want, 32)));
		else
			assert_string_equal(err.msg, "no identity matched any of the recipients");
	}
}

static void opens_an_empty_and_a_long_payload(void **state)
{
	CLEAN_BUF struct buf empty = BUF_INIT(AGE_DATA_MAX), full = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;
	struct span plain;

	dearmor("to-x25519.empty.age", &empty);
	assert_int_equal(open_bytes(buf_span(&empty), keys.x25519, &plain, &err), AGE_OPENED);
	assert_int_equal(plain.len, 0);
	assert_non_null(plain.data);
	dearmor("to-x25519.long.age", &full);
	assert_int_equal(open_bytes(buf_span(&full), keys.x25519, &plain, &err), AGE_OPENED);
	assert_int_equal(plain.len, 65537);
	assert_int_equal(age_open(buf_span(&full), keys.x25519, 65536, &keys.pool, &plain, &err),
			 AGE_BROKEN);
	assert_int_equal(err.code, ERR_LIMIT);
}

/* Stanzas as malformed as can be, under a MAC that is right, tried by the identity whose type they have. */
static void ends_at_a_malformed_stanza_of_its_own_type(void **state)
{
	const struct {
		const struct age_identity *identity;
		const char *stanza;
		enum age_class class;
	} rows[] = {
		{keys.x25519, "-> X25519 " POINT "\n" BODY, AGE_NO_MATCH},
		{keys.x25519, "-> x25519 " POINT " more\n" BODY, AGE_NO_MATCH},
		{keys.x25519, "-> X25519\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT " more\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT "=\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT "A\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 CQ\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n" BODY,
		 AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT "\nAAAA\n", AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT "\n\n", AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " POINT "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		 AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " LOW_ZERO "\n" BODY, AGE_BAD_HEADER},
		{keys.x25519, "-> X25519 " LOW_ONE "\n" BODY, AGE_BAD_HEADER},
		{keys.pq, "-> mlkem768x25519\n" BODY, AGE_BAD_HEADER},
		{keys.pq, "-> mlkem768x25519 " POINT "\n" BODY, AGE_BAD_HEADER},
		{keys.pq, "-> MLKEM768x25519 " POINT "\n" BODY, AGE_NO_MATCH},
		{keys.ed25519, "-> ssh-ed25519 AAAAAA " POINT "\n" BODY, AGE_NO_MATCH},
		{keys.ed25519, "-> ssh-ed25519 TAG " POINT "\n" BODY, AGE_BAD_HEADER},
		{keys.ed25519, "-> ssh-ed25519 TAG " POINT "\nAAAA\n", AGE_BAD_HEADER},
		{keys.ed25519, "-> ssh-ed25519 TAG " LOW_ZERO "\n" BODY, AGE_BAD_HEADER},
		{keys.ed25519, "-> ssh-ed25519 AAAAAA\n" BODY, AGE_BAD_HEADER},
		{keys.ed25519, "-> ssh-ed25519 AAAAAA CQ\n" BODY, AGE_BAD_HEADER},
		{keys.ed25519, "-> ssh-ed25519 AAAAAA " POINT " more\n" BODY, AGE_BAD_HEADER},
		{keys.rsa, "-> ssh-rsa AAAAAA\n" BODY, AGE_NO_MATCH},
		{keys.rsa, "-> ssh-rsa TAG\n" BODY, AGE_BAD_HEADER},
		{keys.rsa, "-> ssh-rsa TAG\n\n", AGE_BAD_HEADER},
		{keys.rsa, "-> ssh-rsa\n" BODY, AGE_BAD_HEADER},
		{keys.rsa, "-> ssh-rsa AAAAAA more\n" BODY, AGE_BAD_HEADER},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_BUF struct buf stanza = BUF_INIT(AGE_DATA_MAX), file = BUF_INIT(AGE_DATA_MAX);
		struct span text = span_str(rows[i].stanza), plain;
		struct err err = ERR_INIT;
		size_t tag = span_search(text, SPAN("TAG"));

		if (tag != SIZE_MAX) { /* the tag of the key in place of the word */
			buf_add_span(&stanza, span_sub(text, 0, tag));
			buf_add(&stanza, rows[i].identity->ssh.tag, AGE_SSH_TAG_LEN);
			text = span_from(text, tag + 3);
		}
		buf_add_span(&stanza, text);
		age_emit_file(buf_span(&stanza), file_key, SPAN("x"), &file);
		if (open_bytes(buf_span(&file), rows[i].identity, &plain, &err) != rows[i].class)
			fail_msg("row %zu: %s", i, err.msg);
		assert_int_equal(err.code, rows[i].class == AGE_NO_MATCH ? ERR_NO_KEY
					   : strstr(err.msg, "RSA-OAEP") ? ERR_VALUE
									 : ERR_FORMAT);
	}
}

static void a_malformed_stanza_is_fatal_only_before_the_match(void **state)
{
	/* One after the one that opens is never looked at; one before it ends the search: age does the same. */
	for (int before = 0; before < 2; before++) {
		CLEAN_BUF struct buf stanzas = BUF_INIT(AGE_DATA_MAX),
				     file = BUF_INIT(AGE_DATA_MAX);
		struct err err = ERR_INIT;
		struct span plain;

		if (before)
			buf_add_str(&stanzas, "-> X25519 CQ\n" BODY);
		age_emit_x25519(keys.x25519->x25519.public, file_key, &stanzas);
		if (!before)
			buf_add_str(&stanzas, "-> X25519 CQ\n" BODY);
		age_emit_file(buf_span(&stanzas), file_key, SPAN("plain"), &file);
		assert_int_equal(open_bytes(buf_span(&file), keys.x25519, &plain, &err),
				 before ? AGE_BAD_HEADER : AGE_OPENED);
	}
}

static void tries_each_identity_on_all_stanzas(void **state)
{
	CLEAN_BUF struct buf stanzas = BUF_INIT(AGE_DATA_MAX), file = BUF_INIT(AGE_DATA_MAX);
	struct age_identity first = *keys.second, last = *keys.x25519;
	CLEAN_WIPE(first);
	CLEAN_WIPE(last);
	struct err err = ERR_INIT;
	struct span plain;

	first.next = &last;
	last.next = NULL;
	buf_add_str(&stanzas, "-> grease-x ?\n\n");
	age_emit_x25519(keys.ed25519->ssh.curve.public, file_key, &stanzas);
	age_emit_x25519(keys.x25519->x25519.public, file_key, &stanzas);
	age_emit_file(buf_span(&stanzas), file_key, SPAN("plain"), &file);
	assert_int_equal(open_bytes(buf_span(&file), &first, &plain, &err), AGE_OPENED);
	assert_true(span_is(plain, "plain"));
	assert_int_equal(open_bytes(buf_span(&file), keys.second, &plain, &err), AGE_NO_MATCH);
	assert_int_equal(open_bytes(buf_span(&file), NULL, &plain, &err), AGE_NO_MATCH);
}

static void checks_the_mac_before_the_payload(void **state)
{
	CLEAN_BUF struct buf stanzas = BUF_INIT(AGE_DATA_MAX), file = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;
	struct span plain;
	size_t mac;

	age_emit_x25519(keys.x25519->x25519.public, file_key, &stanzas);
	age_emit_file(buf_span(&stanzas), file_key, SPAN("plain"), &file);
	mac = span_search(buf_span(&file), SPAN("\n--- ")) + 5;
	file.data[mac] = file.data[mac] == 'A' ? 'B' : 'A';
	buf_cut(&file, file.len - 1);
	assert_int_equal(open_bytes(buf_span(&file), keys.x25519, &plain, &err), AGE_BAD_HMAC);
	assert_int_equal(err.code, ERR_VALUE);
}

/* A stanza that is added, taken away or moved leaves the MAC wrong. */
static void refuses_a_changed_header(void **state)
{
	CLEAN_BUF struct buf file = BUF_INIT(AGE_DATA_MAX), changed = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;
	struct span plain;
	size_t end;

	dearmor("to-x25519.age", &file);
	end = span_search(buf_span(&file), SPAN("\n--- ")) + 1;
	buf_add_span(&changed, span_sub(buf_span(&file), 0, end));
	buf_add_str(&changed, "-> grease\n\n");
	buf_add_span(&changed, span_from(buf_span(&file), end));
	assert_int_equal(open_bytes(buf_span(&changed), keys.x25519, &plain, &err), AGE_BAD_HMAC);
}

/* Every byte is under a MAC or a tag, so nothing but the file itself opens. */
static int opens_only_itself(struct span file, void *arg)
{
	size_t *opened = arg;
	struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span plain;

	if (age_open(file, keys.x25519, AGE_DATA_MAX, &pool, &plain, &err) == AGE_OPENED)
		++*opened;
	else
		assert_true(err.code != ERR_NONE && err.msg[0]);
	secret_pool_release(&pool);
	return 0;
}

static void survives_mangling(void **state)
{
	CLEAN_BUF struct buf file = BUF_INIT(AGE_DATA_MAX);
	size_t opened = 0;

	dearmor("to-x25519.age", &file);
	mangle_all(buf_span(&file), opens_only_itself, &opened);
	assert_int_equal(opened, 1);
}

static void refuses_every_change_of_a_hybrid_argument(void **state)
{
	CLEAN_BUF struct buf file = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;
	struct span plain;
	size_t from, to;

	dearmor("to-pq.age", &file);
	from = span_search(buf_span(&file), SPAN("x25519 ")) + 7;
	to = span_find(buf_span(&file), from, '\n');
	for (size_t i = from; i < to; i += 7) {
		uint8_t saved = file.data[i];
		enum age_class class;

		file.data[i] = saved == 'A' ? 'Q' : 'A';
		class = open_bytes(buf_span(&file), keys.pq, &plain, &err);
		assert_true(class == AGE_NO_MATCH || class == AGE_BAD_HEADER);
		file.data[i] = saved;
	}
	assert_int_equal(open_bytes(buf_span(&file), keys.pq, &plain, &err), AGE_OPENED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_files_of_the_real_age),
		cmocka_unit_test(opens_an_empty_and_a_long_payload),
		cmocka_unit_test(ends_at_a_malformed_stanza_of_its_own_type),
		cmocka_unit_test(a_malformed_stanza_is_fatal_only_before_the_match),
		cmocka_unit_test(tries_each_identity_on_all_stanzas),
		cmocka_unit_test(checks_the_mac_before_the_payload),
		cmocka_unit_test(refuses_a_changed_header),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(refuses_every_change_of_a_hybrid_argument),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
