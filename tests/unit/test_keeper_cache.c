/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/keeper_cache.c: what is kept is found under its own name alone and until its time is over, however full the table is.
 */
#include "keeper_cache.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>

static void names_differ_in_every_part(void **state)
{
	struct doc_node pair = {.kind = DOC_STRING, .key = SPAN("a"), .str = SPAN("b")};
	struct doc_node context = {.kind = DOC_MAP, .kids = {&pair, &pair}};
	const struct sops_key base = {.type = SOPS_KEY_KMS, .id = SPAN("id"), .enc = SPAN("enc")};
	struct sops_key keys[] = {base, base, base, base, base, base, base, base, base};
	struct keeper_cache *cache;
	uint8_t ids[16][CACHE_ID];
	struct err err = ERR_INIT;
	size_t i, j, n = 0;

	keys[1].id = SPAN("i");
	keys[2].enc = SPAN("en");
	keys[3].address = SPAN("x");
	keys[4].path = SPAN("x");
	keys[5].role = SPAN("x");
	keys[6].profile = SPAN("x");
	keys[7].context = &context;
	keys[8].type = SOPS_KEY_GCP_KMS;
	assert_int_equal(keeper_cache_new(60, &cache, &err), 0);
	for (i = 0; i < ARRAY_LEN(keys); i++)
		keeper_cache_name(cache, 0, SPAN_NULL, &keys[i], ids[n++]);
	keeper_cache_name(cache, 1, SPAN_NULL, &keys[0], ids[n++]);
	keeper_cache_name(cache, 0, SPAN("a/b"), &keys[0], ids[n++]);
	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			assert_memory_not_equal(ids[i], ids[j], CACHE_ID);
	}
	keeper_cache_name(cache, 0, SPAN_NULL, &keys[0], ids[n]);
	assert_memory_equal(ids[0], ids[n], CACHE_ID);
	keeper_cache_free(cache);
}

static void number_id(uint32_t number, bool crowd, uint8_t ret[static CACHE_ID])
{
	memset(ret, 0, CACHE_ID);
	/* The first three bytes choose the place. */
	memcpy(ret + (crowd ? 8 : 0), &number, sizeof(number));
	memcpy(ret + 16, &number, sizeof(number));
}

static void check(struct keeper_cache *cache, uint32_t number, bool crowd, bool there, int64_t now)
{
	uint8_t id[CACHE_ID];
	struct span key;

	number_id(number, crowd, id);
	key = keeper_cache_find(cache, id, now);
	if (there)
		assert_true(span_eq(key, span_of(&number, sizeof(number))));
	else
		assert_null(key.data);
}

/* All in one place of the table, so that taking out must move others; ten at a time end. */
static void what_ends_does_not_hide_others(void **state)
{
	struct keeper_cache *cache;
	struct err err = ERR_INIT;
	uint8_t id[CACHE_ID];
	uint32_t i, crowd;

	for (crowd = 0; crowd < 2; crowd++) {
		assert_int_equal(keeper_cache_new(100, &cache, &err), 0);
		for (i = 0; i < 200; i++) {
			number_id(i, crowd, id);
			keeper_cache_put(cache, id, span_of(&i, sizeof(i)),
					 (int64_t)(i % 20) * 1000);
		}
		/* Those put at second s end at second s + 100. */
		assert_int_equal(keeper_cache_sweep(cache, 105500), 200 - 6 * 10);
		for (i = 0; i < 200; i++)
			check(cache, i, crowd, i % 20 > 5, 105500);
		check(cache, 7, crowd, false, 107000);
		check(cache, 8, crowd, true, 107000);
		assert_int_equal(keeper_cache_sweep(cache, 1000000), 0);
		keeper_cache_free(cache);
	}
}

static void a_full_cache_lets_the_oldest_go(void **state)
{
	struct keeper_cache *cache;
	struct err err = ERR_INIT;
	uint8_t id[CACHE_ID];
	uint32_t i;

	assert_int_equal(keeper_cache_new(3600, &cache, &err), 0);
	for (i = 0; i < CACHE_ENTRIES_MAX + 3; i++) {
		number_id(i, false, id);
		keeper_cache_put(cache, id, span_of(&i, sizeof(i)), i);
	}
	for (i = 0; i < CACHE_ENTRIES_MAX + 3; i++)
		check(cache, i, false, i >= 3, 10000);
	assert_int_equal(keeper_cache_sweep(cache, 10000), CACHE_ENTRIES_MAX);
	keeper_cache_free(cache);
}

static void odd_keys_are_not_kept(void **state)
{
	static const uint8_t id[CACHE_ID] = {1}, key[CACHE_KEY_MAX + 1] = {2};
	struct keeper_cache *cache;
	struct err err = ERR_INIT;

	assert_int_equal(keeper_cache_new(60, &cache, &err), 0);
	keeper_cache_put(cache, id, span_of(key, 0), 0);
	keeper_cache_put(cache, id, span_of(key, sizeof(key)), 0);
	assert_null(keeper_cache_find(cache, id, 1).data);
	keeper_cache_put(cache, id, span_of(key, CACHE_KEY_MAX), 0);
	assert_int_equal(keeper_cache_find(cache, id, 1).len, CACHE_KEY_MAX);
	keeper_cache_free(cache);
	keeper_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_differ_in_every_part),
		cmocka_unit_test(what_ends_does_not_hide_others),
		cmocka_unit_test(a_full_cache_lets_the_oldest_go),
		cmocka_unit_test(odd_keys_are_not_kept),
	};
	struct err err = ERR_INIT;

	if (secret_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
