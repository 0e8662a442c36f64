/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/trail.c: one line of JSON an event, whatever text is in it; so many a second, and the rest counted; what can not be written is counted too.
 */
#include "files.h"

#include "trail.h"

#include <sys/resource.h>

static size_t lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[TRAIL_LINE_MAX + 1];
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n++;
	(void)fclose(file);
	return n;
}

static struct trail_event event_of(const struct key_request *request)
{
	return (struct trail_event){.socket = "/run/s", .request = request};
}

static void lines_are_one_line(void **state)
{
	static const struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1\n\"}{")};
	struct key_request request = {.key = &key, .verdict = KEY_FAILED, .why = "a\nb\"\x01\xff"};
	struct trail_event event = event_of(&request);
	static char long_text[4096];
	CLEAN_BUF struct buf out = BUF_INIT(TRAIL_LINE_MAX);

	memset(long_text, '\n', sizeof(long_text));
	event.label = span_of(long_text, sizeof(long_text));
	event.secret = SPAN("ns/\rname");
	event.key_set = "team";
	trail_line(&event, 0, &out);
	assert_int_equal(out.bad, 0);
	assert_true(span_starts(buf_span(&out), SPAN("{\"time\": \"1970-01-01T00:00:00Z\"")));
	assert_int_equal(span_find(buf_span(&out), 0, '\n'), out.len - 1);
	assert_true(span_ends(buf_span(&out), SPAN("}\n")));
	assert_true(span_search(buf_span(&out), SPAN("\"opened\": false")) != SIZE_MAX);
}

static void too_many_lines_are_counted_and_told_once(void **state)
{
	static const struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1x")};
	const struct key_request request = {.key = &key, .verdict = KEY_OPENED};
	const struct trail_event event = event_of(&request);
	struct err err = ERR_INIT;
	struct trail trail;
	struct stat st;
	int i;

	assert_int_equal(trail_open(&trail, "many", &err), 0);
	assert_int_equal(stat("many", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (i = 0; i < TRAIL_RATE + 7; i++)
		trail_write(&trail, &event, 1000);
	assert_int_equal(trail.lost, 7);
	assert_int_equal(lines_of("many"), TRAIL_RATE);
	trail_write(&trail, &event, 1001);
	assert_int_equal(lines_of("many"), TRAIL_RATE + 2);
	trail_write(&trail, &event, 1002);
	assert_int_equal(lines_of("many"), TRAIL_RATE + 3);
	assert_int_equal(trail.lost, 7);
	(void)close(trail.fd);
}

/* A tenant's noise hides neither what others have had opened, nor what he has. */
static void what_is_opened_is_told_whatever_else_is_asked(void **state)
{
	static const struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1x")};
	struct key_request request = {.key = &key, .verdict = KEY_FAILED};
	struct trail_event event = event_of(&request);
	struct err err = ERR_INIT;
	struct trail trail;
	size_t set;
	int i;

	assert_int_equal(trail_open(&trail, "noise", &err), 0);
	for (i = 0; i < TRAIL_RATE + 9; i++)
		trail_write(&trail, &event, 1000);
	assert_int_equal(trail.lost, 9);
	request.verdict = KEY_OPENED;
	for (set = 0; set < TRAIL_SOCKETS; set++) {
		event.set = set;
		trail_write(&trail, &event, 1000);
	}
	request.verdict = KEY_FAILED;
	trail_write(&trail, &event, 1000);
	assert_int_equal(trail.lost, 9);
	assert_int_equal(lines_of("noise"), TRAIL_RATE + TRAIL_SOCKETS + 1);
	(void)close(trail.fd);
}

/* On a disk that was full for a while. */
static void a_line_that_was_cut_off_leaves_the_next_one_whole(void **state)
{
	static const struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1x")};
	const struct key_request request = {.key = &key, .verdict = KEY_OPENED};
	const struct trail_event event = event_of(&request);
	struct rlimit before, little;
	struct err err = ERR_INIT;
	struct trail trail;
	struct stat st;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(trail_open(&trail, "cut", &err), 0);
	trail_write(&trail, &event, 7);
	assert_int_equal(stat("cut", &st), 0);
	little = before;
	little.rlim_cur = (rlim_t)st.st_size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	trail_write(&trail, &event, 7);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(trail.lost, 1);
	trail_write(&trail, &event, 7);
	assert_int_equal(lines_of("cut"), 3);
	trail_write(&trail, &event, 7);
	assert_int_equal(lines_of("cut"), 4);
	assert_int_equal(trail.lost, 1);
	(void)close(trail.fd);
}

static void what_can_not_be_written_is_lost_and_counted(void **state)
{
	static const struct sops_key key = {.type = SOPS_KEY_AGE, .id = SPAN("age1x")};
	const struct key_request request = {.key = &key, .verdict = KEY_OPENED};
	const struct trail_event event = event_of(&request);
	struct trail trail = {.fd = open("/dev/full", O_WRONLY | O_CLOEXEC)};

	trail_write(&trail, &event, 5);
	trail_write(&trail, &event, 6);
	assert_int_equal(trail.lost, 2);
	(void)close(trail.fd);
}

static void odd_files_are_refused(void **state)
{
	struct err err = ERR_INIT;
	struct trail trail;

	assert_int_equal(symlink("elsewhere", "link"), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(trail_open(&trail, "link", &err), -1);
	assert_int_equal(trail_open(&trail, "folder", &err), -1);
	assert_int_equal(trail_open(&trail, "none/x", &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(trail_open(&trail, NULL, &err), 0);
	assert_int_equal(trail.fd, STDERR_FILENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_one_line),
		cmocka_unit_test(too_many_lines_are_counted_and_told_once),
		cmocka_unit_test(what_is_opened_is_told_whatever_else_is_asked),
		cmocka_unit_test(a_line_that_was_cut_off_leaves_the_next_one_whole),
		cmocka_unit_test(what_can_not_be_written_is_lost_and_counted),
		cmocka_unit_test(odd_files_are_refused),
	};

	return cmocka_run_group_tests_name("trail", tests, files_make, files_drop);
}
