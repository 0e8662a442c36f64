/* SPDX-License-Identifier: Apache-2.0
 *
 * The maps of a new Secret; see generate_values.h.
 */
#include "generate_values.h"

#include "go_text.h"
#include "godotenv.h"

#include "base/text.h"
#include "doc/white.h"

int generate_values_set(struct generate_values *values, struct span key, struct span value,
			struct err *err)
{
	struct generate_value *more;
	size_t i;

	for (i = 0; i < values->count && !span_eq(values->at[i].key, key);)
		i++;
	more = arena_grow(values->arena, values->at, i, &values->cap, sizeof(*more), err);
	if (!more)
		return -1;
	values->at = more;
	if (i == values->count && arena_dup(values->arena, key, &values->at[i].key, err) < 0)
		return -1;
	if (arena_dup(values->arena, value, &values->at[i].value, err) < 0)
		return -1;
	values->count += i == values->count;
	return 0;
}

int generate_values_set_base64(struct generate_values *values, struct span key, struct span bytes,
			       struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(GENERATE_VALUE_MAX);

	base64_encode(bytes, true, &text);
	if (buf_check(&text, err) < 0)
		return -1;
	return generate_values_set(values, key, buf_span(&text), err);
}

int generate_values_set_envs(struct generate_values *values, struct span text, struct err *err)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
	size_t i;

	if (godotenv_parse(text, &env, err) < 0)
		return -1;
	for (i = 0; i < env.count; i++) {
		if (generate_values_set(values, env.entries[i].key, env.entries[i].value, err) < 0)
			return -1;
	}
	return 0;
}

/* Neither quotes nor escapes: the value is what stands behind the '='. */
static int set_lines(struct generate_values *values, struct span text, struct err *err)
{
	const struct span bom = SPAN("\xef\xbb\xbf");
	size_t at, end, equals, number = 0;

	for (at = span_starts(text, bom) ? bom.len : 0; at < text.len; at = end + 1) {
		struct span line;

		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		number++;
		if (!utf8_valid(line))
			return err_set(err, ERR_FORMAT, "line %zu: not UTF-8", number);
		line = white_trim_left(line);
		if (!line.len || line.data[0] == '#')
			continue;
		equals = span_find(line, 0, '=');
		if (equals == line.len)
			return err_set(err, ERR_FORMAT, "line %zu: requires value", number);
		if (generate_values_set_base64(values, span_sub(line, 0, equals),
					       span_from(line, equals + 1), err) < 0)
			return -1;
	}
	return 0;
}

static int set_map(struct generate_values *values, enum doc_format format, struct span text,
		   struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_ARENA_MAX);
	const struct doc_node *kid;

	if (doc_read(format, text, &doc, err) < 0)
		return -1;
	if (!doc.first || doc.first->kind == DOC_NULL)
		return 0;
	if (doc.first->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "not a map");
	doc_each (kid, doc.first) {
		struct span value = SPAN_NULL;
		int is_text;

		if (kid->kind == DOC_COMMENT)
			continue;
		/* JSON's reader takes no number for a text. */
		if (format == DOC_JSON)
			is_text = kid->kind == DOC_STRING || kid->kind == DOC_NULL;
		else
			is_text = go_yaml_text(kid, text, &arena, &value, err);
		if (is_text < 0)
			return -1;
		if (!is_text)
			return err_set(err, ERR_FORMAT, "'%s' is not a text",
				       text_quote(kid->key).text);
		if (kid->kind == DOC_STRING)
			value = kid->str;
		if (generate_values_set_base64(values, kid->key, value, err) < 0)
			return -1;
	}
	return 0;
}

int generate_values_set_source(struct generate_values *values, enum doc_format format,
			       struct span text, struct err *err)
{
	switch (format) {
	case DOC_DOTENV:
		return set_lines(values, text, err);
	case DOC_YAML:
	case DOC_JSON:
		return set_map(values, format, text, err);
	default:
		return err_set(err, ERR_FORMAT, "unknown file format, use dotenv, yaml or json");
	}
}
