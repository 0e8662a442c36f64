/* SPDX-License-Identifier: Apache-2.0
 *
 * The recipient of an identity: what age-keygen and ssh-keygen wrote beside it, for each kind. And the bound that stands on it: an identity that the
 * policy does not list is not in the ring, whatever a document calls its recipients. (keys: tests/data/age, by age 1.3.1 and OpenSSH)
 */
#include "keys/age_keyfile.h"
#include "keys/age_recipient.h"
#include "keys/age_ssh.h"
#include "keys/keyring.h"

#include "age_data.h"

static void says_what_age_keygen_wrote(void **state)
{
	static const char *const names[] = {"x25519.agekey", "second.agekey", "pq.agekey"};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(1000000),
				     recipient = BUF_INIT(AGE_RECIPIENT_MAX);
		struct age_identity *list = NULL;
		struct span line;
		size_t at;

		age_data(names[i], &text);
		at = span_search(buf_span(&text), SPAN("# public key: "));
		assert_true(at != SIZE_MAX);
		line = span_from(buf_span(&text), at + SPAN("# public key: ").len);
		line.len = span_find(line, 0, '\n');
		assert_int_equal(
			age_keyfile_parse(buf_span(&text), AGE_KEYFILE_LINES, &pool, &list, &err),
			0);
		assert_int_equal(age_recipient_add(list, &recipient, &err), 0);
		assert_true(span_eq(buf_span(&recipient), line));
	}
}

static void says_what_ssh_keygen_wrote(void **state)
{
	static const char *const names[] = {"ssh_ed25519", "ssh_rsa"};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(1000000), pub = BUF_INIT(1000000);
		CLEAN_BUF struct buf recipient = BUF_INIT(AGE_RECIPIENT_MAX);
		struct age_identity *identity = NULL;
		char name[64];

		snprintf(name, sizeof(name), "%s.pub", names[i]);
		age_data(names[i], &text);
		age_data(name, &pub);
		assert_int_equal(age_ssh_parse(buf_span(&text), &pool, &identity, &err), 0);
		assert_int_equal(age_recipient_add(identity, &recipient, &err), 0);
		buf_add_char(&recipient, ' ');
		assert_true(span_starts(buf_span(&pub), buf_span(&recipient)));
	}
}

/* A policy of one recipient, or of none that can be asked. */
static int only(const void *cookie, const struct sops_key *key, struct err *err)
{
	if (!cookie)
		return err_set(err, ERR_NOMEM, "out of memory");
	return span_is(key->id, cookie) ? 0 : err_set(err, ERR_POLICY, "not this one");
}

static void leaves_out_identities_that_are_not_allowed(void **state)
{
	static const char second[] =
		"age19flpvdxy9atgsukv890dtpl8ydrpg4k2u9srvqar7x4h6pd9d4jsct6dka";
	CLEAN_BUF struct buf text = BUF_INIT(1000000);
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;

	age_data("x25519.agekey", &text);
	buf_add_char(&text, '\n');
	age_data("second.agekey", &text);
	assert_int_equal(keyring_add_age(&ring, buf_span(&text), "all", &err), 0);
	assert_int_equal(keyring_age_count(&ring), 2);
	keyring_release(&ring);
	ring.allowed = only;
	ring.allowed_cookie = second;
	assert_int_equal(keyring_add_age(&ring, buf_span(&text), "bounded", &err), 0);
	assert_int_equal(keyring_age_count(&ring), 1);
	assert_int_not_equal(span_search(buf_span(&ring.notes), SPAN("an identity is left out")),
			     SIZE_MAX);
	ring.allowed_cookie = "age1none";
	assert_int_equal(keyring_add_age(&ring, buf_span(&text), "refused", &err), 0);
	assert_int_equal(keyring_age_count(&ring), 1);
	ring.allowed_cookie = NULL;
	assert_int_equal(keyring_add_age(&ring, buf_span(&text), "failing", &err), -1);
	assert_int_equal(err.code, ERR_NOMEM);
}

static int make(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_age_keygen_wrote),
		cmocka_unit_test(says_what_ssh_keygen_wrote),
		cmocka_unit_test(leaves_out_identities_that_are_not_allowed),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
