/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths that lead out of the root are refused, by the kernel's way and by the walk alike; everything else opens.
 */
#include "confine.h"

#include "mangle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/test_confine.XXXXXX";

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int make_tree(void **state)
{
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	assert_int_equal(mkdir("repo", 0700) | mkdir("repo/.git", 0700) | mkdir("repo/apps", 0700) |
				 mkdir("repo/apps/web", 0700) | mkdir("repository", 0700),
			 0);
	put("outside", "out");
	put("repository/x", "sibling");
	put("repo/top", "top");
	put("repo/apps/web/file", "web");
	assert_int_equal(symlink("../../top", "repo/apps/web/link") |
				 symlink("../../../outside", "repo/apps/web/leak") |
				 symlink("/etc/hostname", "repo/apps/web/absolute") |
				 symlink("..", "repo/apps/web/up") |
				 symlink("loop", "repo/apps/web/loop") |
				 mkfifo("repo/apps/web/fifo", 0600),
			 0);
	return 0;
}

static int drop_tree(void **state)
{
	char command[sizeof(top) + 16];

	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return chdir("/") < 0 || system(command) != 0;
}

static const struct {
	const char *path;
	const char *content; /* NULL: refused */
	enum err_code code;
} table[] = {
	{"file", "web", ERR_NONE},
	{"./file", "web", ERR_NONE},
	{"../../top", "top", ERR_NONE},
	{"../web/./file", "web", ERR_NONE},
	{"..//..///top", "top", ERR_NONE},
	{"link", "top", ERR_NONE},
	{"up/web/file", "web", ERR_NONE},
	{"up/../top", "top", ERR_NONE},
	{"../../../outside", NULL, ERR_POLICY},
	{"../../../repository/x", NULL, ERR_POLICY},
	{"../../../repo/top", NULL, ERR_POLICY},
	{"leak", NULL, ERR_POLICY},
	{"absolute", NULL, ERR_POLICY},
	{"/etc/hostname", NULL, ERR_POLICY},
	{"/", NULL, ERR_POLICY},
	{"up/../../outside", NULL, ERR_POLICY},
	{"nothing", NULL, ERR_NOT_FOUND},
	{"file/x", NULL, ERR_NOT_FOUND},
	{"", NULL, ERR_FORMAT},
	{".", NULL, ERR_FORMAT},
	{"..", NULL, ERR_FORMAT},
	{"loop", NULL, ERR_SYSTEM},
	{"fifo", NULL, ERR_FORMAT},
};

static void check_table(void)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	assert_string_equal(confine.below, "apps/web");
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct buf got = BUF_INIT(100);
		int rc = confine_read(&confine, table[i].path, 100, &got, &err);

		if (table[i].content) {
			assert_int_equal(rc, 0);
			assert_true(span_is(buf_span(&got), table[i].content));
		} else {
			assert_int_equal(rc, -1);
			if (err.code != table[i].code)
				fail_msg("'%s': %s", table[i].path, err.msg);
		}
		buf_release(&got);
	}
	confine_close(&confine);
	assert_int_equal(confine.fd, -1);
}

static int enter_web(void **state)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/repo/apps/web", top);
	unsetenv("ARGOCD_APP_SOURCE_PATH");
	return chdir(path);
}

static void stays_below_the_git_toplevel(void **state)
{
	check_table();
}

static void walk_decides_as_the_kernel_does(void **state)
{
#ifdef KRMSOPS_TEST
	confine_no_openat2 = true;
	check_table();
	confine_no_openat2 = false;
#else
	skip();
#endif
}

/* The tree `repo` is all there is: what leads up stays in it, what begins at `/` begins there. */
static const struct {
	const char *path;
	const char *content;
	enum err_code code;
} clamped[] = {
	{"top", "top", ERR_NONE},
	{"/top", "top", ERR_NONE},
	{"../../../top", "top", ERR_NONE},
	{"apps/../../top", "top", ERR_NONE},
	{"/apps/web/file", "web", ERR_NONE},
	{"apps/web/link", "top", ERR_NONE},
	{"apps/web/up/web/file", "web", ERR_NONE},
	{"../../../../../etc/hostname", NULL, ERR_NOT_FOUND},
	{"/etc/hostname", NULL, ERR_NOT_FOUND},
	{"apps/web/absolute", NULL, ERR_NOT_FOUND},
	{"apps/web/leak", NULL, ERR_NOT_FOUND},
	{"outside", NULL, ERR_NOT_FOUND},
	{"apps/web/loop", NULL, ERR_SYSTEM},
	{"apps/web/fifo", NULL, ERR_FORMAT},
};

