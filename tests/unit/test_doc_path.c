/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths in messages.
 */
#include "mangle.h"

#include "doc/doc_path.h"

static void joins_keys_and_indexes(void **state)
{
	struct doc_path a = {.key = SPAN("a")}, list = {.up = &a, .key = SPAN("b c")};
	struct doc_path element = {.up = &list, .index = 7},
			last = {.up = &element, .key = SPAN("d'\n")};
	struct doc_path root_element = {.index = 0}, empty = {.up = &a, .key = SPAN("")};

	assert_string_equal(doc_path_text(NULL).text, "(top)");
	assert_string_equal(doc_path_text(&a).text, "a");
	assert_string_equal(doc_path_text(&last).text, "a.b c[7].d\\x27\\x0a");
	assert_string_equal(doc_path_text(&root_element).text, "[0]");
	assert_string_equal(doc_path_text(&empty).text, "a.");
}

static void keeps_the_last_steps_of_a_long_path(void **state)
{
	struct doc_path steps[200];

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		steps[i] =
			(struct doc_path){.up = i ? &steps[i - 1] : NULL, .key = SPAN("abcdefghi")};
	struct doc_path_text text = doc_path_text(&steps[199]);

	assert_int_equal(strlen(text.text), 3 + 29 * 10);
	assert_memory_equal(text.text, "....abcdefghi.abc", 17);
	assert_string_equal(text.text + 3 + 28 * 10, ".abcdefghi");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_keys_and_indexes),
		cmocka_unit_test(keeps_the_last_steps_of_a_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
