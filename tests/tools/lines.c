/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers with our dotenv and INI readers and writers what tests/interop/golines answers with those of sops; tests/interop/lines.py
 * compares the two. What goes in and comes out is described there (main.go).
 */
#include "doc/doc.h"
#include "doc/doc_dotenv.h"
#include "doc/doc_ini.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FRAME_MAX = 16 * 1024 * 1024, /* bytes of one case */
	TOKENS_MAX = 5,
	DEPTH_MAX = 16, /* of a dumped tree */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "lines: %s\n", what);
	exit(2);
}

static int hex_digit(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "-" or hex digits; in a block of its own, so that a sanitizer sees a read past it. */
static struct span take_text(struct doc *doc, const char *token, struct err *err)
{
	size_t len = strcmp(token, "-") == 0 ? 0 : strlen(token) / 2, i;
	uint8_t *copy = arena_alloc(&doc->arena, len, err);

	if (!copy)
		die(err->msg);
	for (i = 0; i < len; i++)
		copy[i] = (uint8_t)(hex_digit(token[2 * i]) << 4 | hex_digit(token[2 * i + 1]));
	return span_of(copy, len);
}

static void take_value(struct doc *doc, struct doc_node *node, const char *const *f,
		       struct err *err)
{
	uint64_t bits;

	switch ((enum doc_kind)node->kind) {
	case DOC_STRING:
		node->str = take_text(doc, f[2], err);
		break;
	case DOC_INT:
		node->integer = strtoll(f[2], NULL, 10);
		break;
	case DOC_FLOAT:
		bits = strtoull(f[2], NULL, 16);
		memcpy(&node->number, &bits, sizeof(bits));
		break;
	case DOC_BOOL:
		node->boolean = f[2][0] == '1';
		break;
	case DOC_TIME:
		node->time = (struct doc_time){strtoll(f[2], NULL, 10), atoi(f[3]), atoi(f[4])};
		break;
	default:
		break;
	}
}

static void undump(char *text, struct doc *doc, struct err *err)
{
	static const char *const words[] = {
		[DOC_NULL] = "null",   [DOC_STRING] = "str", [DOC_INT] = "int",
		[DOC_FLOAT] = "float", [DOC_BOOL] = "bool",  [DOC_TIME] = "time",
		[DOC_MAP] = "map",     [DOC_LIST] = "list",  [DOC_COMMENT] = "comment",
	};
	struct doc_node *stack[DEPTH_MAX], *node;
	char *line, *lines, *token, *tokens;
	size_t depth = 0, kind, n;

	for (line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		const char *f[TOKENS_MAX] = {"", "", "", "", ""};

		n = 0;
		for (token = strtok_r(line, " ", &tokens); token && n < TOKENS_MAX;
		     token = strtok_r(NULL, " ", &tokens))
			f[n++] = token;
		if (strcmp(f[0], "end") == 0) {
			depth--;
			continue;
		}
		if (strcmp(f[0], "branch") == 0) {
			node = doc_new(doc, DOC_MAP, err);
			if (!node)
				die(err->msg);
			doc_add_branch(doc, node);
			stack[depth++] = node;
			continue;
		}
		for (kind = 0; kind < ARRAY_LEN(words); kind++) {
			if (words[kind] && strcmp(words[kind], f[0]) == 0)
				break;
		}
		if (kind == ARRAY_LEN(words) || depth == 0 || depth == DEPTH_MAX)
			die("bad token");
		node = doc_new(doc, (enum doc_kind)kind, err);
		if (!node)
			die(err->msg);
		if (kind == DOC_COMMENT) {
			node->str = take_text(doc, f[1], err);
		} else {
			node->key = take_text(doc, f[1], err);
			take_value(doc, node, f, err);
		}
		doc_append(stack[depth - 1], node);
		if (kind == DOC_MAP || kind == DOC_LIST)
			stack[depth++] = node;
	}
}

static void add_text(struct span s, struct buf *out)
{
	size_t i;

	if (!s.len)
		buf_add_char(out, '-');
	for (i = 0; i < s.len; i++)
		buf_printf(out, "%02x", s.data[i]);
}

static void dump(const struct doc_node *map, struct buf *out)
{
	const struct doc_node *node;

	doc_each (node, map) {
		if (node->kind == DOC_COMMENT) {
			buf_add_str(out, "comment ");
			add_text(node->str, out);
		} else if (node->kind == DOC_MAP) {
			buf_add_str(out, "map ");
			add_text(node->key, out);
			buf_add_char(out, '\n');
			dump(node, out);
			buf_add_str(out, "end");
		} else if (node->kind == DOC_STRING) {
			buf_add_str(out, "str ");
			add_text(node->key, out);
			buf_add_char(out, ' ');
			add_text(node->str, out);
		} else {
			die("a reader made another kind of node");
		}
		buf_add_char(out, '\n');
	}
}

static int read_case(bool ini, struct span body, struct buf *out, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *branch;

	if ((ini ? doc_ini_read : doc_dotenv_read)(body, &doc, err) < 0)
		return -1;
	for (branch = doc.first; branch; branch = branch->next) {
		buf_add_str(out, "branch\n");
		dump(branch, out);
		buf_add_str(out, "end\n");
	}
	return 0;
}

static int write_case(bool ini, struct span body, struct buf *out, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	char *text = arena_str(&doc.arena, body, err);

	if (!text)
		die(err->msg);
	undump(text, &doc, err);
	return (ini ? doc_ini_write : doc_dotenv_write)(&doc, out, err);
}

int main(void)
{
	char verb, format[8];
	size_t size;

	while (scanf("%c %7s %zu", &verb, format, &size) == 3 && size <= FRAME_MAX) {
		CLEAN_BUF struct buf out = BUF_INIT(FRAME_MAX);
		bool ini = strcmp(format, "ini") == 0;
		struct err err = ERR_INIT;
		uint8_t *body = malloc(size ? size : 1);
		int r;

		if (!body || getchar() != '\n' || fread(body, 1, size, stdin) != size)
			die("bad frame");
		r = (verb == 'r' ? read_case : write_case)(ini, span_of(body, size), &out, &err);
		if (r < 0)
			buf_reset(&out);
		else if (buf_check(&out, &err) < 0)
			die(err.msg);
		printf("%s %zu\n", r < 0 ? "no" : "ok", out.len);
		fwrite(out.data, 1, out.len, stdout);
		free(body);
	}
	return 0;
}
