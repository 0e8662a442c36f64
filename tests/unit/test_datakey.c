/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is asked, how often, in which order, and what the user is told: with key services that open what their own text says.
 */
#include "fake_service.h"

#include "sops/datakey.h"

enum { KEYS_MAX = 8, GROUPS_MAX = 4 };

/* A document's metadata, written out. */
struct wanted {
	struct sops_meta meta;
	struct sops_group groups[GROUPS_MAX];
	struct sops_key keys[GROUPS_MAX][KEYS_MAX];
};

static struct wanted *group(struct wanted *w, size_t count)
{
	size_t i;

	w->meta.group_count = count;
	w->meta.groups = w->groups;
	for (i = 0; i + 1 < count; i++)
		w->groups[i].next = &w->groups[i + 1];
	return w;
}

/* Adds a key behind the others of its group; callers add in sops's list order. */
static void add(struct wanted *w, size_t g, enum sops_key_type type, const char *id,
		const char *enc)
{
	struct sops_key *key = &w->keys[g][w->groups[g].count];

	*key = (struct sops_key){.type = type, .id = span_str(id), .enc = span_str(enc)};
	if (w->groups[g].count)
		key[-1].next = key;
	else
		w->groups[g].keys = key;
	w->groups[g].count++;
}

struct ring {
	struct keyring keyring;
	struct keyservice age, kms, vault;
	struct fake_log age_log, kms_log, vault_log;
};

#define RING_INIT                                                                 \
	{                                                                         \
		.keyring = KEYRING_INIT, .age = FAKE_SERVICE(SOPS_KEY_AGE, true), \
		.kms = FAKE_SERVICE(SOPS_KEY_KMS, false),                         \
		.vault = FAKE_SERVICE(SOPS_KEY_HC_VAULT, false),                  \
	}

static void plug(struct ring *ring)
{
	struct err err = ERR_INIT;

	assert_int_equal(keyring_add_service(&ring->keyring, &ring->kms, &ring->kms_log, &err), 0);
	assert_int_equal(keyring_add_service(&ring->keyring, &ring->age, &ring->age_log, &err), 0);
	assert_int_equal(keyring_add_service(&ring->keyring, &ring->vault, &ring->vault_log, &err),
			 0);
}

static void unplug(struct ring *ring)
{
	keyring_release(&ring->keyring);
}

#define CLEAN_RING CLEANUP(unplug)

static struct err open_one(struct ring *ring, const struct wanted *w, const char *order,
			   bool *ret_opened)
{
	struct datakey_want want = {.meta = &w->meta};
	struct err err = ERR_INIT, why = ERR_INIT;

	assert_int_equal(datakey_open(&want, 1, &ring->keyring, order, &err), 0);
	*ret_opened = want.key.data != NULL;
	assert_int_equal(want.err == NULL, *ret_opened);
	if (*ret_opened) {
		assert_int_equal(want.key.len, DATAKEY_LEN);
		assert_int_equal(want.key.data[31], 31);
	} else {
		why = *want.err;
	}
	free(want.err);
	return why;
}

static void opens_by_the_first_key_that_does(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	bool opened;

	plug(&ring);
	group(&w, 1);
	add(&w, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&w, 0, SOPS_KEY_AGE, "age1", "no");
	add(&w, 0, SOPS_KEY_AGE, "age2", FAKE_KEY);
	add(&w, 0, SOPS_KEY_AGE, "age3", FAKE_KEY "00");
	(void)open_one(&ring, &w, NULL, &opened);
	assert_true(opened);
	/* age before kms though listed after it; nobody is asked once it is open */
	assert_string_equal(ring.age_log.order, "age1 age2 ");
	assert_int_equal(ring.kms_log.requests, 0);
}

