/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/busy.c: the one that takes longest is known, whatever else begins and ends meanwhile.
 */
#include "busy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_oldest_is_known(void **state)
{
	static const struct {
		int64_t begins, ends; /* one of them */
		int64_t oldest;
	} steps[] = {
		{10, 0, 10}, {20, 0, 10}, {0, 10, 20}, /* the one behind it counts from its own beginning */
		{30, 0, 20}, {30, 0, 20}, {0, 30, 20}, {0, 20, 30},
		{0, 7, 30},  {0, 30, 0},  {0, 30, 0},  {40, 0, 40},
	};
	_Atomic int64_t told = 0;
	struct busy busy = BUSY_INIT(&told);
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].begins)
			busy_begin(&busy, steps[i].begins);
		else
			busy_end(&busy, steps[i].ends);
		if (told != steps[i].oldest)
			fail_msg("step %zu: %lld", i, (long long)told);
	}
}

static void more_than_there_is_room_for_is_no_harm(void **state)
{
	static _Atomic int64_t told;
	static struct busy busy = BUSY_INIT(&told);
	int i;

	for (i = 1; i <= BUSY_MAX + 100; i++) {
		busy_begin(&busy, i);
		assert_int_equal(told, 1);
	}
	for (i = 1; i <= BUSY_MAX + 100; i++) {
		busy_end(&busy, i);
		assert_int_equal(told, i < BUSY_MAX ? i + 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_is_known),
		cmocka_unit_test(more_than_there_is_room_for_is_no_harm),
	};

	return cmocka_run_group_tests_name("busy", tests, NULL, NULL);
}
