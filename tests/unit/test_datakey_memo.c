/* SPDX-License-Identifier: Apache-2.0
 *
 * A run that asks for data keys more than once: nobody is asked for the same again, whatever the answer was, and what is not quite the same is another
 * question.
 */
#include "fake_service.h"

#include "sops/datakey.h"
#include "sops/datakey_memo.h"

#include <string.h>

/* One document with one group of keys, in memory of its own, which goes with it. */
struct document {
	struct sops_meta meta;
	struct sops_group group;
	struct sops_key keys[4];
	char texts[4][4][128];
};

static struct document *document(void)
{
	struct document *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->meta.group_count = 1;
	d->meta.groups = &d->group;
	d->group.keys = d->keys;
	return d;
}

static struct span keep(char to[static 128], const char *text)
{
	snprintf(to, 128, "%s", text);
	return span_str(to);
}

static struct sops_key *add(struct document *d, enum sops_key_type type, const char *id,
			    const char *enc)
{
	size_t at = d->group.count++;
	struct sops_key *key = &d->keys[at];

	key->type = type;
	key->id = keep(d->texts[at][0], id);
	key->enc = keep(d->texts[at][1], enc);
	if (at)
		key[-1].next = key;
	return key;
}

/* Overwritten before it goes, so that nobody gets by with what was borrowed. */
static void drop(struct document *d)
{
	memset(d, 'x', sizeof(*d));
	free(d);
}

struct ring {
	struct keyring keyring;
	struct keyservice age, kms, late;
	struct fake_log age_log, kms_log, late_log;
	struct datakey_memo memo;
};

#define RING_INIT                                                                     \
	{                                                                             \
		.keyring = KEYRING_INIT, .age = FAKE_SERVICE(SOPS_KEY_AGE, true),     \
		.kms = FAKE_SERVICE(SOPS_KEY_KMS, false),                             \
		.late = FAKE_SERVICE(SOPS_KEY_KMS, false), .memo = DATAKEY_MEMO_INIT, \
	}

static void plug(struct ring *ring)
{
	struct err err = ERR_INIT;

	assert_int_equal(keyring_add_service(&ring->keyring, &ring->age, &ring->age_log, &err), 0);
	assert_int_equal(keyring_add_service(&ring->keyring, &ring->kms, &ring->kms_log, &err), 0);
	ring->keyring.memo = &ring->memo;
}

static void unplug(struct ring *ring)
{
	datakey_memo_release(&ring->memo);
	keyring_release(&ring->keyring);
}

#define CLEAN_RING CLEANUP(unplug)

/* Asks for d and drops it. The message where it does not open, else "". */
static const char *ask(struct ring *ring, struct document *d)
{
	static struct err why;
	struct datakey_want want = {.meta = &d->meta};
	struct err err = ERR_INIT;

	if (datakey_open(&want, 1, &ring->keyring, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	why = (struct err)ERR_INIT;
	if (want.err)
		why = *want.err;
	else
		assert_int_equal(want.key.data[31], 31);
	free(want.err);
	drop(d);
	return want.key.data ? "" : why.msg;
}

static void asks_once_whatever_the_answer_was(void **state)
{
	static const struct {
		const char *enc, *word;
	} table[] = {
		{FAKE_KEY, ""},     {"denied", "denied"},     {"unreachable", "unreachable"},
		{"no", "not mine"}, {"garbage", "malformed"},
	};
	CLEAN_RING struct ring ring = RING_INIT;
	size_t i, round;

	plug(&ring);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_LEN(table); i++) {
			struct document *d = document();
			const char *msg;

			add(d, SOPS_KEY_KMS, "k", table[i].enc);
			msg = ask(&ring, d);
			if (table[i].word[0] ? !strstr(msg, table[i].word) : msg[0])
				fail_msg("round %zu, %s: '%s'", round, table[i].enc, msg);
		}
	}
	assert_int_equal(ring.kms_log.requests, ARRAY_LEN(table));
	assert_int_equal(ring.memo.count, ARRAY_LEN(table));
}

static void asks_only_what_is_new(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct document *d = document();

	plug(&ring);
	add(d, SOPS_KEY_KMS, "b", "denied");
	add(d, SOPS_KEY_AGE, "a", "no");
	assert_string_not_equal(ask(&ring, d), "");
	assert_string_equal(ring.age_log.order, "a ");
	assert_string_equal(ring.kms_log.order, "b ");
	d = document();
	add(d, SOPS_KEY_KMS, "a", FAKE_KEY);
	add(d, SOPS_KEY_KMS, "b", "denied");
	add(d, SOPS_KEY_KMS, "c", FAKE_KEY);
	add(d, SOPS_KEY_AGE, "a", "no");
	assert_string_equal(ask(&ring, d), "");
	assert_string_equal(ring.age_log.order, "a ");
	assert_string_equal(ring.kms_log.order, "b a ");
	/* What was passed over then is asked when it comes to it. */
	d = document();
	add(d, SOPS_KEY_KMS, "b", "denied");
	add(d, SOPS_KEY_KMS, "c", FAKE_KEY);
	assert_string_equal(ask(&ring, d), "");
	assert_string_equal(ring.kms_log.order, "b a c ");
}