static void keeps_to_the_order_that_was_given(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	bool opened;

	plug(&ring);
	group(&w, 1);
	add(&w, 0, SOPS_KEY_KMS, "kms1", "denied");
	add(&w, 0, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	add(&w, 0, SOPS_KEY_AGE, "age1", FAKE_KEY);
	(void)open_one(&ring, &w, "kms,hc_vault", &opened);
	assert_true(opened);
	assert_string_equal(ring.kms_log.order, "kms1 ");
	assert_string_equal(ring.vault_log.order, "vault1 ");
	assert_int_equal(ring.age_log.requests, 0);
}

static void refuses_an_order_that_names_a_type_twice(void **state)
{
	static const char *const bad[] = {"age,age", "age,pgp,age", "x,x", ",", "age,,"};
	CLEAN_RING struct ring ring = RING_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(datakey_open(NULL, 0, &ring.keyring, bad[i], &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_int_equal(datakey_open(NULL, 0, &ring.keyring, "", &err), 0);
	assert_int_equal(datakey_open(NULL, 0, &ring.keyring, "what,kms,age", &err), 0);
}

static void differs_data_key_is_32_bytes(void **state)
{
	static const char *const bad[] = {"open:", "open:00",
					  "open:000102030405060708090a0b0c0d0e0f", FAKE_KEY "20"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		CLEAN_RING struct ring ring = RING_INIT;
		struct wanted w = {.meta = {.group_count = 0}};
		struct err why;
		bool opened;

		plug(&ring);
		add(group(&w, 1), 0, SOPS_KEY_AGE, "age1", bad[i]);
		why = open_one(&ring, &w, NULL, &opened);
		assert_false(opened);
		assert_int_equal(why.code, ERR_VALUE);
	}
}

static void asks_equal_keys_of_many_documents_once(void **state)
{
	enum { DOCS = 1000 };
	static struct wanted docs[DOCS];
	static struct datakey_want wants[DOCS];
	static char encs[DOCS][80];
	CLEAN_RING struct ring ring = RING_INIT;
	struct err err = ERR_INIT;
	size_t i;

	plug(&ring);
	for (i = 0; i < DOCS; i++) {
		/* ten distinct keys; the first candidate of each is nobody's */
		snprintf(encs[i], sizeof(encs[i]), "%s", FAKE_KEY);
		snprintf(encs[i] + 5, 3, "%02zx", i % 10);
		encs[i][7] = '0';
		group(&docs[i], 1);
		add(&docs[i], 0, SOPS_KEY_KMS, "kms1", "unreachable");
		add(&docs[i], 0, SOPS_KEY_AGE, "other", "no");
		add(&docs[i], 0, SOPS_KEY_AGE, "mine", encs[i]);
		wants[i].meta = &docs[i].meta;
	}
	assert_int_equal(datakey_open(wants, DOCS, &ring.keyring, NULL, &err), 0);
	for (i = 0; i < DOCS; i++) {
		assert_null(wants[i].err);
		assert_int_equal(wants[i].key.data[0], i % 10);
	}
	/* one "no", then ten keys in one batch */
	assert_int_equal(ring.age_log.calls, 2);
	assert_int_equal(ring.age_log.requests, 11);
	assert_int_equal(ring.age_log.most, 10);
	assert_int_equal(ring.kms_log.calls, 0);
}

static void asks_the_network_for_all_that_is_left_in_one_batch(void **state)
{
	enum { DOCS = 50 };
	static struct wanted docs[DOCS];
	static struct datakey_want wants[DOCS];
	static char encs[DOCS][80], ids[DOCS][8];
	CLEAN_RING struct ring ring = RING_INIT;
	struct err err = ERR_INIT;
	size_t i;

	plug(&ring);
	for (i = 0; i < DOCS; i++) {
		snprintf(encs[i], sizeof(encs[i]), "%s", FAKE_KEY);
		snprintf(encs[i] + 5, 3, "%02zx", i);
		encs[i][7] = '0';
		snprintf(ids[i], sizeof(ids[i]), "k%zu", i);
		group(&docs[i], 1);
		add(&docs[i], 0, SOPS_KEY_KMS, ids[i], i % 2 ? encs[i] : "denied");
		add(&docs[i], 0, SOPS_KEY_HC_VAULT, ids[i], encs[i]);
		add(&docs[i], 0, SOPS_KEY_AGE, "a", i % 5 ? "no" : encs[i]);
		wants[i].meta = &docs[i].meta;
	}
	assert_int_equal(datakey_open(wants, DOCS, &ring.keyring, NULL, &err), 0);
	for (i = 0; i < DOCS; i++)
		assert_non_null(wants[i].key.data);
	assert_int_equal(ring.age_log.calls, 1);
	assert_int_equal(ring.kms_log.calls, 1);
	assert_int_equal(ring.kms_log.requests, 40); /* without the ten that age opened */
	assert_int_equal(ring.vault_log.calls, 1);
	assert_int_equal(ring.vault_log.requests, 20); /* those that kms denied */
}

static void same_ciphertext_with_other_names_is_another_question(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	bool opened;

	plug(&ring);
	group(&w, 1);
	add(&w, 0, SOPS_KEY_KMS, "arn1", "denied");
	add(&w, 0, SOPS_KEY_KMS, "arn2", "denied");
	add(&w, 0, SOPS_KEY_KMS, "arn2", "denied");
	(void)open_one(&ring, &w, NULL, &opened);
	assert_false(opened);
	assert_string_equal(ring.kms_log.order, "arn1 arn2 ");
}

struct verdict {
	const char *enc[3]; /* age, kms, vault; NULL: none */
	enum err_code code;
	const char *message;
};

static void tells_each_attempt_and_whether_to_try_again(void **state)
{
	static const struct verdict table[] = {
		{{"no", NULL, NULL}, ERR_NO_KEY, "no key opens it: age 'id': not mine"},
		{{"junk", NULL, NULL}, ERR_NO_KEY, "no key opens it: age 'id': malformed"},
		{{"no", "denied", NULL},
		 ERR_DENIED,
		 "no key opens it: \nage 'id': not mine; \nkms 'id': denied"},
		{{"no", "denied", "unreachable"},
		 ERR_UNREACHABLE,
		 "no key opens it: \nage 'id': not mine; \nkms 'id': denied; \nhc_vault '/v1//keys/id': "
		 "unreachable"},
	};
	static const enum sops_key_type types[] = {SOPS_KEY_AGE, SOPS_KEY_KMS, SOPS_KEY_HC_VAULT};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_RING struct ring ring = RING_INIT;
		struct wanted w = {.meta = {.group_count = 0}};
		struct err why;
		bool opened;

		plug(&ring);
		group(&w, 1);
		for (k = 0; k < 3; k++) {
			if (table[i].enc[k])
				add(&w, 0, types[k], "id", table[i].enc[k]);
		}
		why = open_one(&ring, &w, NULL, &opened);
		assert_false(opened);
		assert_string_equal(why.msg, table[i].message);
		assert_int_equal(why.code, table[i].code);
	}
}

static void tells_which_service_is_missing_and_what_was_wrong_with_sources(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	struct err why;
	bool opened;

	group(&w, 1);
	add(&w, 0, SOPS_KEY_GCP_KMS, "projects/x", "e");
	add(&w, 0, SOPS_KEY_PGP, "8F2A", "e");
	add(&w, 0, SOPS_KEY_AGE, "age1'\n", "e");
	buf_add_str(&ring.keyring.notes, "'keys.txt' could not be read");
	why = open_one(&ring, &w, NULL, &opened);
	assert_false(opened);
	assert_int_equal(why.code, ERR_NO_KEY);
	assert_string_equal(
		err_joined(&why).msg,
		"no key opens it: gcp_kms 'projects/x': no key service for this type is "
		"configured; pgp '8F2A': no pgp key is configured; age 'age1\\x27\\x0a': no age "
		"identity is configured; 'keys.txt' could not be read");
}

/* Whole clauses only, then how many more there are, and what was wrong with the places that keys come from. */
static void counts_the_attempts_that_have_no_room(void **state)
{
	static char enc[600][16];
	static struct sops_key keys[600];
	struct sops_group only = {.keys = keys, .count = 600};
	struct wanted w = {.meta = {.groups = &only, .group_count = 1}};
	CLEAN_RING struct ring ring = RING_INIT;
	char want[64];
	struct err why;
	bool opened;
	size_t i, told = 0;

	plug(&ring);
	for (i = 0; i < 600; i++) {
		snprintf(enc[i], sizeof(enc[i]), "bad%zu", i);
		keys[i] = (struct sops_key){.next = i < 599 ? &keys[i + 1] : NULL,
					    .type = SOPS_KEY_AGE,
					    .id = span_str(enc[i]),
					    .enc = span_str(enc[i])};
	}
	buf_add_str(&ring.keyring.notes, "'keys.txt' could not be read");
	why = open_one(&ring, &w, NULL, &opened);
	assert_false(opened);
	assert_int_equal(ring.age_log.requests, 600);
	for (const char *at = why.msg; (at = strstr(at, "malformed")) != NULL; at++)
		told++;
	assert_true(told >= 50);
	snprintf(want, sizeof(want), "malformed; \n%zu more; \n'keys.txt' could not be read",
		 600 - told);
	assert_string_equal(why.msg + strlen(why.msg) - strlen(want), want);
	assert_true(strlen(why.msg) < ERR_MSG_MAX - 256); /* room for what is put in front */
}

static int refuse_kms(const void *cookie, const struct sops_key *key, struct err *err)
{
	*(size_t *)(uintptr_t)cookie += 1;
	if (key->type != SOPS_KEY_KMS)
		return 0;
	(void)err_set(err, ERR_POLICY, "not in the policy");
	return err_hint(err, "add it");
}

static void asks_the_policy_before_a_service(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	size_t asked = 0;
	struct err why;
	bool opened;

	plug(&ring);
	ring.keyring.allowed = refuse_kms;
	ring.keyring.allowed_cookie = &asked;
	group(&w, 1);
	add(&w, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&w, 0, SOPS_KEY_AGE, "age1", "no");
	why = open_one(&ring, &w, NULL, &opened);
	assert_false(opened);
	assert_int_equal(ring.kms_log.calls, 0);
	assert_int_equal(why.code, ERR_POLICY);
	assert_non_null(strstr(why.msg, "kms 'kms1': not in the policy"));
	assert_string_equal(why.hint, "add it");
	assert_int_equal(asked, 2);
}

static int refuse_bad(const void *cookie, const struct sops_key *key, struct err *err)
{
	(void)cookie;
	return span_is(key->id, "bad") ? err_set(err, ERR_POLICY, "not in the policy") : 0;
}

/* One ciphertext below two names: what the policy says of one name is not taken for the other, whichever comes first. */
static void asks_the_policy_for_each_name_of_a_ciphertext(void **state)
{
	static const enum sops_key_type types[] = {SOPS_KEY_AGE, SOPS_KEY_PGP};
	size_t t, bad;

	for (t = 0; t < ARRAY_LEN(types); t++) {
		for (bad = 0; bad < 2; bad++) {
			CLEAN_RING struct ring ring = RING_INIT;
			struct wanted docs[2] = {{.meta = {.group_count = 0}}};
			struct datakey_want wants[2] = {{.meta = &docs[0].meta},
							{.meta = &docs[1].meta}};
			struct err err = ERR_INIT;

			ring.age.type = types[t];
			plug(&ring);
			ring.keyring.allowed = refuse_bad;
			add(group(&docs[bad], 1), 0, types[t], "bad", FAKE_KEY);
			add(group(&docs[!bad], 1), 0, types[t], "good", FAKE_KEY);
			assert_int_equal(datakey_open(wants, 2, &ring.keyring, NULL, &err), 0);
			assert_null(wants[!bad].err);
			assert_non_null(wants[bad].err);
			assert_int_equal(wants[bad].err->code, ERR_POLICY);
			assert_string_equal(ring.age_log.order, "good ");
			free(wants[bad].err);
		}
	}
}

#define SHARE_A "open:010203"
#define SHARE_B "open:040502"

static void needs_enough_shares(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.shamir_threshold = 2}};
	struct err why;
	bool opened;

	plug(&ring);
	group(&w, 3);
	add(&w, 0, SOPS_KEY_AGE, "a", SHARE_A);
	add(&w, 1, SOPS_KEY_AGE, "b", "no");
	add(&w, 2, SOPS_KEY_KMS, "c", "denied");
	why = open_one(&ring, &w, NULL, &opened);
	assert_int_equal(why.code, ERR_DENIED);
	assert_string_equal(why.msg, "1 of 3 key groups open, 2 needed: \nage 'b': not mine; "
				     "\nkms 'c': denied");
}

