/* SPDX-License-Identifier: Apache-2.0
 *
 * What an artifact leaves out. tests/interop/flux_peer.py compares with Flux's own code.
 */
#include "flux_ignore.h"

#include "mangle.h"

struct given {
	const char *folder, *text;
};

static bool left_out(const struct given *given, size_t count, const char *path)
{
	CLEAN_FLUX_IGNORE struct flux_ignore ignore = FLUX_IGNORE_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < count; i++)
		assert_int_equal(flux_ignore_add(&ignore, span_str(given[i].text),
						 span_str(given[i].folder), &err),
				 0);
	assert_int_equal(flux_ignore_end(&ignore, &err), 0);
	return flux_ignore_has(&ignore, span_str(path));
}

static const struct {
	const char *text, *path;
	bool want;
} cases[] = {
	/* without patterns of one's own all of Flux's count, else only those of version control */
	{"", "a.yaml", false},
	{"", "a.png", true},
	{"", "docs/b.jpg", true},
	{"", ".github/workflows/x.yaml", true},
	{"", "x/.sops.yaml", true},
	{"", ".git/config", true},
	{"# only a comment\n\n  \n", "a.png", true},
	{"x\n", "a.png", false},
	{"x\n", ".git/config", true},
	{"x\n", ".gitignore", true},
	{"!.gitignore\n", ".gitignore", false},
	{"docs/\n", "docs/a.yaml", true},
	{"docs/\n", "a/docs/b.yaml", true},
	{"docs/\n", "docs", false},
	{"/docs/\n", "a/docs/b.yaml", false},
	{"/docs\n", "docs/a.yaml", true},
	{"docs\n", "a/docs/b", true},
	{"*.md\n", "a/b.md", true},
	{"*.md\n!README.md\n", "README.md", false},
	{"!README.md\n*.md\n", "README.md", true},
	{"/*\n!/apps\n", "apps/a.yaml", false},
	{"/*\n!/apps\n", "infra/a.yaml", true},
	{"a/**/c\n", "a/b/b/c", true},
	{"a/**\n", "a/b", true},
	{"**/x.yaml\n", "a/b/x.yaml", true},
	{"**/x.yaml\n", "x.yaml", true},
	{"a**b/c\n", "axb/c", false},
	{"a  \n", "a", true},
	{"a\\ \n", "a ", true},
	{"a\r\n", "a", true},
	{"[ab].txt\n", "b.txt", true},
	{"[\n", "[", false},
	{"a[\n", "a[", false},
	{"a]\n", "a]", true},
	{"]a\n", "]a", true},
	{"[a]\n", "a", true},
	{"[a-c]d\n", "bd", true},
	{"d[a-c]\n", "db", true},
	{"a?\n", "ab", true},
	{"?b\n", "ab", true},
	{"?b\n", "b", false},
	{"a*b\n", "a.yaml.b", true},
	{"a*b\n", "a.yaml", false},
	{"a*b\n", "x.b", false},
	{"\\a\n", "a", true},
	{"a\\b\n", "ab", true},
	{"a\\*\n", "a*", true},
	{"a\\*\n", "ab", false},
	{"\\*\n", "*", true},
	{"\xc3\xa9?\n", "\xc3\xa9\xc3\xa9", true},
	{"?\xc3\xa9\n", "\xc3\xa9\xc3\xa9", true},
	{"?\xc3\xa9\n", "\xc3\xa9\xc3\xa8", false},
	{" #a\n", " #a", true},
};

static void leaves_out(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct given given = {"", cases[i].text};

		if (left_out(&given, 1, cases[i].path) != cases[i].want)
			fail_msg("%s: %s", cases[i].text, cases[i].path);
	}
}

static void knows_folders(void **state)
{
	const struct given given[] = {{"", "*.txt\n"}, {"a/b", "!*.txt\n/top\n"}};

	assert_true(left_out(given, 2, "x.txt"));
	assert_false(left_out(given, 2, "a/b/x.txt"));
	assert_false(left_out(given, 2, "a/b/c/x.txt"));
	assert_true(left_out(given, 2, "a/bc/x.txt"));
	assert_true(left_out(given, 2, "a/b/top"));
	assert_false(left_out(given, 2, "top"));
}

static int mangled(struct span input, void *arg)
{
	CLEAN_FLUX_IGNORE struct flux_ignore ignore = FLUX_IGNORE_INIT;
	struct err err = ERR_INIT;

	if (flux_ignore_add(&ignore, input, SPAN("a"), &err) < 0 ||
	    flux_ignore_end(&ignore, &err) < 0)
		return -1;
	(void)flux_ignore_has(&ignore, SPAN("a/b/c.yaml"));
	return flux_ignore_has(&ignore, SPAN("a"));
}

static void survives_mangling(void **state)
{
	mangle_all(SPAN("# c\n!/a/**/b[a-c]*\\ \n*.md/\n"), mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out),
		cmocka_unit_test(knows_folders),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests_name("flux_ignore", tests, NULL, NULL);
}
