/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints trees that tests/interop/yaml_writer.py describes, so that they can be compared with what sops's own store makes of them. One tree a
 * line on stdin, one result a line on stdout: the bytes in hex, or '!' and the message.
 *
 *   MODE INDENT TOKEN...     MODE: doc, compat (documents); value (what --extract prints)
 *
 * The tokens are those of tree_line.h.
 */
#include "doc/doc_yaml.h"
#include "tree_line.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 64 * 1024 * 1024 };

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
		struct err err = ERR_INIT;
		char *save = NULL, *mode = strtok_r(line, " \n", &save);
		char *indent = strtok_r(NULL, " \n", &save);
		struct doc_style style = {0};

		if (!mode || !indent)
			tree_line_die("bad line");
		style.yaml_indent = atoi(indent);
		style.compat = strcmp(mode, "doc") != 0;
		tree_line_build(&doc, &save, &err);
		int r = strcmp(mode, "value") == 0
				? doc_yaml_write_value(doc.first, &style, &out, &err)
				: doc_yaml_write(&doc, &style, &out, &err);
		if (r < 0)
			printf("!%s", err.msg);
		for (size_t i = 0; r == 0 && i < out.len; i++)
			printf("%02x", out.data[i]);
		putchar('\n');
	}
	free(line);
	return 0;
}
