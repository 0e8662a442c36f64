/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/token_cache.c: one fetches, the others wait; two minutes before its end a token is gone; a failure is told to all that wait. One that is
 * renewed in time is there all the while.
 */
#include "keys/token_cache.h"

#include "base/attr.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

static int fetches;
static int64_t
	gives; /* what the next fetch brings at once: 0 nothing yet, -1 a failure, else the end */

struct waiter {
	struct token_wait wait; /* first */
	int ready;
	const char *why;
	struct token_cache *again; /* wants it again when it is ready */
};

static void ready(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct waiter *waiter = (struct waiter *)(void *)wait;
	struct token_cache *again = waiter->again;

	waiter->ready++;
	waiter->why = why ? "failed" : NULL;
	waiter->again = NULL;
	if (again)
		token_want(again, http, 0, wait);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct err why = ERR_INIT;

	fetches++;
	(void)err_set(&why, ERR_DENIED, "no");
	if (gives > 0)
		token_fetched(cache, http, gives);
	else if (gives < 0)
		token_failed(cache, http, &why);
}

static struct waiter waiter(void)
{
	return (struct waiter){.wait = {.ready = ready}};
}

static void fetches_once_for_all_that_wait(void **state)
{
	struct token_cache cache = {.fetch = fetch};
	struct waiter some[3] = {waiter(), waiter(), waiter()};

	fetches = 0;
	gives = 0;
	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		token_want(&cache, NULL, 1000, &some[i].wait);
	assert_int_equal(fetches, 1);
	assert_int_equal(some[0].ready + some[1].ready + some[2].ready, 0);
	token_fetched(&cache, NULL, 5000);
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		assert_int_equal(some[i].ready, 1);
		assert_null(some[i].why);
	}
	token_want(&cache, NULL, 4879, &some[0].wait);
	assert_int_equal(some[0].ready, 2);
	assert_int_equal(fetches, 1);
}

static void fetches_anew_two_minutes_before_the_end(void **state)
{
	struct token_cache cache = {.fetch = fetch, .ends = 5000};
	struct waiter one = waiter();

	fetches = 0;
	gives = 9000;
	token_want(&cache, NULL, 4879, &one.wait);
	assert_int_equal(fetches, 0);
	token_want(&cache, NULL, 4880, &one.wait);
	assert_int_equal(fetches, 1);
	assert_int_equal(one.ready, 2);
	token_forget(&cache);
	token_want(&cache, NULL, 4880, &one.wait);
	assert_int_equal(fetches, 2);
}

/* Of a minute, five sixths; one that has ended when it comes is still one for those that waited for it. */
static void uses_a_short_token_for_a_part_of_its_life(void **state)
{
	struct token_cache cache = {.fetch = fetch};
	struct waiter one = waiter();

	fetches = 0;
	gives = 1060;
	token_want(&cache, NULL, 1000, &one.wait);
	assert_int_equal(one.ready, 1);
	assert_null(one.why);
	token_want(&cache, NULL, 1049, &one.wait);
	assert_int_equal(fetches, 1);
	gives = 1050;
	token_want(&cache, NULL, 1050, &one.wait);
	assert_int_equal(fetches, 2);
	assert_int_equal(one.ready, 3);
	token_want(&cache, NULL, 1050, &one.wait);
	assert_int_equal(fetches, 3);
}

/* A token that was asked for at 1000. */
static struct token_cache token_until(int64_t ends)
{
	struct token_cache cache = {.fetch = fetch};
	struct waiter one = waiter();

	gives = ends;
	token_want(&cache, NULL, 1000, &one.wait);
	fetches = 0;
	gives = 0;
	return cache;
}

