/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads YAML and says what tree it is, so that tests/interop/yaml_reader.py can compare it with what sops's own store makes of the text.
 * One document a line on stdin, in hex; one tree a line on stdout, in the tokens of yaml_write.c and these, or '!' and the message.
 *
 *   K  key of the next value, not a string           uINT  integer above int64
 */
#include "doc/doc_yaml.h"

#include <stdio.h>
#include <stdlib.h>

static void print_hex(char sign, struct span s)
{
	printf(" %c", sign);
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", s.data[i]);
}

static void print_number(double number)
{
	uint64_t bits;

	if (number != number)
		number = __builtin_nan("");
	memcpy(&bits, &number, sizeof(bits));
	printf(" g%016llx", (unsigned long long)bits);
}

static void print_node(const struct doc_node *node);

static void print_kids(const struct doc_node *node)
{
	const struct doc_node *kid;

	doc_each (kid, node) {
		if (kid->flags & DOC_KEY_BAD)
			fputs(" K", stdout);
		else if (kid->key.data)
			print_hex('k', kid->key);
		print_node(kid);
	}
}

static void print_node(const struct doc_node *node)
{
	switch (node->kind) {
	case DOC_NULL:
		fputs(" n", stdout);
		break;
	case DOC_STRING:
		print_hex('s', node->str);
		break;
	case DOC_INT:
		printf(" d%lld", (long long)node->integer);
		break;
	case DOC_UINT:
		printf(" u%llu", (unsigned long long)node->big);
		break;
	case DOC_FLOAT:
		print_number(node->number);
		break;
	case DOC_BOOL:
		fputs(node->boolean ? " t" : " f", stdout);
		break;
	case DOC_TIME:
		printf(" T%lld,%d,%d", (long long)node->time.seconds, node->time.nanoseconds,
		       node->time.offset);
		break;
	case DOC_COMMENT:
		print_hex(node->flags & DOC_INLINE ? 'i' : 'c', node->str);
		break;
	case DOC_MAP:
		fputs(" {", stdout);
		print_kids(node);
		fputs(" }", stdout);
		break;
	case DOC_LIST:
		fputs(" [", stdout);
		print_kids(node);
		fputs(" ]", stdout);
		break;
	}
}

static void read_one(struct span input)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const struct doc_node *branch;

	if (doc_yaml_read(input, &doc, &err) < 0) {
		printf("!%s\n", err.msg);
		return;
	}
	putchar('=');
	for (branch = doc.first; branch; branch = branch->next)
		print_node(branch);
	putchar('\n');
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
