/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/base/wipe_heap.c: what is freed, grown or made smaller leaves nothing behind. Freed memory is looked at through /proc/self/mem, which no
 * compiler and no sanitizer minds.
 */
#include "base/attr.h"
#include "base/wipe_heap.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 2000, SECRET = 0xa7 };

/* How many bytes of the secret lie there. */
static size_t left_at(uintptr_t at, size_t len)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint8_t seen[2 * BLOCK];
	size_t i, n = 0;

	assert_true(fd >= 0 && len <= sizeof(seen));
	assert_int_equal(pread(fd, seen, len, (off_t)at), len);
	close(fd);
	for (i = 0; i < len; i++)
		n += seen[i] == SECRET;
	return n;
}

static void *filled(size_t size)
{
	void *block = wipe_heap_alloc(size);

	assert_non_null(block);
	memset(block, SECRET, size);
	return block;
}

static void what_is_freed_is_wiped(void **state)
{
	void *block = filled(BLOCK);
	uintptr_t at = (uintptr_t)block;

	assert_int_equal(left_at(at, BLOCK), BLOCK);
	wipe_heap_free(block);
	assert_true(left_at(at, BLOCK) < 8);
	wipe_heap_free(NULL);
}

static void what_grows_leaves_no_copy(void **state)
{
	void *block = filled(BLOCK), *larger;
	uintptr_t at = (uintptr_t)block;

	larger = wipe_heap_resize(block, 2 * BLOCK);
	assert_non_null(larger);
	assert_true((uintptr_t)larger != at);
	assert_true(left_at(at, BLOCK) < 8);
	assert_int_equal(left_at((uintptr_t)larger, BLOCK), BLOCK);
	wipe_heap_free(larger);
}

static void what_becomes_smaller_is_wiped_to_its_old_end(void **state)
{
	static const size_t sizes[] = {BLOCK - 1, BLOCK / 2, BLOCK / 2 - 1, 1, 0};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		void *block = filled(BLOCK), *smaller;
		uintptr_t at = (uintptr_t)block;

		smaller = wipe_heap_resize(block, sizes[i]);
		assert_non_null(smaller);
		assert_int_equal(left_at((uintptr_t)smaller, sizes[i]), sizes[i]);
		wipe_heap_free(smaller);
		assert_true(left_at(at, BLOCK) < 8);
	}
}

static void behaves_as_the_heap_does(void **state)
{
	uint8_t *zeroed = wipe_heap_zeroed(BLOCK / 4, 4), *fresh = wipe_heap_resize(NULL, 8);
	char *text = wipe_heap_text("token"), *empty = wipe_heap_text("");
	void *block = filled(BLOCK);
	/* volatile: the compiler warns of sizes that it can see to be too large */
	volatile size_t huge = SIZE_MAX, half = SIZE_MAX / 2;

	assert_non_null(zeroed);
	assert_non_null(fresh);
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(zeroed[i], 0);
	assert_int_equal((uintptr_t)zeroed % _Alignof(max_align_t), 0);
	assert_string_equal(text, "token");
	assert_string_equal(empty, "");
	assert_null(wipe_heap_alloc(huge));
	assert_null(wipe_heap_alloc(huge - 8));
	assert_null(wipe_heap_zeroed(half, 3));
	/* what can not grow stays */
	assert_null(wipe_heap_resize(block, huge));
	assert_int_equal(left_at((uintptr_t)block, BLOCK), BLOCK);
	wipe_heap_free(zeroed);
	wipe_heap_free(fresh);
	wipe_heap_free(text);
	wipe_heap_free(empty);
	wipe_heap_free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_freed_is_wiped),
		cmocka_unit_test(what_grows_leaves_no_copy),
		cmocka_unit_test(what_becomes_smaller_is_wiped_to_its_old_end),
		cmocka_unit_test(behaves_as_the_heap_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
