/* SPDX-License-Identifier: Apache-2.0
 *
 * Format by name and content; see guess.h.
 */
#include "guess.h"

/* At the start of some line, behind blanks where indented is set. */
static bool has_line(struct span content, struct span start, bool indented)
{
	size_t at = 0;

	while (at < content.len) {
		struct span line = span_from(content, at);

		while (indented && line.len && (line.data[0] == ' ' || line.data[0] == '\t'))
			line = span_from(line, 1);
		if (span_starts(line, start))
			return true;
		at = span_find(content, at, '\n') + 1;
	}
	return false;
}

static bool is_object(struct span content)
{
	size_t at = 0;

	while (at < content.len && memchr(" \t\r\n", content.data[at], 4))
		at++;
	return at < content.len && content.data[at] == '{';
}

/* {"data": "...", "sops": {...}} and nothing else: what sops makes of a binary file. It may stand there twice, as after a merge. */
static bool is_binary_form(struct span content)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const struct doc_node *kid;
	bool data = false, sops = false;

	if (!is_object(content) || doc_read(DOC_JSON, content, &doc, &err) < 0 || !doc.first)
		return false;
	doc_each (kid, doc.first) {
		if (kid->kind == DOC_STRING && span_is(kid->key, "data"))
			data = true;
		else if (kid->kind == DOC_MAP && span_is(kid->key, "sops"))
			sops = true;
		else
			return false;
	}
	return data && sops;
}

static enum doc_format by_content(struct span content)
{
	if (is_object(content))
		return DOC_JSON;
	if (has_line(content, SPAN("sops_mac="), false))
		return DOC_DOTENV;
	if (has_line(content, SPAN("[sops]"), true))
		return DOC_INI;
	if (has_line(content, SPAN("sops:"), false))
		return DOC_YAML;
	return DOC_BINARY;
}

enum doc_format guess_format(struct span name, struct span content)
{
	enum doc_format format = doc_format_of_path(name);
	size_t slash = 0, at;

	if (format != DOC_BINARY || is_binary_form(content))
		return format;
	for (at = 0; at < name.len; at++)
		slash = name.data[at] == '/' ? at + 1 : slash;
	name = span_from(name, slash);
	while (name.len && format == DOC_BINARY) {
		do
			name.len--;
		while (name.len && name.data[name.len] != '.');
		format = doc_format_of_path(name);
	}
	return format == DOC_BINARY ? by_content(content) : format;
}
