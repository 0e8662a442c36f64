/* SPDX-License-Identifier: Apache-2.0
 *
 * The format of a file whose name says nothing.
 */
#include "mangle.h"

#include "guess.h"

#define BINARY_FORM "{\"data\": \"x\", \"sops\": {}}"

static void name_then_content(void **state)
{
	static const struct {
		const char *name, *content;
		enum doc_format want;
	} table[] = {
		/* a suffix that sops knows decides alone */
		{"a.yaml", BINARY_FORM, DOC_YAML},
		{"a.json", "sops:", DOC_JSON},
		{"a.env", "", DOC_DOTENV},
		{"a.ini", "", DOC_INI},
		/* sops's binary form is binary under any other name */
		{"a.yaml.enc", BINARY_FORM, DOC_BINARY},
		{"a", " \t\r\n" BINARY_FORM, DOC_BINARY},
		{"a", "{\"sops\": {}, \"data\": \"x\"}", DOC_BINARY},
		{"a", "{\"data\": \"x\", \"data\": \"x\", \"sops\": {}}", DOC_BINARY},
		/* ... but not what only looks like it */
		{"a", "{\"data\": \"x\", \"data\": {}, \"sops\": {}}", DOC_JSON},
		{"a.yaml.enc", "{\"data\": {}, \"sops\": {}}", DOC_YAML},
		{"a", "{\"data\": \"x\", \"more\": \"y\", \"sops\": {}}", DOC_JSON},
		{"a", "{\"data\": \"x\", \"sops\": \"\"}", DOC_JSON},
		{"a", "{\"data\": \"x\"", DOC_JSON},
		/* earlier suffixes */
		{"a.yml.enc", "", DOC_YAML},
		{"a.json.enc.bak", "", DOC_JSON},
		{"a.ini.yaml.enc", "", DOC_YAML},
		{"dir.yaml/a", "", DOC_BINARY},
		{"dir.yaml/a.env.x", "", DOC_DOTENV},
		{".env.production", "", DOC_DOTENV},
		/* content */
		{"a", "a: 1\nsops:\n    mac: x\n", DOC_YAML},
		{"a", "  sops:\n", DOC_BINARY},
		{"a", "a=1\nsops_mac=x\n", DOC_DOTENV},
		{"a", "[s]\na = 1\n\n\t[sops]\n", DOC_INI},
		{"a", "\n{\"a\": 1}", DOC_JSON},
		{"a", "", DOC_BINARY},
		{"", "", DOC_BINARY},
		{".", "", DOC_BINARY},
		{"...", "", DOC_BINARY},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		enum doc_format got =
			guess_format(span_str(table[i].name), span_str(table[i].content));

		if (got != table[i].want)
			fail_msg("'%s' with '%s': %s", table[i].name, table[i].content,
				 doc_format_name(got));
	}
}

static int guess_mangled(struct span input, void *arg)
{
	(void)guess_format(SPAN("a"), input);
	return guess_format(input, SPAN("x"));
}

static void survives_every_change(void **state)
{
	mangle_all(SPAN(BINARY_FORM), guess_mangled, NULL);
	mangle_all(SPAN("[s]\na = 1\n [sops]\n"), guess_mangled, NULL);
	mangle_all(SPAN("dir.x/a.yaml.enc"), guess_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_then_content),
		cmocka_unit_test(survives_every_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