static void check_clamped(void)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	size_t i;

	confine_clamp(open("../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "repo", &confine);
	for (i = 0; i < ARRAY_LEN(clamped); i++) {
		struct buf got = BUF_INIT(100);
		int rc = confine_read(&confine, clamped[i].path, 100, &got, &err);

		if (rc != (clamped[i].content ? 0 : -1) || (rc < 0 && err.code != clamped[i].code))
			fail_msg("'%s': %d %s", clamped[i].path, rc, err.msg);
		if (rc == 0)
			assert_true(span_is(buf_span(&got), clamped[i].content));
		buf_release(&got);
	}
	confine_close(&confine);
}

static void a_clamped_root_is_all_there_is(void **state)
{
	check_clamped();
#ifdef KRMSOPS_TEST
	confine_no_openat2 = true;
	check_clamped();
	confine_no_openat2 = false;
#endif
}

static void opens_absolute_paths_below_the_root(void **state)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT(100);
	char path[PATH_MAX];

	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/repo/top", top);
	assert_int_equal(confine_read(&confine, path, 100, &got, &err), 0);
	assert_true(span_is(buf_span(&got), "top"));
	/* A sibling whose name begins with the root's is not below it. */
	(void)snprintf(path, sizeof(path), "%s/repository/x", top);
	assert_int_equal(confine_read(&confine, path, 100, &got, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	buf_release(&got);
	confine_close(&confine);
}

static void root_is_the_given_one(void **state)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT(100);

	assert_int_equal(confine_open_root("../../..", &confine, &err), 0);
	assert_string_equal(confine.root, top);
	assert_string_equal(confine.below, "repo/apps/web");
	assert_int_equal(confine_read(&confine, "leak", 100, &got, &err), 0);
	assert_true(span_is(buf_span(&got), "out"));
	confine_close(&confine);
	assert_int_equal(confine_open_root(".", &confine, &err), 0);
	assert_int_equal(confine_read(&confine, "../../top", 100, &got, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	confine_close(&confine);
	assert_int_equal(confine_open_root("nowhere", &confine, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	buf_release(&got);
}

/* A root elsewhere: relative paths begin there, as nothing else could be meant. */
static void root_may_lie_elsewhere(void **state)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT(100);

	assert_int_equal(confine_open_root("../../../repository", &confine, &err), 0);
	assert_true(confine.outside);
	assert_int_equal(confine_read(&confine, "x", 100, &got, &err), 0);
	assert_true(span_is(buf_span(&got), "sibling"));
	buf_release(&got);
	confine_close(&confine);
}

static void root_under_argocd_is_the_repository(void **state)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	char want[PATH_MAX];

	setenv("ARGOCD_APP_SOURCE_PATH", "apps/web/", 1);
	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	(void)snprintf(want, sizeof(want), "%s/repo", top);
	assert_string_equal(confine.root, want);
	confine_close(&confine);
	setenv("ARGOCD_APP_SOURCE_PATH", "web", 1);
	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	(void)snprintf(want, sizeof(want), "%s/repo/apps", top);
	assert_string_equal(confine.root, want);
	confine_close(&confine);
	setenv("ARGOCD_APP_SOURCE_PATH", ".", 1);
	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	(void)snprintf(want, sizeof(want), "%s/repo/apps/web", top);
	assert_string_equal(confine.root, want);
	confine_close(&confine);
	/* It does not fit the working directory: the next rule holds. */
	setenv("ARGOCD_APP_SOURCE_PATH", "other/web", 1);
	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	(void)snprintf(want, sizeof(want), "%s/repo", top);
	assert_string_equal(confine.root, want);
	confine_close(&confine);
	unsetenv("ARGOCD_APP_SOURCE_PATH");
}

static void refuses_more_than_the_limit(void **state)
{
	struct confine confine = CONFINE_INIT;
	struct err err = ERR_INIT;
	struct buf got = BUF_INIT(100);

	assert_int_equal(confine_open_root(NULL, &confine, &err), 0);
	assert_int_equal(confine_read(&confine, "file", 3, &got, &err), 0);
	assert_int_equal(confine_read(&confine, "file", 2, &got, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	buf_release(&got);
	confine_close(&confine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(stays_below_the_git_toplevel, enter_web),
		cmocka_unit_test_setup(walk_decides_as_the_kernel_does, enter_web),
		cmocka_unit_test_setup(a_clamped_root_is_all_there_is, enter_web),
		cmocka_unit_test_setup(opens_absolute_paths_below_the_root, enter_web),
		cmocka_unit_test_setup(root_is_the_given_one, enter_web),
		cmocka_unit_test_setup(root_may_lie_elsewhere, enter_web),
		cmocka_unit_test_setup(root_under_argocd_is_the_repository, enter_web),
		cmocka_unit_test_setup(refuses_more_than_the_limit, enter_web),
	};

	return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
