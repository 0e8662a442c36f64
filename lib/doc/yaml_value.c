/* SPDX-License-Identifier: Apache-2.0
 *
 * What a scalar is: from its text, its quotes and its tag (go.yaml.in/yaml/v3: resolve.go, and decode.go for !!binary). All tags that are
 * not of YAML's own types are forgotten, and those of maps and lists with them.
 *
 * Refuses: values that their tag does not fit.
 */
#include "doc/yaml_value.h"

#include "base/text.h"
#include "doc/scalar.h"

enum yaml_tag yaml_value_tag(struct span prefix, struct span suffix)
{
	static const struct {
		const char *name;
		enum yaml_tag tag;
	} tags[] = {
		{"str", TAG_STR},     {"int", TAG_INT},       {"float", TAG_FLOAT},
		{"bool", TAG_BOOL},   {"null", TAG_NULL},     {"timestamp", TAG_TIME},
		{"merge", TAG_MERGE}, {"binary", TAG_BINARY},
	};
	static const struct span long_form = {(const uint8_t *)"tag:yaml.org,2002:", 18};
	char text[40]; /* longer than any of them */
	struct span whole, name;
	size_t i;

	if (prefix.len + suffix.len > sizeof(text))
		return TAG_OTHER;
	if (prefix.len)
		memcpy(text, prefix.data, prefix.len);
	if (suffix.len)
		memcpy(text + prefix.len, suffix.data, suffix.len);
	whole = span_of(text, prefix.len + suffix.len);
	if (span_is(whole, "!"))
		return TAG_NONE;
	if (span_starts(whole, long_form))
		name = span_from(whole, long_form.len);
	else if (span_starts(whole, SPAN("!!")))
		name = span_from(whole, 2);
	else
		return TAG_OTHER;
	for (i = 0; i < ARRAY_LEN(tags); i++) {
		if (span_is(name, tags[i].name))
			return tags[i].tag;
	}
	return TAG_OTHER;
}

static int decode_binary(struct arena *arena, struct yaml_mark mark, struct span text,
			 struct doc_node *value, struct err *err)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(DOC_INPUT_MAX);

	if (base64_decode(BASE64_GO, text, &bytes) < 0)
		return yaml_fail(mark, "!!binary without base64 behind it", err);
	if (buf_check(&bytes, err) < 0)
		return -1;
	value->kind = DOC_STRING;
	return arena_dup(arena, buf_span(&bytes), &value->str, err);
}

/* A tag that wants a type. go.yaml.in/yaml/v3: resolve.go (resolve) */
static bool resolve_as(enum yaml_tag tag, struct span text, struct doc_node *value)
{
	scalar_resolve_yaml(text, value);
	switch (tag) {
	case TAG_INT:
		return value->kind == DOC_INT || value->kind == DOC_UINT;
	case TAG_FLOAT:
		if (value->kind == DOC_INT) {
			value->kind = DOC_FLOAT;
			value->number = (double)value->integer;
		}
		return value->kind == DOC_FLOAT;
	case TAG_BOOL:
		return value->kind == DOC_BOOL;
	case TAG_NULL:
		return value->kind == DOC_NULL;
	default:
		return value->kind == DOC_TIME;
	}
}

int yaml_value_resolve(enum yaml_tag tag, bool plain, struct span text, struct yaml_mark mark,
		       struct arena *arena, struct doc_node *value, struct err *err)
{
	switch (tag) {
	case TAG_NONE:
		if (plain) {
			scalar_resolve_yaml(text, value);
			return 0;
		}
		break;
	case TAG_BINARY:
		return decode_binary(arena, mark, text, value, err);
	case TAG_INT:
	case TAG_FLOAT:
	case TAG_BOOL:
	case TAG_NULL:
	case TAG_TIME:
		return resolve_as(tag, text, value)
			       ? 0
			       : yaml_fail(mark, "a value that its tag does not fit", err);
	default:
		break;
	}
	value->kind = DOC_STRING;
	value->str = text;
	return 0;
}
