/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads YAML and says what tree it is, so that tests/interop/yaml_reader.py can compare it with what sops's own store makes of the text.
 * One document a line on stdin, in hex; one tree a line on stdout: '=' and the tokens of tests/unit/yaml_tree.h, or '!' and the message,
 * or '?' and what is wrong with the places of the tree's values in the text.
 */
#include "../unit/yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>

static void read_one(struct span text)
{
	struct yaml_tree_style style = {.no_comments = false};
	CLEAN_BUF struct buf out = BUF_INIT(YAML_TREE_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const char *wrong;

	if (doc_yaml_read(text, &doc, &err) < 0) {
		printf("!%s\n", err.msg);
		return;
	}
	wrong = yaml_tree_places(text, &doc);
	if (!wrong)
		wrong = yaml_tree_splices(text, &doc);
	if (wrong) {
		printf("?%s\n", wrong);
		return;
	}
	yaml_tree(&doc, style, &out);
	printf("=%.*s\n", (int)out.len, (const char *)out.data);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t got;
	unsigned byte;

	while ((got = getline(&line, &room, stdin)) > 0) {
		size_t len = (size_t)(got - (line[got - 1] == '\n')) / 2;
		uint8_t *text = malloc(len ? len : 1);

		if (!text)
			return 2;
		for (size_t i = 0; i < len; i++) {
			if (sscanf(line + i * 2, "%2x", &byte) != 1)
				return 2;
			text[i] = (uint8_t)byte;
		}
		read_one(span_of(text, len));
		free(text);
	}
	free(line);
	return 0;
}
