/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dynlib.h"

#include <string.h>

static int (*compare)(const char *a, const char *b);
static int (*nothing)(void);

static const struct dynlib_symbol there[] = {{"strcmp", &compare}};
static const struct dynlib_symbol lacking[] = {
	{"strcmp", &compare},
	{"krmsops_no_such_function", &nothing},
};

static void loads_once(void **state)
{
	struct dynlib library = DYNLIB("libc.so.6", there);
	struct err err = ERR_INIT;

	compare = NULL;
	assert_int_equal(dynlib_load(&library, &err), 0);
	assert_true(library.loaded);
	assert_int_equal(compare("a", "a"), 0);
	compare = NULL;
	assert_int_equal(dynlib_load(&library, &err), 0);
	assert_null(compare);
}

/* It is not taken for loaded, also when it is asked for again. */
static void refuses_what_can_not_be_used(void **state)
{
	struct dynlib libraries[] = {
		DYNLIB("libkrmsops-no-such-library.so.1", there),
		DYNLIB("libc.so.6", lacking),
	};
	const char *why[] = {
		"libkrmsops-no-such-library.so.1: ",
		"libc.so.6 has no krmsops_no_such_function()",
	};
	size_t i, turn;

	for (i = 0; i < ARRAY_LEN(libraries); i++) {
		for (turn = 0; turn < 2; turn++) {
			struct err err = ERR_INIT;

			assert_int_equal(dynlib_load(&libraries[i], &err), -1);
			assert_int_equal(err.code, ERR_UNSUPPORTED);
			assert_non_null(strstr(err.msg, why[i]));
			assert_false(libraries[i].loaded);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_once),
		cmocka_unit_test(refuses_what_can_not_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
