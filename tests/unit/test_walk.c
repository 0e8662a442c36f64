/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk: nearest first, in the same order every time, never through a link, and no further than its limits.
 */
#include "walk.h"

#include "files.h"

struct seen {
	char text[4096];
	const char *stop_at; /* NULL: never */
	bool read;
};

static enum walk_next see(void *cookie, const struct walk_file *file, struct err *err)
{
	struct seen *seen = cookie;

	assert_string_equal(strrchr(file->path, '/') ? strrchr(file->path, '/') + 1 : file->path,
			    file->name);
	strcat(seen->text, file->path);
	strcat(seen->text, " ");
	if (seen->stop_at && strcmp(seen->stop_at, file->path) == 0)
		return WALK_STOP;
	if (seen->read) {
		CLEAN_BUF struct buf content = BUF_INIT(0);

		assert_int_equal(walk_read(file, 100, true, &content, err), 0);
		assert_true(span_is(buf_span(&content), file->name));
	}
	return WALK_ON;
}

static void walk(const char *start, size_t max, struct seen *seen, bool *limit, size_t *skipped)
{
	char root[512];
	const struct walk_options options = {.root = root, .start = start, .files_max = max};
	struct err err = ERR_INIT;

	snprintf(root, sizeof(root), "%s/tree", files_top);
	if (walk_tree(&options, see, seen, limit, skipped, &err) < 0)
		fail_msg("%s", err.msg);
}

static int make(void **state)
{
	if (files_make(state) < 0)
		return -1;
	files_put("outside/secret", "secret");
	files_put("tree/z", "z");
	files_put("tree/.git/config", "config");
	files_put("tree/.gitignore", ".gitignore");
	files_put("tree/base/b", "b");
	files_put("tree/apps/prod/p", "p");
	files_put("tree/apps/prod/deep/d", "d");
	files_put("tree/apps/dev/v", "v");
	files_put("tree/apps/a", "a");
	assert_int_equal(symlink("../outside", "tree/out"), 0);
	assert_int_equal(symlink("../outside/secret", "tree/file"), 0);
	assert_int_equal(symlink("base", "tree/in"), 0);
	assert_int_equal(symlink("..", "tree/apps/up"), 0);
	assert_int_equal(mkfifo("tree/fifo", 0600), 0);
	return 0;
}

static void shows_files_before_folders_in_order_of_names(void **state)
{
	struct seen seen = {.read = true};
	size_t skipped = 7;
	bool limit = true;

	walk(NULL, 100, &seen, &limit, &skipped);
	assert_string_equal(seen.text, ".gitignore z apps/a apps/dev/v apps/prod/p "
				       "apps/prod/deep/d base/b ");
	assert_false(limit);
	assert_int_equal(skipped, 0);
}

static void begins_at_the_start_and_goes_up(void **state)
{
	static const struct {
		const char *start, *order;
	} table[] = {
		{"apps/prod",
		 "apps/prod/p apps/prod/deep/d apps/a apps/dev/v .gitignore z base/b "},
		{"apps", "apps/a apps/dev/v apps/prod/p apps/prod/deep/d .gitignore z base/b "},
		{"apps/prod/",
		 "apps/prod/p apps/prod/deep/d apps/a apps/dev/v .gitignore z base/b "},
		/* What is not there, and what is a link, begins above it. */
		{"apps/none/x",
		 "apps/a apps/dev/v apps/prod/p apps/prod/deep/d .gitignore z base/b "},
		{"in", ".gitignore z apps/a apps/dev/v apps/prod/p apps/prod/deep/d base/b "},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct seen seen = {.read = true};

		walk(table[i].start, 100, &seen, NULL, NULL);
		assert_string_equal(seen.text, table[i].order);
	}
}

static void stops_when_it_is_told(void **state)
{
	struct seen seen = {.stop_at = "apps/dev/v"};

	walk("apps", 100, &seen, NULL, NULL);
	assert_string_equal(seen.text, "apps/a apps/dev/v ");
}

