/* SPDX-License-Identifier: Apache-2.0
 *
 * The YAML writer on any bytes: a string prints as key, value and element or is refused for a reason that holds; what the splicer puts into
 * a document reads back as the same string, wherever it is put; and so does what sops would print, where sops does not lose it.
 */
#include "base/text.h"
#include "doc/doc_yaml.h"
#include "doc/yaml_style.h"

#include <assert.h>

enum { OUT_MAX = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct span document, const char *key, struct span want)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	int r = doc_yaml_read(document, &doc, &err);
	const struct doc_node *value = r == 0 ? doc_get(doc.first, key) : NULL;

	if (value && value->kind == DOC_LIST)
		value = value->kids.first;
	while (value && value->kind == DOC_COMMENT)
		value = value->next;
	assert(value && value->kind == DOC_STRING && span_eq(value->str, want));
	assert(span_is(doc_get_str(doc.first, "end"), "x"));
}

static void splice(struct span text, bool list, bool line)
{
	struct doc_node node = {.kind = DOC_STRING, .str = text};
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	int r;

	buf_add_str(&out, list ? "k:\n- " : "k: ");
	if (line)
		r = yaml_scalar_add_line(&node, &out, &err);
	else
		r = yaml_scalar_add(&node, list ? YAML_IN_LIST : YAML_IN_MAP, 0, 2, &out, &err);
	assert(r == 0);
	buf_add_str(&out, line ? " # c\nend: x\n" : "\nend: x\n");
	check_value(buf_span(&out), "k", text);
}

/* As sops prints it, in the place where its indentation digit is right. */
static void print(struct span text)
{
	struct doc_node root = {.kind = DOC_MAP},
			value = {.kind = DOC_STRING, .key = SPAN("k"), .str = text},
			end = {.kind = DOC_STRING, .key = SPAN("end"), .str = SPAN("x")};
	struct doc_node as_key = {.kind = DOC_NULL, .key = text},
			comment = {.kind = DOC_COMMENT, .str = text};
	struct doc doc = {.first = &root};
	const struct doc_style style = {0};
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	doc_append(&root, &value);
	doc_append(&root, &end);
	if (doc_yaml_write(&doc, &style, &out, &err) < 0) {
		assert(err.code == ERR_EMIT && text.data[0] == '\t');
		return;
	}
	check_value(buf_span(&out), "k", text);
	root.kids.first = root.kids.last = NULL;
	doc_append(&root, &as_key);
	doc_append(&root, &comment);
	buf_reset(&out);
	int r = doc_yaml_write(&doc, &style, &out, &err);
	assert(r == 0 || !utf8_valid(text));
	(void)r;
}

/* A literal block whose last line break is one of these goes on on the same line. */
static bool has_wide_breaks(struct span text)
{
	return span_search(text, SPAN("\xe2\x80\xa8")) != SIZE_MAX ||
	       span_search(text, SPAN("\xe2\x80\xa9")) != SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);

	if (!data)
		return 0;
	if (utf8_valid(text)) {
		for (int i = 0; i < 4; i++)
			splice(text, i & 1, i & 2);
	}
	if (!has_wide_breaks(text))
		print(text);
	return 0;
}