static void is_renewed_while_it_is_in_use(void **state)
{
	static const struct {
		int64_t ends, due;
	} rows[] = {
		{1000 + 3600, 1000 + 3600 - 300}, /* five minutes before the end */
		{1000 + 900, 1000 + 900 - 300},
		{1000 + 600, 1000 + 600 - 200}, /* a third of its life */
		{1000 + 6, 1000 + 4},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct token_cache cache = token_until(rows[i].ends);
		struct waiter one = waiter();

		token_renew(&cache, NULL, rows[i].due - 1);
		assert_int_equal(fetches, 0);
		token_renew(&cache, NULL, rows[i].due);
		assert_int_equal(fetches, 1);
		/* once, however often it is asked for; and nobody waits */
		token_renew(&cache, NULL, rows[i].due);
		token_want(&cache, NULL, rows[i].due, &one.wait);
		assert_int_equal(fetches, 1);
		assert_int_equal(one.ready, 1);
		token_fetched(&cache, NULL, rows[i].ends + 3600);
		token_want(&cache, NULL, rows[i].ends + 1, &one.wait);
		assert_int_equal(one.ready, 2);
		assert_int_equal(fetches, 1);
	}
}

static void a_renewal_that_fails_leaves_the_old_one_and_is_tried_again(void **state)
{
	struct token_cache cache = token_until(4600);
	struct waiter one = waiter();
	int64_t now;

	gives = -1;
	for (now = 1000; now < 4600 + 100; now++) {
		token_renew(&cache, NULL, now);
		if (now < 4590) {
			token_want(&cache, NULL, now, &one.wait);
			assert_null(one.why);
		}
	}
	/* 300, 100, 33, 11, ... seconds before its end; then it is left alone till somebody wants it */
	assert_in_range(fetches, 4, 8);
	token_want(&cache, NULL, now, &one.wait);
	assert_string_equal(one.why, "failed");
}

static void what_is_not_there_or_not_wanted_is_not_renewed(void **state)
{
	struct token_cache none = {.fetch = fetch}, endless = token_until(TOKEN_ENDLESS),
			   forgotten = token_until(4600), idle = token_until(2 * TOKEN_IDLE_S);

	fetches = 0;
	token_forget(&forgotten);
	token_renew(&none, NULL, 1000);
	token_renew(&endless, NULL, 4600);
	token_renew(&forgotten, NULL, 4500);
	token_renew(&idle, NULL, 2 * TOKEN_IDLE_S - 1);
	assert_int_equal(fetches, 0);
}

static void tells_all_of_a_failure_and_tries_again_later(void **state)
{
	struct token_cache cache = {.fetch = fetch};
	struct waiter some[2] = {waiter(), waiter()};
	struct err why = ERR_INIT;

	fetches = 0;
	gives = 0;
	token_want(&cache, NULL, 1000, &some[0].wait);
	token_want(&cache, NULL, 1000, &some[1].wait);
	some[0].again =
		&cache; /* one that asks again at once starts another fetch, which the other has no part in */
	token_failed(&cache, NULL, &why);
	assert_int_equal(some[0].ready, 1);
	assert_int_equal(some[1].ready, 1);
	assert_string_equal(some[1].why, "failed");
	assert_int_equal(fetches, 2);
	token_fetched(&cache, NULL, TOKEN_ENDLESS);
	assert_int_equal(some[0].ready, 2);
	assert_null(some[0].why);
	assert_int_equal(some[1].ready, 1);
	gives = -1;
	token_want(&cache, NULL, INT64_MAX - TOKEN_GONE_S - 1, &some[1].wait);
	assert_int_equal(some[1].ready, 2);
	assert_int_equal(fetches, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_once_for_all_that_wait),
		cmocka_unit_test(fetches_anew_two_minutes_before_the_end),
		cmocka_unit_test(uses_a_short_token_for_a_part_of_its_life),
		cmocka_unit_test(is_renewed_while_it_is_in_use),
		cmocka_unit_test(a_renewal_that_fails_leaves_the_old_one_and_is_tried_again),
		cmocka_unit_test(what_is_not_there_or_not_wanted_is_not_renewed),
		cmocka_unit_test(tells_all_of_a_failure_and_tries_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
