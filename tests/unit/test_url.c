/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/url.c: URLs that are taken apart and those that are refused; which hosts are this machine's own.
 */
#include "keys/url.h"

#include "mangle.h"

static void takes_apart(void **state)
{
	static const struct {
		const char *text, *authority, *host, *port, *path;
		bool plain;
	} rows[] = {
		{"https://a.b", "a.b", "a.b", "", "", false},
		{"HTTPS://A.b/", "A.b", "A.b", "", "/", false},
		{"http://a.b:80/x?y=z", "a.b:80", "a.b", "80", "/x?y=z", true},
		{"https://[::1]:8443/x", "[::1]:8443", "::1", "8443", "/x", false},
		{"https://[fd00:ec2::23]", "[fd00:ec2::23]", "fd00:ec2::23", "", "", false},
		{"https://a_b-c.d:1//x/../y", "a_b-c.d:1", "a_b-c.d", "1", "//x/../y", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct url url;

		if (url_parse(span_str(rows[i].text), &url, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
		assert_true(span_is(url.authority, rows[i].authority));
		assert_true(span_is(url.host, rows[i].host));
		assert_true(span_is(url.port, rows[i].port));
		assert_true(span_is(url.path, rows[i].path));
		assert_int_equal(url.plain, rows[i].plain);
	}
}

static void refuses_what_two_readers_take_differently(void **state)
{
	static const char *const rows[] = {
		"",
		"https:",
		"https://",
		"https:///x",
		"ftp://a",
		"a.b",
		"//a.b",
		"https://user@a.b",
		"https://user:pw@a.b/",
		"https://vault.azure.net@evil",
		"https://evil\\.vault.azure.net",
		"https://evil#.vault.azure.net",
		"https://evil?.vault.azure.net",
		"https://evil%2f.vault.azure.net",
		"https://a b",
		"https://a.b/ x",
		"https://a.b/\n",
		"https://a.b\t",
		" https://a.b",
		"https://a.b:",
		"https://a.b:x",
		"https://a.b:123456",
		"https://a.b:-1",
		"https://a.b:1:2",
		"https://[::1",
		"https://[::1]x",
		"https://[]",
		"https://::1",
		"https://\xc3\xa4",
		"https://a.b/\xc3\xa4",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct url url;

		if (url_parse(span_str(rows[i]), &url, &err) == 0)
			fail_msg("%s was taken", rows[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void knows_the_machines_own_hosts(void **state)
{
	static const struct {
		const char *host;
		bool loopback, link_local;
	} rows[] = {
		{"localhost", true, true},           {"127.0.0.1", true, true},
		{"127.255.255.255", true, true},     {"::1", true, true},
		{"169.254.169.254", false, true},    {"fd00:ec2::254", false, true},
		{"128.0.0.1", false, false},         {"127.1", false, false},
		{"127.0.0.1.example", false, false}, {"127.0.0.01", false, false},
		{"127.0.0.256", false, false},       {"127.0.0.", false, false},
		{"127.0.0", false, false},           {"0127.0.0.1", false, false},
		{"169.255.0.1", false, false},       {"169.254.1", false, false},
		{"x169.254.169.254", false, false},  {"localhost.example", false, false},
		{"127.0.0.1.", false, false},        {"::2", false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct url url = {.host = span_str(rows[i].host)};

		if (url_loopback(&url) != rows[i].loopback ||
		    url_link_local(&url) != rows[i].link_local)
			fail_msg("%s", rows[i].host);
	}
}

static void compares_suffixes_at_labels(void **state)
{
	static const struct {
		const char *name, *suffix;
		bool below;
	} rows[] = {
		{"a.vault.azure.net", "vault.azure.net", true},
		{"vault.azure.net", "vault.azure.net", true},
		{"A.VAULT.Azure.net", "vault.azure.net", true},
		{"evilvault.azure.net", "vault.azure.net", false},
		{".vault.azure.net", "vault.azure.net", false},
		{"vault.azure.net.evil", "vault.azure.net", false},
		{"azure.net", "vault.azure.net", false},
		{"a", "", false},
		{"", "", false},
		{"127.0.0.1:84", "0.0.1:84", true},
		{"127.0.0.1:8", "0.0.1:84", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (url_below(span_str(rows[i].name), span_str(rows[i].suffix)) != rows[i].below)
			fail_msg("%s %s", rows[i].name, rows[i].suffix);
	}
}

static int parse(struct span input, void *arg)
{
	struct err err = ERR_INIT;
	struct url url;

	if (url_parse(input, &url, &err) < 0)
		return -1;
	assert_true(url.host.len > 0);
	assert_int_equal(url.authority.len + url.path.len + (url.plain ? 7u : 8u), input.len);
	return 0;
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN("https://a-b.example:8443/v1/keys?x=y"), parse, NULL);
	mangle_all(SPAN("http://[fd00:ec2::254]:80/latest"), parse, NULL);
	mangle_all(SPAN("http://127.0.0.1"), parse, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_apart),
		cmocka_unit_test(refuses_what_two_readers_take_differently),
		cmocka_unit_test(knows_the_machines_own_hosts),
		cmocka_unit_test(compares_suffixes_at_labels),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
