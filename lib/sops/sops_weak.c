/* SPDX-License-Identifier: Apache-2.0
 *
 * Weak conversions of metadata fields; see sops_weak.h.
 */
#include "sops/sops_weak.h"

#include "doc/scalar.h"

#include <strings.h>

enum { TEXT_MAX = 512 /* bytes: the longest number is a float of 309 digits */ };

const struct doc_node *sops_weak_field(const struct doc_node *map, const char *name)
{
	const struct doc_node *kid, *exact = NULL, *folded = NULL;
	struct span want = span_str(name);

	doc_each (kid, map) {
		if (!kid->key.data || kid->key.len != want.len)
			continue;
		if (memcmp(kid->key.data, want.data, want.len) == 0)
			exact = kid;
		else if (strncasecmp((const char *)kid->key.data, name, want.len) == 0)
			folded = kid;
	}
	if (!exact)
		exact = folded;
	return exact && exact->kind != DOC_NULL ? exact : NULL;
}

static int unconvertible(const char *name, struct err *err)
{
	return err_set(err, ERR_FORMAT, "sops metadata: '%s' has a value of the wrong type", name);
}

int sops_weak_node_text(struct doc *doc, const struct doc_node *node, const char *name,
			struct span *ret_text, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);

	switch (node->kind) {
	case DOC_STRING:
		*ret_text = node->str;
		return 0;
	case DOC_BOOL:
		buf_add_char(&text, node->boolean ? '1' : '0');
		break;
	case DOC_INT:
		scalar_add_int(node->integer, &text);
		break;
	case DOC_UINT:
		buf_printf(&text, "%llu", (unsigned long long)node->big);
		break;
	case DOC_FLOAT:
		scalar_add_float(node->number, FLOAT_MAC, &text);
		break;
	default:
		return unconvertible(name, err);
	}
	if (buf_check(&text, err) < 0)
		return -1;
	return arena_dup(&doc->arena, buf_span(&text), ret_text, err);
}

int sops_weak_text(struct doc *doc, const struct doc_node *map, const char *name,
		   struct span *ret_text, struct err *err)
{
	const struct doc_node *field = sops_weak_field(map, name);

	if (field)
		return sops_weak_node_text(doc, field, name, ret_text, err);
	*ret_text = SPAN_NULL;
	return 0;
}

/* Differs: sops reads text here as Go reads source code, so that `010` is eight. Only a plain decimal number is taken. */
static bool plain_decimal(struct span text, int64_t *ret_number)
{
	size_t sign = text.len && (text.data[0] == '-' || text.data[0] == '+');

	if (text.len - sign > 1 && text.data[sign] == '0')
		return false;
	return scalar_parse_int(text, ret_number);
}

int sops_weak_int(const struct doc_node *map, const char *name, int64_t *ret_number,
		  struct err *err)
{
	const struct doc_node *field = sops_weak_field(map, name);
	int64_t number = 0;
	bool good = true;

	if (field) {
		switch (field->kind) {
		case DOC_INT:
			number = field->integer;
			break;
		case DOC_BOOL:
			number = field->boolean;
			break;
		case DOC_FLOAT:
			/* Differs: sops cuts a fraction off. The bounds are those in which every whole double fits. */
			good = field->number > -9e15 && field->number < 9e15;
			number = good ? (int64_t)field->number : 0;
			good = good && !(field->number < (double)number) &&
			       !(field->number > (double)number);
			break;
		case DOC_STRING:
			good = field->str.len == 0 || plain_decimal(field->str, &number);
			break;
		default:
			good = false;
		}
	}
	if (!good)
		return unconvertible(name, err);
	*ret_number = number;
	return 0;
}

int sops_weak_bool(const struct doc_node *map, const char *name, bool *ret_value, struct err *err)
{
	const struct doc_node *field = sops_weak_field(map, name);
	bool value = false, good = true;

	if (field) {
		switch (field->kind) {
		case DOC_BOOL:
			value = field->boolean;
			break;
		case DOC_INT:
			value = field->integer != 0;
			break;
		case DOC_UINT:
			value = field->big != 0;
			break;
		case DOC_FLOAT:
			value = field->number < 0 || field->number > 0 ||
				field->number != field->number; /* NaN is not 0 */
			break;
		case DOC_STRING:
			good = field->str.len == 0 || scalar_parse_bool(field->str, &value);
			break;
		default:
			good = false;
		}
	}
	if (!good)
		return unconvertible(name, err);
	*ret_value = value;
	return 0;
}

static const struct doc_node *skip_comments(const struct doc_node *entry)
{
	while (entry && entry->kind == DOC_COMMENT)
		entry = entry->next;
	return entry;
}

static bool has_entries(const struct doc_node *map)
{
	const struct doc_node *kid;

	doc_each (kid, map) {
		if (kid->kind != DOC_COMMENT)
			return true;
	}
	return false;
}

const struct doc_node *sops_weak_first(const struct doc_node *map, const char *name, bool *ret_list)
{
	const struct doc_node *field = sops_weak_field(map, name);

	*ret_list = field && field->kind == DOC_LIST;
	if (*ret_list)
		return skip_comments(field->kids.first);
	if (field && field->kind == DOC_MAP && !has_entries(field))
		return NULL; /* an empty map is an empty list */
	return field;
}

const struct doc_node *sops_weak_next(const struct doc_node *entry, bool list)
{
	return list ? skip_comments(entry->next) : NULL;
}
