/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/aws_access.c in a program that serves: documents name regions and roles without end, and what was made for them does not grow for ever.
 */
#include "mangle.h"

#include "keys/aws_access.h"

#include "aws_host.h"

#include <stdio.h>

static struct aws_keys given = {
	.access_key = SPAN("AKIA"), .secret_key = SPAN("secret"), .session_token = SPAN("")};

static void find(struct aws_access *access, int number)
{
	char region[32], role[64];
	struct aws_creds *creds = NULL;
	struct aws_place *place = NULL;
	struct err err = ERR_INIT;

	(void)snprintf(region, sizeof(region), "xx-yy-%d", number);
	(void)snprintf(role, sizeof(role), "arn:aws:iam::111122223333:role/r%d", number);
	if (aws_access_of(access, SPAN_NULL, span_str(role), span_str(region), &place, &creds,
			  &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(span_is(place->region, region));
	assert_true(span_is(creds->assume.role_arn, role));
	assert_true(span_starts(creds->assume.session_name, SPAN("sops@")));
	assert_string_equal(creds->source->from, "the Secret");
}

static void what_documents_name_is_forgotten_in_time(void **state)
{
	struct aws_host machine = {.now = AWS_HOST_NOW};
	struct key_host host = aws_host_of(&machine);
	struct aws_access access = AWS_ACCESS_INIT;
	int number, round;

	assert_int_equal(secret_init(&(struct err)ERR_INIT), 0);
	access.clock.host = &host;
	access.given = &given;
	access.given_from = "the Secret";
	find(&access, 0);
	aws_access_tidy(&access);
	/* What is wanted again is still there where there is little. */
	assert_non_null(access.places);
	for (round = 0, number = 0; round < 60; round++) {
		for (; number % 600 < 599; number++)
			find(&access, number);
		number++;
		aws_access_tidy(&access);
		assert_true(access.arena.used <= AWS_ACCESS_KEPT);
	}
	for (number = 0; number < 3000; number++)
		find(&access, number);
	access.creds->cache.fetching = true;
	aws_access_tidy(&access);
	assert_true(access.arena.used > AWS_ACCESS_KEPT);
	access.creds->cache.fetching = false;
	aws_access_tidy(&access);
	assert_null(access.creds);
	find(&access, 7);
	aws_access_release(&access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_documents_name_is_forgotten_in_time),
	};

	return cmocka_run_group_tests_name("aws_access", tests, NULL, NULL);
}