static void retries_only_where_the_unreachable_could_be_enough(void **state)
{
	static const struct {
		int64_t threshold;
		const char *second, *third;
		enum err_code code;
	} table[] = {
		{2, "unreachable", "no", ERR_UNREACHABLE},
		{3, "unreachable", "no", ERR_NO_KEY},
		{3, "unreachable", "unreachable", ERR_UNREACHABLE},
		{0, "unreachable", "no", ERR_UNREACHABLE},
		{1, "no", "no", ERR_NO_KEY},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_RING struct ring ring = RING_INIT;
		struct wanted w = {.meta = {.shamir_threshold = table[i].threshold}};
		struct err why;
		bool opened;

		plug(&ring);
		group(&w, 3);
		add(&w, 0, SOPS_KEY_AGE, "a", SHARE_A);
		add(&w, 1, SOPS_KEY_KMS, "b", table[i].second);
		add(&w, 2, SOPS_KEY_KMS, "c", table[i].third);
		why = open_one(&ring, &w, NULL, &opened);
		assert_false(opened);
		assert_int_equal(why.code, table[i].code);
	}
}

static void combines_all_shares_it_could_get(void **state)
{
	/* y = secret byte + x * 1, shares 1, 2 and 3 of the key of seal.h */
	char enc[3][5 + 66 + 1];
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.shamir_threshold = 2}};
	bool opened;
	size_t g, i;

	plug(&ring);
	group(&w, 3);
	for (g = 0; g < 3; g++) {
		memcpy(enc[g], "open:", 5);
		for (i = 0; i < 32; i++)
			snprintf(enc[g] + 5 + 2 * i, 3, "%02x", (unsigned)(i ^ (g + 1)));
		snprintf(enc[g] + 69, 3, "%02x", (unsigned)(g + 1));
		add(&w, g, SOPS_KEY_AGE, "x", enc[g]);
	}
	(void)open_one(&ring, &w, NULL, &opened);
	assert_true(opened);
	/* all groups are asked, as in sops, though two would do */
	assert_int_equal(ring.age_log.requests, 3);
}

