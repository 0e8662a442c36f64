/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints trees that tests/interop/yaml_writer.py describes, so that they can be compared with what sops's own store makes of them. One tree a
 * line on stdin, one result a line on stdout: the bytes in hex, or '!' and the message.
 *
 *   MODE INDENT TOKEN...     MODE: doc, compat (documents); value (what --extract prints)
 *
 *   { ... }  map             [ ... ]  list            kHEX  key of the next value
 *   cHEX  comment            iHEX  inline comment     sHEX  string
 *   n  null    t f  bool     dINT  integer            gBITS  double, its bits in hex     TSEC,NANO,OFFSET  time
 */
#include "doc/doc_yaml.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 64 * 1024 * 1024, DEPTH = 64 };

static void die(const char *what)
{
	fprintf(stderr, "yaml_write: %s\n", what);
	exit(2);
}

static struct span unhex(struct doc *doc, const char *text, struct err *err)
{
	size_t len = strlen(text) / 2;
	uint8_t *bytes = arena_alloc(&doc->arena, len, err);
	unsigned byte;

	if (!bytes)
		die(err->msg);
	for (size_t i = 0; i < len; i++) {
		if (sscanf(text + i * 2, "%2x", &byte) != 1)
			die("bad hex");
		bytes[i] = (uint8_t)byte;
	}
	return span_of(bytes, len);
}

static void fill(struct doc *doc, struct doc_node *node, const char *token, struct err *err)
{
	long long seconds;
	int nano, offset;
	uint64_t bits;

	switch (token[0]) {
	case '{':
		node->kind = DOC_MAP;
		break;
	case '[':
		node->kind = DOC_LIST;
		break;
	case 'c':
	case 'i':
		node->kind = DOC_COMMENT;
		node->flags = token[0] == 'i' ? DOC_INLINE : 0;
		node->str = unhex(doc, token + 1, err);
		break;
	case 's':
		node->kind = DOC_STRING;
		node->str = unhex(doc, token + 1, err);
		break;
	case 'n':
		node->kind = DOC_NULL;
		break;
	case 't':
	case 'f':
		node->kind = DOC_BOOL;
		node->boolean = token[0] == 't';
		break;
	case 'd':
		node->kind = DOC_INT;
		node->integer = strtoll(token + 1, NULL, 10);
		break;
	case 'g':
		node->kind = DOC_FLOAT;
		bits = strtoull(token + 1, NULL, 16);
		memcpy(&node->number, &bits, sizeof(bits));
		break;
	case 'T':
		node->kind = DOC_TIME;
		if (sscanf(token + 1, "%lld,%d,%d", &seconds, &nano, &offset) != 3)
			die("bad time");
		node->time = (struct doc_time){seconds, nano, offset};
		break;
	default:
		die("unknown token");
	}
}

/* The tokens up to the end of the line as a document's branches. */
static void build(struct doc *doc, char **save, struct err *err)
{
	struct doc_node *open[DEPTH];
	struct span key = SPAN_NULL;
	int depth = 0;
	char *token;

	while ((token = strtok_r(NULL, " \n", save))) {
		if (token[0] == 'k') {
			key = unhex(doc, token + 1, err);
			continue;
		}
		if (token[0] == '}' || token[0] == ']') {
			depth--;
			continue;
		}
		struct doc_node *node = doc_new(doc, DOC_NULL, err);

		if (!node || depth >= DEPTH)
			die("too much");
		fill(doc, node, token, err);
		if (node->kind != DOC_COMMENT) {
			node->key = key;
			key = SPAN_NULL;
		}
		if (depth)
			doc_append(open[depth - 1], node);
		else
			doc_add_branch(doc, node);
		if (token[0] == '{' || token[0] == '[')
			open[depth++] = node;
	}
}

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
			die("bad line");
		style.yaml_indent = atoi(indent);
		style.compat = strcmp(mode, "doc") != 0;
		build(&doc, &save, &err);
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