static void stops_at_its_limit_and_says_so(void **state)
{
	size_t max;

	for (max = 0; max <= 8; max++) {
		struct seen seen = {.read = false};
		size_t n = 0;
		const char *c;
		bool limit = false;

		walk(NULL, max, &seen, &limit, NULL);
		for (c = seen.text; *c; c++)
			n += *c == ' ';
		assert_int_equal(n, max < 7 ? max : 7);
		assert_int_equal(limit, max < 7);
	}
}

static void counts_folders_that_lie_too_deep(void **state)
{
	char path[2 * (WALK_DEPTH_MAX + 4) + 16] = "tree/";
	struct seen seen = {.read = false};
	size_t skipped = 0;
	int i;

	for (i = 0; i < WALK_DEPTH_MAX + 2; i++)
		strcat(path, "x/");
	strcat(path, "f");
	files_put(path, "f");
	walk(NULL, 100, &seen, NULL, &skipped);
	assert_int_equal(skipped, 1);
	assert_null(strstr(seen.text, "/f "));
	assert_int_equal(system("rm -r tree/x"), 0);
}

static void refuses_a_root_that_is_not_there(void **state)
{
	const struct walk_options options = {.root = "/nonexistent/folder", .files_max = 1};
	struct seen seen = {.read = false};
	struct err err = ERR_INIT;

	assert_int_equal(walk_tree(&options, see, &seen, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static int read_at(const char *name, size_t max, bool text_only, struct buf *content,
		   struct err *err)
{
	struct walk_file file = {.path = name, .name = name};
	int r;

	file.dir = open("tree", O_RDONLY | O_DIRECTORY);
	r = walk_read(&file, max, text_only, content, err);
	close(file.dir);
	return r;
}

static void reads_regular_files_up_to_their_limit(void **state)
{
	static const size_t sizes[] = {0, 1, 7999, 8000, 8001, 70000, 200000};
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEAN_BUF struct buf text = BUF_INIT(1000000), back = BUF_INIT(0);
		struct err err = ERR_INIT;

		buf_add_fill(&text, 'x', sizes[i]);
		files_put_span("tree/size", buf_span(&text));
		assert_int_equal(read_at("size", sizes[i], true, &back, &err), 0);
		assert_true(span_eq(buf_span(&text), buf_span(&back)));
		if (sizes[i] == 0)
			continue;
		assert_int_equal(read_at("size", sizes[i] - 1, true, &back, &err), -1);
		assert_int_equal(err.code, ERR_LIMIT);
	}
	unlink("tree/size");
}

static void tells_binary_files_by_their_beginning(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(100000), back = BUF_INIT(0);
	struct err err = ERR_INIT;

	buf_add_fill(&text, 'x', WALK_TEXT_LOOK - 1);
	buf_add_char(&text, 0);
	buf_add_fill(&text, 'x', 50000);
	files_put_span("tree/binary", buf_span(&text));
	assert_int_equal(read_at("binary", 100000, true, &back, &err), 1);
	assert_int_equal(back.len, 0);
	assert_int_equal(read_at("binary", 100000, false, &back, &err), 0);
	assert_true(span_eq(buf_span(&text), buf_span(&back)));
	unlink("tree/binary");
}

static void does_not_read_links_and_pipes(void **state)
{
	static const char *const names[] = {"file", "in", "fifo", "apps", "none"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_BUF struct buf back = BUF_INIT(0);
		struct err err = ERR_INIT;

		assert_int_equal(read_at(names[i], 100, true, &back, &err), -1);
		assert_int_not_equal(err.code, ERR_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_files_before_folders_in_order_of_names),
		cmocka_unit_test(begins_at_the_start_and_goes_up),
		cmocka_unit_test(stops_when_it_is_told),
		cmocka_unit_test(stops_at_its_limit_and_says_so),
		cmocka_unit_test(counts_folders_that_lie_too_deep),
		cmocka_unit_test(refuses_a_root_that_is_not_there),
		cmocka_unit_test(reads_regular_files_up_to_their_limit),
		cmocka_unit_test(tells_binary_files_by_their_beginning),
		cmocka_unit_test(does_not_read_links_and_pipes),
	};

	return cmocka_run_group_tests(tests, make, files_drop);
}
