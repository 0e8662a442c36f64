/* SPDX-License-Identifier: Apache-2.0
 *
 * The copy in memory: what comes into it, that the original stays, and that it is gone however its process ends.
 */
#include "stage.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static int make(void **state)
{
	if (files_make(state) != 0)
		return -1;
	files_put("repo/.git/config", "git");
	files_put("repo/.sourceignore", "*.md\n");
	files_put("repo/a/b/c.yaml", "deep");
	files_put("repo/a/README.md", "left out");
	files_put("repo/a/.sourceignore", "!keep.md\n");
	files_put("repo/a/keep.md", "kept");
	files_put("repo/x", "top");
	return symlink("../x", "repo/a/in") | symlink("/a/b/c.yaml", "repo/a/b/top") |
	       symlink("../../outside", "repo/a/out") | symlink("/etc/passwd", "repo/a/passwd") |
	       /* That many, however deep the copy lies. */
	       symlink("../../../../../../../../../../../../../../../../etc/passwd", "repo/a/up") |
	       symlink("nothing", "repo/a/dangling") | symlink("b", "repo/a/folder") |
	       mkfifo("repo/fifo", 0600);
}

static const char *root(void)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/repo", files_top);
	return path;
}

/* What stands in a file of the place, "" where there is none. */
static const char *get(const struct stage *stage, const char *path)
{
	static char text[64];
	int fd = openat(stage->fd, path, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	assert_true(len >= 0);
	text[len] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static bool is_gone(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

static void copies_an_artifact(void **state)
{
	CLEAN_FLUX_IGNORE struct flux_ignore ignore = FLUX_IGNORE_INIT;
	CLEAN_STAGE struct stage stage = STAGE_INIT;
	const struct stage_source source = {.root = root(), .ignore = &ignore};
	struct err err = ERR_INIT;

	if (stage_open(STAGE_MEMORY, &stage, &err) < 0)
		skip();
	assert_int_equal(stage_read_ignore(root(), &ignore, &err), 0);
	assert_int_equal(flux_ignore_end(&ignore, &err), 0);
	assert_int_equal(stage_fill(&stage, &source, &err), 0);
	assert_string_equal(get(&stage, "a/b/c.yaml"), "deep");
	assert_string_equal(get(&stage, "a/keep.md"), "kept");
	assert_string_equal(get(&stage, "x"), "top");
	assert_string_equal(get(&stage, "a/README.md"), "");
	assert_string_equal(get(&stage, ".git/config"), "");
	assert_string_equal(get(&stage, "a/in"), "");
	assert_int_equal(stage.links, 7);
	assert_int_equal(stage.files, 5);
}

static void keeps_links_that_stay_inside(void **state)
{
	CLEAN_STAGE struct stage stage = STAGE_INIT;
	const struct stage_source source = {.root = root(), .links = true};
	struct err err = ERR_INIT;

	if (stage_open(STAGE_MEMORY, &stage, &err) < 0)
		skip();
	assert_int_equal(stage_fill(&stage, &source, &err), 0);
	assert_string_equal(get(&stage, "a/in"), "top");
	assert_string_equal(get(&stage, "a/b/top"), "deep");
	assert_string_equal(get(&stage, "a/folder/c.yaml"), "deep");
	assert_string_equal(get(&stage, "a/out"), "");
	assert_string_equal(get(&stage, "a/passwd"), "");
	assert_string_equal(get(&stage, "a/up"), "");
	assert_int_equal(stage.links, 4);
	/* A second name is written through, not replaced; the original stays. */
	assert_int_equal(stage_write(&stage, "a/in", SPAN("new"), &err), 0);
	assert_string_equal(get(&stage, "x"), "new");
	assert_int_equal(stage_write(&stage, "a/fresh", SPAN("made"), &err), 0);
	assert_string_equal(get(&stage, "a/fresh"), "made");
	assert_int_equal(stage_write(&stage, "none/fresh", SPAN("made"), &err), -1);
	assert_int_equal(access("repo/a/fresh", F_OK), -1);
	{
		CLEAN_STAGE struct stage other = {.fd = open("repo", O_RDONLY),
						  .janitor = JANITOR_INIT};

		assert_string_equal(get(&other, "x"), "top");
	}
}

enum { LOOKED_MAX = 256 * 1024 /* bytes of a file that is looked into */ };

/* A file of so many bytes, with text at its end. */
static void put_large(const char *path, size_t size, const char *text)
{
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	memcpy(bytes + size - strlen(text), text, strlen(text));
	files_put_span(path, span_of(bytes, size));
	free(bytes);
}

static void assert_same(const struct stage *stage, const char *path, const char *original)
{
	int ours = openat(stage->fd, path, O_RDONLY), theirs = open(original, O_RDONLY);
	static uint8_t a[2 * LOOKED_MAX], b[2 * LOOKED_MAX];
	ssize_t len = read(theirs, b, sizeof(b));

	assert_int_equal(read(ours, a, sizeof(a)), len);
	assert_memory_equal(a, b, len);
	close(ours);
	close(theirs);
}

/* What is a file of the copy, and whether it may hold ciphertext; a link is none, nor what lies behind one. */
static void knows_what_it_has_copied(void **state)
{
	static const struct {
		const char *path;
		enum stage_index_kind kind;
	} table[] = {
		{"x", STAGE_INDEX_PLAIN},
		{"a/b/c.yaml", STAGE_INDEX_PLAIN},
		{"sealed", STAGE_INDEX_SEALED},
		{"empty", STAGE_INDEX_PLAIN},
		{"most", STAGE_INDEX_SEALED},
		{"most-plain", STAGE_INDEX_PLAIN},
		{"large", STAGE_INDEX_SEALED},
		{"large-plain", STAGE_INDEX_SEALED},
		{"a", STAGE_INDEX_UNKNOWN},
		{"a/in", STAGE_INDEX_UNKNOWN},
		{"a/b/top", STAGE_INDEX_UNKNOWN},
		{"a/folder", STAGE_INDEX_UNKNOWN},
		{"a/folder/c.yaml", STAGE_INDEX_UNKNOWN},
		{"a/passwd", STAGE_INDEX_UNKNOWN},
		{"fifo", STAGE_INDEX_UNKNOWN},
		{".git/config", STAGE_INDEX_UNKNOWN},
	};
	static const char begin[] = "ENC[AES256_GCM,data:";
	CLEAN_STAGE struct stage stage = STAGE_INIT;
	const struct stage_source source = {.root = root(), .links = true};
	struct err err = ERR_INIT;
	size_t i;

	if (stage_open(STAGE_MEMORY, &stage, &err) < 0)
		skip();
	files_put("repo/sealed", "k: ENC[AES256_GCM,data:x]");
	files_put("repo/empty", "");
	put_large("repo/most", LOOKED_MAX, begin);
	put_large("repo/most-plain", LOOKED_MAX, "");
	put_large("repo/large", LOOKED_MAX + 1, begin);
	put_large("repo/large-plain", LOOKED_MAX + 1, "");
	assert_int_equal(stage_fill(&stage, &source, &err), 0);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		char original[64];

		if (stage_index_find(&stage.index, table[i].path) != table[i].kind)
			fail_msg("'%s'", table[i].path);
		(void)snprintf(original, sizeof(original), "repo/%s", table[i].path);
		if (table[i].kind != STAGE_INDEX_UNKNOWN)
			assert_same(&stage, table[i].path, original);
	}
	assert_true(stage_index_covers(&stage.index, root()));
	/* What is written into the copy says nothing of the original. */
	assert_int_equal(stage_write(&stage, "sealed", SPAN("opened"), &err), 0);
	assert_int_equal(stage_index_find(&stage.index, "sealed"), STAGE_INDEX_SEALED);
}

/* A process with a place in memory that ends in the given way; the place is private while it lives, and gone soon after. */
static void end_by(int signal_number)
{
	char path[PATH_MAX] = "";
	struct stat st;
	int ends[2], status, tries;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct stage stage = STAGE_INIT;
		const struct stage_source source = {.root = root(), .links = true};
		struct err err = ERR_INIT;

		close(ends[0]);
		if (stage_open(STAGE_MEMORY, &stage, &err) == 0 &&
		    stage_fill(&stage, &source, &err) == 0)
			(void)!write(ends[1], stage.path, strlen(stage.path));
		close(ends[1]);
		if (signal_number)
			pause();
		stage_close(&stage);
		_exit(0);
	}
	close(ends[1]);
	assert_true(read(ends[0], path, sizeof(path) - 1) >= 0);
	close(ends[0]);
	if (signal_number && path[0]) {
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
	if (signal_number)
		assert_int_equal(kill(pid, signal_number), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!path[0])
		skip();
	for (tries = 0; tries < 2000 && !is_gone(path); tries++)
		(void)usleep(2000);
	assert_true(is_gone(path));
}

static void is_gone_with_its_process(void **state)
{
	end_by(0);
	end_by(SIGTERM);
	end_by(SIGKILL);
}

static void removes_what_it_can(void **state)
{
	files_put("tree/a/b/c", "x");
	assert_int_equal(symlink("../repo", "tree/link"), 0);
	janitor_remove("tree");
	assert_true(is_gone("tree"));
	assert_int_equal(access("repo/x", F_OK), 0);
	janitor_remove("nothing");
	janitor_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_an_artifact),
		cmocka_unit_test(keeps_links_that_stay_inside),
		cmocka_unit_test(knows_what_it_has_copied),
		cmocka_unit_test(is_gone_with_its_process),
		cmocka_unit_test(removes_what_it_can),
	};

	return cmocka_run_group_tests_name("stage", tests, make, files_drop);
}
