/* SPDX-License-Identifier: Apache-2.0
 *
 * The report: what is kept, the exit status, and its form as KRM results.
 */
#include "report.h"

#include "json_text.h"
#include "objects.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void add(struct report *report, enum err_code code, const struct doc_node *item,
		const char *text)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, code, "%s", text);
	report_add(report, &err, item);
}

static void results_name_the_object(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_REPORT struct report report = REPORT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	static const char want[] =
		"[{\"message\": \"a \\\"b\\\" \xc3\xa9\", \"severity\": \"error\", \"resourceRef\": "
		"{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"namespace\": \"shop\", \"name\": \"s\"}, "
		"\"file\": {\"path\": \"a.yaml\"}}, {\"message\": \"b\", \"severity\": \"error\"}]";

	object_read(&object,
		    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: shop\n"
		    "  annotations: {config.kubernetes.io/path: a.yaml}\n");
	add(&report, ERR_VALUE, object.node, "a \"b\" \xc3\xa9");
	add(&report, ERR_MAC, NULL, "b");
	report_results(&report, &out);
	assert_true(span_is(buf_span(&out), want));
}

static void results_leave_out_what_is_not_there(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_REPORT struct report report = REPORT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);

	report_results(&report, &out);
	assert_true(span_is(buf_span(&out), "[]"));
	buf_reset(&out);
	object_read(&object, "kind: \"\"\nmetadata: {name: s}\n");
	add(&report, ERR_VALUE, object.node, "a\xff\x01");
	report_results(&report, &out);
	assert_true(span_is(buf_span(&out),
			    "[{\"message\": \"a?\\u0001\", \"severity\": \"error\", "
			    "\"resourceRef\": {\"name\": \"s\"}}]"));
}

static void escapes_what_json_or_yaml_would_not_take(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);

	assert_int_equal(
		json_text_add(SPAN("\0\x01\b\t\n\f\r\"\\/\x7f\xc2\x85\xe2\x80\xa9\xef\xbb\xbf\xef"
				   "\xbf\xbf\xf0\x9f\x98\x80"),
			      &out),
		0);
	assert_true(span_is(buf_span(&out), "\"\\u0000\\u0001\\b\\t\\n\\f\\r\\\"\\\\/\\u007f\\u0085"
					    "\\u2029\\ufeff\\uffff\xf0\x9f\x98\x80\""));
	assert_int_equal(json_text_add(SPAN("a\xed\xa0\x80"), &out), -1);
	buf_reset(&out);
	json_text_add_lossy(SPAN("a\xc3"), &out);
	assert_true(span_is(buf_span(&out), "\"a?\""));
}

/* What is printed, on a pipe in stderr's place. */
static int printed(const struct report *report, char *text, size_t size)
{
	int saved = dup(STDERR_FILENO), fds[2], status;
	ssize_t got;

	assert_int_equal(pipe(fds), 0);
	fflush(stderr);
	dup2(fds[1], STDERR_FILENO);
	status = report_print(report);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	got = read(fds[0], text, size - 1);
	close(fds[0]);
	assert_true(got >= 0);
	text[got] = '\0';
	return status;
}

static void prints_each_error_and_a_hint_once(void **state)
{
	CLEAN_REPORT struct report report = REPORT_INIT;
	struct err err = ERR_INIT;
	char text[4096];

	add(&report, ERR_POLICY, NULL, "one");
	(void)err_set(&err, ERR_VALUE, "two");
	(void)err_hint(&err, "do this");
	report_add(&report, &err, NULL);
	report_add(&report, &err, NULL);
	assert_int_equal(printed(&report, text, sizeof(text)), 77);
	assert_string_equal(text, "krm-sops: one\nkrm-sops: two\nkrm-sops: hint: do this\n"
				  "krm-sops: two\n");
}

/* On stderr, where people look; a program that reads the results gets one line. */
static void prints_what_is_listed_a_line_each(void **state)
{
	CLEAN_REPORT struct report report = REPORT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(1 << 16);
	char text[4096];

	add(&report, ERR_UNREACHABLE, NULL,
	    "Secret a: no key opens it: \nage 'x': no; \nkms ';': down");
	assert_int_equal(printed(&report, text, sizeof(text)), 75);
	assert_string_equal(text, "krm-sops: Secret a: no key opens it:\nkrm-sops:   age 'x': no\n"
				  "krm-sops:   kms ';': down\n");
	report_results(&report, &out);
	assert_true(
		span_is(buf_span(&out),
			"[{\"message\": \"Secret a: no key opens it: age 'x': no; kms ';': down\", "
			"\"severity\": \"error\"}]"));
}

static void counts_what_is_too_much(void **state)
{
	CLEAN_REPORT struct report report = REPORT_INIT;
	char text[4096];
	int i;

	for (i = 0; i < REPORT_MAX + 5; i++)
		add(&report, ERR_NO_KEY, NULL, "x");
	assert_int_equal(report.count, REPORT_MAX);
	assert_int_equal(report.all, REPORT_MAX + 5);
	assert_int_equal(printed(&report, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "krm-sops: 5 more errors\n"));
}

/* Else what another process writes at that moment, a line of the audit trail, would stand in the middle of it. */
static void a_note_is_written_at_once(void **state)
{
	int before = dup(STDERR_FILENO), fds[2];
	char text[256] = "";

	assert_true(before >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	report_note("%zu of '%s'", (size_t)7, "it");
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	assert_true(recv(fds[0], text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "krm-sops: 7 of 'it'\n");
	(void)close(before);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_name_the_object),
		cmocka_unit_test(results_leave_out_what_is_not_there),
		cmocka_unit_test(escapes_what_json_or_yaml_would_not_take),
		cmocka_unit_test(prints_each_error_and_a_hint_once),
		cmocka_unit_test(prints_what_is_listed_a_line_each),
		cmocka_unit_test(counts_what_is_too_much),
		cmocka_unit_test(a_note_is_written_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
