/* SPDX-License-Identifier: Apache-2.0
 *
 * The choice of reader and writer by format; see doc.h.
 */
#include "doc/doc.h"

#include "doc/doc_dotenv.h"
#include "doc/doc_ini.h"
#include "doc/doc_json.h"
#include "doc/doc_yaml.h"

static const char *const format_names[] = {
	[DOC_YAML] = "yaml", [DOC_JSON] = "json",     [DOC_DOTENV] = "dotenv",
	[DOC_INI] = "ini",   [DOC_BINARY] = "binary",
};

int doc_read(enum doc_format format, struct span input, struct doc *ret_doc, struct err *err)
{
	int r;

	if (input.len > DOC_INPUT_MAX)
		return err_set(err, ERR_LIMIT, "input of %zu bytes; the limit is %d", input.len,
			       DOC_INPUT_MAX);
	switch (format) {
	case DOC_YAML:
		r = doc_yaml_read(input, ret_doc, err);
		break;
	case DOC_JSON:
	case DOC_BINARY: /* sops: the encrypted form of a binary file is a JSON document */
		r = doc_json_read(input, ret_doc, err);
		break;
	case DOC_DOTENV:
		r = doc_dotenv_read(input, ret_doc, err);
		break;
	case DOC_INI:
		r = doc_ini_read(input, ret_doc, err);
		break;
	default:
		r = err_set(err, ERR_BUG, "no such format");
	}
	if (r < 0)
		doc_release(ret_doc);
	return r;
}

/* sops: stores/json/store.go (BinaryStore.EmitPlainFile) */
static int write_binary(const struct doc *doc, struct buf *out, struct err *err)
{
	const struct doc_node *data;

	if (!doc->first || doc->first->next)
		return err_set(err, ERR_EMIT, "binary output takes a single document");
	data = doc_get(doc->first, "data");
	if (!data)
		return err_set(err, ERR_EMIT,
			       "no binary data found in the document: it has no 'data' entry");
	if (data->kind != DOC_STRING)
		return err_set(err, ERR_EMIT, "binary output takes a string under 'data'");
	buf_add_span(out, data->str);
	return 0;
}

int doc_write(enum doc_format format, const struct doc *doc, const struct doc_style *style,
	      struct buf *out, struct err *err)
{
	int r;

	switch (format) {
	case DOC_YAML:
		r = doc_yaml_write(doc, style, out, err);
		break;
	case DOC_JSON:
		r = doc_json_write(doc, style, out, err);
		break;
	case DOC_DOTENV:
		r = doc_dotenv_write(doc, out, err);
		break;
	case DOC_INI:
		r = doc_ini_write(doc, out, err);
		break;
	case DOC_BINARY:
		r = write_binary(doc, out, err);
		break;
	default:
		r = err_set(err, ERR_BUG, "no such format");
	}
	if (r < 0)
		return -1;
	return buf_check(out, err);
}

const char *doc_format_name(enum doc_format format)
{
	return format_names[format];
}

bool doc_format_parse(const char *name, enum doc_format *ret_format)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(format_names); i++) {
		if (strcmp(name, format_names[i]) == 0) {
			*ret_format = (enum doc_format)i;
			return true;
		}
	}
	return false;
}

enum doc_format doc_format_of_path(struct span path)
{
	if (span_ends(path, SPAN(".yaml")) || span_ends(path, SPAN(".yml")))
		return DOC_YAML;
	if (span_ends(path, SPAN(".json")))
		return DOC_JSON;
	if (span_ends(path, SPAN(".env")))
		return DOC_DOTENV;
	if (span_ends(path, SPAN(".ini")))
		return DOC_INI;
	return DOC_BINARY;
}
