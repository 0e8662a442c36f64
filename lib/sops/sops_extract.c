/* SPDX-License-Identifier: Apache-2.0
 *
 * --extract; see sops_extract.h. The path is cut at each `[`; a piece in quotes is a key as it stands, without escapes, any other a number.
 * Where sops crashes (negative index, empty brackets, key of a scalar) there is an error here.
 */
#include "sops/sops_extract.h"

#include "base/text.h"
#include "doc/doc_json.h"
#include "doc/doc_yaml.h"
#include "doc/scalar.h"

struct step {
	struct span key; /* data is NULL for an index */
	int64_t index;
};

static int bad_piece(struct span piece, struct err *err)
{
	(void)err_set(err, ERR_EXTRACT, "cannot read '[%s' in the extract path",
		      text_quote(piece).text);
	return err_hint(err, "a path is written '[\"db\"][\"users\"][0]'");
}

static int parse_piece(struct span piece, struct step *step, struct err *err)
{
	struct span inner = span_sub(piece, 0, piece.len - 1);

	step->key = SPAN_NULL;
	if (piece.data[piece.len - 1] != ']' || inner.len == 0)
		return bad_piece(piece, err);
	if (inner.data[0] == '"' || inner.data[0] == '\'') {
		if (inner.len < 2)
			return bad_piece(piece, err);
		step->key = span_sub(inner, 1, inner.len - 2);
		return 0;
	}
	if (!scalar_parse_int(inner, &step->index) || step->index < 0)
		return bad_piece(piece, err);
	return 0;
}

/* The next piece of *path, or a null span at its end. */
static struct span next_piece(struct span *path)
{
	while (path->len) {
		size_t end = span_find(*path, 0, '[');
		struct span piece = span_sub(*path, 0, end);

		*path = span_from(*path, end + 1);
		if (piece.len)
			return piece;
	}
	return SPAN_NULL;
}

int sops_extract_check(const char *path, struct err *err)
{
	struct span left = span_str(path), piece;
	struct step step;

	while ((piece = next_piece(&left)).len) {
		if (parse_piece(piece, &step, err) < 0)
			return -1;
	}
	return 0;
}

static struct doc_node *follow(struct doc_node *node, const struct step *step, struct err *err)
{
	struct doc_node *kid;
	int64_t index = 0;

	if (node->kind != (step->key.data ? DOC_MAP : DOC_LIST)) {
		(void)err_set(err, ERR_FORMAT, "there is no %s where the extract path needs one",
			      step->key.data ? "mapping" : "list");
		return NULL;
	}
	doc_each (kid, node) {
		if (step->key.data ? kid->kind != DOC_COMMENT && span_eq(kid->key, step->key)
				   : index++ == step->index)
			return kid;
	}
	if (step->key.data)
		(void)err_set(err, ERR_FORMAT, "component '%s' of the extract path not found",
			      text_quote(step->key).text);
	else
		(void)err_set(err, ERR_FORMAT,
			      "component %lld of the extract path is out of bounds",
			      (long long)step->index);
	return NULL;
}

static int find(struct doc *doc, const char *path, struct doc_node **ret_node, struct err *err)
{
	struct span left = span_str(path), piece;
	struct doc_node *node = doc->first;
	struct step step;

	if (!node)
		return err_set(err, ERR_FORMAT, "the document is empty");
	while ((piece = next_piece(&left)).len) {
		if (parse_piece(piece, &step, err) < 0)
			return -1;
		node = follow(node, &step, err);
		if (!node)
			return -1;
	}
	*ret_node = node;
	return 0;
}

/* A list or a scalar that is no string. sops: EmitValue of each store */
static int write_value(const struct doc_node *node, enum doc_format format,
		       const struct doc_style *style, struct buf *out, struct err *err)
{
	/* Differs: sops prints the fields of its own type for a comment, and for maps within a list in INI. */
	if (node->kind == DOC_COMMENT)
		return err_set(err, ERR_FORMAT, "the extract path names a comment");
	if (format == DOC_DOTENV || format == DOC_BINARY ||
	    (format == DOC_INI && node->kind == DOC_LIST))
		return err_set(err, ERR_EMIT, "%s output of a value that is not a string",
			       doc_format_name(format));
	if (format == DOC_YAML)
		return doc_yaml_write_value(node, style, out, err);
	return doc_json_write_value(node, style, out, err);
}

int sops_extract_write(struct doc *doc, const char *path, enum doc_format format,
		       const struct doc_style *style, struct buf *out, struct err *err)
{
	struct doc_node *node = NULL, *rest;

	if (find(doc, path, &node, err) < 0)
		return -1;
	if (node == doc->first)
		return doc_write(format, doc, style, out, err);
	if (node->kind == DOC_STRING) {
		buf_add_span(out, node->str);
		return buf_check(out, err);
	}
	if (node->kind != DOC_MAP)
		return write_value(node, format, style, out, err);
	rest = doc->first->next;
	node->next = rest;
	doc->first = node;
	if (!rest)
		doc->last = node;
	return doc_write(format, doc, style, out, err);
}
