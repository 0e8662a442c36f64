/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of copied files: of exactly those paths, whatever they are called, and what tells ciphertext from other text.
 */
#include "stage_index.h"

#include "mangle.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKEN "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"

static void add(struct stage_index *index, const char *path, const char *text)
{
	struct err err = ERR_INIT;
	struct span bytes = text ? span_str(text) : SPAN_NULL;

	if (stage_index_add(index, path, text ? &bytes : NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Names that stand near each other in one order or another; each is added but for those marked as unknown. */
static const struct {
	const char *path;
	enum stage_index_kind kind;
} files[] = {
	{"a", STAGE_INDEX_PLAIN},
	{"a/b", STAGE_INDEX_SEALED},
	{"a-b", STAGE_INDEX_PLAIN},
	{"a.b", STAGE_INDEX_SEALED},
	{"a0b", STAGE_INDEX_PLAIN},
	{"ab", STAGE_INDEX_SEALED},
	{"b/c/d.yaml", STAGE_INDEX_PLAIN},
	{"b/c/d.yaml.bak", STAGE_INDEX_SEALED},
	{" ", STAGE_INDEX_PLAIN},
	{"new\nline", STAGE_INDEX_SEALED},
	{"\xff\xfe", STAGE_INDEX_PLAIN},
	{"\xc3\xa9", STAGE_INDEX_SEALED},
	{"%s%n", STAGE_INDEX_PLAIN},
	{"...", STAGE_INDEX_SEALED},
	{"..a/x", STAGE_INDEX_PLAIN},
	/* Other spellings, folders, and what was never there. */
	{"", STAGE_INDEX_UNKNOWN},
	{".", STAGE_INDEX_UNKNOWN},
	{"..", STAGE_INDEX_UNKNOWN},
	{"b", STAGE_INDEX_UNKNOWN},
	{"b/c", STAGE_INDEX_UNKNOWN},
	{"b/c/", STAGE_INDEX_UNKNOWN},
	{"b/c/d.yam", STAGE_INDEX_UNKNOWN},
	{"b/c/d.yaml/", STAGE_INDEX_UNKNOWN},
	{"b//c/d.yaml", STAGE_INDEX_UNKNOWN},
	{"b/./c/d.yaml", STAGE_INDEX_UNKNOWN},
	{"b/c/../c/d.yaml", STAGE_INDEX_UNKNOWN},
	{"../b/c/d.yaml", STAGE_INDEX_UNKNOWN},
	{"/a", STAGE_INDEX_UNKNOWN},
	{"./a", STAGE_INDEX_UNKNOWN},
	{"A", STAGE_INDEX_UNKNOWN},
	{"e\xcc\x81", STAGE_INDEX_UNKNOWN},
};

static void fill(struct stage_index *index, bool backwards)
{
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(stage_index_start(index, "/top", &err), 0);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		size_t at = backwards ? ARRAY_LEN(files) - 1 - i : i;

		if (files[at].kind != STAGE_INDEX_UNKNOWN)
			add(index, files[at].path,
			    files[at].kind == STAGE_INDEX_SEALED ? "k: " TOKEN "\n" : "k: v\n");
	}
	stage_index_end(index);
}

static void knows_what_was_added_and_no_other(void **state)
{
	size_t i;
	int backwards;

	for (backwards = 0; backwards < 2; backwards++) {
		CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;

		fill(&index, backwards);
		for (i = 0; i < ARRAY_LEN(files); i++) {
			if (stage_index_find(&index, files[i].path) != files[i].kind)
				fail_msg("'%s'", files[i].path);
		}
	}
}

static void knows_nothing_when_empty(void **state)
{
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;

	assert_int_equal(stage_index_find(&index, "a"), STAGE_INDEX_UNKNOWN);
	stage_index_end(&index);
	assert_int_equal(stage_index_find(&index, "a"), STAGE_INDEX_UNKNOWN);
	assert_int_equal(stage_index_find(&index, ""), STAGE_INDEX_UNKNOWN);
	assert_false(stage_index_covers(&index, ""));
	assert_false(stage_index_covers(NULL, "/top"));
}

static void covers_its_own_root_only(void **state)
{
	static const char *const others[] = {"",       "/",      "/to", "/top/", "/topp",
					     "/top/a", "/a/top", "top", "/TOP"};
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
	size_t i;

	fill(&index, false);
	assert_true(stage_index_covers(&index, "/top"));
	for (i = 0; i < ARRAY_LEN(others); i++)
		assert_false(stage_index_covers(&index, others[i]));
	stage_index_release(&index);
	assert_false(stage_index_covers(&index, "/top"));
	assert_int_equal(stage_index_find(&index, "a"), STAGE_INDEX_UNKNOWN);
}

/* The text of each file is one beginning of what a ciphertext begins with, somewhere in it. */
static void tells_ciphertext_by_its_beginning(void **state)
{
	static const char begin[] = "ENC[AES256_GCM,data:";
	static const char *const before[] = {"", "x", "a: \"", "\n", "ENC[", "ENC[AES256_GCM,data"};
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
	char text[128], path[32];
	size_t len, i;

	for (len = 0; len < sizeof(begin); len++) {
		for (i = 0; i < ARRAY_LEN(before); i++) {
			(void)snprintf(path, sizeof(path), "%zu-%zu", len, i);
			(void)snprintf(text, sizeof(text), "%s%.*s%s", before[i], (int)len, begin,
				       len % 2 ? "" : "x");
			add(&index, path, text);
		}
	}
	add(&index, "none", NULL);
	add(&index, "empty", "");
	stage_index_end(&index);
	for (len = 0; len < sizeof(begin); len++) {
		for (i = 0; i < ARRAY_LEN(before); i++) {
			(void)snprintf(path, sizeof(path), "%zu-%zu", len, i);
			assert_int_equal(stage_index_find(&index, path),
					 len == sizeof(begin) - 1 ? STAGE_INDEX_SEALED
								  : STAGE_INDEX_PLAIN);
		}
	}
	assert_int_equal(stage_index_find(&index, "none"), STAGE_INDEX_SEALED);
	assert_int_equal(stage_index_find(&index, "empty"), STAGE_INDEX_PLAIN);
}

/* Ciphertext behind a NUL is ciphertext. */
static void looks_behind_a_nul(void **state)
{
	static const uint8_t text[] = "a\0" TOKEN;
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
	struct span bytes = span_of(text, sizeof(text));
	struct err err = ERR_INIT;

	assert_int_equal(stage_index_add(&index, "a", &bytes, &err), 0);
	stage_index_end(&index);
	assert_int_equal(stage_index_find(&index, "a"), STAGE_INDEX_SEALED);
}

static void holds_many(void **state)
{
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
	char path[64];
	int i;

	for (i = 0; i < 20000; i++) {
		(void)snprintf(path, sizeof(path), "%d/%d", i * 7919 % 20000 / 100, i);
		add(&index, path, i % 3 ? "" : TOKEN);
	}
	stage_index_end(&index);
	for (i = 0; i < 20000; i++) {
		(void)snprintf(path, sizeof(path), "%d/%d", i * 7919 % 20000 / 100, i);
		assert_int_equal(stage_index_find(&index, path),
				 i % 3 ? STAGE_INDEX_PLAIN : STAGE_INDEX_SEALED);
		(void)snprintf(path, sizeof(path), "%d/%d", i * 7919 % 20000 / 100, i + 20000);
		assert_int_equal(stage_index_find(&index, path), STAGE_INDEX_UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_was_added_and_no_other),
		cmocka_unit_test(knows_nothing_when_empty),
		cmocka_unit_test(covers_its_own_root_only),
		cmocka_unit_test(tells_ciphertext_by_its_beginning),
		cmocka_unit_test(looks_behind_a_nul),
		cmocka_unit_test(holds_many),
	};

	return cmocka_run_group_tests_name("stage_index", tests, NULL, NULL);
}
