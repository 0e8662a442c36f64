/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/key_batch.c: rounds that overlap, as they do where one process serves many. A round's tasks stay until the last of them is over, whatever
 * begins meanwhile; AddressSanitizer says where one was freed too early, and LeakSanitizer where one was kept.
 */
#include "keys/key_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 5, KEYS = 3 };

static void rounds_may_overlap(void **state)
{
	struct key_request requests[ROUNDS][KEYS] = {0};
	struct key_task *tasks[ROUNDS];
	struct key_batch batch = {.tasks = NULL};
	struct err err = ERR_INIT, why = ERR_INIT;
	int round, key;

	(void)err_set(&why, ERR_DENIED, "no");
	for (round = 0; round < ROUNDS; round++) {
		assert_int_equal(key_batch_start(&batch, &batch, NULL, requests[round], KEYS, &err),
				 0);
		assert_int_equal(batch.count, KEYS);
		tasks[round] = batch.tasks;
		key_task_failed(&tasks[round][0], &why);
	}
	/* The second one ends, then a new one begins: the others are still there. */
	for (key = 1; key < KEYS; key++)
		key_task_opened(&tasks[1][key], SPAN("key"));
	assert_int_equal(key_batch_start(&batch, &batch, NULL, requests[1], 0, &err), 0);
	for (round = 0; round < ROUNDS; round++) {
		for (key = 1; key < KEYS && round != 1; key++) {
			assert_ptr_equal(tasks[round][key].request, &requests[round][key]);
			key_task_opened(&tasks[round][key], SPAN("key"));
		}
		assert_int_equal(requests[round][0].verdict, KEY_FAILED);
		assert_int_equal(requests[round][KEYS - 1].verdict, KEY_OPENED);
	}
	assert_int_equal(key_batch_start(&batch, &batch, NULL, requests[0], KEYS, &err), 0);
	assert_null(batch.older);
	key_batch_release(&batch);
	key_batch_release(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_may_overlap),
	};

	return cmocka_run_group_tests_name("key_batch", tests, NULL, NULL);
}
