/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/aws_xml.c: the answers of STS, and what only looks like one.
 */
#include "mangle.h"

#include "keys/aws_xml.h"

#define ANSWER                                                                                 \
	"<?xml version=\"1.0\"?>\n<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/"      \
	"doc/2011-06-15/\">\n <AssumeRoleResult>\n  <Credentials>\n   <AccessKeyId>ASIA1</"    \
	"AccessKeyId>\n   <SecretAccessKey>a/b+c&amp;d&#x41;&#66;</SecretAccessKey>\n   "      \
	"<SessionToken>t==</SessionToken>\n   <Expiration>2026-01-02T03:04:05Z</Expiration>\n" \
	"  </Credentials>\n  <AssumedRoleUser><Arn>x</Arn></AssumedRoleUser>\n <Empty/>"       \
	"</AssumeRoleResult>\n</AssumeRoleResponse>\n"

static bool get(struct span xml, const char *parent, const char *name, struct buf *out)
{
	bool found = aws_xml_text(xml, parent, name, out);

	buf_add_char(out, 0);
	return found;
}

static void finds_texts(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(4096);

	assert_true(get(SPAN(ANSWER), "Credentials", "AccessKeyId", &out));
	assert_string_equal((char *)out.data, "ASIA1");
	buf_reset(&out);
	assert_true(get(SPAN(ANSWER), "Credentials", "SecretAccessKey", &out));
	assert_string_equal((char *)out.data, "a/b+c&dAB");
	buf_reset(&out);
	assert_false(get(SPAN(ANSWER), "AssumedRoleUser", "AccessKeyId", &out));
	assert_false(get(SPAN(ANSWER), "Credentials", "Nothing", &out));
	assert_false(get(SPAN(ANSWER), "AssumeRoleResult", "Credentials", &out));
	buf_reset(&out);
	assert_true(get(SPAN("<E><Error><Code>First</Code><Code>Second</Code></Error></E>"),
			"Error", "Code", &out));
	assert_string_equal((char *)out.data, "First");
}

static void refuses_what_is_broken(void **state)
{
	static const char *const bad[] = {
		"",
		"<",
		"<a><p><n>x</n></p>",
		"<p><n>x</m></p>",
		"<p><n>x</p></n>",
		"<p><n>x<b>y</b></n></p>",
		"<p><n>x<b/>y</n></p>",
		"<p><n>&nbsp;</n></p>",
		"<p><n>&#0;</n></p>",
		"<p><n>&#xD800;</n></p>",
		"<p><n>&#x110000;</n></p>",
		"<p><n>&amp</n></p>",
		"<p><n><![CDATA[x]]></n></p>",
		"<!DOCTYPE p><p><n>x</n></p>",
		"<p><n>x</n></p></p>",
		"<p><n>x</n></p>x",
		"x<p><n>x</n></p>",
		"<p><n a='<'>x</n></p>",
		"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><p><n>x</n></p>",
	};
	CLEAN_BUF struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(aws_xml_text(span_str(bad[i]), "p", "n", &out));
		assert_int_equal(out.len, 0);
	}
}

static int read_answer(struct span input, void *arg)
{
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	bool found = aws_xml_text(input, "Credentials", "SecretAccessKey", &out);

	assert_true(found || out.len == 0);
	return found ? 0 : -1;
}

static void survives_any_answer(void **state)
{
	mangle_all(SPAN(ANSWER), read_answer, NULL);
}

/* A text may be cut off only where the rest is there to say that it is whole. */
static void takes_no_answer_that_is_cut(void **state)
{
	struct span whole = SPAN(ANSWER);

	for (size_t len = 0; len + 1 < whole.len; len++)
		assert_int_equal(read_answer(span_sub(whole, 0, len), NULL), -1);
	assert_int_equal(read_answer(whole, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_texts),
		cmocka_unit_test(refuses_what_is_broken),
		cmocka_unit_test(survives_any_answer),
		cmocka_unit_test(takes_no_answer_that_is_cut),
	};

	return cmocka_run_group_tests_name("aws_xml", tests, NULL, NULL);
}
