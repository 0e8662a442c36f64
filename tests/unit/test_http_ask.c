/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/http_ask.c: what is put together, and what is not sent.
 */
#include "fake_http.h"

#include "keys/http_ask.h"

static const struct http_call *seen;

static void answer(struct http *http, struct http_call *call)
{
	seen = call;
	fake_http_say(call, 200, "", "fine");
}

static void done(struct http *http, struct http_call *call)
{
}

static struct http_ask ask(void)
{
	struct http_ask made = HTTP_ASK_INIT;

	made.call.method = "POST";
	made.call.lane = "test";
	made.call.done = done;
	return made;
}

static void puts_a_call_together(void **state)
{
	CLEANUP(http_ask_release) struct http_ask one = ask();
	struct http http = {.answer = answer};
	struct err err = ERR_INIT;

	buf_add_str(&one.url, "https://host/path");
	http_ask_query(&one, "a b", SPAN("1&2"));
	http_ask_query(&one, "c", SPAN("\xc3\xa4/~"));
	http_ask_header(&one, "Authorization", SPAN("Bearer token"));
	http_ask_header(&one, "X-Empty", SPAN(""));
	http_ask_field(&one, "grant_type", SPAN("urn:x:y"));
	http_ask_field(&one, "scope", SPAN("a b+c=d%"));
	assert_int_equal(http_ask_send(&http, &one, &err), 0);
	assert_int_equal(http_drive(&http, &err), 0);
	assert_ptr_equal(seen, &one.call);
	assert_string_equal(seen->url, "https://host/path?a%20b=1%262&c=%C3%A4%2F~");
	assert_int_equal(seen->header_count, 2);
	assert_string_equal(seen->headers[0], "Authorization: Bearer token");
	assert_string_equal(seen->headers[1], "X-Empty: ");
	assert_true(span_is(seen->body, "grant_type=urn%3Ax%3Ay&scope=a%20b%2Bc%3Dd%25"));
	http_ask_reset(&one);
	buf_add_str(&one.url, "http://other");
	assert_int_equal(http_ask_send(&http, &one, &err), 0);
	assert_int_equal(http_drive(&http, &err), 0);
	assert_string_equal(seen->url, "http://other");
	assert_int_equal(seen->header_count, 0);
	assert_int_equal(seen->body.len, 0);
	assert_int_equal(http.sent, 2);
}

static void sends_nothing_that_could_be_two_headers(void **state)
{
	static const char *const bad[] = {"a\nb", "a\rb", "token\n", "\n"};
	struct http http = {.answer = answer};

	for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
		CLEANUP(http_ask_release) struct http_ask one = ask();
		struct err err = ERR_INIT;

		buf_add_str(&one.url, "https://host");
		http_ask_header(&one, "Authorization",
				i < ARRAY_LEN(bad) ? span_str(bad[i]) : span_of("a\0b", 3));
		assert_int_equal(http_ask_send(&http, &one, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_null(http.first);
	}
}

static void tells_what_has_no_room(void **state)
{
	CLEANUP(http_ask_release) struct http_ask one = ask(), two = ask();
	struct http http = {.answer = answer};
	struct err err = ERR_INIT;

	buf_add_fill(&one.body, 'x', HTTP_ASK_TEXT_MAX + 1);
	assert_int_equal(http_ask_send(&http, &one, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	for (int i = 0; i <= HTTP_ASK_HEADERS; i++)
		http_ask_header(&two, "X", SPAN("y"));
	assert_int_equal(http_ask_send(&http, &two, &err), -1);
	assert_int_equal(err.code, ERR_BUG);
	assert_null(http.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_a_call_together),
		cmocka_unit_test(sends_nothing_that_could_be_two_headers),
		cmocka_unit_test(tells_what_has_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
