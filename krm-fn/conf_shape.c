/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of a configuration; see conf_shape.h.
 */
#include "conf_shape.h"

#include "base/text.h"

enum { DEPTH_MAX = 64 /* maps in maps: a table may name itself (`merge`) */ };

static int check_map(const struct doc_node *map, const struct conf_field *fields, int depth,
		     struct err *err);

static int wrong(const struct doc_node *node, const char *name, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "line %u: '%s' %s", node->line, name, what);
}

static bool is_scalar(const struct doc_node *node)
{
	return node->kind != DOC_MAP && node->kind != DOC_LIST;
}

static int check_list(const struct doc_node *list, const struct conf_field *field, int depth,
		      struct err *err)
{
	const struct doc_node *kid;

	if (list->kind != DOC_LIST)
		return wrong(list, field->name, "is not a list", err);
	doc_each (kid, list) {
		if (kid->kind == DOC_COMMENT || kid->kind == DOC_NULL)
			continue;
		if (field->type == CONF_TEXT_LIST && !is_scalar(kid))
			return wrong(kid, field->name, "has an entry that is not a text", err);
		if (field->type == CONF_MAP_LIST && kid->kind != DOC_MAP)
			return wrong(kid, field->name, "has an entry that is not a map", err);
		if (field->type == CONF_MAP_LIST &&
		    check_map(kid, field->fields, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int check_texts(const struct doc_node *map, const struct conf_field *field, struct err *err)
{
	const struct doc_node *kid;

	doc_each (kid, map) {
		if (kid->key.data && !is_scalar(kid))
			return wrong(kid, field->name, "has an entry that is not a text", err);
	}
	return 0;
}

static int check_field(const struct doc_node *node, const struct conf_field *field, int depth,
		       struct err *err)
{
	if (node->kind == DOC_NULL)
		return 0;
	switch (field->type) {
	case CONF_TEXT:
		return is_scalar(node) ? 0 : wrong(node, field->name, "is not a text", err);
	case CONF_NUMBER:
		return node->kind == DOC_INT ? 0 : wrong(node, field->name, "is not a number", err);
	case CONF_BOOL:
		/* YAML 1.1's words are looked at when the field is read. */
		return node->kind == DOC_BOOL || node->kind == DOC_STRING
			       ? 0
			       : wrong(node, field->name, "is not true or false", err);
	case CONF_MAP:
		if (node->kind != DOC_MAP)
			return wrong(node, field->name, "is not a map", err);
		return field->fields ? check_map(node, field->fields, depth + 1, err)
				     : check_texts(node, field, err);
	case CONF_TEXT_LIST:
	case CONF_MAP_LIST:
		return check_list(node, field, depth, err);
	default:
		return 0;
	}
}

static int check_map(const struct doc_node *map, const struct conf_field *fields, int depth,
		     struct err *err)
{
	const struct doc_node *kid;
	const struct conf_field *field;

	if (depth == DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "line %u: more than %d maps in maps", map->line,
			       DEPTH_MAX);
	doc_each (kid, map) {
		/* What comes in by `<<` is looked at where it stands, too. */
		if (kid->key.data && span_is(kid->key, "<<") && kid->kind == DOC_MAP &&
		    check_map(kid, fields, depth + 1, err) < 0)
			return -1;
		for (field = fields; kid->key.data && field->name; field++) {
			if (span_is(kid->key, field->name) &&
			    check_field(kid, field, depth, err) < 0)
				return -1;
		}
	}
	return 0;
}

int conf_check(const struct doc_node *map, const struct conf_field *fields, struct err *err)
{
	if (map->kind == DOC_NULL)
		return 0;
	if (map->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "line %u: not a map", map->line);
	return check_map(map, fields, 0, err);
}
