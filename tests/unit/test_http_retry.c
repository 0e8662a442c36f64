/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/http_retry.c: what is asked again, how soon, how often, and what is told of what was not.
 */
#include "fake_http.h"

#include "keys/http_retry.h"

enum { LONG = 1000 * 1000 };

static void judges_by_what_can_pass(void **state)
{
	static const struct {
		enum http_failure failure;
		int status;
		enum http_verdict verdict;
		enum err_code code;
	} table[] = {
		{HTTP_NONE, 200, HTTP_FINAL, ERR_NO_KEY},
		{HTTP_NONE, 400, HTTP_FINAL, ERR_NO_KEY},
		{HTTP_NONE, 401, HTTP_FINAL, ERR_DENIED},
		{HTTP_NONE, 403, HTTP_FINAL, ERR_DENIED},
		{HTTP_NONE, 404, HTTP_FINAL, ERR_NO_KEY},
		{HTTP_NONE, 408, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_NONE, 429, HTTP_THROTTLED, ERR_UNREACHABLE},
		{HTTP_NONE, 500, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_NONE, 501, HTTP_FINAL, ERR_NO_KEY},
		{HTTP_NONE, 502, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_NONE, 503, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_NONE, 504, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_UNREACHABLE, 0, HTTP_TRANSIENT, ERR_UNREACHABLE},
		{HTTP_UNRESOLVED, 0, HTTP_FINAL, ERR_UNREACHABLE},
		{HTTP_UNTRUSTED, 0, HTTP_FINAL, ERR_POLICY},
		{HTTP_DOWN, 0, HTTP_FINAL, ERR_UNREACHABLE},
		{HTTP_LATE, 500, HTTP_FINAL, ERR_UNREACHABLE},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct http_call call = HTTP_CALL_INIT;
		struct err why;

		call.failure = table[i].failure;
		call.status = table[i].status;
		if (call.failure)
			(void)err_set(&call.why, table[i].code, "cause");
		assert_int_equal(http_judge(&call), table[i].verdict);
		http_tell(&call, &why);
		assert_int_equal(why.code, table[i].code);
	}
}

static void tells_the_status_and_the_tries(void **state)
{
	struct http_call call = HTTP_CALL_INIT;
	struct err why;

	call.status = 503;
	call.tries = 1;
	http_tell(&call, &why);
	assert_string_equal(why.msg, "HTTP status 503");
	call.tries = 3;
	http_tell(&call, &why);
	assert_string_equal(why.msg, "3 tries: HTTP status 503");
	call.failure = HTTP_LATE;
	(void)err_set(&call.why, ERR_UNREACHABLE, "late");
	http_tell(&call, &why);
	assert_string_equal(why.msg, "3 tries: HTTP status 503: late");
}

/* What http_retry() does with a call that has so many tries behind it and so much time left; *ret_wait is how long it waits. */
static bool retried(enum http_verdict verdict, int tries, const char *head, int left, int *ret_wait)
{
	struct http http = {.run_ms = left};
	struct http_call call = HTTP_CALL_INIT;
	bool again;

	call.status = 503;
	call.tries = tries;
	buf_add_str(&call.head, head);
	again = http_retry(&http, &call, verdict);
	assert_ptr_equal(http.first, again ? &call : NULL);
	*ret_wait = left - http.run_ms;
	http_call_release(&call);
	return again;
}

static void waits_longer_each_time_and_not_for_ever(void **state)
{
	static const struct {
		enum http_verdict verdict;
		int tries;
		const char *head;
		int left, from, below; /* below 0: not asked again */
	} table[] = {
		{HTTP_TRANSIENT, 1, "", LONG, 0, 200},
		{HTTP_TRANSIENT, 2, "", LONG, 0, 400},
		{HTTP_THROTTLED, 1, "", LONG, 0, 1000},
		{HTTP_THROTTLED, 2, "", LONG, 0, 2000},
		{HTTP_TRANSIENT, HTTP_TRIES, "", LONG, 0, 0},
		{HTTP_FINAL, 1, "", LONG, 0, 0},
		{HTTP_TRANSIENT, 1, "Retry-After: 5\n", LONG, 5000, 5200},
		{HTTP_TRANSIENT, 1, "Retry-After: 60\n", LONG, 60000, 60200},
		{HTTP_TRANSIENT, 1, "Retry-After: 61\n", LONG, 0, 0},
		{HTTP_TRANSIENT, 1, "Retry-After: 99999999999999999999\n", LONG, 0, 0},
		{HTTP_TRANSIENT, 1, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\n", LONG, 0, 200},
		{HTTP_TRANSIENT, 1, "Retry-After: -5\n", LONG, 0, 200},
		{HTTP_TRANSIENT, 1, "Retry-After: 5\n", 5000, 0, 0},
		{HTTP_TRANSIENT, 1, "", 0, 0, 0},
	};
	int wait, longest;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		longest = table[i].from;
		for (int round = 0; round < 200; round++) {
			assert_int_equal(retried(table[i].verdict, table[i].tries, table[i].head,
						 table[i].left, &wait),
					 table[i].below > 0);
			if (!table[i].below)
				continue;
			assert_in_range(wait, table[i].from, table[i].below - 1);
			longest = wait > longest ? wait : longest;
		}
		/* drawn from all of it, or many would come back together */
		if (table[i].below)
			assert_true(longest > table[i].from + (table[i].below - table[i].from) / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_by_what_can_pass),
		cmocka_unit_test(tells_the_status_and_the_tries),
		cmocka_unit_test(waits_longer_each_time_and_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