static void a_bad_share_is_no_key(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.shamir_threshold = 2}};
	struct err why;
	bool opened;

	plug(&ring);
	group(&w, 2);
	add(&w, 0, SOPS_KEY_AGE, "a", SHARE_A);
	add(&w, 1, SOPS_KEY_AGE, "b", "open:");
	why = open_one(&ring, &w, NULL, &opened);
	assert_int_equal(why.code, ERR_NO_KEY);
	add(&w, 1, SOPS_KEY_AGE, "c", SHARE_B);
	w.keys[1][0].enc = span_str("no");
	why = open_one(&ring, &w, NULL, &opened);
	assert_int_equal(why.code, ERR_VALUE); /* two bytes are no data key */
}

static void a_failure_of_a_whole_service_ends_all(void **state)
{
	CLEAN_RING struct ring ring = RING_INIT;
	struct wanted w = {.meta = {.group_count = 0}};
	struct datakey_want want = {.meta = &w.meta};
	struct err err = ERR_INIT;

	plug(&ring);
	add(group(&w, 1), 0, SOPS_KEY_AGE, "a", "fatal");
	assert_int_equal(datakey_open(&want, 1, &ring.keyring, NULL, &err), -1);
	assert_int_equal(err.code, ERR_NOMEM);
	free(want.err);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_by_the_first_key_that_does),
		cmocka_unit_test(keeps_to_the_order_that_was_given),
		cmocka_unit_test(refuses_an_order_that_names_a_type_twice),
		cmocka_unit_test(differs_data_key_is_32_bytes),
		cmocka_unit_test(asks_equal_keys_of_many_documents_once),
		cmocka_unit_test(asks_the_network_for_all_that_is_left_in_one_batch),
		cmocka_unit_test(same_ciphertext_with_other_names_is_another_question),
		cmocka_unit_test(tells_each_attempt_and_whether_to_try_again),
		cmocka_unit_test(tells_which_service_is_missing_and_what_was_wrong_with_sources),
		cmocka_unit_test(counts_the_attempts_that_have_no_room),
		cmocka_unit_test(asks_the_policy_before_a_service),
		cmocka_unit_test(asks_the_policy_for_each_name_of_a_ciphertext),
		cmocka_unit_test(needs_enough_shares),
		cmocka_unit_test(retries_only_where_the_unreachable_could_be_enough),
		cmocka_unit_test(combines_all_shares_it_could_get),
		cmocka_unit_test(a_bad_share_is_no_key),
		cmocka_unit_test(a_failure_of_a_whole_service_ends_all),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
