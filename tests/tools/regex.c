/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers with our patterns what tests/interop/goregex answers with Go's; tests/interop/regex.py compares the two. What goes in and comes
 * out is described there (main.go); besides, "l" is an answer for what ran into a limit of ours, "u" for what is not supported.
 */
#include "base/text.h"
#include "sops/re2.h"
#include "sops/regex.h"

#include <stdio.h>
#include <stdlib.h>

enum { FRAME_MAX = 16 * 1024 * 1024 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "regex: %s\n", what);
	exit(2);
}

static char word(const struct err *err, char refused)
{
	switch (err->code) {
	case ERR_FORMAT:
		return refused;
	case ERR_LIMIT:
		return 'l';
	case ERR_UNSUPPORTED:
		return 'u';
	default:
		die(err->msg);
	}
}

static void answer(void)
{
	struct regex *regex = NULL;
	char verb, refused = 'x';
	bool match = false;
	size_t size;

	while (scanf("%c %zu", &verb, &size) == 2 && size <= FRAME_MAX) {
		struct err err = ERR_INIT;
		uint8_t *body = malloc(size ? size : 1);

		if (!body || getchar() != '\n' || fread(body, 1, size, stdin) != size)
			die("bad frame");
		if (verb == 'P') {
			regex_free(regex);
			regex = NULL;
			refused = '.';
			if (regex_compile(span_of(body, size), NULL, &regex, &err) < 0)
				refused = word(&err, 'x');
			putchar(refused);
		} else if (!regex) {
			putchar(refused);
		} else if (regex_match(regex, span_of(body, size), &match, &err) < 0) {
			putchar(word(&err, 'l'));
		} else {
			putchar(match ? '1' : '0');
		}
		free(body);
	}
	regex_free(regex);
}

static void print_set(const struct regex *regex)
{
	/* As in main.go. */
	CLEAN_BUF struct buf text = BUF_INIT(8);
	static const uint32_t asked[][2] = {
		{0, 0xd7ff}, {0xe000, 0x323ff}, {0xe0000, 0xe01ff}, {0x10ff00, 0x10ffff}};
	struct err err = ERR_INIT;
	uint32_t code, from;
	bool hit, open;
	size_t i;

	for (i = 0; i < ARRAY_LEN(asked); i++) {
		open = false;
		for (code = from = asked[i][0]; code <= asked[i][1] + 1; code++) {
			hit = false;
			buf_reset(&text);
			utf8_add(code, &text);
			if (code <= asked[i][1] &&
			    regex_match(regex, buf_span(&text), &hit, &err) < 0)
				die(err.msg);
			if (hit && !open)
				from = code;
			if (!hit && open)
				printf("%x-%x ", from, code - 1);
			open = hit;
		}
	}
}

static void sets(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		struct regex *regex = NULL;
		struct err err = ERR_INIT;

		if (regex_compile(span_of(line, (size_t)len - 1), NULL, &regex, &err) == 0)
			print_set(regex);
		else
			putchar(word(&err, 'x'));
		putchar('\n');
		regex_free(regex);
	}
	free(line);
}

static void translate(const char *pattern, enum re2_form form)
{
	CLEAN_BUF struct buf out = BUF_INIT(RE2_OUTPUT_MAX);
	struct err err = ERR_INIT;

	if (re2_translate(span_str(pattern), form, &out, &err) < 0)
		die(err.msg);
	printf("%.*s\n", (int)out.len, (const char *)out.data);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		answer();
	else if (argc == 2 && strcmp(argv[1], "sets") == 0)
		sets();
	else if (argc == 3 && strcmp(argv[1], "translate") == 0)
		translate(argv[2], RE2_BACKTRACKING);
	else if (argc == 3 && strcmp(argv[1], "translate-parallel") == 0)
		translate(argv[2], RE2_PARALLEL);
	else
		die("usage: regex | regex sets | regex translate[-parallel] PATTERN");
	return 0;
}