/* A change of one field of a key of KMS, which makes another question of it. */
static void takes_no_other_question_for_the_same(void **state)
{
	struct doc_node context[] = {{.kind = DOC_MAP}, {.kind = DOC_MAP}, {.kind = DOC_MAP}};
	struct doc_node entries[] = {
		{.kind = DOC_STRING, .key = SPAN("k"), .str = SPAN("v")},
		{.kind = DOC_STRING, .key = SPAN("k"), .str = SPAN("w")},
		{.kind = DOC_NULL, .key = SPAN("k")},
	};
	CLEAN_RING struct ring ring = RING_INIT;
	size_t i, round;

	plug(&ring);
	for (i = 0; i < ARRAY_LEN(entries); i++)
		doc_append(&context[i], &entries[i]);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 10; i++) {
			struct document *d = document();
			struct sops_key *key =
				add(d, i == 1 ? SOPS_KEY_AGE : SOPS_KEY_KMS, i == 2 ? "other" : "k",
				    i == 3 ? "open:0001" : FAKE_KEY);

			key->role = keep(d->texts[0][2], i == 4 ? "role" : "");
			key->profile = keep(d->texts[0][3], i == 5 ? "profile" : "");
			if (i == 6)
				key->address = SPAN("address");
			if (i >= 7)
				key->context = &context[i - 7];
			(void)ask(&ring, d);
			assert_int_equal(ring.kms_log.requests + ring.age_log.requests,
					 round ? 10 : i + 1);
		}
	}
}

/* As a PGP key that only GnuPG can use adds its service while another is asked. */
static void asks_a_service_that_came_later(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct document *d = document();
	struct err err = ERR_INIT;

	plug(&ring);
	add(d, SOPS_KEY_KMS, "k", "denied");
	assert_string_not_equal(ask(&ring, d), "");
	assert_int_equal(keyring_add_service(&ring.keyring, &ring.late, &ring.late_log, &err), 0);
	d = document();
	add(d, SOPS_KEY_KMS, "k", "denied");
	assert_string_not_equal(ask(&ring, d), "");
	assert_int_equal(ring.kms_log.requests, 1);
	assert_int_equal(ring.late_log.requests, 1);
	d = document();
	add(d, SOPS_KEY_KMS, "k", "denied");
	assert_string_not_equal(ask(&ring, d), "");
	assert_int_equal(ring.late_log.requests, 1);
}

static int refuse(const void *cookie, const struct sops_key *key, struct err *err)
{
	size_t *asked = (size_t *)(uintptr_t)cookie;

	++*asked;
	(void)err_set(err, ERR_POLICY, "'%.*s' is not allowed", (int)key->id.len,
		      (const char *)key->id.data);
	return err_hint(err, "allow it");
}

/* With its hint, as that is what its user needs. */
static void keeps_what_the_policy_says(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	size_t asked = 0, round;

	plug(&ring);
	ring.keyring.allowed = refuse;
	ring.keyring.allowed_cookie = &asked;
	for (round = 0; round < 2; round++) {
		struct document *d = document();
		struct datakey_want want = {.meta = &d->meta};
		struct err err = ERR_INIT;

		add(d, SOPS_KEY_KMS, "k", FAKE_KEY);
		assert_int_equal(datakey_open(&want, 1, &ring.keyring, NULL, &err), 0);
		drop(d);
		assert_int_equal(want.err->code, ERR_POLICY);
		assert_non_null(strstr(want.err->msg, "'k' is not allowed"));
		assert_string_equal(want.err->hint, "allow it");
		free(want.err);
	}
	assert_int_equal(ring.kms_log.requests, 0);
	assert_int_equal(asked, 1);
}

static void without_one_nothing_is_kept(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	size_t round;

	plug(&ring);
	ring.keyring.memo = NULL;
	for (round = 0; round < 2; round++) {
		struct document *d = document();

		add(d, SOPS_KEY_KMS, "k", FAKE_KEY);
		assert_string_equal(ask(&ring, d), "");
	}
	assert_int_equal(ring.kms_log.requests, 2);
	assert_int_equal(ring.memo.count, 0);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_once_whatever_the_answer_was),
		cmocka_unit_test(asks_only_what_is_new),
		cmocka_unit_test(takes_no_other_question_for_the_same),
		cmocka_unit_test(asks_a_service_that_came_later),
		cmocka_unit_test(keeps_what_the_policy_says),
		cmocka_unit_test(without_one_nothing_is_kept),
	};

	return cmocka_run_group_tests_name("datakey_memo", tests, start, NULL);
}
