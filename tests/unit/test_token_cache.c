/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/token_cache.c: one fetches, the others wait; five minutes before its end a token is gone; a failure is told to all that wait.
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
	token_want(&cache, NULL, 4699, &some[0].wait);
	assert_int_equal(some[0].ready, 2);
	assert_int_equal(fetches, 1);
}

static void fetches_anew_five_minutes_before_the_end(void **state)
{
	struct token_cache cache = {.fetch = fetch, .ends = 5000};
	struct waiter one = waiter();

	fetches = 0;
	gives = 9000;
	token_want(&cache, NULL, 4699, &one.wait);
	assert_int_equal(fetches, 0);
	token_want(&cache, NULL, 4700, &one.wait);
	assert_int_equal(fetches, 1);
	assert_int_equal(one.ready, 2);
	token_forget(&cache);
	token_want(&cache, NULL, 4700, &one.wait);
	assert_int_equal(fetches, 2);
}

/* A token of less than five minutes is still one for those that waited for it. */
static void uses_a_short_token_once(void **state)
{
	struct token_cache cache = {.fetch = fetch};
	struct waiter one = waiter();

	fetches = 0;
	gives = 1060;
	token_want(&cache, NULL, 1000, &one.wait);
	assert_int_equal(one.ready, 1);
	assert_null(one.why);
	token_want(&cache, NULL, 1001, &one.wait);
	assert_int_equal(fetches, 2);
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
	token_want(&cache, NULL, INT64_MAX - TOKEN_EARLY_S - 1, &some[1].wait);
	assert_int_equal(some[1].ready, 2);
	assert_int_equal(fetches, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_once_for_all_that_wait),
		cmocka_unit_test(fetches_anew_five_minutes_before_the_end),
		cmocka_unit_test(uses_a_short_token_once),
		cmocka_unit_test(tells_all_of_a_failure_and_tries_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
