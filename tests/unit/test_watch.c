/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/watch.c: each kind of change is noticed, nothing else is one, and a look is bounded however much lies there.
 */
#include "watch.h"

#include "files.h"

#include <time.h>

static struct watch watch;

static uint64_t look(void)
{
	return watch_fingerprint(&watch);
}

/* Runs `change`, and says whether it was noticed; a second look must say the same. */
#define NOTICED(change)                          \
	do {                                     \
		uint64_t before = look();        \
		assert_true((before == look())); \
		change;                          \
		assert_true((before != look())); \
		assert_true((look() == look())); \
	} while (0)

static void touch(const char *path)
{
	const struct timespec times[2] = {{1000, 1}, {1000, 2}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void swap(const char *to)
{
	assert_int_equal(symlink(to, "keys/..tmp"), 0);
	assert_int_equal(rename("keys/..tmp", "keys/..data"), 0);
}

static void every_change_is_noticed(void **state)
{
	watch = (struct watch){.paths = {"keys", "file", "missing"}, .count = 3};
	NOTICED(files_put("file", "a"));
	NOTICED(files_put("keys/..1/age.agekey", "one"));
	NOTICED(swap("..1"));
	NOTICED(assert_int_equal(symlink("..data/age.agekey", "keys/age.agekey"), 0));
	NOTICED(files_put("keys/..2/age.agekey", "two"));
	NOTICED(swap("..2"));
	NOTICED(assert_int_equal(unlink("keys/..1/age.agekey"), 0));
	NOTICED(touch("keys/..2/age.agekey"));
	NOTICED(assert_int_equal(chmod("keys/..2/age.agekey", 0400), 0));
	NOTICED(assert_int_equal(rename("keys/..2/age.agekey", "keys/..2/b.agekey"), 0));
	NOTICED(files_put("missing", ""));
	NOTICED(assert_int_equal(unlink("file"), 0));
	/* What a link leads to, wherever that is. */
	files_put("elsewhere", "");
	NOTICED(assert_int_equal(symlink("../elsewhere", "keys/outside"), 0));
	NOTICED(touch("elsewhere"));
	NOTICED(files_put("keys/team/db/..data/x", "deep"));
	/* The same bytes in a new file. */
	NOTICED({
		files_put("other", "");
		assert_int_equal(rename("other", "missing"), 0);
	});
}

static void a_look_is_bounded(void **state)
{
	struct timespec began, ended;
	char path[64];
	int i;

	watch = (struct watch){.paths = {"deep", "many"}, .count = 2};
	assert_int_equal(mkdir("many", 0700), 0);
	for (i = 0; i < WATCH_ENTRIES_MAX + 2000; i++) {
		(void)snprintf(path, sizeof(path), "many/%d", i);
		assert_int_equal(symlink("x", path), 0);
	}
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &began), 0);
	assert_true((look() == look()));
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
	assert_true(ended.tv_sec - began.tv_sec < 10);
	files_put("deep/1/2/3/4/5/6/7/8/key", "");
	assert_int_equal(symlink("../1", "deep/1/loop"), 0);
	assert_true((look() == look()));
}

static void what_can_not_be_read_is_no_end(void **state)
{
	watch = (struct watch){.paths = {"locked", "fifo", "loop"}, .count = 3};
	files_put("locked/x", "");
	assert_int_equal(chmod("locked", 0), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_true((look() == look()));
	NOTICED(assert_int_equal(chmod("locked", 0700), 0));
}

static void it_looks_where_options_and_environment_say(void **state)
{
	struct serve_options options = SERVE_OPTIONS_INIT;
	struct policy policy = POLICY_INIT;

	(void)unsetenv("SOPS_AGE_KEY_FILE");
	(void)setenv("HOME", "home", 1);
	options.keys.keys_flat = "flat";
	watch_init(&watch, &options, &policy);
	NOTICED(files_put("flat/a", ""));
	NOTICED(files_put("home/.config/sops/age/keys.txt", ""));
	(void)setenv("XDG_CONFIG_HOME", "config", 1);
	(void)setenv("SOPS_AGE_KEY_FILE", "named", 1);
	watch_init(&watch, &options, &policy);
	NOTICED(files_put("config/sops/age/keys.txt", ""));
	NOTICED(files_put("named", ""));
	NOTICED(files_put("home/.vault-token", ""));
	NOTICED(files_put("home/.aws/credentials", ""));
	NOTICED(files_put("home/.huaweicloud/credentials", "")); /* the last of all */
	(void)setenv("GOOGLE_APPLICATION_CREDENTIALS", "google.json", 1);
	watch_init(&watch, &options, &policy);
	NOTICED(files_put("google.json", ""));
	(void)unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
	(void)unsetenv("SOPS_AGE_KEY_FILE");
	(void)unsetenv("XDG_CONFIG_HOME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_noticed),
		cmocka_unit_test(a_look_is_bounded),
		cmocka_unit_test(what_can_not_be_read_is_no_end),
		cmocka_unit_test(it_looks_where_options_and_environment_say),
	};

	return cmocka_run_group_tests_name("watch", tests, files_make, files_drop);
}
