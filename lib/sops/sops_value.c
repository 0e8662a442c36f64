/* SPDX-License-Identifier: Apache-2.0
 *
 * ENC[...] text to a typed value; see sops_value.h. sops matches one greedy pattern, `^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]`:
 * so each separator is the last of its name, and no part holds a line feed. sops: aes/cipher.go
 */
#include "sops/sops_value.h"

#include "base/text.h"
#include "doc/scalar.h"

static const char *const type_names[] = {
	[SOPS_VALUE_STR] = "str",   [SOPS_VALUE_INT] = "int",   [SOPS_VALUE_FLOAT] = "float",
	[SOPS_VALUE_BOOL] = "bool", [SOPS_VALUE_TIME] = "time", [SOPS_VALUE_COMMENT] = "comment",
};

/* Cuts *text at the last separator; what is behind it is ret_part. */
static bool cut_last(struct span *text, struct span separator, struct span *ret_part)
{
	size_t at;

	if (text->len < separator.len)
		return false;
	for (at = text->len - separator.len + 1; at-- > 0;) {
		if (text->data[at] == ',' &&
		    memcmp(text->data + at, separator.data, separator.len) == 0) {
			*ret_part = span_from(*text, at + separator.len);
			text->len = at;
			return true;
		}
	}
	return false;
}

/* Differs: sops ignores whatever stands behind the bracket, so a document could hold text that nothing looks at. Blanks and line breaks,
 * which a block scalar or a hand leaves there, are taken. */
static struct span trim_end(struct span text)
{
	while (text.len && memchr(" \t\r\n", text.data[text.len - 1], 4))
		text.len--;
	return text;
}

struct span sops_value_trim(struct span text)
{
	size_t len = span_find(text, 0, '\n');

	while (len && text.data[len - 1] != ']')
		len--;
	return len ? span_sub(text, 0, len) : text;
}

static bool split(struct span text, struct sops_value *value, struct span *ret_type)
{
	text = trim_end(text);
	if (!span_starts(text, SOPS_VALUE_BEGIN) || !span_ends(text, SPAN("]")) ||
	    span_find(text, 0, '\n') < text.len)
		return false;
	text = span_sub(text, SOPS_VALUE_BEGIN.len, text.len - SOPS_VALUE_BEGIN.len - 1);
	if (!cut_last(&text, SPAN(",type:"), ret_type) ||
	    !cut_last(&text, SPAN(",tag:"), &value->tag) ||
	    !cut_last(&text, SPAN(",iv:"), &value->nonce))
		return false;
	value->data = text;
	return value->data.len && value->nonce.len && value->tag.len && ret_type->len;
}

static bool find_type(struct span name, enum sops_value_type *ret_type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(type_names); i++) {
		if (span_is(name, type_names[i])) {
			*ret_type = (enum sops_value_type)i;
			return true;
		}
	}
	return false;
}

int sops_value_parse(struct span text, struct sops_value *ret_value, struct err *err)
{
	struct sops_value value = {.type = SOPS_VALUE_STR};
	struct span type;

	if (!split(text, &value, &type))
		return err_set(err, ERR_VALUE, "not encrypted, or not in the format of sops");
	if (!find_type(type, &value.type))
		return err_set(err, ERR_VALUE, "unknown value type '%s'", text_quote(type).text);
	*ret_value = value;
	return 0;
}

bool sops_value_is(struct span text)
{
	struct sops_value value;
	struct span type;

	return split(text, &value, &type);
}

/* Undoes the base64 of one part at the end of scratch. The spans are made when nothing grows any more. */
static int decode(struct buf *scratch, struct span text, const char *what, size_t *ret_len,
		  struct err *err)
{
	size_t before = scratch->len;

	if (base64_decode(BASE64_GO, text, scratch) < 0)
		return err_set(err, ERR_VALUE, "its %s is not base64", what);
	*ret_len = scratch->len - before;
	return buf_check(scratch, err);
}

static int set_typed(enum sops_value_type type, struct span plain, struct doc_node *node,
		     struct err *err)
{
	struct doc_node value = *node;
	bool good = true;

	switch (type) {
	case SOPS_VALUE_STR:
		value.kind = DOC_STRING;
		value.str = plain;
		break;
	case SOPS_VALUE_COMMENT:
		value.kind = DOC_COMMENT;
		value.str = plain;
		break;
	case SOPS_VALUE_INT:
		value.kind = DOC_INT;
		good = scalar_parse_int(plain, &value.integer);
		break;
	case SOPS_VALUE_FLOAT:
		value.kind = DOC_FLOAT;
		good = scalar_parse_float(plain, &value.number);
		break;
	case SOPS_VALUE_BOOL:
		value.kind = DOC_BOOL;
		good = scalar_parse_bool(plain, &value.boolean);
		break;
	case SOPS_VALUE_TIME:
		value.kind = DOC_TIME;
		good = scalar_parse_time(plain, &value.time);
		break;
	}
	if (!good)
		return err_set(err, ERR_VALUE, "its plaintext is not of its type '%s'",
			       type_names[type]);
	*node = value;
	return 0;
}

int sops_value_open(struct sops_value_opener *opener, struct span text, struct span aad,
		    struct doc_node *ret_node, struct err *err)
{
	struct buf *scratch = &opener->scratch;
	struct sops_value value;
	size_t nonce_len = 0, tag_len = 0, data_len = 0;
	uint8_t *data, *plain;

	if (text.len == 0)
		return set_typed(SOPS_VALUE_STR, span_of("", 0), ret_node, err);
	if (sops_value_parse(text, &value, err) < 0)
		return -1;
	buf_reset(scratch);
	if (decode(scratch, value.nonce, "iv", &nonce_len, err) < 0 ||
	    decode(scratch, value.tag, "tag", &tag_len, err) < 0 ||
	    decode(scratch, value.data, "data", &data_len, err) < 0)
		return -1;
	/* Differs: sops hashes nonces of any length; its own have 32 bytes. */
	if (nonce_len == 0 || nonce_len > GCM_NONCE_MAX)
		return err_set(err, ERR_VALUE, "its iv has %zu bytes", nonce_len);
	/* Differs: sops moves bytes between data and tag till the tag has 16. */
	if (tag_len != GCM_TAG_LEN)
		return err_set(err, ERR_VALUE, "its tag has %zu bytes, not %d", tag_len,
			       GCM_TAG_LEN);
	data = scratch->data + nonce_len + tag_len;
	plain = data;
	if (value.type == SOPS_VALUE_STR || value.type == SOPS_VALUE_COMMENT) {
		plain = arena_alloc(opener->arena, data_len, err);
		if (!plain)
			return -1;
	}
	if (gcm_open(opener->gcm, span_of(scratch->data, nonce_len), aad, span_of(data, data_len),
		     scratch->data + nonce_len, plain, err) < 0)
		return -1;
	return set_typed(value.type, span_of(plain, data_len), ret_node, err);
}
