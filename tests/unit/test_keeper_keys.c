/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/keeper_keys.c: which ring a secretRef gets. Who writes to Git writes the names, as many as he likes.
 */
#include "files.h"

#include "keeper_keys.h"
#include "serve_options.h"

#include <stdio.h>

#define IDENTITY "AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU\n"

static int load(struct keeper_keys *keys, const char *folder, const char *flat, struct err *err)
{
	static struct serve_options options;

	options = (struct serve_options)SERVE_OPTIONS_INIT;
	options.listen_count = 1;
	options.listens[0].path = "one";
	options.keys.keys = folder;
	options.keys.keys_flat = flat;
	options.keys.ns = folder ? "a" : NULL;
	return secret_init(err) < 0 ? -1 : keeper_keys_load(keys, &options, err);
}

static void a_mounted_secret_has_one_ring_for_all_names(void **state)
{
	struct keeper_keys keys = KEEPER_KEYS_INIT;
	struct keyring *none, *first, *ring;
	struct err err = ERR_INIT;
	char name[32];
	int i;

	files_put("flat/some.agekey", IDENTITY);
	assert_int_equal(load(&keys, NULL, "flat", &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN_NULL, &none, &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("a/first"), &first, &err), 0);
	/* What there is without a secretRef may be more. */
	assert_ptr_not_equal(none, first);
	for (i = 0; i < 2 * KEEPER_RINGS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "ns-%d/s", i);
		assert_int_equal(keeper_keys_ring(&keys, 0, span_str(name), &ring, &err), 0);
		assert_ptr_equal(ring, first);
	}
	assert_int_equal(keyring_age_count(ring), 1);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("a/Not A Name"), &ring, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	keeper_keys_release(&keys);
}

static void names_in_a_folder_have_a_ring_each(void **state)
{
	struct keeper_keys keys = KEEPER_KEYS_INIT;
	struct keyring *one, *two, *again;
	struct err err = ERR_INIT;

	files_put("keys/a/one/some.agekey", IDENTITY);
	files_put("keys/a/two/none.txt", "");
	files_put("flat/some.agekey", IDENTITY);
	assert_int_equal(load(&keys, "keys", "flat", &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("a/one"), &one, &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("a/two"), &two, &err), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("a/one"), &again, &err), 0);
	assert_ptr_equal(one, again);
	assert_ptr_not_equal(one, two);
	assert_int_equal(keyring_age_count(one), 1);
	assert_int_equal(keyring_age_count(two), 0);
	assert_int_equal(keeper_keys_ring(&keys, 0, SPAN("b/one"), &two, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	keeper_keys_release(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mounted_secret_has_one_ring_for_all_names),
		cmocka_unit_test(names_in_a_folder_have_a_ring_each),
	};

	return cmocka_run_group_tests_name("keeper_keys", tests, files_make, files_drop);
}
